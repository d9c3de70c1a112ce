//! Executor threads: named, optionally on one CPU core, and waited for.

use std::io;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use core_affinity::CoreId;
use event_listener::{Event, listener};

use crate::park::block_on_for;
use crate::runtime::adapter::contain;

/// Says how an executor's thread is called and where it runs.
///
/// # Examples
///
/// ```
/// use actor_core::ThreadConfig;
///
/// let anywhere = ThreadConfig::named("chain");
/// let pinned = ThreadConfig::named("chain").on_core(0);
/// assert_eq!(anywhere.name(), pinned.name());
/// ```
#[derive(Clone, Debug)]
pub struct ThreadConfig {
    name: String,
    core: Option<usize>,
    /// In bytes.
    stack_size: Option<usize>,
    blocking_threads: u32,
}

/// Waits for a thread's end; every clone may.
#[derive(Clone, Debug)]
pub struct ThreadEnd {
    state: Arc<EndState>,
}

#[derive(Debug)]
struct EndState {
    /// Set by the thread as the last thing it does.
    ended: AtomicBool,
    on_end: Event,
}

impl ThreadConfig {
    /// The most threads that an executor has for blocking work, unless [`blocking_threads`](Self::blocking_threads) sets
    /// another limit.
    pub const BLOCKING_THREADS: u32 = 512;

    /// Gives the thread a name, as debuggers, panics and process lists show it (Linux shows 15 bytes).
    #[must_use]
    pub fn named(name: impl Into<String>) -> Self {
        Self { name: name.into(), core: None, stack_size: None, blocking_threads: Self::BLOCKING_THREADS }
    }

    /// Keeps the thread on one CPU core, counted from 0.
    ///
    /// Threads that are started from this one begin on the same core, as the operating system has it. Those for blocking
    /// work are not started from it.
    #[must_use]
    pub fn on_core(mut self, core: usize) -> Self {
        self.core = Some(core);
        self
    }

    /// Sets the size of the thread's stack in bytes. Without it, the thread has Rust's default: 2 MiB, or what the
    /// environment variable `RUST_MIN_STACK` states.
    ///
    /// Makers, futures and their drops run on this stack, handlers among them. Threads for blocking work have the
    /// default. The operating system may round it up. One that it has no room for makes
    /// [`start_executor`](crate::Runtime::start_executor) fail.
    ///
    /// # Examples
    ///
    /// ```
    /// use actor_core::ThreadConfig;
    ///
    /// // For handlers that recurse deeply.
    /// let config = ThreadConfig::named("parser").stack_size(64 << 20);
    /// assert_eq!(config.name(), "parser");
    /// ```
    #[must_use]
    pub fn stack_size(mut self, bytes: usize) -> Self {
        self.stack_size = Some(bytes);
        self
    }

    /// Sets how many threads the executor has at most for blocking work, at least 1.
    ///
    /// Work beyond that waits until a thread is free. So work that waits for other work of the same executor needs as many
    /// threads as wait at once, and one more; with fewer it waits for ever.
    ///
    /// # Examples
    ///
    /// ```
    /// use actor_core::ThreadConfig;
    ///
    /// // A database that takes four connections gets no more than four queries at once.
    /// let config = ThreadConfig::named("storage").blocking_threads(4);
    /// assert_eq!(config.name(), "storage");
    /// ```
    #[must_use]
    pub fn blocking_threads(mut self, most: u32) -> Self {
        self.blocking_threads = most.max(1);
        self
    }

    /// Tells the thread's name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    pub(crate) fn core(&self) -> Option<usize> {
        self.core
    }

    /// Returns how many threads the executor has at most for blocking work.
    #[must_use]
    pub fn most_blocking_threads(&self) -> u32 {
        self.blocking_threads
    }

    /// Starts a thread of this description: what an adapter builds its executor on.
    ///
    /// `prepare` runs on the thread; what it returns decides whether the start succeeded, and `body` then runs with
    /// the rest. A panic of `body` ends the thread as usual and is seen as its end.
    ///
    /// # Errors
    ///
    /// Fails if the thread cannot be started, if `prepare` fails, or with [`io::ErrorKind::InvalidInput`] if there is
    /// no such core or there can be no such name or stack.
    pub fn start<T: Send + 'static, L: 'static>(
        self,
        prepare: impl FnOnce() -> io::Result<(T, L)> + Send + 'static,
        body: impl FnOnce(L) + Send + 'static,
    ) -> io::Result<(T, ThreadEnd)> {
        let end = ThreadEnd { state: Arc::new(EndState { ended: AtomicBool::new(false), on_end: Event::new() }) };
        let ending = end.clone();
        let (started, starting) = mpsc::sync_channel(1);
        let core = self.core;
        if self.name.contains('\0') {
            return Err(io::Error::new(io::ErrorKind::InvalidInput, "a thread's name cannot have a zero byte in it"));
        }
        // Beyond this, rounding it up to pages would overflow.
        if self.stack_size.is_some_and(|bytes| bytes > isize::MAX as usize) {
            return Err(io::Error::new(io::ErrorKind::InvalidInput, "a stack cannot be as large as this"));
        }
        let builder = thread::Builder::new().name(self.name);
        let builder = self.stack_size.into_iter().fold(builder, thread::Builder::stack_size);
        builder.spawn(move || {
            let prepared = pin_to(core).and_then(|()| prepare());
            let local = match prepared {
                Ok((shared, local)) => started.send(Ok(shared)).map(|()| local).ok(),
                Err(error) => started.send(Err(error)).map_or(None, |()| None),
            };
            if let Some(local) = local {
                // A panic of it must not keep a waiter waiting.
                contain(|| body(local));
            }
            ending.state.ended.store(true, Ordering::Release);
            ending.state.on_end.notify(usize::MAX);
        })?;
        let shared = starting.recv().map_err(|_gone| io::Error::other("the thread panicked while it started"))??;
        Ok((shared, end))
    }
}

impl ThreadEnd {
    /// Tells whether the thread has ended.
    #[must_use]
    pub fn has_come(&self) -> bool {
        // Pairs with the thread's last store.
        self.state.ended.load(Ordering::Acquire)
    }

    /// Parks the calling thread until the thread has ended. Tells whether it did in time.
    #[must_use]
    pub fn wait(&self, timeout: Duration) -> bool {
        let ended = async {
            while !self.has_come() {
                listener!(self.state.on_end => ending);
                // Look again: the end may have come before the listener was there to be told.
                if !self.has_come() {
                    ending.await;
                }
            }
        };
        block_on_for(pin!(ended), timeout).is_some()
    }
}

/// The cores that an operating system's mask of them has room for: Linux's `CPU_SETSIZE`.
///
/// Beyond it the mask is not merely refused: setting a bit past its end aborts the process.
const MASK_SIZE: usize = 1024;

fn pin_to(core: Option<usize>) -> io::Result<()> {
    match core {
        Some(id) if id >= MASK_SIZE || !core_affinity::set_for_current(CoreId { id }) => Err(io::Error::new(
            io::ErrorKind::InvalidInput,
            format!("cannot run a thread on CPU core {id}: there is no such core, or it is not allowed"),
        )),
        _ => Ok(()),
    }
}
