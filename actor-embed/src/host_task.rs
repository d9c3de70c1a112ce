//! A driver as one task of a single-threaded async runtime.

use std::fmt;
use std::future::Future;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Instant;

use actor_core::Executor;
use actor_core::runtime::Timer;
use actor_core::runtime::adapter::{ForeignWake, contain};
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
    make_timer: Box<dyn FnMut() -> Box<dyn Timer>>,
}

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
    make_timer: Box<dyn FnMut() -> Box<dyn Timer>>,
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
    pub fn in_task(make_timer: impl FnMut() -> Box<dyn Timer> + 'static) -> Self {
        Self::hosted_by(HostTask { make_timer: Box::new(make_timer) })
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
        let waker = Arc::new(AtomicWaker::new());
        let wakes = Arc::clone(&waker);
        let (HostTask { make_timer }, built) =
            self.into_parts(ForeignWake::new(move || wakes.wake()));
        let (executor, driver) = built?;
        Ok((executor, EmbedTask { driver, waker, make_timer, armed: None }))
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
            cx.waker().wake_by_ref();
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
