//! Times of handling and of waiting, from samples of the owner.
//!
//! Senders do nothing for this, and read no clock. The owner looks at its lanes now and then, at
//! most twice for 64 messages while its handlers are fast: before a message and after it. Both
//! looks read the clock.
//!
//! **Handling.** The time between the two looks is that of the message between them. It counts for
//! all messages since the last sample.
//!
//! **Waiting.** A lane counts its accepted messages and those that have left it. At a look the owner
//! picks the first message accepted since the last look. Its wait is over once as many messages
//! have left the lane: exact in a lane that is first in, first out, and the mean of the messages in
//! any other. Where in the time between two looks a message came or left is estimated from its
//! number, so a wait is exact to that time: that of 64 fast messages, or of one slow one. For
//! messages that come to an idle actor, the wait begins when the actor runs.
//!
//! Everything here is written by the owner alone. Other threads read the histograms.

use std::time::Instant;

use crate::mailbox::figures::LaneTimes;
use crate::mailbox::histogram::Times;
use crate::mailbox::lazy::FirstUse;
use crate::mailbox::message::Message;
use crate::mailbox::queue::LaneQueue;
use crate::sync::{AtomicU64, Ordering};

/// A look of the owner at its lanes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Look {
    pub(crate) now: Instant,
    /// Whether messages have been waiting all the time since the last look.
    pub(crate) was_busy: bool,
    /// The end of a sample. The message in hand has been handled.
    pub(crate) sample: Option<Sample>,
}

/// One call of a handler, timed from the last look to this one.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Sample {
    /// The messages of the call. Several in a batch.
    pub(crate) messages: u32,
    /// The messages since the last sample, with these.
    pub(crate) counts_for: u32,
}

/// The result of a look.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Seen {
    /// The time since the last look, in nanoseconds.
    pub(crate) nanos: u64,
    /// Whether the end of a wait is still to be seen.
    pub(crate) is_waiting: bool,
}

/// The histograms of a mailbox, and what the last look saw.
pub(super) struct Looks {
    /// All times are nanoseconds since the first look.
    origin: Instant,
    last: AtomicU64,
    lanes: Box<[FirstUse<OfLane>]>,
}

/// The part of one lane.
struct OfLane {
    handling: Times,
    waiting: Times,
    /// Messages accepted until the last look.
    accepted: AtomicU64,
    /// Messages taken until the last look.
    taken: AtomicU64,
    /// The number of the message whose wait is timed, or 0.
    target: AtomicU64,
    /// When it was accepted.
    since: AtomicU64,
    /// Messages up to this number are in the histogram.
    counted: AtomicU64,
}

/// The time between two looks.
#[derive(Clone, Copy)]
struct Span {
    from: u64,
    to: u64,
    was_busy: bool,
}

impl Span {
    /// Returns the time after `part` of `whole` equal steps.
    fn at(self, part: u64, whole: u64) -> u64 {
        let nanos = u128::from(self.to - self.from) * u128::from(part) / u128::from(whole.max(1));
        self.from + nanos as u64
    }
}

impl Looks {
    pub(super) fn new(lanes: usize, origin: Instant) -> Self {
        Self {
            origin,
            last: AtomicU64::new(0),
            lanes: (0..lanes).map(|_| FirstUse::new()).collect(),
        }
    }

    /// Looks at all lanes. `in_hand` is the lane of the message in hand, and whether the message
    /// has come through it. Called by the owner.
    pub(super) fn look<M: Message>(
        &self,
        queues: &[LaneQueue<M>],
        look: Look,
        in_hand: Option<(usize, bool)>,
    ) -> Seen {
        let last = self.last.load(Ordering::Relaxed);
        let now = look.now.saturating_duration_since(self.origin).as_nanos() as u64;
        // A clock set by a test may go back.
        let now = now.max(last);
        self.last.store(now, Ordering::Relaxed);
        if let (Some(sample), Some((lane, _))) = (look.sample, in_hand) {
            let each = (now - last) / u64::from(sample.messages.max(1));
            self.of(lane).handling.record(each, u64::from(sample.counts_for));
        }
        let span = Span { from: last, to: now, was_busy: look.was_busy };
        let mut is_waiting = false;
        for (lane, queue) in queues.iter().enumerate().filter(|(_, queue)| queue.was_used()) {
            let in_hand = u64::from(in_hand == Some((lane, true)));
            // Read before `accepted`, so that no message has left before it was accepted.
            let taken = queue.ended() + in_hand;
            is_waiting |= self.of(lane).look(queue.accepted(), taken, span);
        }
        Seen { nanos: now - last, is_waiting }
    }

