//! The figures of a running attack, readable from other threads.

use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};

/// A number that only increases. `Relaxed` suffices: it orders no other memory.
#[derive(Debug, Default)]
pub struct Count(AtomicU64);

impl Count {
    /// Adds to the number.
    pub fn add(&self, more: u64) {
        self.0.fetch_add(more, Ordering::Relaxed);
    }

    /// Returns the number.
    pub fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// The figures of an attack, all identities together.
#[derive(Debug, Default)]
pub struct Tally {
    /// Completed handshakes.
    pub connections: Count,
    /// Handshakes that failed or were refused.
    pub refused: Count,
    /// Connections closed by the victim.
    pub lost: Count,
    /// Frames, requests or sockets sent or opened.
    pub sent: Count,
    /// Bytes sent.
    pub bytes_sent: Count,
    /// Bytes of answers.
    pub bytes_answered: Count,
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} connections, {} refused, {} closed by the victim, {} sent ({} bytes), {} bytes answered",
            self.connections.get(),
            self.refused.get(),
            self.lost.get(),
            self.sent.get(),
            self.bytes_sent.get(),
            self.bytes_answered.get()
        )
    }
}
