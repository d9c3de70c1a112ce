//! A handle whose messages go through rules on their way to the real actor.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use actor_core::life::SpawnError;
use actor_core::{Executor, Handle, Message, mailbox};
use concurrent_queue::ConcurrentQueue;

use crate::relay::Relay;
use crate::rules::{Passed, Rules};
use crate::shown::Shown;

/// Lines of a log, after which the oldest are dropped.
const LOG: usize = 4096;

/// A handle for the code under test. Its messages go through rules on their way to a real actor.
///
/// The handle has the type of the real one, so the code under test needs no change. A task is in
/// between, on an executor of the test: a [`Harness`](crate::Harness), or any other. Made by
/// [`Interceptor::of`].
///
/// * **Lanes**: the handle has lanes of its own, like those of the real actor. A message waits
///   there until the real lane has room, and the messages behind it wait as well.
/// * **Asks** are answered by the real actor. The asker of a dropped ask receives
///   [`AskError::Dropped`](actor_core::AskError::Dropped). An ask whose asker gave up on the way is
///   handled all the same: the mark of a queued ask ends with the first lane.
/// * **Ends**: the end of the real actor ends the handle, with the same reason for monitors.
///   Messages still held are dropped. The task keeps the real actor reachable as long as the handle
///   has clones, or holds a message.
/// * **A panic in a condition** ends the handle as `Panicked`, with this text.
///
/// # Examples
///
/// ```
/// use actor_core::{Actor, Context, Message, Reply};
/// use actor_test::{Harness, Interceptor};
///
/// #[derive(Clone)]
/// struct Add(u64);
/// impl Message for Add {}
/// struct Sum(u64, actor_core::Handle<Add>);
/// # impl Actor for Sum {
/// #     type Message = Add;
/// #     async fn handle(&mut self, Add(n): Add, _cx: &mut Context<Add>) {
/// #         self.1.try_tell(Add(n)).expect("the lane has room");
/// #     }
/// # }
///
/// let harness = Harness::new();
/// let mut seen = harness.probe();
/// let own = seen.handle();
/// let (sum, _running) = harness.spawn(move || Sum(0, own));
/// let lossy = Interceptor::of(&sum)
///     .drop_if(|Add(n)| *n == 2)
///     .duplicate_if(|Add(n)| *n == 3)
///     .start(harness.executor())?;
///
/// lossy.handle().try_tell_all([Add(1), Add(2), Add(3)])?;
/// harness.run_until_idle();
/// let numbers: Vec<_> = std::iter::from_fn(|| seen.receive()).map(|Add(n)| n).collect();
/// assert_eq!(numbers, [1, 3, 3]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Interceptor<M: Message> {
    handle: Handle<M>,
    log: Arc<ConcurrentQueue<Passed>>,
}

/// The rules of an [`Interceptor`] before its start.
///
/// Each rule whose condition holds is applied, in the order of their statement. A condition may
/// count: it is called once for each message.
///
/// # Examples
///
/// ```
/// # struct Job;
/// # impl actor_core::Message for Job {}
/// use actor_test::{Harness, Interceptor};
///
/// let harness = Harness::new();
/// let mut real = harness.probe::<Job>();
/// let mut count = 0;
/// let third_is_lost = move |_job: &Job| {
///     count += 1;
///     count == 3
/// };
/// let lossy = Interceptor::of(&real.handle()).drop_if(third_is_lost).start(harness.executor())?;
/// lossy.handle().try_tell_all([Job, Job, Job, Job])?;
/// assert_eq!(std::iter::from_fn(|| real.receive()).count(), 3);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[must_use = "nothing is intercepted before `start`"]
pub struct Intercepting<M: Message> {
    real: Handle<M>,
    rules: Rules<M>,
    shown: Shown<M>,
}

