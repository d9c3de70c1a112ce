//! What an executor's thread keeps where only it can get at it: its runtime.

use std::cell::RefCell;
use std::io;
use std::rc::Rc;
use std::sync::Arc;

use actor_core::runtime::Maker;
use actor_core::runtime::adapter::Task;
use tokio::runtime::{Builder, LocalRuntime};

thread_local! {
    /// The executor that runs on this thread, while it does.
    static HERE: RefCell<Option<Rc<Local>>> = const { RefCell::new(None) };
}

pub(crate) struct Local {
    /// Shared with the sending side. Its address tells executors apart.
    identity: Arc<()>,
    pub(crate) runtime: LocalRuntime,
}

/// The calling thread as an executor's; it ceases to be one when this is dropped.
pub(crate) struct Entered {
    local: Option<Rc<Local>>,
}

impl Local {
    /// Returns what the calling thread keeps, if it is the thread of that executor.
    ///
    /// A thread that is ending may have lost its locals: then it is as good as any other.
    pub(crate) fn here(identity: &Arc<()>) -> Option<Rc<Self>> {
        let local = HERE.try_with(|here| here.borrow().clone()).ok().flatten();
        local.filter(|local| Arc::ptr_eq(&local.identity, identity))
    }

    /// Returns whether the calling thread is the thread of that executor.
    pub(crate) fn is_here(identity: &Arc<()>) -> bool {
        let is_its_own = |local: &Rc<Self>| Arc::ptr_eq(&local.identity, identity);
        HERE.try_with(|here| here.borrow().as_ref().is_some_and(is_its_own)).unwrap_or(false)
    }

    /// Has the runtime call the maker, and run its future.
    pub(crate) fn spawn(&self, maker: Maker) {
        drop(self.runtime.spawn_local(Task::new(maker)));
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
        // Dropping the runtime would wait for its blocking work as well, which may take for ever.
        if let Some(local) = self.local.take().and_then(Rc::into_inner) {
            local.runtime.shutdown_background();
        }
    }
}
