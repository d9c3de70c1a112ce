//! The side of a foreign loop: it takes turns.

use std::fmt;
use std::marker::PhantomData;
use std::sync::Arc;
use std::time::{Duration, Instant};

use actor_core::runtime::adapter::{Current, Ending, Task, contain};

use crate::clock::Clock;
use crate::inbox::Inbox;
use crate::local::Entered;
use crate::turn::{Budget, Turn};
use crate::worker::{Entry, Worker};

/// Runs the actors of an executor, inside somebody else's loop.
///
/// The loop calls [`turn`](Self::turn) whenever its wake function was called, the deadline of the
/// last turn has come, or the last turn left more. It may also call it at any other time.
///
/// A driver stays on the thread that built it, so its actors need not be `Send`. Several drivers
/// may live on one thread. A handler of one driver may turn another one.
///
/// # The end
///
/// Dropping the driver refuses new futures and then drops the existing ones, in the order of their
/// spawns. Actors end as [`Abandoned`](actor_core::ExitReason::Abandoned). The drop returns after
/// every call of the wake function in progress has returned, and there is no call afterwards. A
/// wake function must therefore not wait for the thread of the driver. If a wake function itself
/// drops the driver, the drop does not wait for that call.
///
/// A turn on a thread that is ending, and has dropped its thread-locals, ends the driver as well.
///
/// # Panics
///
/// No panic of a maker, a handler, a waker, a clock or a wake function leaves a turn or the drop.
///
/// # Examples
///
/// A loop that is a plain thread:
///
/// ```
/// use std::thread;
/// use std::time::Duration;
///
/// use actor_core::{Actor, Context, Message, Reply, spawn};
/// use actor_embed::{Budget, Embed};
///
/// struct Double(u32, Reply<u32>);
/// impl Message for Double {}
/// struct Doubler;
/// impl Actor for Doubler {
///     type Message = Double;
///     async fn handle(&mut self, Double(n, reply): Double, _cx: &mut Context<Double>) {
///         reply.send(2 * n);
///     }
/// }
///
/// let here = thread::current();
/// let (executor, mut driver) = Embed::new(move || here.unpark()).build()?;
/// let (doubler, running) = spawn(&executor, || Doubler)?;
/// drop((executor, running));
/// let asking = thread::spawn(move || {
///     doubler.ask_blocking(|reply| Double(21, reply), Duration::from_secs(10))
/// });
/// // The actor ends with its last handle, and the executor with its last actor.
/// loop {
///     let turn = driver.turn(Budget::polls(64));
///     if turn.has_ended {
///         break;
///     }
///     match turn.timeout(driver.now()) {
///         Some(timeout) => thread::park_timeout(timeout),
///         None => thread::park(),
///     }
/// }
/// assert_eq!(asking.join().expect("asking does not panic")?, 42);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Driver {
    worker: Worker,
    inbox: Arc<Inbox>,
    clock: Clock,
    /// The current executor of the thread, during a turn.
    current: Current,
    /// Dropped at the end.
    ending: Option<Ending>,
    /// Pins this value to its thread.
    _local: PhantomData<*const ()>,
}

/// A driver without a thread. Its drop refuses all futures, and drops those not yet made.
pub(crate) struct Seed {
    pub(crate) entry: Entry,
    pub(crate) inbox: Arc<Inbox>,
    pub(crate) clock: Clock,
    pub(crate) shuffle: Option<u64>,
    pub(crate) current: Current,
    /// Dropped last.
    pub(crate) ending: Ending,
}

impl Driver {
    /// Creates the driver of the calling thread.
    pub(crate) fn new(Seed { entry, inbox, clock, shuffle, current, ending }: Seed) -> Self {
        inbox.settle();
        let worker = Worker::new(entry, Arc::clone(&inbox), clock.clone(), shuffle);
        Self { worker, inbox, clock, current, ending: Some(ending), _local: PhantomData }
    }

