//! Pointers of C, checked as far as that is possible.

use std::sync::atomic::{AtomicU32, Ordering};

use crate::misuse::abort;

/// A word that tells live objects from others. It stays behind in freed memory until that memory
/// is used again, so a use after the drop is mostly noticed.
pub(super) struct Mark(AtomicU32);

/// Allocators keep data of their own at the start of freed memory. Marks are behind it.
pub(super) const ALLOCATORS_PART: usize = 16;

const DEAD: u32 = 0xDEAD_AC70;

/// An object that C knows by a pointer.
pub(super) trait Marked {
    const LIVE: u32;
    const NAME: &'static str;

    fn mark(&self) -> &Mark;
}

impl Mark {
    pub(super) fn new<T: Marked>() -> Self {
        Self(AtomicU32::new(T::LIVE))
    }

    pub(super) fn kill(&self) {
        self.0.store(DEAD, Ordering::Relaxed);
    }
}

/// Ends the process if the pointer is seen not to be that of a live object.
///
/// # Safety
///
/// A pointer that passes the checks must be from this library and live.
#[inline]
pub(super) unsafe fn live<'a, T: Marked>(
    function: &str,
    argument: &str,
    pointer: *const T,
) -> &'a T {
    let object = checked(function, argument, pointer);
    // SAFETY: the caller's promise. If it is broken, the mark is the chance to notice.
    let object = unsafe { &*object };
    let mark = object.mark().0.load(Ordering::Relaxed);
    if mark != T::LIVE {
        wrong_mark::<T>(function, argument, mark);
    }
    object
}

/// Ends a live object, and makes it a box again. Of two calls for one object, one ends the process,
/// also if they are on two threads, or if the second is in a callback of the first.
///
/// # Safety
///
/// A pointer that passes the checks must be from this library's `Box::into_raw`, and live, and
/// nothing else may use the object.
pub(super) unsafe fn ended<T: Marked>(function: &str, argument: &str, pointer: *mut T) -> Box<T> {
    // SAFETY: the caller's promise. The reference ends below, because the box needs the pointer's
    // own right.
    let object = unsafe { live(function, argument, pointer.cast_const()) };
    // Relaxed: the caller orders all earlier uses before this one.
    let mark = object.mark().0.swap(DEAD, Ordering::Relaxed);
    if mark != T::LIVE {
        wrong_mark::<T>(function, argument, mark);
    }
    // SAFETY: the caller's promise, and the mark shows that no other call has made the box.
    unsafe { Box::from_raw(pointer) }
}

/// Ends the process if the pointer is `NULL` or not aligned.
#[inline]
pub(super) fn checked<T>(function: &str, argument: &str, pointer: *const T) -> *const T {
    if pointer.is_null() {
        abort(function, format_args!("`{argument}` is NULL"));
    }
    if !pointer.is_aligned() {
        abort(function, format_args!("`{argument}` points to nothing of its type: not aligned"));
    }
    pointer
}

#[cold]
fn wrong_mark<T: Marked>(function: &str, argument: &str, mark: u32) -> ! {
    let name = T::NAME;
    if mark == DEAD {
        abort(function, format_args!("`{argument}` is used after the end of its {name}"));
    }
    abort(function, format_args!("`{argument}` does not point to a live {name}"))
}
