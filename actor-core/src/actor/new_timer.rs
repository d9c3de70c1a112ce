//! The arming of timers with options.

use std::fmt;
use std::time::{Duration, Instant, SystemTime};

use crate::actor::beat::{Beat, Missed};
use crate::actor::context::Context;
use crate::actor::timer_key::TimerKey;
use crate::actor::timers::{Every, Options, Shot, TimerId, Wall};
use crate::actor::wall::{WallBeat, WallBeats, WallSchedule};
use crate::mailbox::Message;

/// A timer with options, made by [`Context::timer`]. Nothing is armed before one of
/// [`after`](Self::after), [`at`](Self::at), [`every`](Self::every) and
/// [`schedule`](Self::schedule).
///
/// # Examples
///
/// ```
/// # use std::time::Duration;
/// # use actor_core::{Actor, Context, ExitReason, Message, Runtime, Spawn, ThreadConfig};
/// enum Event { Heard(u64), Silent(u64) }
/// impl Message for Event {}
///
/// /// Drops a peer that was silent for a minute.
/// struct Peers;
/// impl Actor for Peers {
///     type Message = Event;
///     async fn handle(&mut self, event: Event, cx: &mut Context<Event>) {
///         match event {
///             // Replaces the timer of the last message.
///             Event::Heard(peer) => {
///                 let silence = Duration::from_secs(60);
///                 cx.timer().key(("silent", peer)).weak().after(silence, Event::Silent(peer));
///             }
///             Event::Silent(_peer) => { /* … */ }
///         }
///     }
/// }
/// # let runtime = actor_smol::SmolRuntime::new();
/// # let executor = runtime.start_executor(ThreadConfig::named("peers"))?;
/// # let (peers, mailbox) = actor_core::mailbox();
/// # peers.try_tell_all([Event::Heard(7), Event::Heard(7)])?;
/// # drop(peers);
/// # let running = Spawn::new(mailbox).start(&executor, || Peers)?;
/// // Weak timers do not keep an actor without handles alive.
/// let exit = running.join_blocking(Duration::from_secs(10)).expect("it ends");
/// assert!(matches!(exit.reason, ExitReason::Unreachable), "{}", exit.reason);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[must_use = "nothing is armed before `after`, `at`, `every` or `schedule`"]
pub struct NewTimer<'a, M: Message> {
    cx: &'a mut Context<M>,
    options: Options,
    missed: Missed,
}

/// Timers with options.
impl<M: Message> Context<M> {
    /// Returns a timer with options, not yet armed. [`after`](Self::after) and
    /// [`every`](Self::every) are its short forms.
    ///
    /// # Examples
    ///
    /// ```
    /// # use std::time::Duration;
    /// # use actor_core::{Actor, Context, Message, Runtime, ThreadConfig, spawn};
    /// # struct Save;
    /// # impl Message for Save {}
    /// struct Store;
    /// impl Actor for Store {
    ///     type Message = Save;
    ///     async fn started(&mut self, cx: &mut Context<Save>) {
    ///         cx.timer().key("save").after(Duration::from_secs(3600), Save);
    ///         // The same key: the timer above is replaced.
    ///         cx.timer().key("save").after(Duration::from_millis(1), Save);
    ///     }
    ///     async fn handle(&mut self, _save: Save, cx: &mut Context<Save>) {
    ///         assert!(!cx.cancel_key("save"), "it is not armed any more");
    ///         cx.stop();
    ///     }
    /// }
    /// # let runtime = actor_smol::SmolRuntime::new();
    /// # let executor = runtime.start_executor(ThreadConfig::named("store"))?;
    /// # let (_store, running) = spawn(&executor, || Store)?;
    /// # let exit = running.join_blocking(Duration::from_secs(10)).expect("the timer ends it");
    /// # assert!(exit.reason.is_normal(), "{}", exit.reason);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn timer(&mut self) -> NewTimer<'_, M> {
        NewTimer { cx: self, options: Options::default(), missed: Missed::default() }
    }

    /// Cancels the timer with this key. Returns whether one was armed.
    ///
    /// # Examples
    ///
    /// ```
    /// # use std::time::Duration;
    /// # use actor_core::{Actor, Context, Message, Runtime, ThreadConfig, spawn};
    /// # enum Event { Answer, Timeout }
    /// # impl Message for Event {}
    /// struct Request;
    /// impl Actor for Request {
    ///     type Message = Event;
    ///     async fn started(&mut self, cx: &mut Context<Event>) {
    ///         cx.timer().key(7).after(Duration::from_secs(3600), Event::Timeout);
    ///     }
    ///     async fn handle(&mut self, _answer: Event, cx: &mut Context<Event>) {
    ///         assert!(cx.cancel_key(7) && !cx.cancel_key(7));
    ///         cx.stop();
    ///     }
    /// }
    /// # let runtime = actor_smol::SmolRuntime::new();
    /// # let executor = runtime.start_executor(ThreadConfig::named("request"))?;
    /// let (request, running) = spawn(&executor, || Request)?;
    /// request.try_tell(Event::Answer)?;
    /// let exit = running.join_blocking(Duration::from_secs(10)).expect("the answer ends it");
    /// assert!(exit.reason.is_normal(), "{}", exit.reason);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn cancel_key(&mut self, key: impl Into<TimerKey>) -> bool {
        self.timers.as_mut().is_some_and(|timers| timers.cancel_key(key.into()))
    }

    /// Returns the wall clock's time, by the actor's executor. It may jump in both directions.
    ///
    /// # Examples
    ///
    /// ```
    /// # use std::time::{Duration, SystemTime};
    /// # use actor_core::{Actor, Context, Message, Reply, Runtime, ThreadConfig, spawn};
    /// struct Date(Reply<SystemTime>);
    /// # impl Message for Date {}
    /// struct Calendar;
    /// impl Actor for Calendar {
    ///     type Message = Date;
    ///     async fn handle(&mut self, Date(reply): Date, cx: &mut Context<Date>) {
    ///         // A simulation may set it.
    ///         reply.send(cx.wall_now());
    ///     }
    /// }
    /// # let runtime = actor_smol::SmolRuntime::new();
    /// # let executor = runtime.start_executor(ThreadConfig::named("calendar"))?;
    /// # let (calendar, _running) = spawn(&executor, || Calendar)?;
    /// assert!(calendar.ask_blocking(Date, Duration::from_secs(10))? > SystemTime::UNIX_EPOCH);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn wall_now(&self) -> SystemTime {
        self.executor.wall_now()
    }
}