impl<M: Message> Interceptor<M> {
    /// Creates the rules for messages to this actor. Without a rule, all are passed on in order.
    ///
    /// # Examples
    ///
    /// ```
    /// # struct Job;
    /// # impl actor_core::Message for Job {}
    /// use actor_test::{Harness, Interceptor};
    ///
    /// let harness = Harness::new();
    /// let mut real = harness.probe::<Job>();
    /// let front = Interceptor::of(&real.handle()).start(harness.executor())?;
    /// front.handle().try_tell(Job)?;
    /// real.expect(|_job| true);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn of(real: &Handle<M>) -> Intercepting<M> {
        Intercepting { real: real.clone(), rules: Rules::new(), shown: Shown::by_kind() }
    }

    /// Returns the handle for the code under test.
    ///
    /// # Examples
    ///
    /// ```
    /// # struct Job;
    /// # impl actor_core::Message for Job {}
    /// # use actor_test::{Harness, Interceptor};
    /// # let harness = Harness::new();
    /// let real = harness.probe::<Job>().handle();
    /// let front = Interceptor::of(&real).start(harness.executor())?;
    /// assert!(!front.handle().same_actor(&real));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn handle(&self) -> Handle<M> {
        self.handle.clone()
    }

    /// Returns the messages since the last call, in order: at most the newest 4,096.
    ///
    /// # Examples
    ///
    /// ```
    /// use actor_test::{Fate, Harness, Interceptor};
    ///
    /// #[derive(Debug)]
    /// struct Job(u32);
    /// # impl actor_core::Message for Job {}
    /// let harness = Harness::new();
    /// let real = harness.probe::<Job>();
    /// let front = Interceptor::of(&real.handle())
    ///     .debug()
    ///     .drop_if(|Job(n)| *n > 1)
    ///     .start(harness.executor())?;
    /// front.handle().try_tell_all([Job(1), Job(2)])?;
    /// harness.run_until_idle();
    /// let fates: Vec<_> = front.take_log().into_iter().map(|line| line.fate).collect();
    /// assert_eq!(fates, [Fate::Passed(1), Fate::Dropped]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn take_log(&self) -> Vec<Passed> {
        self.log.try_iter().collect()
    }
}

impl<M: Message> Intercepting<M> {
    /// Drops each message with this condition.
    ///
    /// # Examples
    ///
    /// See [`Interceptor`].
    ///
    /// ```
    /// # struct Job(u32);
    /// # impl actor_core::Message for Job {}
    /// # use actor_test::{Harness, Interceptor};
    /// # let harness = Harness::new();
    /// let mut real = harness.probe::<Job>();
    /// let lossy = Interceptor::of(&real.handle()).drop_if(|_job| true).start(harness.executor())?;
    /// lossy.handle().try_tell(Job(1))?;
    /// real.expect_no_message();
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn drop_if(mut self, condition: impl FnMut(&M) -> bool + Send + 'static) -> Self {
        self.rules.drop_if(condition);
        self
    }

