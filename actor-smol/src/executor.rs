//! One thread that runs actors on smol.

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
use async_executor::LocalExecutor;

use crate::timer::SmolTimer;

/// The sending side of an executor's thread.
pub(crate) struct SmolExecutor {
    name: String,
    /// Closed when the executor is stopped or nobody holds it any more.
    makers: Sender<Maker>,
    end: ThreadEnd,
}

impl SmolExecutor {
    pub(crate) fn start(config: ThreadConfig) -> io::Result<Arc<dyn Executor>> {
        let name = config.name().to_owned();
        #[expect(clippy::disallowed_methods, reason = "holds no more than the futures that the program itself starts")]
        let (makers, received) = async_channel::unbounded();
        let ((), end) = config.start(|| Ok(((), ())), |()| run(received))?;
        Ok(Arc::new(Self { name, makers, end }))
    }
}

/// The thread's whole life: start what comes, until no more can come and all that came has ended.
fn run(makers: Receiver<Maker>) {
    let tasks = LocalExecutor::new();
    async_io::block_on(tasks.run(async {
        // Every task holds a clone; when the last one is gone, receiving fails.
        let (alive, all_ended) = async_channel::bounded::<Infallible>(1);
        while let Ok(maker) = makers.recv().await {
            // A maker that panics made no future, and the panic hook has reported it.
            if let Ok(future) = catch_unwind(AssertUnwindSafe(maker)) {
                tasks.spawn(Alive { future, _alive: alive.clone() }).detach();
            }
        }
        drop(alive);
        // An error is the only thing that can come.
        let Err(_all_ended) = all_ended.recv().await;
    }));
}

/// A future, and the sign that it has not ended. As small as can be: a task is this and what the runtime adds.
struct Alive {
    future: Pin<Box<dyn Future<Output = ()>>>,
    _alive: Sender<Infallible>,
}

impl Future for Alive {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        // smol lets a task's panic through to its thread, so it is caught here; the panic hook has reported it.
        catch_unwind(AssertUnwindSafe(|| self.future.as_mut().poll(cx))).unwrap_or(Poll::Ready(()))
    }
}

impl Executor for SmolExecutor {
    fn spawn(&self, maker: Maker) -> Result<(), ExecutorStopped> {
        self.makers.try_send(maker).map_err(|_refused| ExecutorStopped)
    }

    fn timer(&self) -> Box<dyn Timer> {
        Box::new(SmolTimer::new())
    }

    #[expect(clippy::disallowed_methods, reason = "this executor's clock is the system's")]
    fn now(&self) -> Instant {
        Instant::now()
    }

    fn run_blocking(&self, work: Box<dyn FnOnce() + Send>) {
        blocking::unblock(work).detach();
    }

    fn stop(&self) {
        self.makers.close();
    }

    fn join(&self, timeout: Duration) -> bool {
        self.end.wait(timeout)
    }
}

impl fmt::Debug for SmolExecutor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SmolExecutor").field("name", &self.name).finish_non_exhaustive()
    }
}
