//! What an executor's thread keeps where only it can get at it: its queue of tasks.

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::sync::Arc;

use actor_core::runtime::Maker;
use actor_core::runtime::adapter::Task;
use async_executor::LocalExecutor;

thread_local! {
    /// The executor that runs on this thread, while it does.
    static HERE: RefCell<Option<Rc<Local>>> = const { RefCell::new(None) };
}

pub(crate) struct Local {
    /// Shared with the sending side. Its address tells executors apart.
    identity: Arc<()>,
    pub(crate) queue: LocalExecutor<'static>,
    /// Whether a task has given way since the reactor had its turn.
    pub(crate) gave_way: Cell<bool>,
}

/// The calling thread as an executor's; it ceases to be one when this is dropped.
pub(crate) struct Entered {
    local: Rc<Local>,
}

impl Local {
    /// Returns what the calling thread keeps, if it is the thread of that executor.
    ///
    /// A thread that is ending may have lost its locals: then it is as good as any other.
    pub(crate) fn here(identity: &Arc<()>) -> Option<Rc<Self>> {
        let local = HERE.try_with(|here| here.borrow().clone()).ok().flatten();
        local.filter(|local| Arc::ptr_eq(&local.identity, identity))
    }

    /// Has the queue call the maker, and run its future.
    pub(crate) fn spawn(&self, maker: Maker) {
        self.queue.spawn(Task::new(maker)).detach();
    }
}

impl Entered {
    /// Makes the calling thread an executor's.
    pub(crate) fn new(identity: Arc<()>) -> Self {
        let local = Rc::new(Local { identity, queue: LocalExecutor::new(), gave_way: Cell::new(false) });
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