    /// Delays each message with this condition, on the clock of the interceptor's executor.
    /// Others overtake them.
    ///
    /// # Examples
    ///
    /// ```
    /// # struct Job(u32);
    /// # impl actor_core::Message for Job {}
    /// # use std::time::Duration;
    /// # use actor_test::{Harness, Interceptor, expect};
    /// # let harness = Harness::new();
    /// let mut real = harness.probe::<Job>();
    /// let slow = Interceptor::of(&real.handle())
    ///     .delay_if(Duration::from_secs(2), |Job(n)| *n == 1)
    ///     .start(harness.executor())?;
    /// slow.handle().try_tell_all([Job(1), Job(2)])?;
    /// expect!(real, Job(2));
    /// real.expect_no_message();
    /// harness.advance(Duration::from_secs(2));
    /// expect!(real, Job(1));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn delay_if(
        mut self,
        delay: Duration,
        condition: impl FnMut(&M) -> bool + Send + 'static,
    ) -> Self {
        self.rules.delay_if(delay, condition);
        self
    }

    /// Passes each message with this condition on twice, one directly after the other.
    ///
    /// # Examples
    ///
    /// ```
    /// #[derive(Clone)]
    /// struct Job(u32);
    /// # impl actor_core::Message for Job {}
    /// # use actor_test::{Harness, Interceptor};
    /// # let harness = Harness::new();
    /// let mut real = harness.probe::<Job>();
    /// let twice =
    ///     Interceptor::of(&real.handle()).duplicate_if(|_job| true).start(harness.executor())?;
    /// twice.handle().try_tell(Job(1))?;
    /// assert_eq!(std::iter::from_fn(|| real.receive()).count(), 2);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn duplicate_if(mut self, condition: impl FnMut(&M) -> bool + Send + 'static) -> Self
    where
        M: Clone,
    {
        self.rules.duplicate_if(condition);
        self
    }

    /// Delays each message by a part of this time, by chance: messages overtake each other. The
    /// same seed leads to the same order.
    ///
    /// # Examples
    ///
    /// ```
    /// # struct Job(u32);
    /// # impl actor_core::Message for Job {}
    /// # use std::time::Duration;
    /// # use actor_test::{Harness, Interceptor};
    /// let order = |seed| {
    ///     let harness = Harness::new();
    ///     let mut real = harness.probe::<Job>();
    ///     let within = Duration::from_secs(1);
    ///     let reordering =
    ///         Interceptor::of(&real.handle()).reorder(within, seed).start(harness.executor());
    ///     let front = reordering.expect("the executor runs").handle();
    ///     front.try_tell_all((0..8).map(Job)).expect("the lane has room");
    ///     harness.advance(within);
    ///     std::iter::from_fn(|| real.receive()).map(|Job(n)| n).collect::<Vec<_>>()
    /// };
    /// assert_eq!(order(1), order(1));
    /// assert_ne!(order(1), [0, 1, 2, 3, 4, 5, 6, 7]);
    /// assert_eq!(order(1).len(), 8, "none is lost");
    /// ```
    pub fn reorder(mut self, within: Duration, seed: u64) -> Self {
        self.rules.jitter(within, seed);
        self
    }

    /// Writes messages by `Debug` into the [log](Interceptor::take_log), in place of their kind or
    /// lane.
    ///
    /// # Examples
    ///
    /// ```
    /// #[derive(Debug)]
    /// struct Job(u32);
    /// # impl actor_core::Message for Job {}
    /// # use actor_test::{Harness, Interceptor};
    /// # let harness = Harness::new();
    /// let real = harness.probe::<Job>();
    /// let front = Interceptor::of(&real.handle()).debug().start(harness.executor())?;
    /// front.handle().try_tell(Job(7))?;
    /// harness.run_until_idle();
    /// assert_eq!(front.take_log()[0].message, "Job(7)");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn debug(mut self) -> Self
    where
        M: fmt::Debug,
    {
        self.shown = Shown::by_debug();
        self
    }

    /// Starts the task in between, on this executor.
    ///
    /// # Errors
    ///
    /// Fails if the executor has been stopped.
    ///
    /// # Examples
    ///
    /// ```
    /// # struct Job;
    /// # impl actor_core::Message for Job {}
    /// # use actor_test::{Harness, Interceptor};
    /// let harness = Harness::new();
    /// let real = harness.probe::<Job>();
    /// harness.stop_executor();
    /// assert!(Interceptor::of(&real.handle()).start(harness.executor()).is_err());
    /// ```
    pub fn start(self, executor: &Arc<dyn Executor>) -> Result<Interceptor<M>, SpawnError> {
        let Self { real, rules, shown } = self;
        let (handle, mailbox) = mailbox();
        let log = Arc::new(ConcurrentQueue::bounded(LOG));
        let relay = Relay {
            mailbox,
            real,
            rules,
            shown,
            log: Arc::clone(&log),
            executor: Arc::clone(executor),
        };
        let started = executor.spawn(Box::new(|| Box::pin(relay.run())));
        started.map_err(|_stopped| SpawnError::ExecutorStopped)?;
        Ok(Interceptor { handle, log })
    }
}

impl<M: Message> fmt::Debug for Interceptor<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Interceptor").field("handle", &self.handle).finish_non_exhaustive()
    }
}

impl<M: Message> fmt::Debug for Intercepting<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Intercepting").field("real", &self.real).finish_non_exhaustive()
    }
}