impl<M: Message> NewTimer<'_, M> {
    /// Sets the timer's key: a name, a number, or both. Arming it cancels the timer with the same
    /// key, and drops its message.
    ///
    /// # Examples
    ///
    /// ```
    /// # use std::time::Duration;
    /// # use actor_core::{Actor, Context, Message, Runtime, ThreadConfig, spawn};
    /// # struct Ping(u32);
    /// # impl Message for Ping {}
    /// # struct Peers;
    /// # impl Actor for Peers {
    /// #     type Message = Ping;
    /// async fn started(&mut self, cx: &mut Context<Ping>) {
    ///     cx.timer().key(("ping", 7)).after(Duration::ZERO, Ping(1));
    ///     cx.timer().key(("ping", 7)).after(Duration::ZERO, Ping(2));
    /// }
    /// async fn handle(&mut self, Ping(n): Ping, cx: &mut Context<Ping>) {
    ///     assert_eq!(n, 2, "the later one replaced the first");
    ///     cx.stop();
    /// }
    /// # }
    /// # let runtime = actor_smol::SmolRuntime::new();
    /// # let executor = runtime.start_executor(ThreadConfig::named("peers"))?;
    /// # let (_peers, running) = spawn(&executor, || Peers)?;
    /// # let exit = running.join_blocking(Duration::from_secs(10)).expect("the timer ends it");
    /// # assert!(exit.reason.is_normal(), "{}", exit.reason);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn key(mut self, key: impl Into<TimerKey>) -> Self {
        self.options.key = Some(key.into());
        self
    }

    /// Makes the timer weak: it does not keep the actor alive. An actor that only weak timers could
    /// reach ends as [`Unreachable`](crate::ExitReason::Unreachable).
    ///
    /// # Examples
    ///
    /// ```
    /// # use std::time::Duration;
    /// # use actor_core::{Actor, Context, ExitReason, Message, Runtime, ThreadConfig, spawn};
    /// # struct Tidy;
    /// # impl Message for Tidy {}
    /// struct Cache;
    /// impl Actor for Cache {
    ///     type Message = Tidy;
    ///     async fn started(&mut self, cx: &mut Context<Tidy>) {
    ///         let hour = Duration::from_secs(3600);
    ///         let first = cx.now() + hour;
    ///         cx.timer().weak().every(first, hour, |_beat| Tidy);
    ///     }
    ///     async fn handle(&mut self, _tidy: Tidy, _cx: &mut Context<Tidy>) {}
    /// }
    /// # let runtime = actor_smol::SmolRuntime::new();
    /// # let executor = runtime.start_executor(ThreadConfig::named("cache"))?;
    /// let (cache, running) = spawn(&executor, || Cache)?;
    /// drop(cache);
    /// let exit = running.join_blocking(Duration::from_secs(10)).expect("nobody can reach it");
    /// assert!(matches!(exit.reason, ExitReason::Unreachable));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn weak(mut self) -> Self {
        self.options.is_weak = true;
        self
    }

    /// Sets the policy for missed beats of [`every`](Self::every) and
    /// [`schedule`](Self::schedule). The default is [`Missed::Skip`], which also has an example.
    ///
    /// # Examples
    ///
    /// ```
    /// # use std::time::Duration;
    /// # use actor_core::{Actor, Context, Message, Runtime, ThreadConfig, spawn};
    /// use actor_core::actor::{Beat, Missed};
    ///
    /// # struct Poll(Beat);
    /// # impl Message for Poll {}
    /// struct Poller;
    /// impl Actor for Poller {
    ///     type Message = Poll;
    ///     async fn started(&mut self, cx: &mut Context<Poll>) {
    ///         // After a late poll, the server has a whole period of rest.
    ///         let first = cx.now() - Duration::from_millis(250);
    ///         cx.timer().missed(Missed::Delay).every(first, Duration::from_millis(100), Poll);
    ///     }
    ///     async fn handle(&mut self, Poll(beat): Poll, cx: &mut Context<Poll>) {
    ///         assert!(beat.missed >= 2);
    ///         cx.stop();
    ///     }
    /// }
    /// # let runtime = actor_smol::SmolRuntime::new();
    /// # let executor = runtime.start_executor(ThreadConfig::named("poller"))?;
    /// # let (_poller, running) = spawn(&executor, || Poller)?;
    /// # let exit = running.join_blocking(Duration::from_secs(10)).expect("the beat ends it");
    /// # assert!(exit.reason.is_normal(), "{}", exit.reason);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn missed(mut self, missed: Missed) -> Self {
        self.missed = missed;
        self
    }

    /// Arms the timer: the actor handles `message` after `delay`, as with [`Context::after`].
    ///
    /// # Examples
    ///
    /// ```
    /// # use std::time::Duration;
    /// # use actor_core::{Actor, Context, Message, Runtime, ThreadConfig, spawn};
    /// # struct Timeout;
    /// # impl Message for Timeout {}
    /// # struct Session;
    /// # impl Actor for Session {
    /// #     type Message = Timeout;
    /// async fn started(&mut self, cx: &mut Context<Timeout>) {
    ///     let id = cx.timer().key("timeout").after(Duration::from_secs(3600), Timeout);
    ///     assert!(cx.cancel(id), "a timer with a key has an id as well");
    ///     cx.stop();
    /// }
    /// #     async fn handle(&mut self, _timeout: Timeout, _cx: &mut Context<Timeout>) {}
    /// # }
    /// # let runtime = actor_smol::SmolRuntime::new();
    /// # let executor = runtime.start_executor(ThreadConfig::named("session"))?;
    /// # let (_session, running) = spawn(&executor, || Session)?;
    /// # let exit = running.join_blocking(Duration::from_secs(10)).expect("it stops itself");
    /// # assert!(exit.reason.is_normal(), "{}", exit.reason);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn after(self, delay: Duration, message: M) -> TimerId {
        let at = self.cx.time_after(delay);
        self.at(at, message)
    }

    /// Arms the timer: the actor handles `message` at this time of its executor's clock. A time in
    /// the past means now.
    ///
    /// # Examples
    ///
    /// ```
    /// # use std::time::{Duration, Instant};
    /// # use actor_core::{Actor, Context, Message, Runtime, ThreadConfig, spawn};
    /// # struct Close;
    /// # impl Message for Close {}
    /// struct Auction(Instant);
    /// impl Actor for Auction {
    ///     type Message = Close;
    ///     async fn started(&mut self, cx: &mut Context<Close>) {
    ///         cx.timer().at(self.0, Close);
    ///     }
    ///     async fn handle(&mut self, _close: Close, cx: &mut Context<Close>) {
    ///         assert!(cx.now() >= self.0, "never early");
    ///         cx.stop();
    ///     }
    /// }
    /// # let runtime = actor_smol::SmolRuntime::new();
    /// # let executor = runtime.start_executor(ThreadConfig::named("auction"))?;
    /// let end = executor.now() + Duration::from_millis(1);
    /// let (_auction, running) = spawn(&executor, move || Auction(end))?;
    /// # let exit = running.join_blocking(Duration::from_secs(10)).expect("the timer ends it");
    /// # assert!(exit.reason.is_normal(), "{}", exit.reason);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn at(self, at: Instant, message: M) -> TimerId {
        self.cx.timers().arm(at, self.options, Shot::Once(message))
    }

    /// Arms a repeating timer, as [`Context::every`] does, with the policy of
    /// [`missed`](Self::missed).
    ///
    /// # Panics
    ///
    /// Panics if `period` is zero.
    ///
    /// # Examples
    ///
    /// ```
    /// # use std::time::Duration;
    /// # use actor_core::{Actor, Context, Message, Runtime, ThreadConfig, spawn};
    /// # struct Report;
    /// # impl Message for Report {}
    /// # struct Reporter;
    /// # impl Actor for Reporter {
    /// #     type Message = Report;
    /// async fn started(&mut self, cx: &mut Context<Report>) {
    ///     let now = cx.now();
    ///     cx.timer().key("report").every(now, Duration::from_secs(60), |_beat| Report);
    /// }
    /// async fn handle(&mut self, _report: Report, cx: &mut Context<Report>) {
    ///     assert!(cx.cancel_key("report"), "it is armed for the next beat");
    ///     cx.stop();
    /// }
    /// # }
    /// # let runtime = actor_smol::SmolRuntime::new();
    /// # let executor = runtime.start_executor(ThreadConfig::named("reporter"))?;
    /// # let (_reporter, running) = spawn(&executor, || Reporter)?;
    /// # let exit = running.join_blocking(Duration::from_secs(10)).expect("the beat ends it");
    /// # assert!(exit.reason.is_normal(), "{}", exit.reason);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn every(
        self,
        first: Instant,
        period: Duration,
        make: impl FnMut(Beat) -> M + 'static,
    ) -> TimerId {
        assert!(!period.is_zero(), "a period of zero would leave no time for messages");
        let every = Every { period, missed: self.missed, make: Box::new(make) };
        self.cx.timers().arm(first, self.options, Shot::Every(Box::new(every)))
    }

    /// Arms a timer on the wall clock. [`WallSchedule`] states the rules.
    ///
    /// # Examples
    ///
    /// ```
    /// # use std::time::Duration;
    /// # use actor_core::{Actor, Context, Message, Runtime, ThreadConfig, spawn};
    /// use actor_core::actor::{WallBeat, WallSchedule};
    ///
    /// struct Slot(WallBeat);
    /// impl Message for Slot {}
    ///
    /// struct Chain(WallSchedule);
    /// impl Actor for Chain {
    ///     type Message = Slot;
    ///     async fn started(&mut self, cx: &mut Context<Slot>) {
    ///         cx.timer().schedule(self.0, Slot);
    ///     }
    ///     async fn handle(&mut self, Slot(beat): Slot, cx: &mut Context<Slot>) {
    ///         assert_eq!(self.0.due(beat.number), Some(beat.due));
    ///         cx.stop();
    ///     }
    /// }
    /// # let runtime = actor_smol::SmolRuntime::new();
    /// # let executor = runtime.start_executor(ThreadConfig::named("chain"))?;
    /// let genesis = executor.wall_now() - Duration::from_secs(3600);
    /// let slots = WallSchedule::new(genesis, Duration::from_millis(20));
    /// let (_chain, running) = spawn(&executor, move || Chain(slots))?;
    /// # let exit = running.join_blocking(Duration::from_secs(10)).expect("the next slot ends it");
    /// # assert!(exit.reason.is_normal(), "{}", exit.reason);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn schedule(
        self,
        schedule: WallSchedule,
        make: impl FnMut(WallBeat) -> M + 'static,
    ) -> TimerId {
        let wall = schedule.own_clock().map_or_else(|| self.cx.wall_now(), |clock| clock());
        let beats = WallBeats::new(schedule, self.missed, wall);
        let at = self.cx.time_after(beats.wait(wall).unwrap_or(Duration::MAX));
        let wall = Wall { beats, make: Box::new(make) };
        self.cx.timers().arm(at, self.options, Shot::Wall(Box::new(wall)))
    }
}

impl<M: Message> fmt::Debug for NewTimer<'_, M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NewTimer")
            .field("options", &self.options)
            .field("missed", &self.missed)
            .finish_non_exhaustive()
    }
}
