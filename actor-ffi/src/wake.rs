//! The host's wake function as a `Waker`.

use std::cell::Cell;
use std::ptr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Wake, Waker};

/// The host's wake function, called at most once for each announced sleep, and never after
/// [`close`](Self::close) has returned.
pub(crate) struct HostWake {
    wake: Box<dyn Fn() + Send + Sync>,
    /// [`CALL`] for each call in progress, and [`CLOSED`].
    word: AtomicUsize,
}

const CLOSED: usize = 1;
const CALL: usize = 2;

thread_local! {
    /// The host's wake that this thread is inside of.
    static CALLING: Cell<*const HostWake> = const { Cell::new(ptr::null()) };
}

impl HostWake {
    pub(crate) fn new(wake: impl Fn() + Send + Sync + 'static) -> Arc<Self> {
        Arc::new(Self { wake: Box::new(wake), word: AtomicUsize::new(0) })
    }

    pub(crate) fn waker(self: &Arc<Self>) -> Waker {
        Waker::from(Arc::clone(self))
    }

    /// Returns whether this thread is inside a call of the function.
    pub(crate) fn is_calling(&self) -> bool {
        ptr::eq(CALLING.get(), self)
    }

    /// Ends all calls. Waits for those in progress on other threads.
    pub(crate) fn close(&self) {
        self.word.fetch_or(CLOSED, Ordering::AcqRel);
        while self.word.load(Ordering::Acquire) >= CALL {
            std::thread::yield_now();
        }
    }
}

impl Wake for HostWake {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        if self.word.fetch_add(CALL, Ordering::Acquire) & CLOSED == 0 {
            let outer = CALLING.replace(Arc::as_ptr(self));
            (self.wake)();
            CALLING.set(outer);
        }
        self.word.fetch_sub(CALL, Ordering::Release);
    }
}
