//! Limits on the resources of a client. Clients may be slow, silent, faulty or numerous.

use std::time::Duration;

/// The limits of the API's server.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// The most connections. A further connection receives an error and is closed.
    pub connections: usize,
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
            head_bytes: 16 * 1024,
            head_patience: Duration::from_secs(10),
            body_bytes: 4096,
            body_patience: Duration::from_secs(5),
            owner_patience: Duration::from_secs(5),
            life: Duration::from_secs(60),
            last_answer_patience: Duration::from_secs(60),
            stop_patience: Duration::from_millis(500),
        }
    }
}
