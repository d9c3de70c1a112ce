//! The state of an executor's thread, reachable on that thread only: its runtime.

use std::cell::RefCell;
use std::io;
use std::rc::Rc;
use std::sync::Arc;

use actor_core::runtime::Maker;
use actor_core::runtime::adapter::CountedTask;
use tokio::runtime::{Builder, LocalRuntime};

thread_local! {
    /// The executor running on this thread, if any.
    static HERE: RefCell<Option<Rc<Local>>> = const { RefCell::new(None) };
}

pub(crate) struct Local {
    /// Shared with the sending side. Its address identifies the executor.
    identity: Arc<()>,
    pub(crate) runtime: LocalRuntime,
}

/// Makes the calling thread an executor's, until it is dropped.
pub(crate) struct Entered {
    local: Option<Rc<Local>>,
}

impl Local {
    /// Returns the state of the calling thread, if it is the thread of the executor `identity`.
    ///
    /// A thread may have lost its locals while it ends. It is then treated like any other thread.
    pub(crate) fn here(identity: &Arc<()>) -> Option<Rc<Self>> {
        let local = HERE.try_with(|here| here.borrow().clone()).ok().flatten();
        local.filter(|local| Arc::ptr_eq(&local.identity, identity))
    }

    /// Returns whether the calling thread is the thread of the executor `identity`.
    pub(crate) fn is_here(identity: &Arc<()>) -> bool {
        let is_its_own = |local: &Rc<Self>| Arc::ptr_eq(&local.identity, identity);
        HERE.try_with(|here| here.borrow().as_ref().is_some_and(is_its_own)).unwrap_or(false)
    }

    /// Spawns a task. It calls the maker and runs its future.
    pub(crate) fn spawn(&self, maker: Maker) {
        drop(self.runtime.spawn_local(CountedTask::new(maker)));
    }
}

impl Entered {
    /// Makes the calling thread an executor's.
    pub(crate) fn new(identity: Arc<()>, builder: &mut Builder) -> io::Result<Self> {
        let runtime = builder.build_local(Default::default())?;
        let local = Rc::new(Local { identity, runtime });
        HERE.set(Some(Rc::clone(&local)));
        Ok(Self { local: Some(local) })
    }

    pub(crate) fn local(&self) -> &Rc<Local> {
        self.local.as_ref().expect("it is taken by the drop only")
    }
}

impl Drop for Entered {
    fn drop(&mut self) {
        drop(HERE.take());
        // Dropping the runtime would also wait for its blocking work, possibly for ever.
        if let Some(local) = self.local.take().and_then(Rc::into_inner) {
            local.runtime.shutdown_background();
        }
    }
}
