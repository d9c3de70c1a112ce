//! The timers of one actor. Pure, except for the functions making messages and for reads of the
//! wall clock.

use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::thread;
use std::time::{Duration, Instant, SystemTime};

use crate::actor::arming::{Arming, Place, Taken};
use crate::actor::beat::{Beat, Missed, beat};
use crate::actor::timer_key::TimerKey;
use crate::actor::wall::{WallBeat, WallBeats};
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
pub struct TimerId(Place<Instant>);

/// The armed timers of an actor.
pub(crate) struct Timers<M> {
    arming: Arming<Instant, Armed<M>>,
    /// The timers with keys. Each of them is armed.
    keys: BTreeMap<TimerKey, TimerId>,
    /// The number of armed timers that do not keep the actor alive.
    weak: usize,
    pub(crate) alarm: Alarm,
    /// When the last taken message was due, until an observer has read it.
    taken: Option<Instant>,
}

/// Reads of the wall clock without a message in one call: then other tasks have their turn.
const MOST_LOOKS: usize = 64;

/// The plain timer is the smallest, because an actor may have one for each peer or request.
enum Armed<M> {
    Once(M),
    Other(Box<Other<M>>),
}

/// A timer with options.
struct Other<M> {
    options: Options,
    shot: Shot<M>,
}

/// The options of a timer.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Options {
    pub(crate) key: Option<TimerKey>,
    pub(crate) is_weak: bool,
}

/// What a timer delivers. The repeating ones are behind a pointer, so that a timer with a key stays
/// small.
pub(crate) enum Shot<M> {
    Once(M),
    Every(Box<Every<M>>),
    Wall(Box<Wall<M>>),
}

pub(crate) struct Every<M> {
    pub(crate) period: Duration,
    pub(crate) missed: Missed,
    pub(crate) make: Box<dyn FnMut(Beat) -> M>,
}

pub(crate) struct Wall<M> {
    pub(crate) beats: WallBeats,
    pub(crate) make: Box<dyn FnMut(WallBeat) -> M>,
}

impl<M> Timers<M> {
    pub(crate) fn new() -> Self {
        Self {
            arming: Arming::new(),
            keys: BTreeMap::new(),
            weak: 0,
            alarm: Alarm::new(),
            taken: None,
        }
    }

    /// Returns the number of armed timers.
    pub(crate) fn len(&self) -> usize {
        self.arming.len()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.arming.len() == 0
    }

    /// Returns whether a timer is armed that keeps the actor alive.
    pub(crate) fn keep_alive(&self) -> bool {
        self.arming.len() > self.weak
    }

    /// Arms a timer. It replaces the timer with its key.
    pub(crate) fn arm(&mut self, at: Instant, options: Options, shot: Shot<M>) -> TimerId {
        let replaced = options.key.and_then(|key| self.take_key(key));
        let armed = match (shot, options) {
            (Shot::Once(message), Options { key: None, is_weak: false }) => Armed::Once(message),
            (shot, options) => Armed::Other(Box::new(Other { options, shot })),
        };
        let id = TimerId(self.arming.insert(at, armed));
        if let Some(key) = options.key {
            self.keys.insert(key, id);
        }
        self.weak += usize::from(options.is_weak);
        // Last, because its drop may panic.
        drop(replaced);
        id
    }

    /// Returns whether the timer was armed.
    pub(crate) fn cancel(&mut self, id: TimerId) -> bool {
        self.remove(id).is_some()
    }

    /// Returns whether a timer with this key was armed.
    pub(crate) fn cancel_key(&mut self, key: TimerKey) -> bool {
        self.take_key(key).is_some()
    }

    /// Returns the due time of the next timer.
    #[inline]
    pub(crate) fn next(&self) -> Option<Instant> {
        self.arming.first()
    }

    /// Returns the due time and the key of each timer, and whether it is weak.
    pub(crate) fn armed(&self) -> Vec<(Instant, Option<TimerKey>, bool)> {
        let armed = self.arming.iter().map(|(at, armed)| match armed {
            Armed::Once(_) => (at, None, false),
            Armed::Other(other) => (at, other.options.key, other.options.is_weak),
        });
        armed.collect()
    }

    /// Returns whether the earliest timer is due. The loop calls this for each message.
    #[inline(always)]
    pub(crate) fn is_due(&self, now: Instant) -> bool {
        self.arming.first().is_some_and(|first| first <= now)
    }

    /// Returns how late the message in hand is, if it is that of a timer. For an observer, once.
    pub(crate) fn lateness(&mut self, now: impl FnOnce() -> Instant) -> Option<Duration> {
        let due = self.taken.take()?;
        Some(now().saturating_duration_since(due))
    }

