//! Marks of a lane's depth, and the tasks waiting for an edge.
//!
//! A lane's depth is not looked at for each message. Three parties look, and only while a task
//! waits:
//!
//! ```text
//! waiting task                     consumer, before its task     sender without room
//!                                  returns Pending
//!   awaited + 1; listen              ROOM_WANTED was set (room)    fence SeqCst        (3)
//!   ROOM_WANTED at the signal        looks at each awaited mark    looks at each awaited mark
//!   fence SeqCst          (1)        sets ROOM_WANTED again
//!   looks itself: no edge: wait        while a mark is awaited (2)
//! ```
//!
//! Only the consumer lowers a depth. The waiting task and (2) change the same word, as in `room`:
//! so either the consumer sees the waiting task, or that task sees the depth at the consumer's
//! sleep.
//! A depth rises by sends. A send wakes a sleeping consumer, which looks at the end of its turn. If
//! the consumer is in a handler without an end, the first sender without room looks: if (3)
//! precedes (1), the waiting task sees the full lane, and otherwise the sender sees the task.

use event_listener::{Event, EventListener};

use crate::sync::{AtomicU64, AtomicUsize, Ordering};

/// The most marks of one mailbox at the same time.
pub(crate) const MOST_MARKS: usize = 8;

/// The marks of one mailbox.
pub(crate) struct Marks {
    marks: [Mark; MOST_MARKS],
}

struct Mark {
    /// Whether the mark is in use: 0 or 1.
    used: AtomicUsize,
    lane: AtomicUsize,
    low: AtomicU64,
    high: AtomicU64,
    /// Tasks waiting for either edge, or about to.
    awaited: AtomicUsize,
    edges: [Event; 2],
}

/// An edge of a mark.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Edge {
    /// The depth is at or below the low mark.
    Below,
    /// The depth is at or above the high mark.
    Above,
}

/// A task waiting for an edge, counted during the life of this value.
pub(crate) struct Awaiting<'a> {
    awaited: &'a AtomicUsize,
}

impl Drop for Awaiting<'_> {
    fn drop(&mut self) {
        self.awaited.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Marks {
    pub(super) fn new() -> Self {
        let mark = || Mark {
            used: AtomicUsize::new(0),
            lane: AtomicUsize::new(0),
            low: AtomicU64::new(0),
            high: AtomicU64::new(0),
            awaited: AtomicUsize::new(0),
            edges: [Event::new(), Event::new()],
        };
        Self { marks: std::array::from_fn(|_| mark()) }
    }

    /// Sets a mark, and returns its number. `None` if as many as possible are set.
    pub(crate) fn set(&self, lane: usize, low: u64, high: u64) -> Option<usize> {
        // Acquire: the last user of the mark has finished.
        let is_free = |mark: &Mark| {
            mark.used.compare_exchange(0, 1, Ordering::Acquire, Ordering::Relaxed).is_ok()
        };
        let number = self.marks.iter().position(is_free)?;
        let mark = &self.marks[number];
        // Relaxed: a party that looks before the first wait looks in vain.
        mark.lane.store(lane, Ordering::Relaxed);
        mark.low.store(low, Ordering::Relaxed);
        mark.high.store(high, Ordering::Relaxed);
        Some(number)
    }

    /// Frees a mark. No task waits for it.
    pub(crate) fn free(&self, number: usize) {
        self.marks[number].used.store(0, Ordering::Release);
    }

    /// Registers the caller for an edge. The caller must look itself before it waits.
    pub(crate) fn wait(&self, number: usize, edge: Edge) -> (Awaiting<'_>, EventListener) {
        let mark = &self.marks[number];
        mark.awaited.fetch_add(1, Ordering::SeqCst);
        (Awaiting { awaited: &mark.awaited }, mark.edges[edge as usize].listen())
    }

    /// Notifies the tasks whose edge has come. Returns whether any task waits.
    pub(super) fn look(&self, depth: impl Fn(usize) -> u64) -> bool {
        let mut is_any_awaited = false;
        for mark in &self.marks {
            // SeqCst: see above.
            if mark.awaited.load(Ordering::SeqCst) == 0 {
                continue;
            }
            is_any_awaited = true;
            let depth = depth(mark.lane.load(Ordering::Relaxed));
            if depth <= mark.low.load(Ordering::Relaxed) {
                mark.edges[Edge::Below as usize].notify(usize::MAX);
            }
            if depth >= mark.high.load(Ordering::Relaxed) {
                mark.edges[Edge::Above as usize].notify(usize::MAX);
            }
        }
        is_any_awaited
    }

    /// Notifies all waiting tasks of the close.
    pub(super) fn close(&self) {
        for edge in self.marks.iter().flat_map(|mark| &mark.edges) {
            edge.notify(usize::MAX);
        }
    }
}
