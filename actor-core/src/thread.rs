//! Executor threads: named, optionally on one CPU core, and waited for.

use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use core_affinity::CoreId;
use event_listener::{Event, listener};

use crate::block::block_on_for;

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
    /// Gives the thread a name, as debuggers, panics and process lists show it (Linux shows 15 bytes).
    #[must_use]
    pub fn named(name: impl Into<String>) -> Self {
        Self { name: name.into(), core: None }
    }

    /// Keeps the thread on one CPU core, counted from 0.
    ///
    /// Threads that are started from this one, those for blocking work among them, begin on the same core, as the
    /// operating system has it.
    #[must_use]
    pub fn on_core(mut self, core: usize) -> Self {
        self.core = Some(core);
        self
    }

    /// Tells the thread's name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Starts a thread of this description: what an adapter builds its executor on.
    ///
    /// `prepare` runs on the thread; what it returns decides whether the start succeeded, and `body` then runs with
    /// the rest. A panic of `body` ends the thread as usual and is seen as its end.
    ///
    /// # Errors
    ///
    /// Fails if the thread cannot be started, if `prepare` fails, or with [`io::ErrorKind::InvalidInput`] if there is
    /// no such core.
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
        thread::Builder::new().name(self.name).spawn(move || {
            let prepared = pin_to(core).and_then(|()| prepare());
            let local = match prepared {
                Ok((shared, local)) => started.send(Ok(shared)).map(|()| local).ok(),
                Err(error) => started.send(Err(error)).map_or(None, |()| None),
            };
            if let Some(local) = local {
                // The panic hook has reported it; here it only must not keep a waiter waiting.
                drop(catch_unwind(AssertUnwindSafe(|| body(local))));
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