    /// Takes the message of the earliest due timer, and arms the timer again if it repeats.
    ///
    /// Returns `None` as well after many looks at the wall clock without a message.
    pub(crate) fn take_due(&mut self, now: Instant, wall: impl Fn() -> SystemTime) -> Option<M> {
        for _ in 0..MOST_LOOKS {
            if !self.is_due(now) {
                return None;
            }
            let Taken { at, number, value } = self.arming.pop()?;
            let other = match value {
                Armed::Once(message) => {
                    self.taken = Some(at);
                    return Some(message);
                }
                Armed::Other(other) => other,
            };
            let message = self.take_other(Taken { at, number, value: other }, now, &wall);
            if message.is_some() {
                self.taken = Some(at);
                return message;
            }
        }
        None
    }

    /// Delivers a timer with options, if it is due, and arms it again if it repeats.
    fn take_other(
        &mut self,
        taken: Taken<Instant, Box<Other<M>>>,
        now: Instant,
        wall: &impl Fn() -> SystemTime,
    ) -> Option<M> {
        let Taken { at, number, value: mut other } = taken;
        let options = other.options;
        let (message, next) = match &mut other.shot {
            Shot::Once(_) => {
                self.forget(number, options);
                let Shot::Once(message) = other.shot else { return None };
                return Some(message);
            }
            Shot::Every(every) => {
                let (beat, next) = beat(at, now, every.period, every.missed);
                (Some((every.make)(beat)), next)
            }
            Shot::Wall(timer) => {
                let wall = timer.beats.own_clock().map_or_else(wall, |clock| clock());
                let message = timer.beats.take(wall).map(&mut timer.make);
                (message, timer.beats.wait(wall).and_then(|wait| now.checked_add(wait)))
            }
        };
        match next {
            Some(next) => {
                self.arming.again(Taken { at, number, value: Armed::Other(other) }, next);
            }
            None => self.forget(number, options),
        }
        message
    }

    fn remove(&mut self, id: TimerId) -> Option<Armed<M>> {
        let armed = self.arming.remove(id.0)?;
        if let Armed::Other(other) = &armed {
            self.forget_options(other.options);
        }
        Some(armed)
    }

    fn take_key(&mut self, key: TimerKey) -> Option<Armed<M>> {
        let id = *self.keys.get(&key)?;
        self.remove(id)
    }

    /// Ends a timer taken by [`take_other`](Self::take_other).
    fn forget(&mut self, number: u64, options: Options) {
        self.arming.forget(number);
        self.forget_options(options);
    }

    fn forget_options(&mut self, options: Options) {
        if let Some(key) = options.key {
            self.keys.remove(&key);
        }
        self.weak -= usize::from(options.is_weak);
    }
}

impl<M> Drop for Timers<M> {
    /// Drops the messages one by one. A map may leak its remaining values after a panic in a
    /// value's drop, and the asker of a leaked message would wait forever.
    fn drop(&mut self) {
        let mut panicked = None;
        while let Some(taken) = self.arming.pop() {
            match (catch_unwind(AssertUnwindSafe(|| drop(taken.value))), &panicked) {
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

    /// Timers without the wall clock.
    impl<M> Timers<M> {
        fn once(&mut self, at: Instant, message: M) -> TimerId {
            self.arm(at, Options::default(), Shot::Once(message))
        }

        fn every(
            &mut self,
            first: Instant,
            period: Duration,
            make: impl FnMut(Beat) -> M + 'static,
        ) -> TimerId {
            let make = Box::new(make);
            let every = Every { period, missed: Missed::Skip, make };
            self.arm(first, Options::default(), Shot::Every(Box::new(every)))
        }

        fn take(&mut self, now: Instant) -> Option<M> {
            self.take_due(now, || unreachable!("no timer is on the wall clock"))
        }
    }

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
        assert_eq!(timers.take(start), None);
        let due: Vec<_> = std::iter::from_fn(|| timers.take(start + BEAT)).collect();
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
        assert_eq!(timers.take(start + BEAT), None);
    }

    #[test]
    fn a_late_beat_keeps_the_schedule_and_counts_what_it_left_out() {
        let start = start();
        let mut timers = Timers::new();
        timers.every(start, BEAT, |beat| beat);
        assert_eq!(
            timers.take(start),
            Some(Beat { due: start, lateness: Duration::ZERO, missed: 0 })
        );
        let late = start + BEAT * 4 + BEAT / 2;
        let lateness = BEAT * 3 + BEAT / 2;
        assert_eq!(timers.take(late), Some(Beat { due: start + BEAT, lateness, missed: 3 }));
        assert_eq!(timers.take(late), None, "no burst of what was missed");
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
        assert_eq!(timers.arming.len(), 1);
        assert_eq!(timers.take(start + BEAT), Some("kept"));
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
        assert_eq!(
            timers.take(start),
            Some(Beat { due: start, lateness: Duration::ZERO, missed: 0 })
        );
        assert!(timers.is_empty());
    }
}
