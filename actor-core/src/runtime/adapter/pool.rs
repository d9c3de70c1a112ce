//! One executor's threads for blocking work.

use std::fmt;
use std::io;
use std::pin::pin;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use async_channel::{Receiver, Sender};

use super::contain;
use super::staff::Staff;
use crate::park::block_on_for;
use crate::runtime::thread::ThreadConfig;

/// How long a thread waits for more work before it ends.
const IDLE: Duration = Duration::from_secs(10);

type Work = Box<dyn FnOnce() + Send>;

type Hire = Box<dyn Fn(&Arc<Shared>) -> bool + Send + Sync>;

/// Threads for blocking work: the same for every adapter, and one pool for each executor.
///
/// The pool starts a thread for work that finds none free, up to
/// [`ThreadConfig::blocking_threads`]. A thread ends after 10 seconds without work. Work beyond the
/// limit waits in an unbounded queue. Dropping the pool does not block: its threads run the queued
/// work and end.
///
/// # Examples
///
/// ```
/// use actor_core::ThreadConfig;
/// use actor_core::runtime::adapter::BlockingPool;
///
/// let pool = BlockingPool::new(&ThreadConfig::named("chain"), |work| work())?;
/// let (sender, receiver) = std::sync::mpsc::sync_channel(1);
/// pool.run(Box::new(move || {
///     let name = std::thread::current().name().map(str::to_owned);
///     sender.send(name).expect("the receiver waits");
/// }));
/// assert_eq!(receiver.recv().expect("the work ran").as_deref(), Some("chain-work"));
/// # Ok::<(), std::io::Error>(())
/// ```
pub struct BlockingPool {
    shared: Arc<Shared>,
    /// Starts a thread, and returns whether it started.
    hire: Hire,
}

struct Shared {
    staff: Staff,
    /// Closed when the pool is dropped.
    queue: Sender<Work>,
    waiting: Receiver<Work>,
    /// Runs work inside the context required by the runtime.
    around: Box<dyn Fn(Work) + Send + Sync>,
    name: String,
    limit: u32,
}

impl BlockingPool {
    /// Creates the pool of the executor described by `config`. `around` is called with each piece
    /// of work, on the thread that runs it.
    ///
    /// Call it on the thread that starts the executor. If the executor is pinned to a core, an
    /// unpinned helper thread starts the pool's threads, and does nothing else. Blocking work then
    /// does not inherit the executor's core.
    ///
    /// # Errors
    ///
    /// Returns an error if the helper thread cannot be started. Never fails without
    /// [`ThreadConfig::on_core`].
    ///
    /// # Examples
    ///
    /// ```
    /// use std::cell::Cell;
    ///
    /// use actor_core::ThreadConfig;
    /// use actor_core::runtime::adapter::BlockingPool;
    ///
    /// thread_local!(static CONTEXT: Cell<&'static str> = const { Cell::new("none") });
    /// let pool = BlockingPool::new(&ThreadConfig::named("chain"), |work| {
    ///     CONTEXT.set("the runtime's");
    ///     work();
    /// })?;
    /// let (sender, receiver) = std::sync::mpsc::channel();
    /// pool.run(Box::new(move || sender.send(CONTEXT.get()).expect("the receiver waits")));
    /// assert_eq!(receiver.recv(), Ok("the runtime's"));
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn new(
        config: &ThreadConfig,
        around: impl Fn(Work) + Send + Sync + 'static,
    ) -> io::Result<Self> {
        if config.core().is_none() {
            return Ok(Self::with_starter(config, around, start_here));
        }
        let (wanted, wants) =
            async_channel::bounded::<Arc<Shared>>(config.most_blocking_threads() as usize);
        thread::Builder::new().name(format!("{}-start", config.name())).spawn(move || {
            while let Ok(shared) = wants.recv_blocking() {
                if !start_here(&shared) {
                    shared.staff.did_not_start();
                    shared.drop_stranded();
                }
            }
        })?;
        // There is room: the limit also bounds the number of threads requested at the same time.
        Ok(Self::with_starter(config, around, move |shared| {
            wanted.try_send(Arc::clone(shared)).is_ok()
        }))
    }

    fn with_starter(
        config: &ThreadConfig,
        around: impl Fn(Work) + Send + Sync + 'static,
        hire: impl Fn(&Arc<Shared>) -> bool + Send + Sync + 'static,
    ) -> Self {
        #[expect(
            clippy::disallowed_methods,
            reason = "holds what the program itself hands in; a bound would make it wait"
        )]
        let (queue, waiting) = async_channel::unbounded();
        let (name, limit) = (format!("{}-work", config.name()), config.most_blocking_threads());
        let shared =
            Shared { staff: Staff::new(), queue, waiting, around: Box::new(around), name, limit };
        Self { shared: Arc::new(shared), hire: Box::new(hire) }
    }

    /// Runs the work on a thread of the pool. Neither blocks nor panics, and may be called on any
    /// thread.
    ///
    /// If the pool has no thread and none can be started, the work is dropped without being run.
    ///
    /// # Examples
    ///
    /// ```
    /// use actor_core::ThreadConfig;
    /// use actor_core::runtime::adapter::BlockingPool;
    ///
    /// let pool = BlockingPool::new(&ThreadConfig::named("adder"), |work| work())?;
    /// let (sender, sums) = std::sync::mpsc::channel();
    /// for numbers in [1..=10, 11..=20] {
    ///     let sender = sender.clone();
    ///     pool.run(Box::new(move || sender.send(numbers.sum::<u32>()).expect("it waits")));
    /// }
    /// drop(sender);
    /// assert_eq!(sums.iter().sum::<u32>(), 210);
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn run(&self, work: Box<dyn FnOnce() + Send>) {
        let needs_thread = self.shared.staff.announce(self.shared.limit);
        self.shared.push(work);
        if needs_thread && !(self.hire)(&self.shared) {
            self.shared.staff.did_not_start();
        }
        self.shared.drop_stranded();
    }
}

