//! Bounds on the messages and the time of a turn or a batch, and the times of samples.

use std::future::poll_fn;
use std::task::Poll;
use std::time::{Duration, Instant};

use crate::mailbox::looks::Look;
use crate::runtime::Executor;

/// Most messages in a turn, plus or minus a batch.
const TURN_MESSAGES: u32 = 128;

/// Time limit of a turn and of a batch. A handler is never interrupted, so a slow one exceeds it.
const TIME: Duration = Duration::from_millis(1);

/// Most messages between two clock reads.
const CHECK_EVERY: u32 = 16;

/// Of this many messages, one is timed.
const SAMPLE_EVERY: u16 = 256;

/// The first sample of a life comes after this many messages, the next one after twice as many.
const FIRST_SAMPLE: u16 = 8;

/// An actor whose messages come just in time sleeps for a sample after this many messages at least:
/// a sleep costs its sender a wake.
const TO_SLEEP: u32 = 32;

/// After a sample of this time, in nanoseconds, the next message is timed as well: the clock costs
/// little beside it.
const SLOW: u64 = 20_000;

/// Counts the messages of one turn or one batch, and measures their time.
///
/// A turn is what an actor handles before the other tasks of its thread run. It ends after
/// [`TURN_MESSAGES`] or [`TIME`]. A batch ends after the same time; its own type bounds its
/// messages.
///
/// Reading the clock costs as much as a small handler. The clock is therefore read at the first
/// message, and then when half of the remaining time has passed at the average rate so far, or
/// after [`CHECK_EVERY`] messages. A limit is exceeded by the last message or batch, and by at most
/// 15 further messages if these take much longer than the ones before.
///
/// The time of a turn starts at its first message if another message waits behind it; otherwise at
/// the first check with more messages waiting. An actor receiving one message at a time reads the
/// clock for its samples only.
///
/// # Samples
///
/// A sample is the time of one message, between two looks (`mailbox/looks.rs`). It begins at a
/// check, or at the begin of a turn, and ends at the next check, which then comes after one
/// message. So a message between samples has no further step: whether a sample is due is asked
/// where the clock may be read anyway, and once in each idle period.
///
/// # Messages that come just in time
///
/// A sender that waits for each answer can send its next message between a check that finds no
/// message and the actor's sleep. Then the actor never sleeps, and no check finds a message. The
/// check after such a message is therefore the same as if another message waited. A sample needs a
/// message that waits at its begin, so the actor sleeps once if a sample is due.
pub(crate) struct Budget {
    handled: u32,
    /// The next check is due at this number of messages. Compared with `>=`, because a batch counts
    /// as several.
    next_check: u32,
    /// `None` until the clock was read.
    began: Option<Instant>,
    /// The messages since the last sample, without those of this turn. Below zero if the last
    /// sample was in this turn: it wraps.
    unsampled: u32,
    /// A sample begins after this many messages.
    sample_after: u16,
    last_look: LastLook,
    /// Whether the last check found no further message.
    found_none: bool,
}

/// When the owner looked last. Part of every actor, so it is one byte.
#[derive(Clone, Copy, PartialEq, Eq)]
enum LastLook {
    /// Before this busy period.
    BeforeRest,
    /// In this busy period.
    InBusyPeriod,
    /// At the begin of the sample whose time runs.
    InSample,
}

/// What an actor does after a check.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Then {
    /// Takes the next message, or waits for it.
    Next,
    /// As `Next`, but waits asleep: a sample is due, and begins with a message that waits.
    Sleep,
    /// Lets the other tasks of its thread run first.
    GiveWay,
}

impl Budget {
    /// Returns the budget of a turn. Its time has not started.
    pub(crate) fn new() -> Self {
        Self {
            handled: 0,
            next_check: 1,
            began: None,
            unsampled: 0,
            sample_after: FIRST_SAMPLE,
            last_look: LastLook::BeforeRest,
            found_none: false,
        }
    }

    /// Returns the budget of a batch that starts now.
    pub(crate) fn started(now: Instant) -> Self {
        Self { began: Some(now), ..Self::new() }
    }

    /// Starts a turn's time before its first message is taken, if several messages wait.
    ///
    /// Not after the message is taken: a message held across a call is written to memory in parts
    /// and read back as a whole, at a cost of 4 ns per message.
    #[inline]
    pub(crate) fn begin(
        &mut self,
        executor: &dyn Executor,
        are_several: impl FnOnce() -> bool,
        look: impl FnOnce(Look) -> u64,
    ) {
        if self.handled == 0 && self.began.is_none() {
            if self.is_sample_due() {
                let now = executor.now();
                self.began = Some(now);
                self.begin_sample(now, look);
            } else if are_several() {
                self.began = Some(executor.now());
            }
        }
    }