    /// Runs ready tasks. If none is left, announces sleep: the next event calls the wake function
    /// once.
    ///
    /// Between two rounds of polls the driver collects the wakes from other threads, the due timers
    /// and the new futures. Never panics.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::sync::Arc;
    /// use std::sync::atomic::{AtomicU32, Ordering};
    ///
    /// use actor_embed::{Budget, Embed};
    ///
    /// let calls = Arc::new(AtomicU32::new(0));
    /// let counts = Arc::clone(&calls);
    /// let wake = move || _ = counts.fetch_add(1, Ordering::Relaxed);
    /// let (executor, mut driver) = Embed::new(wake).build()?;
    /// assert!(!driver.turn(Budget::polls(64)).has_more);
    /// for _ in 0..3 {
    ///     executor.spawn(Box::new(|| Box::pin(async {}))).expect("the executor runs");
    /// }
    /// assert_eq!(calls.load(Ordering::Relaxed), 1, "one call ends the sleep");
    /// driver.turn(Budget::polls(64));
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn turn(&mut self, budget: impl Into<Budget>) -> Turn {
        let mut turn = self.poll(budget);
        if !turn.has_ended && !turn.has_more {
            // It fails if a bell was rung since the last look.
            turn.has_more = !self.inbox.announce_sleep();
        }
        turn
    }

    /// Runs ready tasks, without announcing sleep: no wake function is called until the next
    /// [`turn`](Self::turn).
    ///
    /// For loops that come again anyway: a game with its frames, or a thread that spins. Call
    /// `turn` before a wait for the wake.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// use actor_embed::Embed;
    ///
    /// let wake = || unreachable!("this loop never sleeps");
    /// let (executor, mut driver) = Embed::new(wake).build()?;
    /// for _frame in 0..3 {
    ///     executor.spawn(Box::new(|| Box::pin(async {}))).expect("the executor runs");
    ///     assert!(!driver.poll(Duration::from_millis(2)).has_more);
    /// }
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn poll(&mut self, budget: impl Into<Budget>) -> Turn {
        let budget = budget.into();
        self.inbox.cancel_sleep();
        let mut has_run = false;
        if self.ending.is_some() && contain(|| has_run = self.run(budget)).is_none() {
            // Foreign code is contained further inside. Nothing is known of the state after a panic
            // of this crate, so the driver ends.
            self.end();
            self.ending = None;
        }
        if self.ending.is_none() {
            return Turn { next_deadline: None, has_more: false, has_run, has_ended: true };
        }
        let next_deadline = self.worker.next_timer();
        Turn { next_deadline, has_more: self.worker.has_more(), has_run, has_ended: false }
    }

    /// Takes turns until nothing is ready and no timer is due, and announces sleep.
    ///
    /// Never returns if a task always wakes itself. Never panics.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::cell::Cell;
    /// use std::rc::Rc;
    ///
    /// use actor_embed::Embed;
    ///
    /// let (executor, mut driver) = Embed::new(|| {}).build()?;
    /// let (sender, receiver) = std::sync::mpsc::sync_channel(1);
    /// let send = move || Box::pin(async move { sender.send(7).expect("the receiver waits") });
    /// executor.spawn(Box::new(move || send())).expect("the executor runs");
    /// driver.run_until_stalled();
    /// assert_eq!(receiver.try_recv(), Ok(7));
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn run_until_stalled(&mut self) -> Turn {
        loop {
            let turn = self.turn(Budget::unlimited());
            if !turn.has_more {
                return turn;
            }
        }
    }

