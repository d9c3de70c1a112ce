//! Something that is made when it is first used, unless it is closed before.
#![expect(unsafe_code, reason = "what is made is shared by a pointer that is set once")]

use std::marker::PhantomData;
use std::ptr;

use crate::mailbox::consumer::Owner;
use crate::sync::{AtomicPtr, Ordering};

/// Made by the first of several threads that want to use it, and kept until this is dropped.
///
/// The pointer is null at first; then either [`CLOSED`], for good, or what was made, for good.
pub(super) struct FirstUse<T> {
    made: AtomicPtr<T>,
    /// It is owned, made on one thread and dropped on another, and lent to many: no more so than `T` allows.
    _owned: PhantomData<T>,
}

/// The pointer of what was closed before it was used. Nothing lies at an odd address.
fn closed<T>() -> *mut T {
    ptr::without_provenance_mut(1)
}

impl<T> FirstUse<T> {
    pub(super) fn new() -> Self {
        Self { made: AtomicPtr::new(ptr::null_mut()), _owned: PhantomData }
    }

    /// Gives it if it was made.
    ///
    /// SeqCst, for a consumer that has announced its sleep: if it sees nothing, whoever makes it sees the announcement.
    #[inline]
    pub(super) fn get(&self) -> Option<&T> {
        let made = self.made.load(Ordering::SeqCst);
        // SAFETY: this pointer is the field's.
        unsafe { Self::made(made) }
    }

    /// Gives it, made by `make` if this is the first use. `None` if it was closed before.
    #[inline]
    pub(super) fn get_or_make(&self, make: impl FnOnce() -> T) -> Option<&T> {
        self.get_or_try_make(|| Some(make()))
    }

    /// As [`get_or_make`](Self::get_or_make). `None` as well if `make` makes nothing.
    #[inline]
    pub(super) fn get_or_try_make(&self, make: impl FnOnce() -> Option<T>) -> Option<&T> {
        // Pairs with the exchange in `make`. SeqCst as well: what this thread does next comes after what it sees here in the
        // one order of `SeqCst` accesses, also where another thread has made it.
        let made = self.made.load(Ordering::SeqCst);
        let made = if made.is_null() { self.make(make()?) } else { made };
        // SAFETY: either pointer is the field's.
        unsafe { Self::made(made) }
    }

    /// Several may come first at once: what one of them made is kept.
    #[cold]
    fn make(&self, made: T) -> *mut T {
        let made = Box::into_raw(Box::new(made));
        match self.made.compare_exchange(ptr::null_mut(), made, Ordering::SeqCst, Ordering::SeqCst) {
            Ok(_) => made,
            Err(first) => {
                // SAFETY: made from a box above, and no other thread has seen it.
                drop(unsafe { Box::from_raw(made) });
                first
            }
        }
    }

    /// Closes it: if it was never used, it never will be. Gives it if it was, for the caller to close.
    pub(super) fn close(&self) -> Option<&T> {
        let before = self.made.compare_exchange(ptr::null_mut(), closed(), Ordering::SeqCst, Ordering::Acquire);
        let made = before.err()?;
        // SAFETY: this pointer is the field's.
        unsafe { Self::made(made) }
    }

    /// # Safety
    ///
    /// The pointer was the field's value while `self` was borrowed.
    unsafe fn made<'a>(made: *mut T) -> Option<&'a T> {
        if made.addr() <= closed::<T>().addr() {
            return None;
        }
        // SAFETY: made from a box in `make`, and freed only when `self` is dropped.
        Some(unsafe { &*made })
    }
}

/// What is made lies in a box of its own, and the pointer to it is never copied to another `FirstUse`.
impl<T> Owner for FirstUse<T> {
    type Owned = T;

    #[inline(always)]
    fn owned(&self) -> Option<&T> {
        self.get()
    }
}

impl<T> Drop for FirstUse<T> {
    fn drop(&mut self) {
        let made = self.made.load(Ordering::Acquire);
        if !made.is_null() && made != closed() {
            // SAFETY: made from a box in `make`, and nobody borrows `self` any more.
            drop(unsafe { Box::from_raw(made) });
        }
    }
}
