//! One thread that runs actors on tokio.

use std::convert::Infallible;
use std::fmt;
use std::future::Future;
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use actor_core::{Executor, ExecutorStopped, Maker, ThreadConfig, ThreadEnd, Timer};
use async_channel::{Receiver, Sender};
use tokio::runtime::{Builder, Handle, Runtime};
use tokio::task::{LocalSet, spawn_local};

use crate::timer::TokioTimer;

/// The sending side of an executor's thread.
pub(crate) struct TokioExecutor {
    name: String,
    /// Closed when the executor is stopped or nobody holds it any more.
    makers: Sender<Maker>,
    handle: Handle,
    end: ThreadEnd,
}

impl TokioExecutor {
    pub(crate) fn start(config: ThreadConfig) -> io::Result<Arc<dyn Executor>> {
        let name = config.name().to_owned();
        #[expect(clippy::disallowed_methods, reason = "holds no more than the futures that the program itself starts")]
        let (makers, received) = async_channel::unbounded();
        let prepare = || {
            let runtime = Builder::new_current_thread().enable_all().build()?;
            Ok((runtime.handle().clone(), runtime))
        };
        let (handle, end) = config.start(prepare, |runtime| run(runtime, received))?;
        Ok(Arc::new(Self { name, makers, handle, end }))
    }
}

/// The thread's whole life: start what comes, until no more can come and all that came has ended.
fn run(runtime: Runtime, makers: Receiver<Maker>) {
    let tasks = LocalSet::new();
    tasks.block_on(&runtime, async move {
        // Every task holds a clone; when the last one is gone, receiving fails.
        let (alive, all_ended) = async_channel::bounded::<Infallible>(1);
        while let Ok(maker) = makers.recv().await {
            // A maker that panics made no future, and the panic hook has reported it.
            if let Ok(future) = catch_unwind(AssertUnwindSafe(maker)) {
                spawn_local(Alive { future, _alive: alive.clone() });
            }
        }
        drop(alive);
        // An error is the only thing that can come.
        let Err(_all_ended) = all_ended.recv().await;
    });
    // Dropping the runtime would wait for blocking work as well, which may take for ever.
    runtime.shutdown_background();
}

/// A future, and the sign that it has not ended. As small as can be: a task is this and what the runtime adds.
struct Alive {
    future: Pin<Box<dyn Future<Output = ()>>>,
    _alive: Sender<Infallible>,
}

impl Future for Alive {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        self.future.as_mut().poll(cx)
    }
}

impl Executor for TokioExecutor {
    fn spawn(&self, maker: Maker) -> Result<(), ExecutorStopped> {
        self.makers.try_send(maker).map_err(|_refused| ExecutorStopped)
    }

    fn timer(&self) -> Box<dyn Timer> {
        Box::new(TokioTimer::new(self.handle.clone()))
    }

    #[expect(clippy::disallowed_methods, reason = "this executor's clock is the system's")]
    fn now(&self) -> Instant {
        Instant::now()
    }

    fn run_blocking(&self, work: Box<dyn FnOnce() + Send>) {
        drop(self.handle.spawn_blocking(work));
    }

    fn stop(&self) {
        self.makers.close();
    }

    fn join(&self, timeout: Duration) -> bool {
        self.end.wait(timeout)
    }
}

impl fmt::Debug for TokioExecutor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TokioExecutor").field("name", &self.name).finish_non_exhaustive()
    }
}
