//! The token of offloaded work.

use std::sync::Arc;

use crate::sync::{AtomicBool, Ordering};

/// States whether a piece of work is still wanted. Work that takes long looks at it now and then.
///
/// Work is cancelled by [`Context::abort`](crate::Context::abort), at its deadline, and at the end
/// of its actor's life. Work not yet begun is then dropped without being run. Work in progress is
/// never interrupted.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
///
/// use actor_core::actor::WorkError;
/// use actor_core::{Actor, Context, Message, Runtime, ThreadConfig, spawn};
///
/// struct Found(Result<Option<u64>, WorkError>);
/// impl Message for Found {}
///
/// struct Search;
/// impl Actor for Search {
///     type Message = Found;
///     async fn started(&mut self, cx: &mut Context<Found>) {
///         let mut work = cx.offloading();
///         let cancel = work.cancel();
///         let search = move || (0..).find(|_| cancel.is_cancelled());
///         let id = work.run(search, Found).expect("nothing else is in flight");
///         assert!(cx.abort(id), "the endless search ends, and no message comes");
///         cx.stop();
///     }
///     async fn handle(&mut self, _found: Found, _cx: &mut Context<Found>) {}
/// }
/// # let runtime = actor_smol::SmolRuntime::new();
/// # let executor = runtime.start_executor(ThreadConfig::named("search"))?;
/// # let (_search, running) = spawn(&executor, || Search)?;
/// # let exit = running.join_blocking(Duration::from_secs(30)).expect("it stops itself");
/// # assert_eq!((exit.lost_work, exit.lanes[0].handled), (0, 0));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, Default)]
pub struct Cancel(Arc<Flag>);

#[derive(Debug)]
struct Flag(AtomicBool);

impl Default for Flag {
    fn default() -> Self {
        Self(AtomicBool::new(false))
    }
}

impl Cancel {
    /// Returns whether the work was cancelled. It stays so.
    ///
    /// # Examples
    ///
    /// ```
    /// use actor_core::actor::Cancel;
    ///
    /// let cancel = Cancel::default();
    /// assert!(!cancel.is_cancelled());
    /// cancel.cancel();
    /// assert!(cancel.is_cancelled());
    /// ```
    #[must_use]
    pub fn is_cancelled(&self) -> bool {
        // Acquire: pairs with the Release in `cancel`.
        self.0.0.load(Ordering::Acquire)
    }

    /// Cancels the work, for all clones of the token.
    ///
    /// # Examples
    ///
    /// ```
    /// use actor_core::actor::Cancel;
    ///
    /// let cancel = Cancel::default();
    /// let seen_by_work = cancel.clone();
    /// cancel.cancel();
    /// assert!(seen_by_work.is_cancelled());
    /// ```
    pub fn cancel(&self) {
        self.0.0.store(true, Ordering::Release);
    }
}
