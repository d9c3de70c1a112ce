//! What the threads that watch processes and signals tell the devnet's owner.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};

use crate::Deadline;
use lean_node::report::ReportLine;

/// How many events may wait; a reader of a node's output waits when there are more.
const CAPACITY: usize = 1024;

/// Something that happened to a node's process. A process that was replaced by a restart has an older `run`.
#[derive(Debug)]
pub(super) struct Event {
    pub(super) node: usize,
    pub(super) run: u64,
    pub(super) what: Happening,
}

#[derive(Debug)]
pub(super) enum Happening {
    /// It printed a line.
    Line(ReportLine),
    /// It printed something that is no line of a report.
    Unreadable(String),
    /// It closed its output, because it has ended.
    Ended,
    /// Nothing; whoever waits looks again at what else there is to see.
    Nudge,
}

/// What comes of waiting for an event.
#[derive(Debug)]
pub(super) enum Next {
    Event(Event),
    Interrupted,
    DeadlinePassed,
}

/// Interrupts whoever waits for a devnet, from any thread: a signal handler's way in.
#[derive(Clone, Debug)]
pub struct Interrupter {
    /// Set once, before the nudge: a full channel loses the nudge and needs none.
    is_interrupted: Arc<AtomicBool>,
    sender: SyncSender<Event>,
}

impl Interrupter {
    /// Makes every wait for the devnet, now and later, return at once.
    pub fn interrupt(&self) {
        // Pairs with the load in `Events::next`, which comes after every event that it takes.
        self.is_interrupted.store(true, Ordering::Release);
        let nudge = Event { node: 0, run: 0, what: Happening::Nudge };
        // A full channel has something to wake the receiver already, and without a receiver nobody waits.
        let _ = self.sender.try_send(nudge);
    }
}

/// The receiving end.
#[derive(Debug)]
pub(super) struct Events {
    is_interrupted: Arc<AtomicBool>,
    sender: SyncSender<Event>,
    receiver: Receiver<Event>,
}

impl Events {
    pub(super) fn new() -> Self {
        let (sender, receiver) = sync_channel(CAPACITY);
        Self { is_interrupted: Arc::new(AtomicBool::new(false)), sender, receiver }
    }

    pub(super) fn sender(&self) -> SyncSender<Event> {
        self.sender.clone()
    }

    pub(super) fn interrupter(&self) -> Interrupter {
        Interrupter { is_interrupted: self.is_interrupted.clone(), sender: self.sender.clone() }
    }

    /// Waits for the next event; an interrupt comes before all events.
    pub(super) fn next(&self, deadline: Deadline) -> Next {
        loop {
            if self.is_interrupted.load(Ordering::Acquire) {
                return Next::Interrupted;
            }
            match self.next_event(deadline) {
                Some(Event { what: Happening::Nudge, .. }) => {}
                Some(event) => return Next::Event(event),
                None => return Next::DeadlinePassed,
            }
        }
    }

    /// Waits for the next event, interrupted or not; nothing comes when the deadline passes.
    pub(super) fn next_event(&self, deadline: Deadline) -> Option<Event> {
        match deadline.remaining() {
            Some(patience) => self.receiver.recv_timeout(patience).ok(),
            None => self.receiver.recv().ok(),
        }
    }
}
