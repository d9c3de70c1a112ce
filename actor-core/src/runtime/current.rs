//! The executor of the calling thread.
//!
//! A thread of an executor states it once. A driver within a foreign loop states it for each of its
//! turns, and restores the one before: drivers nest. A weak reference is kept, because an owner on
//! its own thread would keep its executor from ending.

use std::cell::Cell;
use std::fmt;
use std::future::Future;
use std::io;
use std::pin::Pin;
use std::sync::{Arc, Weak};

use crate::runtime::Executor;

thread_local! {
    static CURRENT: Cell<Option<Weak<dyn Executor>>> = const { Cell::new(None) };
}

/// Returns the executor that runs the calling code, for its clock and its timers.
///
/// `None` on every other thread, on threads for blocking work, and once no owner of the executor is
/// left. A few nanoseconds: one thread-local, and one reference counted.
///
/// # Examples
///
/// ```
/// use std::sync::Arc;
/// use std::sync::mpsc::sync_channel;
///
/// use actor_core::runtime::current;
/// use actor_core::{Runtime, ThreadConfig};
///
/// let executor = actor_smol::SmolRuntime::new().start_executor(ThreadConfig::named("doc"))?;
/// let (sender, receiver) = sync_channel(1);
/// let send = async move { sender.send(current()).expect("there is room") };
/// executor.spawn(Box::new(|| Box::pin(send))).expect("the executor runs");
/// let found = receiver.recv().expect("it runs").expect("an executor's thread");
/// assert!(Arc::ptr_eq(&found, &executor));
/// assert!(current().is_none(), "this thread is no executor's");
/// # Ok::<(), std::io::Error>(())
/// ```
#[must_use]
pub fn current() -> Option<Arc<dyn Executor>> {
    // A thread that has dropped its thread-locals runs no executor any more.
    CURRENT
        .try_with(|current| {
            let kept = current.take();
            let executor = kept.as_ref().and_then(Weak::upgrade);
            current.set(kept);
            executor
        })
        .ok()
        .flatten()
}

/// What an adapter needs to state its executor as [`current`].
///
/// # Examples
///
/// ```
/// use std::sync::Arc;
///
/// use actor_core::runtime::adapter::Current;
/// use actor_core::runtime::current;
/// use actor_core::{Runtime, ThreadConfig};
///
/// let executor = actor_smol::SmolRuntime::new().start_executor(ThreadConfig::named("doc"))?;
/// let mut turns = Current::of(&executor);
/// let within = turns.within(current);
/// assert!(within.is_some_and(|within| Arc::ptr_eq(&within, &executor)));
/// assert!(current().is_none(), "the one before is restored");
/// # Ok::<(), std::io::Error>(())
/// ```
pub struct Current {
    /// In the thread-local instead, while [`within`](Self::within) runs.
    executor: Option<Weak<dyn Executor>>,
}

impl Current {
    /// Refers to an executor, without owning it.
    ///
    /// # Examples
    ///
    /// ```
    /// # use actor_core::{Runtime, ThreadConfig};
    /// use actor_core::runtime::adapter::Current;
    ///
    /// let executor = actor_smol::SmolRuntime::new().start_executor(ThreadConfig::named("doc"))?;
    /// let mut turns = Current::of(&executor);
    /// assert_eq!(turns.within(|| 7), 7);
    /// # Ok::<(), std::io::Error>(())
    /// ```
    #[must_use]
    pub fn of(executor: &Arc<dyn Executor>) -> Self {
        Self { executor: Some(Arc::downgrade(executor)) }
    }

    /// Runs the code with this executor as the current one, and restores the one before, also after
    /// a panic. Two moves of a pointer, without a count.
    ///
    /// # Examples
    ///
    /// ```
    /// # use actor_core::{Runtime, ThreadConfig};
    /// use actor_core::runtime::adapter::Current;
    /// use actor_core::runtime::current;
    ///
    /// let executor = actor_smol::SmolRuntime::new().start_executor(ThreadConfig::named("doc"))?;
    /// assert!(Current::of(&executor).within(current).is_some());
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn within<T>(&mut self, run: impl FnOnce() -> T) -> T {
        let _turn = Turn::begin(self);
        run()
    }

    /// Makes an executor the current one of its own thread, by the first future of that thread.
    ///
    /// # Errors
    ///
    /// Returns an error if the executor takes no futures.
    ///
    /// # Examples
    ///
    /// ```
    /// # use actor_core::{Runtime, ThreadConfig};
    /// use actor_core::runtime::adapter::Current;
    ///
    /// // The last step of an adapter's `start_executor`.
    /// let executor = actor_smol::SmolRuntime::new().start_executor(ThreadConfig::named("doc"))?;
    /// Current::start(&executor)?;
    /// executor.stop();
    /// assert!(Current::start(&executor).is_err());
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn start(executor: &Arc<dyn Executor>) -> io::Result<()> {
        let current = Self::of(executor);
        let stay = Box::new(move || {
            current.stay();
            Box::pin(async {}) as Pin<Box<dyn Future<Output = ()>>>
        });
        executor.spawn(stay).map_err(|refused| io::Error::other(refused.to_string()))
    }

    /// Makes the executor the current one of the calling thread, for the rest of that thread's
    /// life.
    ///
    /// # Examples
    ///
    /// ```
    /// # use actor_core::{Runtime, ThreadConfig};
    /// use actor_core::runtime::adapter::Current;
    /// use actor_core::runtime::current;
    ///
    /// let executor = actor_smol::SmolRuntime::new().start_executor(ThreadConfig::named("doc"))?;
    /// let own = Current::of(&executor);
    /// let thread = std::thread::spawn(move || {
    ///     own.stay();
    ///     current().is_some()
    /// });
    /// assert!(thread.join().expect("no panic"));
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn stay(mut self) {
        _ = CURRENT.try_with(|current| current.set(self.executor.take()));
    }
}

/// One call of [`Current::within`].
struct Turn<'a> {
    own: &'a mut Current,
    outer: Option<Weak<dyn Executor>>,
}

impl<'a> Turn<'a> {
    fn begin(own: &'a mut Current) -> Self {
        let outer = CURRENT.try_with(|current| current.replace(own.executor.take()));
        Self { own, outer: outer.ok().flatten() }
    }
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        let outer = self.outer.take();
        if let Ok(own) = CURRENT.try_with(|current| current.replace(outer)) {
            self.own.executor = own;
        }
    }
}

impl fmt::Debug for Current {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Current").finish_non_exhaustive()
    }
}
