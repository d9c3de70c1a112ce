//! The timers of one actor. Pure, except for the functions making messages.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::collections::HashMap;
use std::mem;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::thread;
use std::time::{Duration, Instant};

use crate::panic::let_go;
use crate::runtime::alarm::Alarm;

/// Identifies one timer, for its cancellation.
///
/// # Examples
///
/// ```
/// # use std::time::Duration;
/// # use actor_core::{Actor, Context, Message, Runtime, Spawn, ThreadConfig};
/// # use std::collections::HashMap;
/// # use actor_core::actor::TimerId;
/// # struct Ping(u64);
/// # impl Message for Ping {}
/// struct Peers(HashMap<u64, TimerId>);
/// impl Actor for Peers {
///     type Message = Ping;
///     async fn handle(&mut self, Ping(peer): Ping, cx: &mut Context<Ping>) {
///         // One timer for each peer: the newer one replaces the older one.
///         let timer = cx.after(Duration::from_secs(3600), Ping(peer));
///         if let Some(older) = self.0.insert(peer, timer) {
///             assert!(cx.cancel(older), "it was armed");
/// #           cx.stop();
///         }
///     }
/// }
/// # let runtime = actor_smol::SmolRuntime::new();
/// # let executor = runtime.start_executor(ThreadConfig::named("peers"))?;
/// # let (peers, mailbox) = actor_core::mailbox();
/// # peers.try_tell_all([Ping(7), Ping(7)])?;
/// # let running = Spawn::new(mailbox).start(&executor, || Peers(HashMap::new()))?;
/// # let exit = running.join_blocking(Duration::from_secs(10)).expect("the second ping ends it");
/// # assert!(exit.reason.is_normal(), "{}", exit.reason);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TimerId(u64);

/// One beat of a repeating timer, passed to the function making its message.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
///
/// use actor_core::actor::Beat;
/// use actor_core::{Actor, Context, Message, Runtime, ThreadConfig, spawn};
///
/// struct Slot(Beat);
/// impl Message for Slot {}
///
/// struct Clock;
/// impl Actor for Clock {
///     type Message = Slot;
///
///     async fn started(&mut self, cx: &mut Context<Slot>) {
///         let due_long_ago = cx.now() - Duration::from_millis(2500);
///         cx.every(due_long_ago, Duration::from_secs(1), Slot);
///     }
///
///     async fn handle(&mut self, Slot(beat): Slot, cx: &mut Context<Slot>) {
///         assert!(beat.missed >= 2 && beat.due < cx.now());
///         cx.stop();
///     }
/// }
///
/// # let runtime = actor_smol::SmolRuntime::new();
/// # let executor = runtime.start_executor(ThreadConfig::named("clock"))?;
/// let (_clock, running) = spawn(&executor, || Clock)?;
/// let exit = running.join_blocking(Duration::from_secs(10)).expect("the first beat ends it");
/// assert!(exit.reason.is_normal(), "{}", exit.reason);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Beat {
    /// The due time. The delay is [`Context::now`](crate::Context::now) minus this.
    pub due: Instant,
    /// The number of later beats skipped, because the actor was late by whole periods.
    pub missed: u32,
}

/// The armed timers of an actor.
pub(crate) struct Timers<M> {
    /// The due time of each timer, earliest on top. May contain cancelled timers.
    queue: BinaryHeap<Reverse<(Instant, TimerId)>>,
    armed: HashMap<TimerId, Shot<M>>,
    last: u64,
    pub(crate) alarm: Alarm,
}

/// Cancelled timers allowed in the queue, in addition to the number of armed timers.
const SLACK: usize = 64;

enum Shot<M> {
    Once(M),
    Every { period: Duration, make: Box<dyn FnMut(Beat) -> M> },
}

impl<M> Timers<M> {
    pub(crate) fn new() -> Self {
        Self { queue: BinaryHeap::new(), armed: HashMap::new(), last: 0, alarm: Alarm::new() }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.armed.is_empty()
    }

    pub(crate) fn once(&mut self, at: Instant, message: M) -> TimerId {
        self.arm(at, Shot::Once(message))
    }

    pub(crate) fn every(
        &mut self,
        first: Instant,
        period: Duration,
        make: impl FnMut(Beat) -> M + 'static,
    ) -> TimerId {
        assert!(!period.is_zero(), "a period of zero would leave no time for messages");
        self.arm(first, Shot::Every { period, make: Box::new(make) })
    }

    pub(crate) fn cancel(&mut self, id: TimerId) -> bool {
        let was_armed = self.armed.remove(&id).is_some();
        // A cancelled timer leaves the queue at its due time. An actor arming and cancelling a
        // timer per message would fill the queue until then.
        if self.queue.len() > 2 * self.armed.len() + SLACK {
            let Self { queue, armed, .. } = self;
            queue.retain(|Reverse((_, id))| armed.contains_key(id));
        }
        was_armed
    }

    /// Returns the due time of the next timer.
    pub(crate) fn next(&mut self) -> Option<Instant> {
        while let Some(&Reverse((at, id))) = self.queue.peek() {
            if self.armed.contains_key(&id) {
                return Some(at);
            }
            self.queue.pop();
        }
        None
    }