    /// Moves the manual clock forward, timer by timer, and runs until stalled at each.
    ///
    /// Every timer due meanwhile is handled at its own time. Timers armed by handlers are among
    /// them, so a repeating timer is handled once for each period. The clock stops 584 years after
    /// its start, and later timers stay armed.
    ///
    /// # Panics
    ///
    /// Panics if the executor has no [`ManualClock`](crate::ManualClock).
    ///
    /// # Examples
    ///
    /// ```
    /// use std::future::poll_fn;
    /// use std::time::Duration;
    ///
    /// use actor_embed::{Embed, ManualClock};
    ///
    /// let (executor, mut driver) = Embed::new(|| {}).clock(ManualClock::new()).build()?;
    /// let (start, own) = (executor.now(), executor.clone());
    /// let (sender, receiver) = std::sync::mpsc::sync_channel(2);
    /// let twice = async move || {
    ///     let mut timer = own.timer();
    ///     for _ in 0..2 {
    ///         timer.arm(own.now() + Duration::from_secs(1));
    ///         poll_fn(|cx| timer.poll_expired(cx)).await;
    ///         sender.send(own.now() - start).expect("there is room");
    ///     }
    /// };
    /// executor.spawn(Box::new(move || Box::pin(async move { twice().await }))).expect("it runs");
    /// driver.advance(Duration::from_secs(10));
    /// assert_eq!(Vec::from_iter(receiver), [1, 2].map(Duration::from_secs));
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn advance(&mut self, duration: Duration) -> Turn {
        let Some(clock) = self.clock.as_manual().cloned() else {
            panic!(
                "only a manual clock can be advanced: build with `Embed::clock(ManualClock::new())`"
            );
        };
        let target = clock.after(duration);
        loop {
            let turn = self.run_until_stalled();
            match turn.next_deadline {
                Some(at) if at <= target => clock.advance_to(at),
                _ if clock.now() < target => clock.advance_to(target),
                _ => return turn,
            }
        }
    }

