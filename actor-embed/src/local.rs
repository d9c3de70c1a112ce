//! The driver whose turn runs on the calling thread, and its timers.
//!
//! A waker may be called anywhere, and a timer polled by any code. This module checks whether the
//! call is in a turn of their own driver. Turns nest: a handler of one driver may turn another one
//! on the same thread. The inner turn replaces the outer one until it returns.

use std::cell::{Cell, RefCell};
use std::mem::ManuallyDrop;
use std::ptr;
use std::rc::Rc;
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::inbox::Inbox;
use crate::timers::Timers;

thread_local! {
    /// The inbox of the current driver, or null. Compared, never dereferenced: `Entered` borrows
    /// the inbox, so no other inbox has its address. Without a destructor, so it exists as long as
    /// its thread.
    static INBOX: Cell<*const Inbox> = const { Cell::new(ptr::null()) };

    /// The timers of the current driver. Without a destructor as well, so a driver also turns while
    /// the thread's other locals are dropped. Nothing leaks: it is `None` outside all turns.
    static TIMERS: ManuallyDrop<RefCell<Option<Rc<RefCell<Timers>>>>> =
        const { ManuallyDrop::new(RefCell::new(None)) };

    /// The number of the thread, or 0 before its first use. Without a destructor as well.
    static THREAD: Cell<usize> = const { Cell::new(0) };
}

/// Returns the number of the calling thread. No other thread has it, not even after this one has
/// ended: the address of a thread-local would be used again.
pub(crate) fn thread() -> usize {
    static LAST: AtomicUsize = AtomicUsize::new(0);

    if THREAD.get() == 0 {
        THREAD.set(LAST.fetch_add(1, Ordering::Relaxed) + 1);
    }
    THREAD.get()
}

/// Returns whether the calling code runs in a turn of this inbox's driver.
pub(crate) fn is_current(inbox: &Inbox) -> bool {
    ptr::eq(INBOX.get(), inbox)
}

/// Passes the timers to `with`, in a turn of this inbox's driver. `with` must neither call wakers
/// nor drop them.
pub(crate) fn with_timers<T>(inbox: &Inbox, with: impl FnOnce(&mut Timers) -> T) -> Option<T> {
    if !is_current(inbox) {
        return None;
    }
    TIMERS.with(|current| current.borrow().as_ref().map(|timers| with(&mut timers.borrow_mut())))
}

/// Makes a driver the current one of the calling thread, until it is dropped.
pub(crate) struct Entered<'a> {
    outer: (*const Inbox, Option<Rc<RefCell<Timers>>>),
    inbox: &'a Inbox,
}

impl<'a> Entered<'a> {
    pub(crate) fn new(inbox: &'a Inbox, timers: &Rc<RefCell<Timers>>) -> Self {
        let outer = TIMERS.with(|current| current.replace(Some(Rc::clone(timers))));
        Self { outer: (INBOX.replace(inbox), outer), inbox }
    }
}

impl Drop for Entered<'_> {
    fn drop(&mut self) {
        debug_assert!(is_current(self.inbox), "turns end in the reverse order of their begins");
        INBOX.set(self.outer.0);
        let outer = self.outer.1.take();
        drop(TIMERS.with(|timers| timers.replace(outer)));
    }
}

#[cfg(all(test, not(any(loom, shuttle))))]
mod tests {
    #[test]
    fn an_ended_threads_number_is_not_used_again() {
        let number = || std::thread::spawn(super::thread).join().expect("no panic");
        let numbers: Vec<_> = (0..8).map(|_| number()).collect();
        assert!(numbers.is_sorted_by(|one, next| one < next), "{numbers:?}");
        assert_eq!(super::thread(), super::thread());
    }
}
