//! One message of the host, with the lane that its sender chose.

use actor_core::{Lane, Message};

/// The tag of a message without a source.
pub(crate) const NO_SOURCE: u64 = u64::MAX;

/// A message `T` of the host in a lane, with the reply `R` of an ask.
///
/// A letter that is evicted or refused for ever drops both: the drop of `T` is the host's
/// destructor, and the drop of `R` reports to the asker.
#[derive(Debug)]
pub(crate) struct Letter<T, R> {
    pub(crate) message: T,
    /// Dropped after the message, so that an asker may rely on the message's end.
    pub(crate) reply: Option<R>,
    /// The source, for lanes with a share, or the key, for lanes with the latest by key.
    pub(crate) tag: u64,
    pub(crate) lane: u32,
}

impl<T: Send + 'static, R: Send + 'static> Message for Letter<T, R> {
    const LANES: &'static [Lane] = &[];

    fn lane(&self) -> usize {
        self.lane as usize
    }

    fn source(&self) -> Option<u64> {
        (self.tag != NO_SOURCE).then_some(self.tag)
    }

    fn key(&self) -> u64 {
        self.tag
    }
}
