//! A handle without influence on its actor's life.

use std::fmt;
use std::sync::{Arc, Weak};

use crate::handle::ended::ended;
use crate::handle::strong::Handle;
use crate::mailbox::exit::Ended;
use crate::mailbox::{Message, Shared};

/// A handle without influence on its actor's life: the actor may end although it exists.
///
/// # Examples
///
/// ```
/// struct Tick;
/// impl actor_core::Message for Tick {}
///
/// let (handle, _mailbox) = actor_core::mailbox::<Tick>();
/// let weak = handle.downgrade();
/// assert!(weak.upgrade().is_some_and(|again| again.same_actor(&handle)));
/// drop(handle);
/// assert!(weak.upgrade().is_none(), "no handle is left");
/// ```
pub struct WeakHandle<M> {
    shared: Weak<Shared<M>>,
}

impl<M: Message> Handle<M> {
    /// Returns a handle without influence on the actor's life.
    ///
    /// # Examples
    ///
    /// ```
    /// # struct Tick;
    /// # impl actor_core::Message for Tick {}
    /// let (handle, mut mailbox) = actor_core::mailbox::<Tick>();
    /// // An entry in a registry must not keep an actor reachable.
    /// let registry = [handle.downgrade()];
    /// drop(handle);
    /// assert!(futures::executor::block_on(mailbox.recv()).is_none(), "no handle is left");
    /// assert!(registry[0].upgrade().is_none());
    /// ```
    #[must_use]
    pub fn downgrade(&self) -> WeakHandle<M> {
        WeakHandle::new(&self.shared)
    }
}

impl<M: Message> WeakHandle<M> {
    pub(crate) fn new(shared: &Arc<Shared<M>>) -> Self {
        Self { shared: Arc::downgrade(shared) }
    }

    /// Waits for the actor's end. Unlike [`Handle::ended`], this does not keep the actor reachable.
    ///
    /// The reason is [`ExitReason::Unknown`](crate::ExitReason::Unknown) if the actor had ended before and nothing kept its
    /// reason: no handle, no [`Running`](crate::Running).
    ///
    /// # Cancel safety
    ///
    /// Dropping the future has no effect.
    ///
    /// # Examples
    ///
    /// ```
    /// # use std::time::Duration;
    /// # use actor_core::{Actor, Context, ExitReason, Message, Runtime, ThreadConfig, spawn};
    /// # struct Job;
    /// # impl Message for Job {}
    /// # struct Worker;
    /// # impl Actor for Worker {
    /// #     type Message = Job;
    /// #     async fn handle(&mut self, _job: Job, _cx: &mut Context<Job>) {}
    /// # }
    /// # let runtime = actor_smol::SmolRuntime::new();
    /// # let executor = runtime.start_executor(ThreadConfig::named("worker"))?;
    /// let (worker, _running) = spawn(&executor, || Worker)?;
    /// let weak = worker.downgrade();
    /// drop(worker);
    /// let ended = futures::executor::block_on(weak.ended());
    /// assert!(matches!(ended.reason, ExitReason::Unreachable));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub async fn ended(&self) -> Ended {
        match self.shared.upgrade() {
            Some(shared) => ended(&*shared).await,
            None => Ended::unknown(),
        }
    }

    /// Returns a full handle. `None` if no handle is left, or if the actor has ended or is ending.
    ///
    /// # Examples
    ///
    /// ```
    /// # struct Tick;
    /// # impl actor_core::Message for Tick {}
    /// let (handle, mailbox) = actor_core::mailbox::<Tick>();
    /// let weak = handle.downgrade();
    /// let again = weak.upgrade().expect("a handle is left");
    /// assert!(again.try_tell(Tick).is_ok());
    /// mailbox.close();
    /// assert!(weak.upgrade().is_none(), "the actor is ending");
    /// ```
    #[must_use]
    pub fn upgrade(&self) -> Option<Handle<M>> {
        let shared = self.shared.upgrade()?;
        (!shared.is_closed() && shared.add_handle_if_any()).then_some(Handle { shared })
    }

    pub(super) fn shared(&self) -> Option<Arc<Shared<M>>> {
        self.shared.upgrade()
    }
}

impl<M: Message> Clone for WeakHandle<M> {
    fn clone(&self) -> Self {
        Self { shared: Weak::clone(&self.shared) }
    }
}

impl<M: Message> fmt::Debug for WeakHandle<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WeakHandle").finish_non_exhaustive()
    }
}
