//! Executor threads: named, and optionally on one CPU core.

use std::io;
use std::sync::mpsc;
use std::thread;

use core_affinity::CoreId;

use crate::runtime::adapter::contain;
use crate::runtime::end::{Ending, ThreadEnd};

/// The name, CPU core, stack size and blocking threads of an executor's thread.
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

impl ThreadConfig {
    /// The limit on an executor's threads for blocking work, unless
    /// [`blocking_threads`](Self::blocking_threads) sets another limit.
    ///
    /// # Examples
    ///
    /// ```
    /// use actor_core::ThreadConfig;
    ///
    /// let config = ThreadConfig::named("storage");
    /// assert_eq!(config.most_blocking_threads(), ThreadConfig::BLOCKING_THREADS);
    /// ```
    pub const BLOCKING_THREADS: u32 = 512;

    /// Creates a configuration with the given thread name. Debuggers, panic messages and process
    /// lists show the name (Linux shows 15 bytes).
    ///
    /// # Examples
    ///
    /// ```
    /// use std::thread;
    ///
    /// use actor_core::ThreadConfig;
    ///
    /// let name = || thread::current().name().map(str::to_owned);
    /// let (name, _end) = ThreadConfig::named("chain").start(move || Ok((name(), ())), |()| {})?;
    /// assert_eq!(name.as_deref(), Some("chain"));
    /// # Ok::<(), std::io::Error>(())
    /// ```
    #[must_use]
    pub fn named(name: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            core: None,
            stack_size: None,
            blocking_threads: Self::BLOCKING_THREADS,
        }
    }

    /// Pins the thread to one CPU core, counted from 0.
    ///
    /// Threads started from this thread inherit the core from the operating system. The threads for
    /// blocking work do not, because this thread does not start them.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::io::ErrorKind;
    ///
    /// use actor_core::ThreadConfig;
    ///
    /// // No machine has this core. The start fails, and the thread runs on no other core instead.
    /// let config = ThreadConfig::named("chain").on_core(usize::MAX);
    /// let started = config.start(|| Ok(((), ())), |()| {});
    /// assert!(started.is_err_and(|error| error.kind() == ErrorKind::InvalidInput));
    /// ```
    #[must_use]
    pub fn on_core(mut self, core: usize) -> Self {
        self.core = Some(core);
        self
    }

    /// Sets the size of the thread's stack in bytes. The default is Rust's: 2 MiB, or the value of
    /// the environment variable `RUST_MIN_STACK`.
    ///
    /// Makers, futures and their drops run on this stack, handlers among them. Threads for blocking
    /// work have the default size. The operating system may round the size up. If it has no room
    /// for the stack, [`start_executor`](crate::Runtime::start_executor) returns an error.
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

    /// Sets the limit on the executor's threads for blocking work, at least 1.
    ///
    /// Work beyond the limit waits until a thread is free. If work waits for other work of the same
    /// executor, the limit must exceed the number of such waits at the same time. With a lower
    /// limit it waits for ever.
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

    /// Returns the thread's name.
    ///
    /// # Examples
    ///
    /// ```
    /// use actor_core::ThreadConfig;
    ///
    /// // An adapter names its further threads after the executor.
    /// let config = ThreadConfig::named("chain");
    /// assert_eq!(format!("{}-timers", config.name()), "chain-timers");
    /// ```
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    pub(crate) fn core(&self) -> Option<usize> {
        self.core
    }

    /// Returns the limit on the executor's threads for blocking work.
    ///
    /// # Examples
    ///
    /// ```
    /// use actor_core::ThreadConfig;
    ///
    /// let config = ThreadConfig::named("storage").blocking_threads(4);
    /// assert_eq!(config.most_blocking_threads(), 4);
    /// // A pool without a thread could run no work.
    /// assert_eq!(config.blocking_threads(0).most_blocking_threads(), 1);
    /// ```
    #[must_use]
    pub fn most_blocking_threads(&self) -> u32 {
        self.blocking_threads
    }

    /// Starts the configured thread. Adapters build their executors on it.
    ///
    /// `prepare` runs on the new thread, and its result decides whether the start succeeds.
    /// `prepare` returns two parts: the first goes to the caller, and `body` then runs with the
    /// second. A panic of `body` ends the thread as usual, and waiters observe the end.
    ///
    /// # Errors
    ///
    /// Returns an error if the thread cannot be started or if `prepare` fails. Returns
    /// [`io::ErrorKind::InvalidInput`] if there is no such core, or if the name or the stack size
    /// is impossible.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::sync::mpsc;
    ///
    /// use actor_core::ThreadConfig;
    ///
    /// let (sender, sums) = mpsc::channel();
    /// // The sending end of the queue goes to the caller, and the receiving end to the body.
    /// let prepare = || Ok(mpsc::channel::<u32>());
    /// let (numbers, _end) = ThreadConfig::named("adder").start(prepare, move |numbers| {
    ///     sender.send(numbers.iter().sum::<u32>()).expect("the receiver waits");
    /// })?;
    /// [1, 2, 3].map(|n| numbers.send(n).expect("the thread runs"));
    /// drop(numbers);
    /// assert_eq!(sums.recv(), Ok(6));
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn start<T: Send + 'static, L: 'static>(
        self,
        prepare: impl FnOnce() -> io::Result<(T, L)> + Send + 'static,
        body: impl FnOnce(L) + Send + 'static,
    ) -> io::Result<(T, ThreadEnd)> {
        let ending = Ending::new();
        let end = ending.end();
        let (started, starting) = mpsc::sync_channel(1);
        let core = self.core;
        if self.name.contains('\0') {
            return Err(io::Error::new(
                io::ErrorKind::InvalidInput,
                "a thread's name cannot have a zero byte in it",
            ));
        }
        // Beyond this size, rounding up to pages would overflow.
        if self.stack_size.is_some_and(|bytes| bytes > isize::MAX as usize) {
            return Err(io::Error::new(
                io::ErrorKind::InvalidInput,
                "a stack cannot be as large as this",
            ));
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
                // A panic of `body` must not keep a waiter waiting.
                contain(|| body(local));
            }
            drop(ending);
        })?;
        let shared = starting
            .recv()
            .map_err(|_gone| io::Error::other("the thread panicked while it started"))??;
        Ok((shared, end))
    }
}

/// The number of cores in an operating system's core mask: Linux's `CPU_SETSIZE`.
///
/// A core beyond it is not merely refused: setting a bit past the mask's end aborts the process.
const MASK_SIZE: usize = 1024;

fn pin_to(core: Option<usize>) -> io::Result<()> {
    match core {
        Some(id) if id >= MASK_SIZE || !core_affinity::set_for_current(CoreId { id }) => {
            Err(io::Error::new(
                io::ErrorKind::InvalidInput,
                format!(
                    "cannot run a thread on CPU core {id}: there is no such core, or it is not allowed"
                ),
            ))
        }
        _ => Ok(()),
    }
}
