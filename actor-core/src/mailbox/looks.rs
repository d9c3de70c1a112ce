//! Times of handling and of waiting, from samples of the owner.
//!
//! Senders do nothing for this, and read no clock. The owner looks at its lanes now and then:
//! before a message and after it. Both looks read the clock. While handlers are fast, one message
//! of 256 has such looks.
//!
//! **Handling.** The time between the two looks is that of the message. It counts for all messages
//! since the last sample.
//!
//! **Waiting.** A lane numbers its messages: it counts the accepted ones, and those that have been
//! taken. At the first look of a sample the owner marks the number of accepted messages with the
//! time. The message of the sample has the number of taken messages, and the marks show when as
//! many had been accepted. This is its wait in a lane that is first in, first out. In any other
//! lane it is the wait of a message in that order, and the mean is the same.
//!
//! Between two marks the time is estimated from the number. For messages that came to an idle
//! actor, the wait begins when the actor runs, at the mark. The number of marks is bounded: in a
//! long queue they lie further apart, and a wait is exact to the time between two of them.
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
pub(crate) enum Look {
    /// Before the message of a sample.
    Before {
        now: Instant,
        /// Whether messages have been waiting all the time since the last look.
        was_busy: bool,
    },
    /// After it. The message is in hand.
    After {
        now: Instant,
        /// The messages of the call. Several in a batch.
        messages: u32,
        /// The messages since the last sample, with these.
        counts_for: u32,
    },
}

/// The message in hand: its lane, and whether it has come through that lane.
pub(super) type InHand = Option<(usize, bool)>;

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
    marks: Marks,
}

/// Most marks of a lane.
const MARKS: usize = 8;

/// The bit of a mark's time: its messages came to an idle actor, or at an unknown time before it.
const AT_ONCE: u64 = 1 << 63;

/// When a lane had accepted how many messages, in the order of time.
struct Marks {
    numbers: [AtomicU64; MARKS],
    times: [AtomicU64; MARKS],
    len: AtomicU64,
}

impl Looks {
    pub(super) fn new(lanes: usize, origin: Instant) -> Self {
        Self {
            origin,
            last: AtomicU64::new(0),
            lanes: (0..lanes).map(|_| FirstUse::new()).collect(),
        }
    }

    /// Looks at the lanes. Returns the time since the last look, in nanoseconds.
    pub(super) fn look<M: Message>(
        &self,
        queues: &[LaneQueue<M>],
        look: Look,
        in_hand: InHand,
    ) -> u64 {
        let (Look::Before { now, .. } | Look::After { now, .. }) = look;
        let last = self.last.load(Ordering::Relaxed);
        let now = now.saturating_duration_since(self.origin).as_nanos() as u64;
        // A clock set by a test may go back.
        let now = now.max(last);
        self.last.store(now, Ordering::Relaxed);
        match look {
            Look::Before { was_busy, .. } => {
                let used = queues.iter().enumerate().filter(|(_, queue)| queue.was_used());
                for (lane, queue) in used {
                    let in_hand = u64::from(in_hand == Some((lane, true)));
                    // Read before `accepted`, so that none was taken before it was accepted.
                    let taken = queue.ended() + in_hand;
                    self.of(lane).marks.mark(queue.accepted(), taken, now, was_busy);
                }
            }
            Look::After { messages, counts_for, .. } => {
                let Some((lane, came_through)) = in_hand else { return now - last };
                let of = self.of(lane);
                let each = (now - last) / u64::from(messages.max(1));
                of.handling.record(each, u64::from(counts_for));
                if came_through {
                    let taken = queues[lane].ended() + 1;
                    let number = (taken + 1).saturating_sub(u64::from(messages));
                    let accepted = of.marks.time_of(number).unwrap_or(last);
                    of.waiting.record(last.saturating_sub(accepted), u64::from(counts_for));
                }
            }
        }
        now - last
    }

    fn of(&self, lane: usize) -> &OfLane {
        let new = || OfLane { handling: Times::new(), waiting: Times::new(), marks: Marks::new() };
        self.lanes[lane].get_or_make(new).expect("it is never closed")
    }

    /// Reads the histograms of a lane.
    pub(super) fn times(&self, lane: usize) -> LaneTimes {
        self.lanes[lane].get().map_or_else(LaneTimes::empty, |of| LaneTimes {
            handling: of.handling.read(),
            waiting: of.waiting.read(),
        })
    }
}

impl Marks {
    fn new() -> Self {
        let zeros = || std::array::from_fn(|_| AtomicU64::new(0));
        Self { numbers: zeros(), times: zeros(), len: AtomicU64::new(0) }
    }