    /// Takes the message of the earliest due timer, and arms the timer again if it repeats.
    ///
    /// A repeating timer keeps its schedule: beats already past are skipped and counted, so a late
    /// actor receives no burst of them.
    pub(crate) fn take_due(&mut self, now: Instant) -> Option<M> {
        // Called for each message, so it first checks the earliest timer, cancelled or not: if that
        // one is not due, none is.
        self.queue.peek().filter(|Reverse((at, _))| *at <= now)?;
        let due = self.next().filter(|&due| due <= now)?;
        let Reverse((_, id)) = self.queue.pop().expect("`next` has just seen it");
        match self.armed.remove(&id).expect("`next` gives armed timers only") {
            Shot::Once(message) => Some(message),
            Shot::Every { period, mut make } => {
                let missed = (now - due).as_nanos() / period.as_nanos();
                let missed = u32::try_from(missed).unwrap_or(u32::MAX).min(u32::MAX - 1);
                let message = make(Beat { due, missed });
                // A beat past the end of the clock is never due.
                if let Some(next) =
                    period.checked_mul(missed + 1).and_then(|later| due.checked_add(later))
                {
                    self.queue.push(Reverse((next, id)));
                    self.armed.insert(id, Shot::Every { period, make });
                }
                Some(message)
            }
        }
    }

    fn arm(&mut self, at: Instant, shot: Shot<M>) -> TimerId {
        self.last += 1;
        let id = TimerId(self.last);
        self.queue.push(Reverse((at, id)));
        self.armed.insert(id, shot);
        id
    }
}

impl<M> Drop for Timers<M> {
    /// Drops the messages one by one. A map leaks its remaining values after a panic in a value's
    /// drop, and the asker of a leaked message would wait forever.
    fn drop(&mut self) {
        let mut panicked = None;
        for (_, shot) in mem::take(&mut self.armed) {
            match (catch_unwind(AssertUnwindSafe(|| drop(shot))), &panicked) {
                (Ok(()), _) => {}
                (Err(panic), None) => panicked = Some(panic),
                (Err(panic), Some(_)) => let_go(panic),
            }
        }
        let Some(panic) = panicked else { return };
        if thread::panicking() { let_go(panic) } else { resume_unwind(panic) }
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;

    const BEAT: Duration = Duration::from_millis(100);

    #[expect(clippy::disallowed_methods, reason = "any instant will do: it is only counted from")]
    fn start() -> Instant {
        Instant::now()
    }

    #[test]
    fn timers_fire_in_order_of_time_and_then_of_arming() {
        let start = start();
        let mut timers = Timers::new();
        timers.once(start + 2 * BEAT, "late");
        timers.once(start + BEAT, "first");
        timers.once(start + BEAT, "second");
        assert_eq!(timers.take_due(start), None);
        let due: Vec<_> = std::iter::from_fn(|| timers.take_due(start + BEAT)).collect();
        assert_eq!(due, ["first", "second"]);
        assert_eq!(timers.next(), Some(start + 2 * BEAT));
    }

    #[test]
    fn a_cancelled_timer_never_fires() {
        let start = start();
        let mut timers = Timers::new();
        let id = timers.once(start, ());
        assert!(timers.cancel(id));
        assert!(!timers.cancel(id));
        assert!(timers.is_empty());
        assert_eq!(timers.next(), None);
        assert_eq!(timers.take_due(start + BEAT), None);
    }

    #[test]
    fn a_late_beat_keeps_the_schedule_and_counts_what_it_left_out() {
        let start = start();
        let mut timers = Timers::new();
        timers.every(start, BEAT, |beat| beat);
        assert_eq!(timers.take_due(start), Some(Beat { due: start, missed: 0 }));
        let late = start + BEAT * 4 + BEAT / 2;
        assert_eq!(timers.take_due(late), Some(Beat { due: start + BEAT, missed: 3 }));
        assert_eq!(timers.take_due(late), None, "no burst of what was missed");
        assert_eq!(timers.next(), Some(start + BEAT * 5));
    }

    #[test]
    fn cancelled_timers_do_not_pile_up() {
        let start = start();
        let mut timers = Timers::new();
        let kept = timers.once(start + BEAT, "kept");
        for _ in 0..10_000 {
            let id = timers.once(start + BEAT * 1_000, "cancelled");
            assert!(timers.cancel(id));
        }
        assert!(timers.queue.len() < 100, "{} are left", timers.queue.len());
        assert_eq!(timers.take_due(start + BEAT), Some("kept"));
        assert!(!timers.cancel(kept));
    }

    #[test]
    fn a_message_that_panics_in_its_drop_keeps_no_other_timer_from_its_own() {
        struct Counted<'a>(&'a Cell<u32>);
        impl Drop for Counted<'_> {
            fn drop(&mut self) {
                self.0.set(self.0.get() + 1);
                panic!("this drop panics, as the test wants it to");
            }
        }

        let dropped = Cell::new(0);
        let mut timers = Timers::new();
        for _ in 0..9 {
            timers.once(start() + BEAT, Counted(&dropped));
        }
        let panicked = catch_unwind(AssertUnwindSafe(|| drop(timers)));
        assert!(panicked.is_err(), "the first panic is the actor's");
        assert_eq!(dropped.get(), 9);
    }

    #[test]
    fn a_beat_past_the_end_of_the_clock_never_comes() {
        let start = start();
        let mut timers = Timers::new();
        timers.every(start, Duration::MAX, |beat| beat);
        assert_eq!(timers.take_due(start), Some(Beat { due: start, missed: 0 }));
        assert!(timers.is_empty());
    }
}
