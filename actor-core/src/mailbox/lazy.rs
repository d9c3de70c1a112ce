//! A value made at its first use, unless it is closed before, and a value handed to another thread.
#![expect(unsafe_code, reason = "values are shared, or change hands, by a pointer")]

use std::marker::PhantomData;
use std::ptr;
use std::sync::OnceLock;
use std::sync::mpsc::SyncSender;

use crate::sync::{AtomicPtr, Ordering};

/// A value made by the first of several threads to use it, and kept until this is dropped.
///
/// The pointer is null at first. It then changes once, to [`closed`] or to the value, and stays so.
pub(super) struct FirstUse<T> {
    made: AtomicPtr<T>,
    /// Owns a `T`, made on one thread, dropped on another and lent to many. So sharing this needs
    /// the bounds of `OnceLock`.
    _owned: PhantomData<OnceLock<T>>,
}

/// The pointer of a value closed before its first use. No value lies at an odd address.
fn closed<T>() -> *mut T {
    ptr::without_provenance_mut(1)
}

impl<T> FirstUse<T> {
    pub(super) fn new() -> Self {
        Self { made: AtomicPtr::new(ptr::null_mut()), _owned: PhantomData }
    }

    /// Returns the value if it was made.
    ///
    /// SeqCst, for a consumer that has announced its sleep: if it sees no value, the thread that
    /// makes the value sees the announcement.
    #[inline]
    pub(super) fn get(&self) -> Option<&T> {
        let made = self.made.load(Ordering::SeqCst);
        // SAFETY: this pointer was read from the field.
        unsafe { Self::made(made) }
    }

    /// Returns the value, made by `make` if this is the first use. Returns `None` if it was closed
    /// before.
    #[inline]
    pub(super) fn get_or_make(&self, make: impl FnOnce() -> T) -> Option<&T> {
        self.get_or_try_make(|| Some(make()))
    }

    /// Does the same as [`get_or_make`](Self::get_or_make). Also returns `None` if `make` returns
    /// `None`.
    #[inline]
    pub(super) fn get_or_try_make(&self, make: impl FnOnce() -> Option<T>) -> Option<&T> {
        // Pairs with the exchange in `make`. SeqCst in addition: the next accesses of this thread
        // come after this load in the single order of all `SeqCst` accesses, even if another thread
        // made the value.
        let made = self.made.load(Ordering::SeqCst);
        let made = if made.is_null() { self.make(make()?) } else { made };
        // SAFETY: either pointer is or was the field's value.
        unsafe { Self::made(made) }
    }

    /// Stores `made`, unless another thread was first. Several threads may do so at the same time:
    /// the value of one of them is kept. Returns the pointer in the field.
    #[cold]
    fn make(&self, made: T) -> *mut T {
        let made = Box::into_raw(Box::new(made));
        match self.made.compare_exchange(ptr::null_mut(), made, Ordering::SeqCst, Ordering::SeqCst)
        {
            Ok(_) => made,
            Err(first) => {
                // SAFETY: made from a box above, and no other thread has seen it.
                drop(unsafe { Box::from_raw(made) });
                first
            }
        }
    }

    /// Closes an unused value for good: it will not be made any more. Returns a value already made,
    /// for the caller to close.
    pub(super) fn close(&self) -> Option<&T> {
        let before = self.made.compare_exchange(
            ptr::null_mut(),
            closed(),
            Ordering::SeqCst,
            Ordering::Acquire,
        );
        let made = before.err()?;
        // SAFETY: this pointer was read from the field.
        unsafe { Self::made(made) }
    }

    /// # Safety
    ///
    /// The pointer was the field's value while `self` was borrowed, and `'a` is at most that
    /// borrow.
    unsafe fn made<'a>(made: *mut T) -> Option<&'a T> {
        if made.addr() <= closed::<T>().addr() {
            return None;
        }
        // SAFETY: made from a box in `make`, and freed only when `self` is dropped.
        Some(unsafe { &*made })
    }
}

impl<T> FirstUse<T> {
    #[cold]
    fn free(&mut self, made: *mut T) {
        if made != closed() {
            // SAFETY: made from a box in `make`, and `self` is not borrowed any more.
            drop(unsafe { Box::from_raw(made) });
        }
    }
}

impl<T> Drop for FirstUse<T> {
    /// Inlined, because most values are never made.
    #[inline(always)]
    fn drop(&mut self) {
        let made = self.made.load(Ordering::Acquire);
        if !made.is_null() {
            self.free(made);
        }
    }
}

/// Room for one value on its way from any thread to any other.
///
/// The pointer is null, or the box of the value. A box belongs to the thread whose exchange took it
/// out.
pub(crate) struct Handover<T> {
    value: AtomicPtr<T>,
    /// Owns a `T`, put in on one thread and taken out on another, and never lent. So sharing this
    /// needs the bounds of a channel.
    _owned: PhantomData<SyncSender<T>>,
}

impl<T> Handover<T> {
    pub(crate) fn new() -> Self {
        Self { value: AtomicPtr::new(ptr::null_mut()), _owned: PhantomData }
    }

    /// Puts a value in. Returns it if there is one already.
    pub(crate) fn put(&self, value: T) -> Result<(), T> {
        let value = Box::into_raw(Box::new(value));
        match self.value.compare_exchange(
            ptr::null_mut(),
            value,
            // Release: pairs with the Acquire in `take`.
            Ordering::SeqCst,
            Ordering::Relaxed,
        ) {
            Ok(_) => Ok(()),
            Err(_) => {
                // SAFETY: made from a box above, and no other thread has seen it.
                Err(*unsafe { Box::from_raw(value) })
            }
        }
    }

    /// Returns whether the value was taken, or never put in.
    pub(crate) fn is_empty(&self) -> bool {
        // Relaxed: no data is read through the pointer.
        self.value.load(Ordering::Relaxed).is_null()
    }

    /// Takes the value out.
    pub(crate) fn take(&self) -> Option<T> {
        let value = self.value.swap(ptr::null_mut(), Ordering::SeqCst);
        // SAFETY: made from a box in `put`, and the exchange has given it to this thread alone.
        (!value.is_null()).then(|| *unsafe { Box::from_raw(value) })
    }
}

impl<T> Drop for Handover<T> {
    fn drop(&mut self) {
        drop(self.take());
    }
}