    fn len(&self) -> usize {
        self.len.load(Ordering::Relaxed) as usize
    }

    /// Returns the number and the time of a mark.
    fn get(&self, mark: usize) -> (u64, u64) {
        let read = |word: &AtomicU64| word.load(Ordering::Relaxed);
        (read(&self.numbers[mark]), read(&self.times[mark]))
    }

    fn set(&self, mark: usize, (number, time): (u64, u64)) {
        self.numbers[mark].store(number, Ordering::Relaxed);
        self.times[mark].store(time, Ordering::Relaxed);
    }

    /// Marks that so many messages have been accepted, of which so many have been taken.
    fn mark(&self, accepted: u64, taken: u64, now: u64, was_busy: bool) {
        let mut len = self.len();
        // Behind the last mark whose messages have all been taken, the ones before it are not
        // needed.
        let is_over = |mark: &usize| self.get(mark + 1).0 <= taken;
        let over = (0..len.saturating_sub(1)).take_while(is_over).count();
        self.remove(0, over, &mut len);
        if len > 0 && self.get(len - 1).0 >= accepted {
            // A message may have been taken back by its sender.
            return;
        }
        if len == MARKS {
            // The first one that can be estimated from its neighbours.
            let spare = (1..len).find(|mark| self.get(*mark).1 & AT_ONCE == 0);
            self.remove(spare.unwrap_or(1), 1, &mut len);
        }
        let is_known = was_busy && len > 0;
        self.set(len, (accepted, if is_known { now } else { now | AT_ONCE }));
        self.len.store(len as u64 + 1, Ordering::Relaxed);
    }

    fn remove(&self, from: usize, marks: usize, len: &mut usize) {
        if marks > 0 {
            (from + marks..*len).for_each(|mark| self.set(mark - marks, self.get(mark)));
            *len -= marks;
            self.len.store(*len as u64, Ordering::Relaxed);
        }
    }

    /// Returns when the message with this number was accepted. `None` if that was after the last
    /// mark.
    fn time_of(&self, number: u64) -> Option<u64> {
        let mark = (0..self.len()).find(|mark| self.get(*mark).0 >= number)?;
        let (to_number, to) = self.get(mark);
        let before = mark.checked_sub(1).map(|before| self.get(before));
        let Some((from_number, from)) = before.filter(|_| to & AT_ONCE == 0) else {
            return Some(to & !AT_ONCE);
        };
        let (from, whole) = (from & !AT_ONCE, u128::from(to_number - from_number));
        let nanos = u128::from(to - from) * u128::from(number - from_number) / whole.max(1);
        Some(from + nanos as u64)
    }
}

#[cfg(all(test, not(any(loom, shuttle))))]
mod tests {
    use super::*;

    #[test]
    fn a_message_behind_others_is_as_old_as_its_number() {
        let marks = Marks::new();
        marks.mark(0, 0, 0, true);
        marks.mark(10, 0, 1_000, true);
        marks.mark(110, 0, 2_000, true);
        for (number, time) in [(1, 100), (10, 1_000), (11, 1_010), (60, 1_500), (110, 2_000)] {
            assert_eq!(marks.time_of(number), Some(time), "{number}");
        }
        assert_eq!(marks.time_of(111), None, "it came later");
    }

    #[test]
    fn the_wait_of_a_message_that_came_to_an_idle_actor_begins_when_the_actor_runs() {
        let marks = Marks::new();
        marks.mark(10, 0, 1_000, false);
        marks.mark(20, 10, 5_000, false);
        assert_eq!(marks.time_of(11), Some(5_000));
        assert_eq!(marks.time_of(20), Some(5_000));
    }

    #[test]
    fn in_a_long_queue_old_messages_keep_their_age() {
        let marks = Marks::new();
        // A message each microsecond, none of them taken.
        (1..=1_000).for_each(|n| marks.mark(n, 0, 1_000 * n, true));
        for number in [1, 10, 100, 500, 999, 1_000] {
            assert_eq!(marks.time_of(number), Some(1_000 * number));
        }
        // Half of them are taken.
        marks.mark(1_001, 500, 1_001_000, true);
        assert_eq!(marks.time_of(501), Some(501_000));
    }

    #[test]
    fn marks_of_taken_messages_are_not_kept() {
        let marks = Marks::new();
        for n in 1..=1_000 {
            marks.mark(10 * n, 10 * n - 5, 1_000 * n, true);
            assert!(marks.len() <= 2, "{}", marks.len());
        }
    }
}
