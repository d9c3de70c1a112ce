//! A context for calling a handler directly.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use actor_core::actor::{Outcome, TimerKey};
use actor_core::mailbox::LaneStats;
use actor_core::{Actor, Context, ExitReason, Handle, Mailbox, Message, mailbox};

use crate::actors::Entry;
use crate::harness::Harness;

/// A [`Context`] for calling a handler directly, without an actor's loop.
///
/// The test owns the state and looks at it between the calls. The context is a real one: timers,
/// offloaded work, futures and messages to itself work, and wait in it until the test takes them
/// with [`next_message`](Self::next_message). Other actors are on a [`Harness`].
///
/// # Examples
///
/// ```
/// use std::time::Duration;
///
/// use actor_core::{Actor, Context, Message};
/// use actor_test::TestContext;
///
/// #[derive(Debug, PartialEq)]
/// enum Event {
///     Dial(u64),
///     TimedOut(u64),
/// }
/// impl Message for Event {}
///
/// struct Dialer {
///     tries: u32,
/// }
/// impl Actor for Dialer {
///     type Message = Event;
///     async fn handle(&mut self, event: Event, cx: &mut Context<Event>) {
///         match event {
///             Event::Dial(peer) => {
///                 self.tries += 1;
///                 let wait = Duration::from_secs(5);
///                 _ = cx.timer().key(("dial", peer)).after(wait, Event::TimedOut(peer));
///             }
///             Event::TimedOut(_) => cx.stop(),
///         }
///     }
/// }
///
/// let mut cx = TestContext::new();
/// let mut dialer = Dialer { tries: 0 };
/// cx.handle(&mut dialer, Event::Dial(7));
/// assert_eq!(dialer.tries, 1);
/// assert_eq!(cx.timers().len(), 1);
/// assert_eq!(cx.timers()[0].due_in, Duration::from_secs(5));
///
/// cx.advance(Duration::from_secs(5));
/// let late = cx.next_message().expect("the timer is due");
/// assert_eq!(late, Event::TimedOut(7));
/// assert!(!cx.is_stopping());
/// cx.handle(&mut dialer, late);
/// assert!(cx.is_stopping());
/// ```
pub struct TestContext<M: Message> {
    harness: Harness,
    entry: Arc<Entry>,
    cx: Context<M>,
    mailbox: Mailbox<M>,
    /// Keeps the actor reachable, as its owner in the program would.
    handle: Handle<M>,
}

/// An armed timer of a [`TestContext`].
///
/// # Examples
///
/// ```
/// use std::time::Duration;
///
/// # struct Tick;
/// # impl actor_core::Message for Tick {}
/// let mut cx = actor_test::TestContext::new();
/// cx.get().timer().key("tick").weak().after(Duration::from_secs(1), Tick);
/// let timer = cx.timers()[0];
/// assert_eq!(timer.due_in, Duration::from_secs(1));
/// assert_eq!(timer.key, Some("tick".into()));
/// assert!(timer.is_weak);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ArmedTimer {
    /// The time until it is due. Zero if it is due already.
    pub due_in: Duration,
    /// Its key, if it has one.
    pub key: Option<TimerKey>,
    /// Whether it does not keep the actor alive.
    pub is_weak: bool,
}

impl<M: Message> TestContext<M> {
    /// Creates a context with a harness of its own.
    ///
    /// # Examples
    ///
    /// ```
    /// # struct Job;
    /// # impl actor_core::Message for Job {}
    /// let mut cx = actor_test::TestContext::<Job>::new();
    /// assert!(!cx.is_stopping() && cx.timers().is_empty());
    /// ```
    #[must_use]
    pub fn new() -> Self {
        Self::on(&Harness::new())
    }

    /// Creates a context on a harness, beside its actors and probes.
    ///
    /// # Examples
    ///
    /// ```
    /// # use actor_core::{Actor, Context, Handle, Message};
    /// # struct Job;
    /// # impl Message for Job {}
    /// use actor_test::{Harness, TestContext};
    ///
    /// /// Passes jobs on.
    /// struct Front(Handle<Job>);
    /// impl Actor for Front {
    ///     type Message = Job;
    ///     async fn handle(&mut self, job: Job, _cx: &mut Context<Job>) {
    ///         self.0.tell(job).await.expect("the worker runs");
    ///     }
    /// }
    ///
    /// let harness = Harness::new();
    /// let mut worker = harness.probe();
    /// let mut cx = TestContext::on(&harness);
    /// cx.handle(&mut Front(worker.handle()), Job);
    /// worker.expect(|_job| true);
    /// ```
    #[must_use]
    pub fn on(harness: &Harness) -> Self {
        let (handle, mailbox) = mailbox();
        let (entry, executor) = harness.add_direct("test context");
        let cx = mailbox.direct_context(executor);
        Self { harness: harness.clone(), entry, cx, mailbox, handle }
    }

