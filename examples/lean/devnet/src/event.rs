//! The events sent to the devnet's owner by the threads watching processes and signals.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};

use crate::Deadline;
use lean_node::report::ReportLine;

/// The capacity of the event queue. Readers of node output block while it is full.
const CAPACITY: usize = 1024;

/// An event of a node's process. Events of a process replaced by a restart have an older `run`.
#[derive(Debug)]
pub(super) struct Event {
    pub(super) node: usize,
    pub(super) run: u64,
    pub(super) what: Happening,
}

#[derive(Debug)]
pub(super) enum Happening {
    /// The process printed a report line.
    Line(ReportLine),
    /// The process printed a line outside of the report format.
    Unreadable(String),
    /// The process closed its output, because it ended.
    Ended,
    /// No event. It only wakes a waiting receiver to check the interrupt flag.
    Nudge,
}

/// The result of waiting for an event.
#[derive(Debug)]
pub(super) enum Next {
    Event(Event),
    Interrupted,
    DeadlinePassed,
}

/// Interrupts waits for a devnet from any thread, for example from a signal handler.
#[derive(Clone, Debug)]
pub struct Interrupter {
    /// Set once, before the nudge is sent. A full channel drops the nudge but already wakes the
    /// receiver.
    is_interrupted: Arc<AtomicBool>,
    sender: SyncSender<Event>,
}

impl Interrupter {
    /// Makes all current and future waits for the devnet return immediately.
    pub fn interrupt(&self) {
        // Pairs with the `Acquire` load in `Events::next`. That load runs before every wait, and
        // again after every nudge.
        self.is_interrupted.store(true, Ordering::Release);
        let nudge = Event { node: 0, run: 0, what: Happening::Nudge };
        // A full channel wakes the receiver without the nudge. Without a receiver, no thread waits.
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

    /// Waits for the next event. An interrupt takes precedence over all events.
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

    /// Waits for the next event and ignores interrupts. Returns `None` when the deadline passes.
    pub(super) fn next_event(&self, deadline: Deadline) -> Option<Event> {
        match deadline.remaining() {
            Some(patience) => self.receiver.recv_timeout(patience).ok(),
            None => self.receiver.recv().ok(),
        }
    }
}
