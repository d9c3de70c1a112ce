//! What handles and the mailbox share.

use event_listener::Event;

use crate::mailbox::queue::{Envelope, LaneQueue, Refused};
use crate::mailbox::signal::Signal;
use crate::sync::{AtomicBool, AtomicUsize, Ordering};
use crate::{LaneStats, Message};

/// The lanes, the wake signal and the life of one mailbox.
pub(crate) struct Shared<M> {
    lanes: Box<[LaneQueue<M>]>,
    signal: Signal,
    /// Strong handles. At zero nobody can send; only the mailbox itself can then make a new one.
    handles: AtomicUsize,
    /// Set once, after every lane has closed, and never cleared: who sees it set knows that nothing more gets in.
    closed: AtomicBool,
    /// Notified when `closed` is set.
    on_close: Event,
}

/// What an actor's spawner may do to its mailbox without knowing its message type.
pub(crate) trait Closeable: Send + Sync {
    fn close(&self);
    fn stats(&self) -> Vec<LaneStats>;
}

impl<M: Message> Shared<M> {
    pub(crate) fn new() -> Self {
        Self {
            lanes: M::LANES.iter().map(|&lane| LaneQueue::new(lane)).collect(),
            signal: Signal::new(),
            handles: AtomicUsize::new(0),
            closed: AtomicBool::new(false),
            on_close: Event::new(),
        }
    }

    /// Puts a message into a lane and wakes the consumer if it sleeps. Never waits.
    pub(crate) fn send(&self, lane: &LaneQueue<M>, envelope: Envelope<M>) -> Result<(), Refused<M>> {
        lane.push(envelope)?;
        self.signal.notify();
        Ok(())
    }

    /// Gives the lane that the message asks for. A sender asks once: were it told another the next time, it would wait
    /// for room in one lane and send into another.
    pub(crate) fn lane_of(&self, message: &M) -> &LaneQueue<M> {
        let lane = message.lane();
        self.lanes.get(lane).unwrap_or_else(|| {
            let (message, lanes) = (std::any::type_name::<M>(), self.lanes.len());
            panic!("{message}::lane named lane {lane}, but {message}::LANES has {lanes}, counted from 0")
        })
    }

    pub(crate) fn lane(&self, lane: usize) -> &LaneQueue<M> {
        &self.lanes[lane]
    }

    pub(crate) fn signal(&self) -> &Signal {
        &self.signal
    }

    pub(crate) fn on_close(&self) -> &Event {
        &self.on_close
    }

    pub(crate) fn is_closed(&self) -> bool {
        // Pairs with the store in `close`: who sees it set finds every lane closed, and no message can follow.
        self.closed.load(Ordering::Acquire)
    }

    pub(crate) fn handles(&self) -> usize {
        // Pairs with `remove_handle`: at zero, everything that was sent is visible.
        self.handles.load(Ordering::Acquire)
    }

    pub(crate) fn add_handle(&self) {
        self.handles.fetch_add(1, Ordering::Relaxed);
    }

    /// Adds a handle unless none is left. Tells whether it did.
    pub(crate) fn add_handle_if_any(&self) -> bool {
        let more = |n: usize| (n > 0).then_some(n + 1);
        self.handles.fetch_update(Ordering::Relaxed, Ordering::Relaxed, more).is_ok()
    }

    pub(crate) fn remove_handle(&self) {
        // Release: what this handle sent comes before. Pairs with the Acquire in `handles`.
        if self.handles.fetch_sub(1, Ordering::AcqRel) == 1 {
            self.signal.notify();
        }
    }
}

impl<M: Message> Closeable for Shared<M> {
    fn close(&self) {
        self.lanes.iter().for_each(LaneQueue::close);
        // Pairs with the Acquire in `is_closed`.
        if !self.closed.swap(true, Ordering::AcqRel) {
            self.on_close.notify(usize::MAX);
            self.signal.notify();
        }
    }

    fn stats(&self) -> Vec<LaneStats> {
        self.lanes.iter().map(LaneQueue::stats).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_weak_count_cannot_bring_back_the_last_handle() {
        struct Nothing;
        impl Message for Nothing {}

        let shared = Shared::<Nothing>::new();
        assert!(!shared.add_handle_if_any());
        shared.add_handle();
        assert!(shared.add_handle_if_any());
        assert_eq!(shared.handles(), 2);
    }
}