    /// Returns the context, for a call of a handler within the test's own future.
    ///
    /// # Examples
    ///
    /// ```
    /// # use actor_core::{Actor, Context, Message};
    /// # struct Job;
    /// # impl Message for Job {}
    /// # struct Worker(u32);
    /// # impl Actor for Worker {
    /// #     type Message = Job;
    /// #     async fn handle(&mut self, _job: Job, _cx: &mut Context<Job>) { self.0 += 1 }
    /// # }
    /// let mut cx = actor_test::TestContext::new();
    /// let mut worker = Worker(0);
    /// futures::executor::block_on(async {
    ///     worker.handle(Job, cx.get()).await;
    /// });
    /// assert_eq!(worker.0, 1);
    /// ```
    pub fn get(&mut self) -> &mut Context<M> {
        &mut self.cx
    }

    /// Calls the actor's `started`, and runs it to its end.
    ///
    /// # Panics
    ///
    /// As [`Harness::run`], and with the panic of the actor.
    ///
    /// # Examples
    ///
    /// ```
    /// # use std::time::Duration;
    /// # use actor_core::{Actor, Context, Message};
    /// # struct Tick;
    /// # impl Message for Tick {}
    /// # struct Clock;
    /// impl Actor for Clock {
    /// #   type Message = Tick;
    ///     async fn started(&mut self, cx: &mut Context<Tick>) {
    ///         cx.every(cx.now(), Duration::from_secs(1), |_beat| Tick);
    ///     }
    ///     // …
    /// #   async fn handle(&mut self, _tick: Tick, _cx: &mut Context<Tick>) {}
    /// }
    ///
    /// let mut cx = actor_test::TestContext::new();
    /// cx.start(&mut Clock);
    /// assert_eq!(cx.timers().len(), 1);
    /// ```
    #[track_caller]
    pub fn start<O: Outcome, A: Actor<O, Message = M>>(&mut self, actor: &mut A) {
        let outcome = self.harness.run(actor.started(&mut self.cx));
        self.cx.direct_settle(outcome);
    }

    /// Calls the actor's `handle` with a message, and runs it to its end, with the actors of the
    /// harness beside it. An `Err` of the handler is in [`ending`](Self::ending) afterwards.
    ///
    /// # Panics
    ///
    /// As [`Harness::run`], and with the panic of the handler.
    ///
    /// # Examples
    ///
    /// ```
    /// # use actor_core::{Actor, Context, Message};
    /// # use actor_core::actor::Fallible;
    /// # struct Add(&'static str);
    /// # impl Message for Add {}
    /// struct Sum(u64);
    /// impl Actor<Fallible> for Sum {
    ///     type Message = Add;
    ///     async fn handle(&mut self, Add(text): Add, _cx: &mut Context<Add>) -> Fallible {
    ///         self.0 += text.parse::<u64>()?;
    ///         Ok(())
    ///     }
    /// }
    ///
    /// let mut cx = actor_test::TestContext::new();
    /// let mut sum = Sum(1);
    /// cx.handle(&mut sum, Add("2"));
    /// assert_eq!((sum.0, cx.is_stopping()), (3, false));
    /// cx.handle(&mut sum, Add("three"));
    /// let reason = cx.ending().expect("it has failed").to_string();
    /// assert_eq!(reason, "failed: invalid digit found in string");
    /// ```
    #[track_caller]
    pub fn handle<O: Outcome, A: Actor<O, Message = M>>(&mut self, actor: &mut A, message: M) {
        let outcome = self.harness.run(actor.handle(message, &mut self.cx));
        self.cx.direct_settle(outcome);
    }

    /// Returns the next message for the actor, as its loop would take it: of a due timer, of work
    /// in flight, or one sent to its own handle. The harness runs until idle first.
    ///
    /// # Panics
    ///
    /// As [`Harness::run_until_idle`].
    ///
    /// # Examples
    ///
    /// ```
    /// # struct Sum(u64);
    /// # impl actor_core::Message for Sum {}
    /// let mut cx = actor_test::TestContext::new();
    /// cx.get().offload(|| 1 + 2, |sum| Sum(sum.expect("it is not cancelled")));
    /// assert_eq!(cx.next_message().map(|Sum(n)| n), Some(3));
    /// assert!(cx.next_message().is_none());
    /// ```
    #[track_caller]
    pub fn next_message(&mut self) -> Option<M> {
        self.harness.run_until_idle();
        let Self { harness, cx, mailbox, .. } = self;
        harness.with_driver(|driver| driver.within(|| mailbox.direct_next(cx))).flatten()
    }

