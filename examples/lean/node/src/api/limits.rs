//! How much of everything a client gets. A client may be slow, silent, mad, or many.

use std::time::Duration;

/// The bounds of the API's server.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// How many connections there are at most; one more is told so and closed.
    pub connections: usize,
    /// How large a request's head may be, in bytes; hyper takes no less than 8192.
    pub head_bytes: usize,
    /// How long a request's head may take to come. A connection may be silent before it for as long.
    pub head_patience: Duration,
    /// How long a request's body may be, in bytes. The only one that means anything has 20.
    pub body_bytes: usize,
    /// How long a request's body may take to come.
    pub body_patience: Duration,
    /// How long the chain's owner may take to change its role.
    pub owner_patience: Duration,
    /// How long a connection may go on sending requests. Clients that come regularly connect anew.
    pub life: Duration,
    /// How long the last answer of a connection may take after its life: a finalized state may be tens of megabytes.
    pub last_answer_patience: Duration,
    /// How long answers get to be read when the API is stopped.
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
