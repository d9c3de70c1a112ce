//! The line of senders waiting for room in one lane, for futures that own their handle.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use event_listener::{EventListener, Listener};

use crate::mailbox::{Message, Shared};
use crate::quiet::{Quiet, quietly};

/// A sender in the line, counted during the life of this value.
pub(super) struct Line<M: Message> {
    /// `None` in the drop only.
    room: Option<Quiet<EventListener>>,
    shared: Arc<Shared<M>>,
    lane: usize,
}

impl<M: Message> Line<M> {
    /// Joins the line of a used lane. The caller must try again before it waits.
    pub(super) fn join(shared: &Arc<Shared<M>>, lane: usize) -> Self {
        let (waiting, room) = shared.wait_for_room(shared.lane(lane));
        // Counted until the drop of this value.
        std::mem::forget(waiting);
        Self { room: Some(quietly(room)), shared: Arc::clone(shared), lane }
    }

    /// Leaves the line: a notification was used, or is not needed.
    pub(super) fn leave_satisfied(mut self) {
        if let Some(room) = self.room.take() {
            room.into_inner().discard();
        }
    }

    /// Polls for a notification.
    pub(super) fn poll(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        match &mut self.room {
            Some(room) => Pin::new(room).poll(cx),
            None => Poll::Ready(()),
        }
    }
}

impl<M: Message> Drop for Line<M> {
    fn drop(&mut self) {
        // First: a notification without effect here is passed on while this sender is counted.
        self.room = None;
        self.shared.leave_line(self.lane);
    }
}
