//! One thread running actors on tokio.

use std::fmt;
use std::future::{Future, poll_fn};
use std::io;
use std::pin::pin;
use std::rc::Rc;
use std::sync::Arc;
use std::task::Context;
use std::time::{Duration, Instant};

use actor_core::runtime::adapter::{BlockingPool, CountedTask, Current};
use actor_core::runtime::{ExecutorStopped, Maker, ThreadEnd, Timer};
use actor_core::{Executor, ThreadConfig};
use async_channel::{Receiver, Sender};
use tokio::runtime::{Builder, Handle};
use tokio::task::yield_now;

use crate::clock;
use crate::local::{Entered, Local};
use crate::timer::TokioTimer;

/// The number of tasks polled by tokio between two checks of wakes from other threads, while its
/// own queue is not empty.
///
/// With two, tokio takes from the two queues in turn. With one, tasks woken repeatedly by other
/// threads would starve the others.
///
/// Timers and sockets have no such setting here. After an actor gives way, tokio checks them once
/// its queue is empty. If actors keep the queue filled by only answering each other, tokio checks
/// once in 61 polls: a check is a system call, and one for each poll took 1.3 µs.
const GLOBAL_QUEUE_INTERVAL: u32 = 2;

/// The number of makers taken in before the other tasks have their turn.
const ADMITTED_AT_ONCE: usize = 32;

/// The sending side of an executor's thread.
pub(crate) struct TokioExecutor {
    name: String,
    /// Closed when the executor is stopped or its last owner dropped.
    makers: Sender<Maker>,
    identity: Arc<()>,
    handle: Handle,
    pool: BlockingPool,
    end: ThreadEnd,
}

impl TokioExecutor {
    pub(crate) fn start(config: ThreadConfig) -> io::Result<Arc<dyn Executor>> {
        let described = config.clone();
        #[expect(
            clippy::disallowed_methods,
            reason = "holds no more than the futures that the program itself starts"
        )]
        let (makers, received) = async_channel::unbounded();
        let identity = Arc::new(());
        let its_own = Arc::clone(&identity);
        let blocking_threads = config.most_blocking_threads() as usize;
        let prepare = move || {
            let mut builder = Builder::new_current_thread();
            builder
                .enable_all()
                .global_queue_interval(GLOBAL_QUEUE_INTERVAL)
                .max_blocking_threads(blocking_threads);
            let entered = Entered::new(its_own, &mut builder)?;
            Ok((entered.local().runtime.handle().clone(), entered))
        };
        let (handle, end) = config.start(prepare, |entered| run(entered.local(), received))?;
        let around = handle.clone();
        let pool = BlockingPool::new(&described, move |work| {
            let _context = around.enter();
            work();
        })?;
        let name = described.name().to_owned();
        let executor: Arc<dyn Executor> =
            Arc::new(Self { name, makers, identity, handle, pool, end });
        Current::start(&executor)?;
        Ok(executor)
    }
}

/// The body of the thread: starts new futures, until no more can arrive and all have ended.
fn run(local: &Rc<Local>, makers: Receiver<Maker>) {
    // A task like any other, so it waits for as many turns as any other.
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
        // The admitting task ends when no more makers can arrive.
        drop(admitting.await);
        poll_fn(CountedTask::poll_none_here).await;
    });
}

impl Executor for TokioExecutor {
    fn spawn(&self, maker: Maker) -> Result<(), ExecutorStopped> {
        // On its own thread, no wake is needed. Queued makers go first.
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
        // Its tasks run in its context.
        if Local::is_here(&self.identity) { clock::now_here() } else { clock::now(&self.handle) }
    }

    fn give_way(&self, cx: &mut Context<'_>) {
        // tokio wakes a yielded task when its queues are empty, right after it has checked timers
        // and sockets.
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

impl fmt::Debug for TokioExecutor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TokioExecutor").field("name", &self.name).finish_non_exhaustive()
    }
}
