//! A driver as one task of a single-threaded async runtime.

use std::fmt;
use std::future::Future;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Instant;

use actor_core::Executor;
use actor_core::runtime::adapter::{ForeignWake, contain};
use actor_core::runtime::{Maker, Timer};
use futures::task::AtomicWaker;

use crate::builder::Embed;
use crate::driver::Driver;
use crate::turn::Budget;

/// The host of a driver is one task of an async runtime, with the timers of that runtime.
///
/// # Examples
///
/// ```
/// use actor_core::{Executor, Runtime, ThreadConfig};
/// use actor_embed::{Embed, HostTask};
/// # let host = actor_smol::SmolRuntime::new().start_executor(ThreadConfig::named("host"))?;
///
/// let embed: Embed<HostTask> = Embed::in_task(move || host.timer());
/// assert!(embed.build().is_ok());
/// # Ok::<(), std::io::Error>(())
/// ```
pub struct HostTask {
    make_timer: MakeTimer,
    give_way: GiveWay,
    is_elsewhere: bool,
}

type MakeTimer = Box<dyn FnMut() -> Box<dyn Timer> + Send>;

type GiveWay = Box<dyn FnMut(&mut Context<'_>) + Send>;

/// Runs a driver as one task of any single-threaded async runtime.
///
/// Spawn it as a local task. Each of its polls runs one round: it polls each ready task of the
/// executor once. It is ready after the executor was stopped, or its last owner dropped it, and all
/// its futures have ended. Its drop ends them as the drop of a [`Driver`] does.
///
/// Handlers are polled inside the host's task. So they may use the host's sockets and timers.
///
/// # Examples
///
/// ```
/// use actor_core::{Executor, Runtime, ThreadConfig};
/// use actor_embed::Embed;
/// # let host = actor_smol::SmolRuntime::new().start_executor(ThreadConfig::named("host"))?;
///
/// let (executor, task) = Embed::in_task(move || host.timer()).build()?;
/// let (sender, receiver) = std::sync::mpsc::sync_channel(1);
/// let send = async move { sender.send(7).expect("there is room") };
/// executor.spawn(Box::new(move || Box::pin(send))).expect("the executor runs");
/// executor.stop();
/// // Any runtime of a single thread can run it.
/// futures::executor::block_on(task);
/// assert_eq!(receiver.try_recv(), Ok(7));
/// # Ok::<(), std::io::Error>(())
/// ```
#[must_use = "it is run by polling it"]
pub struct EmbedTask {
    driver: Driver,
    /// The waker of the host's task.
    waker: Arc<AtomicWaker>,
    make_timer: MakeTimer,
    give_way: GiveWay,
    /// The host's timer and its time, while the driver has a deadline. Without a deadline there is
    /// no timer: a forgotten one would wake the host, and move a paused clock.
    armed: Option<(Box<dyn Timer>, Instant)>,
}

impl Embed<HostTask> {
    /// Creates the configuration of an executor that runs as one task of an async runtime.
    ///
    /// `make_timer` creates a timer of that runtime. It is called in the polls of the task, when
    /// the executor has a deadline and had none before. The timer's clock must be the executor's:
    /// set [`clock`](Embed::clock) where the runtime's clock is not the system's.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::future::poll_fn;
    /// use std::time::Duration;
    ///
    /// use actor_core::{Executor, Runtime, ThreadConfig};
    /// use actor_embed::Embed;
    /// # let host = actor_smol::SmolRuntime::new().start_executor(ThreadConfig::named("host"))?;
    ///
    /// let (executor, task) = Embed::in_task(move || host.timer()).build()?;
    /// let due = executor.now() + Duration::from_millis(1);
    /// let mut timer = executor.timer();
    /// timer.arm(due);
    /// let wait = poll_fn(move |cx| timer.poll_expired(cx));
    /// executor.spawn(Box::new(move || Box::pin(wait))).expect("the executor runs");
    /// executor.stop();
    /// futures::executor::block_on(task);
    /// assert!(executor.now() >= due);
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn in_task(make_timer: impl FnMut() -> Box<dyn Timer> + Send + 'static) -> Self {
        Self::hosted_by(HostTask {
            make_timer: Box::new(make_timer),
            give_way: Box::new(|cx| cx.waker().wake_by_ref()),
            is_elsewhere: false,
        })
    }

    /// Sets the way of the task to its next poll, if more is ready after a poll. The default wakes
    /// the task immediately.
    ///
    /// A host may offer a better way: one that looks at its sockets and timers before. `give_way`
    /// is called in the poll, and must cause another poll.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::sync::Arc;
    /// use std::sync::atomic::{AtomicU32, Ordering};
    /// use std::task::Poll;
    ///
    /// use actor_core::{Executor, Runtime, ThreadConfig};
    /// use actor_embed::Embed;
    /// # let host = actor_smol::SmolRuntime::new().start_executor(ThreadConfig::named("host"))?;
    ///
    /// let calls = Arc::new(AtomicU32::new(0));
    /// let counts = Arc::clone(&calls);
    /// let (executor, task) = Embed::in_task(move || host.timer())
    ///     .give_way(move |cx| {
    ///         counts.fetch_add(1, Ordering::Relaxed);
    ///         cx.waker().wake_by_ref();
    ///     })
    ///     .build()?;
    /// let mut left = 3;
    /// let busy = std::future::poll_fn(move |cx| {
    ///     left -= 1;
    ///     cx.waker().wake_by_ref();
    ///     if left == 0 { Poll::Ready(()) } else { Poll::Pending }
    /// });
    /// executor.spawn(Box::new(move || Box::pin(busy))).expect("the executor runs");
    /// executor.stop();
    /// futures::executor::block_on(task);
    /// assert!(calls.load(Ordering::Relaxed) >= 2);
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn give_way(mut self, give_way: impl FnMut(&mut Context<'_>) + Send + 'static) -> Self {
        self.host.give_way = Box::new(give_way);
        self
    }

    /// States that another thread may run the task.
    ///
    /// Without it, the calling thread of `build` counts as the thread of the runtime, and
    /// [`Executor::join`] does not wait there. With it, no thread does until the task is made.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// use actor_core::{Executor, Runtime, ThreadConfig};
    /// use actor_embed::Embed;
    /// # let runtime = actor_smol::SmolRuntime::new();
    /// # let host = runtime.start_executor(ThreadConfig::named("host"))?;
    ///
    /// let own = host.clone();
    /// let embed = Embed::in_task(move || own.timer()).elsewhere();
    /// let (executor, make_task) = embed.build_maker()?;
    /// host.spawn(make_task).expect("the host runs");
    /// executor.stop();
    /// assert!(executor.join(Duration::from_secs(10)));
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn elsewhere(mut self) -> Self {
        self.host.is_elsewhere = true;
        self
    }

    /// Creates the executor and its task. Call it on the thread of the runtime.
    ///
    /// # Errors
    ///
    /// Never fails today. Reserved for resources of the operating system.
    ///
    /// # Examples
    ///
    /// ```
    /// use actor_core::{Executor, Runtime, ThreadConfig};
    /// use actor_embed::Embed;
    /// # let host = actor_smol::SmolRuntime::new().start_executor(ThreadConfig::named("host"))?;
    ///
    /// let (executor, task) = Embed::in_task(move || host.timer()).build()?;
    /// drop(executor);
    /// futures::executor::block_on(task);
    /// # assert!(true);
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn build(self) -> io::Result<(Arc<dyn Executor>, EmbedTask)> {
        let (executor, make) = self.build_seed()?;
        Ok((executor, make()))
    }

    /// Creates the executor, and a maker of its task. Call the maker on the thread of the runtime.
    ///
    /// The executor takes futures immediately. A maker dropped without a call ends it: actors
    /// spawned meanwhile end as [`Abandoned`](actor_core::ExitReason::Abandoned).
    ///
    /// # Errors
    ///
    /// Never fails today. Reserved for resources of the operating system.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// use actor_core::{Executor, Runtime, ThreadConfig};
    /// use actor_embed::Embed;
    ///
    /// let host = actor_smol::SmolRuntime::new().start_executor(ThreadConfig::named("host"))?;
    /// let own = host.clone();
    /// let (executor, make_task) = Embed::in_task(move || own.timer()).elsewhere().build_maker()?;
    /// let (sender, receiver) = std::sync::mpsc::sync_channel(1);
    /// let name = || std::thread::current().name().map(str::to_owned);
    /// let send = move || Box::pin(async move { sender.send(name()).expect("there is room") });
    /// executor.spawn(Box::new(move || send())).expect("it takes futures already");
    /// // An executor within an executor.
    /// host.spawn(make_task).expect("the host runs");
    /// assert_eq!(receiver.recv().expect("it runs").as_deref(), Some("host"));
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn build_maker(self) -> io::Result<(Arc<dyn Executor>, Maker)> {
        let (executor, make) = self.build_seed()?;
        Ok((executor, Box::new(move || Box::pin(make()))))
    }

    fn build_seed(self) -> io::Result<(Arc<dyn Executor>, impl FnOnce() -> EmbedTask + Send)> {
        let waker = Arc::new(AtomicWaker::new());
        let wakes = Arc::clone(&waker);
        let HostTask { make_timer, give_way, is_elsewhere } = self.host;
        let (executor, seed) = self.options.build(ForeignWake::new(move || wakes.wake()))?;
        if !is_elsewhere {
            seed.inbox.settle();
        }
        let make = move || {
            let driver = Driver::new(seed);
            EmbedTask { driver, waker, make_timer, give_way, armed: None }
        };
        Ok((executor, make))
    }
}

impl EmbedTask {
    /// Waits for the driver's next deadline. Returns whether it has come.
    fn poll_deadline(&mut self, deadline: Option<Instant>, cx: &mut Context<'_>) -> bool {
        let Some(deadline) = deadline else {
            let timer = self.armed.take();
            contain(|| drop(timer));
            return false;
        };
        let (timer, at) = self.armed.get_or_insert_with(|| {
            let mut timer = (self.make_timer)();
            timer.arm(deadline);
            (timer, deadline)
        });
        if *at != deadline {
            timer.arm(deadline);
            *at = deadline;
        }
        let has_come = timer.poll_expired(cx).is_ready();
        if has_come {
            // Armed again even for the same time: the host's timer may be early by its resolution.
            timer.arm(deadline);
        }
        has_come
    }
}

impl Future for EmbedTask {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        // Before the turn: its announcement of sleep allows the call of this waker.
        self.waker.register(cx.waker());
        let turn = self.driver.turn(Budget::round());
        if turn.has_ended {
            return Poll::Ready(());
        }
        let is_due = self.poll_deadline(turn.next_deadline, cx);
        if turn.has_more || is_due {
            (self.give_way)(cx);
        }
        Poll::Pending
    }
}

impl fmt::Debug for HostTask {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HostTask").finish_non_exhaustive()
    }
}

impl fmt::Debug for EmbedTask {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EmbedTask").field("driver", &self.driver).finish_non_exhaustive()
    }
}
