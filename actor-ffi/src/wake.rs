//! The host's wake function as a `Waker`.

use std::sync::Arc;
use std::task::{Wake, Waker};

use actor_core::runtime::adapter::ForeignWake;

/// The host's wake function, called at most once for each announced sleep, and never after its
/// close has returned.
pub(crate) struct HostWake {
    wake: ForeignWake,
}

impl HostWake {
    pub(crate) fn new(wake: impl Fn() + Send + Sync + 'static) -> Arc<Self> {
        Arc::new(Self { wake: ForeignWake::new(wake) })
    }

    pub(crate) fn waker(self: &Arc<Self>) -> Waker {
        Waker::from(Arc::clone(self))
    }

    /// Returns whether this thread is inside a call of the function.
    pub(crate) fn is_calling(&self) -> bool {
        self.wake.is_calling()
    }

    /// Ends all calls. Waits for those in progress on other threads.
    pub(crate) fn close(&self) {
        self.wake.close();
    }
}

impl Wake for HostWake {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.wake.call();
    }
}
