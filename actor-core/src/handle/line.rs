//! The line of senders waiting for room in one lane, for futures that own their handle.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use event_listener::{EventListener, Listener};

use crate::mailbox::{Message, Shared, Wait, What};
use crate::quiet::{Quiet, quietly};

/// A sender in the line, counted during the life of this value.
pub(super) struct Line<M: Message> {
    /// `None` in the drop only.
    room: Option<Quiet<EventListener>>,
    shared: Arc<Shared<M>>,
    lane: usize,
    /// Set while the handler of a named actor waits for the room.
    wait: Option<Wait>,
}

impl<M: Message> Line<M> {
    /// Joins the line of a used lane. The caller must try again before it waits.
    pub(super) fn join(shared: &Arc<Shared<M>>, lane: usize) -> Self {
        let (waiting, room) = shared.wait_for_room(shared.lane(lane));
        // Counted until the drop of this value.
        std::mem::forget(waiting);
        Self { room: Some(quietly(room)), shared: Arc::clone(shared), lane, wait: None }
    }

    /// Leaves the line: a notification was used, or is not needed.
    pub(super) fn leave_satisfied(mut self) {
        if let Some(room) = self.room.take() {
            room.into_inner().discard();
        }
    }

    /// Polls for a notification.
    pub(super) fn poll(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let Some(room) = &mut self.room else { return Poll::Ready(()) };
        let polled = Pin::new(room).poll(cx);
        let number = || self.shared.life().number();
        Wait::follow(&mut self.wait, polled.is_pending(), What::Room, number);
        polled
    }
}

impl<M: Message> Drop for Line<M> {
    fn drop(&mut self) {
        // First: a notification without effect here is passed on while this sender is counted.
        self.room = None;
        self.shared.leave_line(self.lane);
    }
}
