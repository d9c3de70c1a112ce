//! Limits on the resources of a client. Clients may be slow, silent, faulty or numerous.

use std::time::Duration;

use network::Rate;

/// The limits of the API's server.
///
/// A client is an IPv4 address or an IPv6 /64. All loopback addresses together are one client, the
/// local one.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// The most connections. If all are taken, a new one replaces one that waits for a request.
    /// Without such a connection, it receives an error and is closed.
    pub connections: usize,
    /// The connections reserved for the local client.
    pub local_connections: usize,
    /// The most connections of one client.
    pub connections_per_client: usize,
    /// The most connections of one client whose answer waits for the client to read. A further one
    /// ends the slowest of them.
    pub unread_answers_per_client: usize,
    /// The requests of one client, except those for health and readiness. A request over the rate
    /// receives an error, and its connection is closed.
    pub request_rate: Rate,
    /// The most event streams. A further one receives an error.
    pub event_streams: usize,
    /// The event streams reserved for the local client.
    pub local_event_streams: usize,
    /// The most event streams of one client. A stream also has the place of a connection.
    pub event_streams_per_client: usize,
    /// The time between two events of a kind.
    pub event_period: Duration,
    /// The most requests on one connection. A regular client reconnects.
    pub requests_per_connection: u32,
    /// The most changes of role in progress, of all clients.
    pub changes_of_role: usize,
    /// The most bytes of a request's head; hyper's minimum is 8192.
    pub head_bytes: usize,
    /// The time for a request's head to arrive. An idle connection has the same time before a head.
    pub head_patience: Duration,
    /// The most bytes of a request's body. The only meaningful body has about 20.
    pub body_bytes: usize,
    /// The time for a request's body to arrive.
    pub body_patience: Duration,
    /// The time for the chain's owner to change its role.
    pub owner_patience: Duration,
    /// The time without any progress after which an answer is given up.
    pub write_patience: Duration,
    /// The time during which a connection may send requests. A regular client reconnects.
    pub life: Duration,
    /// The time for a connection's last answer after that: a finalized state may have tens of
    /// megabytes.
    pub last_answer_patience: Duration,
    /// The time for clients to read their answers after the API was stopped.
    pub stop_patience: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connections: 64,
            local_connections: 8,
            connections_per_client: 32,
            unread_answers_per_client: 8,
            request_rate: Rate { burst: 256, every: Duration::from_micros(15_625) },
            event_streams: 16,
            local_event_streams: 4,
            event_streams_per_client: 8,
            event_period: Duration::from_millis(500),
            requests_per_connection: 1000,
            changes_of_role: 4,
            head_bytes: 16 * 1024,
            head_patience: Duration::from_secs(10),
            body_bytes: 4096,
            body_patience: Duration::from_secs(5),
            owner_patience: Duration::from_secs(5),
            write_patience: Duration::from_secs(10),
            life: Duration::from_secs(60),
            last_answer_patience: Duration::from_secs(60),
            stop_patience: Duration::from_millis(500),
        }
    }
}