    /// Ends the busy period: no message is ready.
    #[inline]
    pub(crate) fn rest(&mut self) {
        self.begin_turn();
        self.last_look = LastLook::BeforeRest;
    }

    #[inline]
    fn begin_turn(&mut self) {
        self.unsampled = self.unsampled.wrapping_add(self.handled);
        self.handled = 0;
        self.next_check = 1;
        self.began = None;
        self.found_none = false;
        if self.last_look == LastLook::InSample {
            self.last_look = LastLook::InBusyPeriod;
        }
    }

    #[inline]
    fn is_sample_due(&self) -> bool {
        self.unsampled.wrapping_add(self.handled) >= u32::from(self.sample_after)
    }

    #[cold]
    fn begin_sample(&mut self, now: Instant, look: impl FnOnce(Look) -> u64) {
        look(Look::Before { now, was_busy: self.last_look != LastLook::BeforeRest });
        self.last_look = LastLook::InSample;
        self.next_check = self.handled + 1;
    }

    /// Ends a sample at a check, if its time runs.
    #[inline(always)]
    pub(crate) fn end_sample(&mut self, executor: &dyn Executor, look: impl FnOnce(Look) -> u64) {
        if self.last_look == LastLook::InSample {
            self.end_running_sample(executor.now(), look);
        }
    }

    #[cold]
    fn end_running_sample(&mut self, now: Instant, look: impl FnOnce(Look) -> u64) {
        self.last_look = LastLook::InBusyPeriod;
        let counts_for = self.unsampled.wrapping_add(self.handled);
        let messages = self.handled + 1 - self.next_check;
        self.unsampled = 0_u32.wrapping_sub(self.handled);
        let nanos = look(Look::After { now, messages, counts_for });
        let more = (self.sample_after * 2).clamp(FIRST_SAMPLE, SAMPLE_EVERY);
        self.sample_after = if nanos >= SLOW { 0 } else { more };
    }

    /// Counts handled messages.
    #[inline]
    pub(crate) fn count(&mut self, messages: u32) {
        // Never overflows: the time limit is too short for 2^32 messages.
        self.handled += messages;
    }

    /// Returns the number of messages counted.
    #[inline]
    pub(crate) fn handled(&self) -> u32 {
        self.handled
    }

    /// Returns whether the next clock read is due. It is never due before the first message.
    #[inline]
    pub(crate) fn is_check_due(&self) -> bool {
        self.handled >= self.next_check
    }

    /// Returns whether the time limit has passed. Plans the next check.
    pub(crate) fn is_time_over(&mut self, now: Instant) -> bool {
        let began = *self.began.get_or_insert(now);
        let elapsed = now.saturating_duration_since(began);
        let left = TIME.saturating_sub(elapsed);
        if left.is_zero() {
            return true;
        }
        // In 64 bits, and without a division for fast messages: dividing `Duration`s takes longer
        // than such a message.
        let nanos = |time: Duration| u64::try_from(time.as_nanos()).unwrap_or(u64::MAX);
        let (elapsed, left) =
            (nanos(elapsed), nanos(left).saturating_mul(u64::from(self.handled)) / 2);
        let is_fast = left >= elapsed.saturating_mul(u64::from(CHECK_EVERY));
        let step = if is_fast { CHECK_EVERY } else { (left / elapsed.max(1)).max(1) as u32 };
        self.next_check = self.handled.saturating_add(step);
        false
    }

    /// Returns what the actor does after a check.
    #[inline(always)]
    pub(crate) fn check(
        &mut self,
        executor: &dyn Executor,
        has_more: bool,
        look: impl FnOnce(Look) -> u64,
    ) -> Then {
        if has_more {
            let is_over = self.handled >= TURN_MESSAGES || self.is_turn_late(executor, look);
            if is_over { Then::GiveWay } else { Then::Next }
        } else if self.found_none {
            self.check_in_time(executor)
        } else {
            // An actor without further messages does not yield: it has met its deadline, which
            // could pass meanwhile.
            self.found_none = true;
            Then::Next
        }
    }

    /// Checks after a message that came just in time.
    #[cold]
    fn check_in_time(&mut self, executor: &dyn Executor) -> Then {
        if self.handled >= TURN_MESSAGES || executor.turn_time().is_none_or(|now| self.is_late(now))
        {
            Then::GiveWay
        } else if self.is_sample_due() && self.unsampled.wrapping_add(self.handled) >= TO_SLEEP {
            Then::Sleep
        } else {
            Then::Next
        }
    }