    /// Adds a future made on this thread. Unlike the futures of
    /// [`Executor::spawn`](actor_core::Executor::spawn), it may hold values of the loop without
    /// `Send`. It is first polled in the next turn, after the futures spawned before, and the wake
    /// function is called if the loop sleeps.
    ///
    /// For an actor, [`Spawn::into_life`](actor_core::Spawn::into_life) returns such a future.
    ///
    /// # Errors
    ///
    /// Returns the future if the executor was stopped or has lost its last owner.
    ///
    /// # Examples
    ///
    /// An actor and its loop share a value:
    ///
    /// ```
    /// use std::cell::Cell;
    /// use std::rc::Rc;
    ///
    /// use actor_core::{Actor, Context, Message, Spawn};
    /// use actor_embed::Embed;
    ///
    /// struct Steer(i32);
    /// impl Message for Steer {}
    /// struct Ship(Rc<Cell<i32>>);
    /// impl Actor for Ship {
    ///     type Message = Steer;
    ///     async fn handle(&mut self, Steer(by): Steer, _cx: &mut Context<Steer>) {
    ///         self.0.set(self.0.get() + by);
    ///     }
    /// }
    ///
    /// let (executor, mut driver) = Embed::new(|| {}).build()?;
    /// let course = Rc::new(Cell::new(0));
    /// let (ship, mailbox) = actor_core::mailbox();
    /// let own = Rc::clone(&course);
    /// let (_running, life) = Spawn::new(mailbox).into_life(&executor, move || Ship(own));
    /// assert!(driver.spawn_local(life).is_ok());
    /// ship.try_tell(Steer(7))?;
    /// driver.run_until_stalled();
    /// assert_eq!(course.get(), 7);
    ///
    /// executor.stop();
    /// assert!(driver.spawn_local(async {}).is_err());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn spawn_local<F: Future<Output = ()> + 'static>(&mut self, future: F) -> Result<(), F> {
        if self.ending.is_none() || self.worker.is_stopped() {
            return Err(future);
        }
        self.worker.add(Task::of(future));
        Ok(())
    }

    /// Runs code of the loop as a turn runs a task: the executor is the
    /// [current](actor_core::runtime::current) one, and its timers can be polled. No task runs. For
    /// tests that poll a future beside the actors.
    ///
    /// A panic of the code reaches the caller.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::task::{Context, Waker};
    /// use std::time::Duration;
    ///
    /// use actor_embed::{Embed, ManualClock};
    ///
    /// let (executor, mut driver) = Embed::new(|| {}).clock(ManualClock::new()).build()?;
    /// let mut timer = executor.timer();
    /// timer.arm(executor.now() + Duration::from_secs(1));
    /// let mut cx = Context::from_waker(Waker::noop());
    /// assert!(driver.within(|| timer.poll_expired(&mut cx)).is_pending());
    /// driver.advance(Duration::from_secs(1));
    /// assert!(driver.within(|| timer.poll_expired(&mut cx)).is_ready());
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn within<T>(&mut self, code: impl FnOnce() -> T) -> T {
        let inbox = Arc::clone(&self.inbox);
        let _entered = Entered::new(&inbox, self.worker.timers());
        self.current.within(code)
    }

    /// Returns the time of the executor's clock.
    ///
    /// # Examples
    ///
    /// ```
    /// use actor_embed::{Embed, ManualClock};
    ///
    /// let clock = ManualClock::new();
    /// let (executor, driver) = Embed::new(|| {}).clock(clock.clone()).build()?;
    /// assert_eq!([driver.now(), executor.now()], [clock.now(); 2]);
    /// # Ok::<(), std::io::Error>(())
    /// ```
    #[must_use]
    pub fn now(&self) -> Instant {
        self.clock.now()
    }

    /// Returns whether an event came since the last turn: a wake, a new future, a stop, but not a
    /// due timer. One load of a word, for loops that spin before they sleep.
    ///
    /// # Examples
    ///
    /// ```
    /// use actor_embed::{Budget, Embed};
    ///
    /// let (executor, mut driver) = Embed::new(|| {}).build()?;
    /// assert!(!driver.is_woken());
    /// executor.stop();
    /// assert!(driver.is_woken());
    /// driver.poll(Budget::polls(64));
    /// assert!(!driver.is_woken());
    /// # Ok::<(), std::io::Error>(())
    /// ```
    #[must_use]
    pub fn is_woken(&self) -> bool {
        self.inbox.is_rung()
    }

    /// Returns whether a turn has seen the end: the executor was stopped or dropped, and all its
    /// futures have ended.
    ///
    /// # Examples
    ///
    /// ```
    /// use actor_embed::{Budget, Embed};
    ///
    /// let (executor, mut driver) = Embed::new(|| {}).build()?;
    /// executor.stop();
    /// assert!(!driver.has_ended(), "no turn has seen the stop");
    /// assert!(driver.turn(Budget::polls(64)).has_ended);
    /// assert!(driver.has_ended());
    /// # Ok::<(), std::io::Error>(())
    /// ```
    #[must_use]
    pub fn has_ended(&self) -> bool {
        self.ending.is_none()
    }

    /// Runs rounds, and ends the driver if its last future has ended.
    fn run(&mut self, budget: Budget) -> bool {
        let inbox = Arc::clone(&self.inbox);
        let _entered = Entered::new(&inbox, self.worker.timers());
        let has_run = self.current.within(|| self.worker.run(budget));
        if self.worker.has_ended() {
            self.worker.end_work();
            self.ending = None;
        }
        has_run
    }

    /// Drops everything that runs here.
    fn end(&mut self) {
        let inbox = Arc::clone(&self.inbox);
        contain(|| {
            let _entered = Entered::new(&inbox, self.worker.timers());
            self.current.within(|| self.worker.end());
        });
    }
}

impl Drop for Driver {
    fn drop(&mut self) {
        self.end();
        contain(|| self.inbox.close());
        self.ending = None;
    }
}

impl fmt::Debug for Driver {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Driver").field("has_ended", &self.has_ended()).finish_non_exhaustive()
    }
}