impl Drop for BlockingPool {
    fn drop(&mut self) {
        self.shared.queue.close();
    }
}

/// Starts a thread from the calling thread. Returns whether it started.
fn start_here(shared: &Arc<Shared>) -> bool {
    let its_own = Arc::clone(shared);
    thread::Builder::new().name(shared.name.clone()).spawn(move || its_own.work()).is_ok()
}

impl Shared {
    /// The body of a thread of the pool.
    fn work(&self) {
        loop {
            match block_on_for(pin!(self.waiting.recv()), IDLE) {
                Some(Ok(work)) => {
                    contain(|| (self.around)(work));
                    self.staff.is_free();
                }
                // Closed, and the queue is empty.
                Some(Err(_)) => return,
                None if self.staff.leave() => return,
                None => {}
            }
        }
    }

    fn push(&self, work: Work) {
        if let Err(refused) = self.queue.try_send(work) {
            contain(|| drop(refused));
        }
    }

    fn drop_stranded(&self) {
        self.staff.drop_stranded(
            || self.waiting.try_recv().ok(),
            |work| self.push(work),
            |work| _ = contain(|| drop(work)),
        );
    }
}

impl fmt::Debug for BlockingPool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BlockingPool").field("name", &self.shared.name).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
    use std::sync::mpsc::{RecvTimeoutError, sync_channel};
    use std::time::Duration;

    use super::{BlockingPool, start_here};
    use crate::runtime::thread::ThreadConfig;

    const PATIENCE: Duration = Duration::from_secs(30);

    #[test]
    fn work_is_dropped_unrun_where_no_thread_starts() {
        let pool =
            BlockingPool::with_starter(&ThreadConfig::named("none"), |work| work(), |_| false);
        for _ in 0..3 {
            let (tell, told) = sync_channel::<()>(1);
            pool.run(Box::new(move || tell.send(()).expect("it waits")));
            assert_eq!(told.recv_timeout(PATIENCE), Err(RecvTimeoutError::Disconnected));
        }
    }

    #[test]
    fn work_that_panics_in_its_drop_is_dropped_like_any_other() {
        struct Bomb;
        impl Drop for Bomb {
            fn drop(&mut self) {
                panic!("this drop panics, as the test wants it to");
            }
        }
        let pool =
            BlockingPool::with_starter(&ThreadConfig::named("none"), |work| work(), |_| false);
        let bomb = Bomb;
        pool.run(Box::new(move || drop(bomb)));
    }

    #[test]
    fn work_waits_for_the_thread_there_is_where_no_other_starts() {
        let may_start = AtomicBool::new(true);
        let hire =
            move |shared: &Arc<_>| may_start.swap(false, Ordering::Relaxed) && start_here(shared);
        let pool = BlockingPool::with_starter(&ThreadConfig::named("one"), |work| work(), hire);
        let (release, released) = sync_channel::<()>(1);
        let (tell, told) = sync_channel(16);
        let tells = tell.clone();
        pool.run(Box::new(move || {
            released.recv_timeout(PATIENCE).expect("it is released");
            tells.send(0).expect("it waits");
        }));
        for n in 1..10 {
            let tell = tell.clone();
            pool.run(Box::new(move || tell.send(n).expect("it waits")));
        }
        release.send(()).expect("the work waits");
        drop((pool, tell));
        assert_eq!(Vec::from_iter(told.iter()), Vec::from_iter(0..10));
    }

    #[test]
    fn no_more_threads_start_than_there_may_be() {
        let started = Arc::new(AtomicUsize::new(0));
        let counts = Arc::clone(&started);
        let hire = move |shared: &Arc<_>| {
            counts.fetch_add(1, Ordering::Relaxed);
            start_here(shared)
        };
        let config = ThreadConfig::named("three").blocking_threads(3);
        let pool = BlockingPool::with_starter(&config, |work| work(), hire);
        let (tell, told) = sync_channel(100);
        for _ in 0..100 {
            let tell = tell.clone();
            pool.run(Box::new(move || tell.send(()).expect("it waits")));
        }
        drop(tell);
        assert_eq!(told.iter().count(), 100);
        assert!((1..=3).contains(&started.load(Ordering::Relaxed)));
    }
}