    /// Moves the time forward, as [`Harness::advance`]. Due timers of this context then wait in
    /// [`next_message`](Self::next_message).
    ///
    /// # Panics
    ///
    /// As [`Harness::advance`].
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// # struct Tick;
    /// # impl actor_core::Message for Tick {}
    /// let mut cx = actor_test::TestContext::new();
    /// cx.get().after(Duration::from_secs(2), Tick);
    /// cx.advance(Duration::from_secs(1));
    /// assert!(cx.next_message().is_none());
    /// assert_eq!(cx.timers()[0].due_in, Duration::from_secs(1));
    /// ```
    #[track_caller]
    pub fn advance(&mut self, duration: Duration) {
        self.harness.advance(duration);
    }

    /// Returns the armed timers, in the order of their times.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// # struct Tick;
    /// # impl actor_core::Message for Tick {}
    /// let mut cx = actor_test::TestContext::new();
    /// cx.get().after(Duration::from_secs(2), Tick);
    /// cx.get().after(Duration::from_secs(1), Tick);
    /// let due: Vec<_> = cx.timers().iter().map(|timer| timer.due_in.as_secs()).collect();
    /// assert_eq!(due, [1, 2]);
    /// ```
    #[must_use]
    pub fn timers(&self) -> Vec<ArmedTimer> {
        let now = self.harness.now();
        let armed = self.cx.direct_timers().into_iter().map(|(at, key, is_weak)| ArmedTimer {
            due_in: at.saturating_duration_since(now),
            key,
            is_weak,
        });
        armed.collect()
    }

    /// Returns whether the actor ends after the message, by [`Context::stop`], a failure, or
    /// [`Context::stop_when_drained`].
    ///
    /// # Examples
    ///
    /// ```
    /// # struct Job;
    /// # impl actor_core::Message for Job {}
    /// let mut cx = actor_test::TestContext::<Job>::new();
    /// cx.get().stop_when_drained();
    /// assert!(cx.is_stopping());
    /// ```
    pub fn is_stopping(&mut self) -> bool {
        self.cx.direct_ending().is_some() || self.handle.is_closed()
    }

    /// Returns why the actor ends after the message, if it was stopped or has failed.
    ///
    /// # Examples
    ///
    /// ```
    /// # struct Job;
    /// # impl actor_core::Message for Job {}
    /// let mut cx = actor_test::TestContext::<Job>::new();
    /// cx.get().fail("no such block");
    /// assert_eq!(cx.ending().expect("it has failed").to_string(), "failed: no such block");
    /// ```
    pub fn ending(&mut self) -> Option<ExitReason> {
        self.cx.direct_ending()
    }

    /// Returns the number of futures and actors started on the context's executor.
    ///
    /// # Examples
    ///
    /// ```
    /// # use actor_core::{Actor, Context, Message, spawn};
    /// # struct Job;
    /// # impl Message for Job {}
    /// # struct Worker;
    /// # impl Actor for Worker {
    /// #     type Message = Job;
    /// #     async fn handle(&mut self, _job: Job, _cx: &mut Context<Job>) {}
    /// # }
    /// let mut cx = actor_test::TestContext::<Job>::new();
    /// let child = spawn(cx.get().executor(), || Worker)?;
    /// assert_eq!(cx.spawned(), 1);
    /// # drop(child);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn spawned(&self) -> usize {
        self.entry.spawned()
    }

    /// Returns a handle to the actor of the context.
    ///
    /// # Examples
    ///
    /// ```
    /// # struct Job;
    /// # impl actor_core::Message for Job {}
    /// let mut cx = actor_test::TestContext::new();
    /// cx.own_handle().try_tell(Job)?;
    /// assert!(cx.next_message().is_some());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn own_handle(&self) -> Handle<M> {
        self.handle.clone()
    }

    /// Returns the figures of each lane.
    ///
    /// # Examples
    ///
    /// ```
    /// # struct Job;
    /// # impl actor_core::Message for Job {}
    /// let cx = actor_test::TestContext::new();
    /// cx.own_handle().try_tell(Job)?;
    /// assert_eq!(cx.lanes()[0].depth, 1);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn lanes(&self) -> Vec<LaneStats> {
        self.mailbox.stats()
    }

    /// Returns the harness of the context.
    ///
    /// # Examples
    ///
    /// ```
    /// # struct Job;
    /// # impl actor_core::Message for Job {}
    /// let cx = actor_test::TestContext::<Job>::new();
    /// let probe = cx.harness().probe::<Job>();
    /// # drop(probe);
    /// ```
    #[must_use]
    pub fn harness(&self) -> &Harness {
        &self.harness
    }
}

impl<M: Message> Default for TestContext<M> {
    fn default() -> Self {
        Self::new()
    }
}

impl<M: Message> fmt::Debug for TestContext<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TestContext").field("timers", &self.timers()).finish_non_exhaustive()
    }
}
