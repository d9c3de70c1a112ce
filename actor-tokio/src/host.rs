//! An executor as one task of the program's own runtime.
//!
//! The task polls the actors, so their sockets and timers are the runtime's. A `LocalSet` takes the
//! task as a [`LocalTask`], because the wakers of a `LocalSet` fail on ending threads. A runtime
//! takes it as a [`Resident`], because `tokio::spawn` requires `Send`.

use std::fmt;
use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use actor_core::Executor;
use actor_core::runtime::Timer;
use actor_core::runtime::adapter::contain;
use actor_embed::{Clock, Embed, HostTask};
use tokio::runtime::{Handle, RuntimeFlavor};
use tokio::task::{LocalSet, yield_now};
use tokio::time::sleep;

use crate::clock;
use crate::local_task::LocalTask;
use crate::resident::Resident;
use crate::timer::TokioTimer;

/// The reason for no executor on the program's own runtime.
///
/// # Examples
///
/// ```
/// use actor_tokio::{NotCurrentThread, TokioRuntime};
///
/// #[tokio::main]
/// async fn main() {
///     let refused = TokioRuntime::current().expect_err("this runtime has several threads");
///     assert!(matches!(refused, NotCurrentThread::MultiThread));
///     assert!(refused.to_string().contains("start_executor"), "it names what to write instead");
/// }
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum NotCurrentThread {
    /// The calling code runs in no tokio runtime.
    NoRuntime,
    /// The runtime moves tasks between threads, and an actor stays on one.
    MultiThread,
    /// The runtime was built without timers. The first timer of one actor would end all of them.
    NoTimers,
}

/// Starts an executor on the runtime of the calling code.
pub(crate) fn start_here() -> Result<Arc<dyn Executor>, NotCurrentThread> {
    let runtime = Handle::try_current().map_err(|_none| NotCurrentThread::NoRuntime)?;
    start(&runtime, configure(&runtime))
}

/// Starts an executor on a runtime of any thread.
pub(crate) fn start_on(runtime: &Handle) -> Result<Arc<dyn Executor>, NotCurrentThread> {
    let is_own = Handle::try_current().is_ok_and(|current| current.id() == runtime.id());
    let embed = configure(runtime);
    start(runtime, if is_own { embed } else { embed.elsewhere() })
}

fn start(runtime: &Handle, embed: Embed<HostTask>) -> Result<Arc<dyn Executor>, NotCurrentThread> {
    if runtime.runtime_flavor() != RuntimeFlavor::CurrentThread {
        return Err(NotCurrentThread::MultiThread);
    }
    check_timers(runtime)?;
    let (executor, make_task) = embed.build_maker().expect(NO_RESOURCE);
    drop(runtime.spawn(Resident::new(make_task)));
    Ok(executor)
}

/// Starts an executor as a task of a `LocalSet`.
pub(crate) fn start_in(set: &LocalSet) -> Result<Arc<dyn Executor>, NotCurrentThread> {
    let runtime = Handle::try_current().map_err(|_none| NotCurrentThread::NoRuntime)?;
    check_timers(&runtime)?;
    let (executor, task) = configure(&runtime).build().expect(NO_RESOURCE);
    drop(set.spawn_local(LocalTask::new(task, runtime)));
    Ok(executor)
}

/// Makes a timer. tokio panics if it cannot, and offers no other way to know.
fn check_timers(runtime: &Handle) -> Result<(), NotCurrentThread> {
    let make = || {
        let _context = runtime.enter();
        drop(sleep(Duration::ZERO));
    };
    let is_ending = Handle::try_current().is_err_and(|error| error.is_thread_local_destroyed());
    if is_ending || contain(make).is_some() { Ok(()) } else { Err(NotCurrentThread::NoTimers) }
}

const NO_RESOURCE: &str = "without a pool of its own, it needs nothing of the operating system";

fn configure(runtime: &Handle) -> Embed<HostTask> {
    let (timers, clocks, pool) = (runtime.clone(), runtime.clone(), runtime.clone());
    Embed::in_task(move || Box::new(TokioTimer::new(timers.clone())) as Box<dyn Timer>)
        .named("tokio")
        .clock(Clock::from_fn(move || clock::now(&clocks)))
        // tokio wakes a yielded task when its queues are empty, right after it has checked timers
        // and sockets.
        .give_way(|cx| _ = pin!(yield_now()).poll(cx))
        // A paused clock stands still while the runtime's own pool is at work.
        .blocking_by(move |work| drop(pool.spawn_blocking(move || contain(work))))
}

impl fmt::Display for NotCurrentThread {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NoRuntime => {
                "no tokio runtime runs here: call it inside `block_on` or within `Handle::enter`, \
                 or start a thread for the actors by `TokioRuntime::new().start_executor(…)`"
            }
            Self::MultiThread => {
                "a multi-thread runtime moves tasks between threads, and an actor stays on one: \
                 start a thread for the actors by `TokioRuntime::new().start_executor(…)`, or \
                 spawn a loop with `Send` state on a `Mailbox`"
            }
            Self::NoTimers => {
                "actors need the timers of their runtime: call `enable_time` or `enable_all` of its \
                 builder"
            }
        })
    }
}

impl std::error::Error for NotCurrentThread {}
