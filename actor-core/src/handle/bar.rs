//! A lane that is full on demand, for test kits. Without a promise of stability.

use std::fmt;

use crate::handle::strong::Handle;
use crate::mailbox::Message;

/// Keeps a lane full for everyone. Its drop ends that, and notifies the senders waiting for room.
#[doc(hidden)]
#[must_use = "the lane is full until its drop"]
pub struct Bar<M: Message> {
    handle: Handle<M>,
    lane: usize,
}

impl<M: Message> Handle<M> {
    /// Makes a lane full. `None` for a lane with eviction, for a closed one, and for one that is
    /// barred already, or has 255 permits.
    ///
    /// # Panics
    ///
    /// Panics if there is no such lane.
    #[doc(hidden)]
    #[must_use]
    pub fn bar(&self, lane: usize) -> Option<Bar<M>> {
        self.shared().bar(lane).then(|| Bar { handle: self.clone(), lane })
    }
}

impl<M: Message> Drop for Bar<M> {
    fn drop(&mut self) {
        self.handle.shared().unbar(self.lane);
    }
}

impl<M: Message> fmt::Debug for Bar<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Bar").field("lane", &self.lane).finish_non_exhaustive()
    }
}