    #[cold]
    fn is_turn_late(&mut self, executor: &dyn Executor, look: impl FnOnce(Look) -> u64) -> bool {
        self.found_none = false;
        let Some(now) = executor.turn_time() else { return true };
        let is_late = self.is_late(now);
        if !is_late && self.is_sample_due() {
            self.begin_sample(now, look);
        }
        is_late
    }

    /// Returns whether the time limit of the turn has passed. Plans the next check.
    fn is_late(&mut self, now: Instant) -> bool {
        let is_late = self.is_time_over(now);
        // The turn's last message is checked in any case.
        self.next_check = self.next_check.min(TURN_MESSAGES.max(self.handled + 1));
        is_late
    }

    /// Starts a new turn. The future is ready once the thread's other tasks had their turn.
    ///
    /// Not an `async fn`, because that stores its arguments twice, and this is part of every actor.
    pub(crate) fn give_way(&mut self, executor: &dyn Executor) -> impl Future<Output = ()> {
        self.begin_turn();
        let mut gave_way = false;
        poll_fn(move |task| {
            if std::mem::replace(&mut gave_way, true) {
                return Poll::Ready(());
            }
            executor.give_way(task);
            Poll::Pending
        })
    }
}

#[cfg(all(test, not(any(loom, shuttle))))]
mod tests {
    use std::sync::atomic::{AtomicU64, Ordering};

    use super::*;
    use crate::runtime::{ExecutorStopped, Maker, Timer};

    /// Only a clock, in nanoseconds since `start`.
    #[derive(Debug)]
    struct Clock {
        start: Instant,
        passed: AtomicU64,
    }

    impl Clock {
        #[expect(clippy::disallowed_methods, reason = "this is the clock")]
        fn new() -> Self {
            Self { start: Instant::now(), passed: AtomicU64::new(0) }
        }
    }

    impl Executor for Clock {
        fn now(&self) -> Instant {
            self.start + Duration::from_nanos(self.passed.load(Ordering::Relaxed))
        }

        fn spawn(&self, _maker: Maker) -> Result<(), ExecutorStopped> {
            unreachable!("only the clock is read")
        }

        fn timer(&self) -> Box<dyn Timer> {
            unreachable!("only the clock is read")
        }

        fn run_blocking(&self, _work: Box<dyn FnOnce() + Send>) {
            unreachable!("only the clock is read")
        }

        fn stop(&self) {}

        fn join(&self, _timeout: Duration) -> bool {
            true
        }
    }

    /// Handles messages of this length that come just in time, until one is followed by another
    /// step than the next message. Returns their number and the step.
    fn until_other(budget: &mut Budget, clock: &Clock, nanos: u64) -> (u32, Then) {
        for messages in 1.. {
            budget.begin(clock, || false, |_| 0);
            clock.passed.fetch_add(nanos, Ordering::Relaxed);
            budget.count(1);
            if budget.is_check_due() {
                budget.end_sample(clock, |_| nanos);
                match budget.check(clock, false, |_| unreachable!("no message waits")) {
                    Then::Next => {}
                    then => return (messages, then),
                }
            }
        }
        unreachable!("the numbers do not end")
    }

    #[test]
    fn messages_that_come_just_in_time_are_sampled_and_end_their_turn() {
        let (clock, mut budget) = (Clock::new(), Budget::new());
        let (messages, then) = until_other(&mut budget, &clock, 100);
        assert!(then == Then::Sleep && (TO_SLEEP..TO_SLEEP + CHECK_EVERY).contains(&messages));
        // It slept. The next message begins a sample.
        budget.rest();
        budget.begin(&clock, || false, |_| 0);
        assert!(budget.last_look == LastLook::InSample);
        budget.end_sample(&clock, |_| SLOW - 1);
        // Long before the next sample, the turn is over.
        budget.sample_after = u16::MAX;
        let (messages, then) = until_other(&mut budget, &clock, 100);
        assert!(then == Then::GiveWay && messages == TURN_MESSAGES, "{messages}");
    }

    #[test]
    fn slow_messages_that_come_just_in_time_end_their_turn_after_its_time() {
        let (clock, mut budget) = (Clock::new(), Budget::new());
        budget.sample_after = u16::MAX;
        let (messages, then) = until_other(&mut budget, &clock, 100_000);
        // The time begins at the second check, and the next one is up to 16 messages later.
        assert!(then == Then::GiveWay && (11..=18).contains(&messages), "{messages}");
    }

    #[test]
    fn an_actor_that_sleeps_after_each_message_never_gives_way() {
        let (clock, mut budget) = (Clock::new(), Budget::new());
        for _ in 0..1_000 {
            budget.begin(&clock, || false, |_| 0);
            budget.count(1);
            budget.end_sample(&clock, |_| 0);
            let then = budget.check(&clock, false, |_| 0);
            assert!(then == Then::Next);
            budget.rest();
        }
    }
}