    fn of(&self, lane: usize) -> &OfLane {
        self.lanes[lane].get_or_make(OfLane::new).expect("it is never closed")
    }

    /// Reads the histograms of a lane.
    pub(super) fn times(&self, lane: usize) -> LaneTimes {
        self.lanes[lane].get().map_or_else(LaneTimes::empty, |of| LaneTimes {
            handling: of.handling.read(),
            waiting: of.waiting.read(),
        })
    }
}

impl OfLane {
    fn new() -> Self {
        let zero = || AtomicU64::new(0);
        Self {
            handling: Times::new(),
            waiting: Times::new(),
            accepted: zero(),
            taken: zero(),
            target: zero(),
            since: zero(),
            counted: zero(),
        }
    }

    /// Looks at the lane's numbers. Returns whether the end of a wait is still to be seen.
    fn look(&self, accepted: u64, taken: u64, span: Span) -> bool {
        let read = |figure: &AtomicU64| figure.load(Ordering::Relaxed);
        let (accepted_before, taken_before) = (read(&self.accepted), read(&self.taken));
        // A message taken back by its sender lowers the first number.
        let accepted = accepted.max(accepted_before).max(taken);
        let mut target = read(&self.target);
        if target == 0 || target <= taken {
            self.end_wait(target, taken_before, taken, span);
            target = 0;
        }
        if target == 0 && accepted > accepted_before {
            let (next, since) = if span.was_busy {
                let new = accepted - accepted_before;
                (accepted_before + 1, span.at(1, new + 1))
            } else {
                (taken + 1, span.to)
            };
            self.since.store(since, Ordering::Relaxed);
            if next <= taken {
                self.end_wait(next, taken_before, taken, span);
            } else if next <= accepted {
                target = next;
            }
        }
        self.target.store(target, Ordering::Relaxed);
        self.accepted.store(accepted, Ordering::Relaxed);
        self.taken.store(taken, Ordering::Relaxed);
        target != 0
    }

    /// Records the wait of a message taken between the last look and this one.
    fn end_wait(&self, target: u64, taken_before: u64, taken: u64, span: Span) {
        if target == 0 {
            return;
        }
        // A message is taken once those before it have been handled.
        let before_it = (target - 1).saturating_sub(taken_before);
        let at = span.at(before_it, taken.saturating_sub(taken_before));
        let counted = self.counted.load(Ordering::Relaxed);
        let nanos = at.saturating_sub(self.since.load(Ordering::Relaxed));
        self.waiting.record(nanos, target.saturating_sub(counted));
        self.counted.store(target.max(counted), Ordering::Relaxed);
    }
}

#[cfg(all(test, not(any(loom, shuttle))))]
mod tests {
    use super::*;

    const MS: u64 = 1_000_000;

    fn span(from: u64, to: u64, was_busy: bool) -> Span {
        Span { from: from * MS, to: to * MS, was_busy }
    }

    #[test]
    fn a_message_that_finds_the_actor_idle_has_not_waited() {
        let lane = OfLane::new();
        assert!(lane.look(1, 0, span(0, 5, false)), "it waits to be taken");
        assert!(!lane.look(1, 1, span(5, 9, true)), "it was handled for 4 ms");
        let waiting = lane.waiting.read();
        assert_eq!((waiting.count(), waiting.longest().as_nanos()), (1, 0));
    }

    #[test]
    fn a_message_behind_slow_ones_has_waited_for_them() {
        let lane = OfLane::new();
        lane.look(0, 0, span(0, 0, false));
        // 9 come in the first 10 ms, the first of them after 1 ms.
        assert!(lane.look(9, 0, span(0, 10, true)));
        assert!(lane.look(9, 0, span(10, 20, true)));
        // It is taken first, at the begin of the span.
        assert!(!lane.look(9, 3, span(20, 50, true)));
        assert_eq!(lane.waiting.read().longest().as_nanos() as u64, 19 * MS);
    }

    #[test]
    fn every_message_up_to_the_sampled_one_is_counted_once() {
        let lane = OfLane::new();
        for n in 1..=100 {
            lane.look(10 * n, 10 * n - 5, span(n - 1, n, true));
        }
        let waiting = lane.waiting.read();
        assert!((980..=1_000).contains(&waiting.count()), "{}", waiting.count());
        assert!(waiting.samples() >= 50, "{}", waiting.samples());
    }
}
