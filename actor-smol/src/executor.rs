//! One thread running actors on smol.

use std::fmt;
use std::future::poll_fn;
use std::io;
use std::rc::Rc;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use actor_core::runtime::adapter::{BlockingPool, CountedTask, Current};
use actor_core::runtime::{ExecutorStopped, Maker, ThreadEnd, Timer};
use actor_core::{Executor, ThreadConfig};
use async_channel::{Receiver, Sender};

use crate::local::{Entered, Local};
use crate::timer::SmolTimer;

/// The number of task polls between two turns of the reactor, if no task gives way.
const REACTOR_INTERVAL: u32 = 61;

/// The number of makers taken in before the other tasks have their turn.
const ADMITTED_AT_ONCE: usize = 32;

/// The sending side of an executor's thread.
pub(crate) struct SmolExecutor {
    name: String,
    /// Closed when the executor is stopped or its last owner dropped.
    makers: Sender<Maker>,
    identity: Arc<()>,
    pool: BlockingPool,
    end: ThreadEnd,
}

impl SmolExecutor {
    pub(crate) fn start(config: ThreadConfig) -> io::Result<Arc<dyn Executor>> {
        let described = config.clone();
        #[expect(
            clippy::disallowed_methods,
            reason = "holds no more than the futures that the program itself starts"
        )]
        let (makers, received) = async_channel::unbounded();
        let identity = Arc::new(());
        let its_own = Arc::clone(&identity);
        let prepare = move || {
            // Starts async-io's own thread, once in a process. On failure async-io panics. Here the
            // panic makes the start fail; later it would end the executor.
            async_io::block_on(async {});
            Ok(((), Entered::new(its_own)))
        };
        let ((), end) = config.start(prepare, |entered| run(entered.local(), received))?;
        let pool = BlockingPool::new(&described, |work| work())?;
        let name = described.name().to_owned();
        let executor: Arc<dyn Executor> = Arc::new(Self { name, makers, identity, pool, end });
        Current::start(&executor)?;
        Ok(executor)
    }
}

/// The body of the thread: starts new futures, until no more can arrive and all have ended.
fn run(local: &Rc<Local>, makers: Receiver<Maker>) {
    // A task like any other, so it waits for as many turns as any other.
    let admits = Rc::clone(local);
    let admitting = local.queue.spawn(async move {
        let mut admitted = 0_usize;
        while let Ok(maker) = makers.recv().await {
            admits.spawn(maker);
            admitted += 1;
            if admitted.is_multiple_of(ADMITTED_AT_ONCE) {
                come_back().await;
            }
        }
    });
    async_io::block_on(async {
        let mut polled = 0;
        // The admitting task ends when no more makers can arrive.
        while !(admitting.is_finished() && CountedTask::none_here()) {
            local.queue.tick().await;
            polled += 1;
            if local.gave_way.take() || polled >= REACTOR_INTERVAL {
                polled = 0;
                // `block_on` checks timers and sockets before it polls again.
                come_back().await;
            }
        }
    });
}

/// Lets the other tasks take their turn.
async fn come_back() {
    let mut came_back = false;
    poll_fn(|cx| {
        if std::mem::replace(&mut came_back, true) {
            return Poll::Ready(());
        }
        cx.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
}

impl Executor for SmolExecutor {
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
        Box::new(SmolTimer::new())
    }

    #[expect(clippy::disallowed_methods, reason = "this executor's clock is the system's")]
    fn now(&self) -> Instant {
        Instant::now()
    }

    fn give_way(&self, cx: &mut Context<'_>) {
        if let Some(local) = Local::here(&self.identity) {
            local.gave_way.set(true);
        }
        cx.waker().wake_by_ref();
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

impl fmt::Debug for SmolExecutor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SmolExecutor").field("name", &self.name).finish_non_exhaustive()
    }
}
