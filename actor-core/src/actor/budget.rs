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
    /// Whether the time of a sample runs.
    is_sampling: bool,
    /// Whether the last look is from this busy period.
    was_busy: bool,
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
            is_sampling: false,
            was_busy: false,
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
        self.was_busy = false;
    }

    #[inline]
    fn begin_turn(&mut self) {
        self.unsampled = self.unsampled.wrapping_add(self.handled);
        self.handled = 0;
        self.next_check = 1;
        self.began = None;
        self.is_sampling = false;
    }

    #[inline]
    fn is_sample_due(&self) -> bool {
        self.unsampled.wrapping_add(self.handled) >= u32::from(self.sample_after)
    }

    #[cold]
    fn begin_sample(&mut self, now: Instant, look: impl FnOnce(Look) -> u64) {
        look(Look::Before { now, was_busy: self.was_busy });
        self.was_busy = true;
        self.is_sampling = true;
        self.next_check = self.handled + 1;
    }

    /// Ends a sample at a check, if its time runs.
    #[inline(always)]
    pub(crate) fn end_sample(&mut self, executor: &dyn Executor, look: impl FnOnce(Look) -> u64) {
        if self.is_sampling {
            self.end_running_sample(executor.now(), look);
        }
    }

    #[cold]
    fn end_running_sample(&mut self, now: Instant, look: impl FnOnce(Look) -> u64) {
        self.is_sampling = false;
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

    /// Returns whether the turn is over, at a check with more messages waiting. `now` is the time,
    /// if it was read for this check.
    #[inline]
    pub(crate) fn is_turn_over(
        &mut self,
        executor: &dyn Executor,
        look: impl FnOnce(Look) -> u64,
    ) -> bool {
        self.handled >= TURN_MESSAGES || self.is_turn_late(executor, look)
    }

    #[cold]
    fn is_turn_late(&mut self, executor: &dyn Executor, look: impl FnOnce(Look) -> u64) -> bool {
        let Some(now) = executor.turn_time() else { return true };
        let is_late = self.is_time_over(now);
        // The turn's last message is checked in any case.
        self.next_check = self.next_check.min(TURN_MESSAGES.max(self.handled + 1));
        if !is_late && self.is_sample_due() {
            self.begin_sample(now, look);
        }
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
