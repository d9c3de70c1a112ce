//! Counts of connections: begun, failed and ended, with the directions and reasons of leanMetrics.

use std::fmt::Display;

use crate::Counter;

/// The side that dialled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// The peer.
    Inbound,
    /// This node.
    Outbound,
}

/// The result of an attempt to connect.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ConnectionResult {
    /// The connection was established.
    Success,
    /// The peer did not answer in time.
    Timeout,
    /// Any other failure, also a refusal by this node.
    Error,
}

/// The reason for the end of a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Disconnection {
    /// The peer was silent for too long.
    Timeout,
    /// The peer closed it.
    RemoteClose,
    /// This node closed it.
    LocalClose,
    /// Any other failure.
    Error,
}

/// The counts of connections.
#[derive(Debug, Default)]
pub struct ConnectionCounters {
    begun: [[Counter; ConnectionResult::ALL.len()]; Direction::ALL.len()],
    ended: [[Counter; Disconnection::ALL.len()]; Direction::ALL.len()],
}

impl Direction {
    /// Every direction.
    pub const ALL: [Self; 2] = [Self::Inbound, Self::Outbound];

    /// Returns the name in the metrics.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Inbound => "inbound",
            Self::Outbound => "outbound",
        }
    }

    pub(super) fn of(is_dialer: bool) -> Self {
        if is_dialer { Self::Outbound } else { Self::Inbound }
    }
}

impl ConnectionResult {
    /// Every result.
    pub const ALL: [Self; 3] = [Self::Success, Self::Timeout, Self::Error];

    /// Returns the name in the metrics.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Success => "success",
            Self::Timeout => "timeout",
            Self::Error => "error",
        }
    }

    /// Classifies a failure by its text, because the transport's errors have no public type.
    pub(super) fn failed(error: &impl Display) -> Self {
        if is_timeout(&error.to_string()) { Self::Timeout } else { Self::Error }
    }
}

impl Disconnection {
    /// Every reason.
    pub const ALL: [Self; 4] = [Self::Timeout, Self::RemoteClose, Self::LocalClose, Self::Error];

    /// Returns the name in the metrics.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Timeout => "timeout",
            Self::RemoteClose => "remote_close",
            Self::LocalClose => "local_close",
            Self::Error => "error",
        }
    }

    /// Classifies the end of a connection by its text, because the transport's errors have no
    /// public type. An end without a cause is this node's own.
    pub(super) fn by(cause: Option<&impl Display>) -> Self {
        let Some(cause) = cause else { return Self::LocalClose };
        let cause = cause.to_string();
        if is_timeout(&cause) {
            Self::Timeout
        } else if cause.contains("closed by peer") || cause.contains("aborted by peer") {
            Self::RemoteClose
        } else {
            Self::Error
        }
    }
}

impl ConnectionCounters {
    /// Returns the number of attempts with this result.
    #[must_use]
    pub fn begun(&self, direction: Direction, result: ConnectionResult) -> u64 {
        self.begun[direction as usize][result as usize].get()
    }

    /// Returns the number of connections ended for this reason.
    #[must_use]
    pub fn ended(&self, direction: Direction, reason: Disconnection) -> u64 {
        self.ended[direction as usize][reason as usize].get()
    }

    pub(super) fn begin(&self, direction: Direction, result: ConnectionResult) {
        self.begun[direction as usize][result as usize].increment();
    }

    pub(super) fn end(&self, direction: Direction, reason: Disconnection) {
        self.ended[direction as usize][reason as usize].increment();
    }
}

fn is_timeout(error: &str) -> bool {
    let error = error.to_lowercase();
    error.contains("timed out") || error.contains("timeout")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_end_of_a_connection_has_the_reason_of_its_cause() {
        assert_eq!(Disconnection::by(None::<&String>), Disconnection::LocalClose);
        for (cause, reason) in [
            ("IO error: timed out", Disconnection::Timeout),
            ("Connection error: closed by peer: 0", Disconnection::RemoteClose),
            ("Connection error: aborted by peer: the cryptographic", Disconnection::RemoteClose),
            ("IO error: reset by peer", Disconnection::Error),
        ] {
            assert_eq!(Disconnection::by(Some(&cause)), reason, "{cause}");
        }
        assert_eq!(ConnectionResult::failed(&"Handshake timed out."), ConnectionResult::Timeout);
        assert_eq!(ConnectionResult::failed(&"denied"), ConnectionResult::Error);
    }
}
