//! One thread that runs actors on tokio.

use std::fmt;
use std::future::{Future, poll_fn};
use std::io;
use std::pin::pin;
use std::rc::Rc;
use std::sync::Arc;
use std::task::Context;
use std::time::{Duration, Instant};

use actor_core::runtime::adapter::{BlockingPool, Task};
use actor_core::runtime::{ExecutorStopped, Maker, ThreadEnd, Timer};
use actor_core::{Executor, ThreadConfig};
use async_channel::{Receiver, Sender};
use tokio::runtime::{Builder, Handle};
use tokio::task::yield_now;

use crate::local::{Entered, Local};
use crate::timer::TokioTimer;

/// Tasks that tokio polls between two looks at what other threads have woken, while its own queue is not empty.
///
/// Two takes from the two queues in turn. With one, tasks that other threads keep waking would keep the others from ever
/// being polled.
///
/// Timers and sockets have no such setting here. An actor that gives way has tokio look at them once its queue is empty.
/// While actors that only answer each other keep the queue filled, tokio looks once in 61 polls: a look is a system call,
/// and one for each poll took 1.3 µs.
const GLOBAL_QUEUE_INTERVAL: u32 = 2;

/// Makers that are taken in before the other tasks have their turn.
const ADMITTED_AT_ONCE: usize = 32;

/// The sending side of an executor's thread.
pub(crate) struct TokioExecutor {
    name: String,
    /// Closed when the executor is stopped or nobody holds it any more.
    makers: Sender<Maker>,
    identity: Arc<()>,
    handle: Handle,
    pool: BlockingPool,
    end: ThreadEnd,
}

impl TokioExecutor {
    pub(crate) fn start(config: ThreadConfig) -> io::Result<Arc<dyn Executor>> {
        let described = config.clone();
        #[expect(clippy::disallowed_methods, reason = "holds no more than the futures that the program itself starts")]
        let (makers, received) = async_channel::unbounded();
        let identity = Arc::new(());
        let its_own = Arc::clone(&identity);
        let blocking_threads = config.most_blocking_threads() as usize;
        let prepare = move || {
            let mut builder = Builder::new_current_thread();
            builder.enable_all().global_queue_interval(GLOBAL_QUEUE_INTERVAL).max_blocking_threads(blocking_threads);
            let entered = Entered::new(its_own, &mut builder)?;
            Ok((entered.local().runtime.handle().clone(), entered))
        };
        let (handle, end) = config.start(prepare, |entered| run(entered.local(), received))?;
        let around = handle.clone();
        let pool = BlockingPool::new(&described, move |work| {
            let _context = around.enter();
            work();
        })?;
        Ok(Arc::new(Self { name: described.name().to_owned(), makers, identity, handle, pool, end }))
    }
}

/// The thread's whole life: start what comes, until no more can come and all that came has ended.
fn run(local: &Rc<Local>, makers: Receiver<Maker>) {
    // A task like any other, so that it waits for no more turns than any other does.
    let admits = Rc::clone(local);
    let admitting = local.runtime.spawn_local(async move {
        let mut admitted = 0_usize;
        while let Ok(maker) = makers.recv().await {
            admits.spawn(maker);
            admitted += 1;
            if admitted.is_multiple_of(ADMITTED_AT_ONCE) {
                yield_now().await;
            }
        }
    });
    local.runtime.block_on(async {
        // It has ended when no more can come.
        drop(admitting.await);
        poll_fn(Task::poll_none_here).await;
    });
}

impl Executor for TokioExecutor {
    fn spawn(&self, maker: Maker) -> Result<(), ExecutorStopped> {
        // On its own thread, nothing has to be woken. What is in the queue goes first.
        if self.makers.is_empty()
            && !self.makers.is_closed()
            && let Some(local) = Local::here(&self.identity)
        {
            local.spawn(maker);
            return Ok(());
        }
        self.makers.try_send(maker).map_err(|refused| ExecutorStopped(refused.into_inner()))
    }

    fn timer(&self) -> Box<dyn Timer> {
        Box::new(TokioTimer::new(self.handle.clone()))
    }

    fn now(&self) -> Instant {
        // tokio's clock, which its timers go by. It is the system's unless the program has paused it, for this runtime.
        if Local::is_here(&self.identity) {
            // Its tasks run in its context.
            return tokio::time::Instant::now().into_std();
        }
        if has_no_context() {
            return system_time();
        }
        let _context = self.handle.enter();
        tokio::time::Instant::now().into_std()
    }

    fn give_way(&self, cx: &mut Context<'_>) {
        // tokio wakes what has yielded when its queues are empty, right after it has looked at timers and sockets.
        _ = pin!(yield_now()).poll(cx);
    }

    fn run_blocking(&self, work: Box<dyn FnOnce() + Send>) {
        self.pool.run(work);
    }

    fn stop(&self) {
        self.makers.close();
    }

    fn join(&self, timeout: Duration) -> bool {
        self.end.wait(timeout)
    }
}

/// Returns whether the calling thread is ending and has no place for a runtime's context any more.
fn has_no_context() -> bool {
    Handle::try_current().is_err_and(|error| error.is_thread_local_destroyed())
}

#[expect(clippy::disallowed_methods, reason = "what the executor's clock goes by, where that cannot be asked")]
fn system_time() -> Instant {
    Instant::now()
}

impl fmt::Debug for TokioExecutor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TokioExecutor").field("name", &self.name).finish_non_exhaustive()
    }
}
