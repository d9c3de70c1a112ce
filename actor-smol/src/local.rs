//! The state of an executor's thread, reachable on that thread only: its queue of tasks.

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::sync::Arc;

use actor_core::runtime::Maker;
use actor_core::runtime::adapter::CountedTask;
use async_executor::LocalExecutor;

thread_local! {
    /// The executor running on this thread, if any.
    static HERE: RefCell<Option<Rc<Local>>> = const { RefCell::new(None) };
}

pub(crate) struct Local {
    /// Shared with the sending side. Its address identifies the executor.
    identity: Arc<()>,
    pub(crate) queue: LocalExecutor<'static>,
    /// Whether a task has given way since the reactor's last turn.
    pub(crate) gave_way: Cell<bool>,
}

/// Makes the calling thread an executor's, until it is dropped.
pub(crate) struct Entered {
    local: Rc<Local>,
}

impl Local {
    /// Returns the state of the calling thread, if it is the thread of the executor `identity`.
    ///
    /// A thread may have lost its locals while it ends. It is then treated like any other thread.
    pub(crate) fn here(identity: &Arc<()>) -> Option<Rc<Self>> {
        let local = HERE.try_with(|here| here.borrow().clone()).ok().flatten();
        local.filter(|local| Arc::ptr_eq(&local.identity, identity))
    }

    /// Queues a task. It calls the maker and runs its future.
    pub(crate) fn spawn(&self, maker: Maker) {
        self.queue.spawn(CountedTask::new(maker)).detach();
    }
}

impl Entered {
    /// Makes the calling thread an executor's.
    pub(crate) fn new(identity: Arc<()>) -> Self {
        let local =
            Rc::new(Local { identity, queue: LocalExecutor::new(), gave_way: Cell::new(false) });
        HERE.set(Some(Rc::clone(&local)));
        Self { local }
    }

    pub(crate) fn local(&self) -> &Rc<Local> {
        &self.local
    }
}

impl Drop for Entered {
    fn drop(&mut self) {
        drop(HERE.take());
    }
}
