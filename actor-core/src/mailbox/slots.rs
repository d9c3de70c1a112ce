//! A lane's memory for messages.
#![expect(unsafe_code, reason = "messages lie inline in memory that threads hand to each other")]

use std::mem::MaybeUninit;
use std::ptr::NonNull;

use crate::sync::{AtomicU64, UnsafeCell};

/// The slots of one lane, a power of two of them, so that a position's slot is found by a mask.
pub(super) struct Slots<T> {
    array: NonNull<Slot<T>>,
    len: usize,
}

/// Room for one message, and the stamp that says whose it is. What the stamp means is the ring's to say; it begins as 0.
pub(super) struct Slot<T> {
    pub(super) stamp: AtomicU64,
    pub(super) value: UnsafeCell<MaybeUninit<T>>,
}

// SAFETY: slots move values of type T between threads and never share references to them.
unsafe impl<T: Send> Send for Slots<T> {}
// SAFETY: as above; who may touch a slot's value at a time is decided by its stamp.
unsafe impl<T: Send> Sync for Slots<T> {}

impl<T> Slots<T> {
    /// Makes `len` slots, a power of two.
    pub(super) fn new(len: usize) -> Self {
        assert!(len.is_power_of_two(), "a mask finds the slot");
        Self { array: memory::make(len), len }
    }

    pub(super) fn len(&self) -> u64 {
        self.len as u64
    }

    /// Returns the address of a position's slot. Nothing is read: the slots may be gone when the address is used.
    #[inline]
    pub(super) fn address(&self, position: u64) -> *const Slot<T> {
        self.array.as_ptr().wrapping_add(position as usize & (self.len - 1))
    }

    /// Gives the slot of a position.
    #[inline]
    pub(super) fn at(&self, position: u64) -> &Slot<T> {
        let index = position as usize & (self.len - 1);
        // SAFETY: the array has `len` slots, and the mask keeps the index below that.
        let slot = unsafe { self.array.add(index) };
        // SAFETY: the array lives as long as `self`.
        unsafe { slot.as_ref() }
    }
}

impl<T> Drop for Slots<T> {
    fn drop(&mut self) {
        // SAFETY: made by `make` with this length, and `self` is the last to know of it. Slots have no drop of their own:
        // the ring has taken out what was in them.
        unsafe { memory::free(self.array, self.len) };
    }
}

#[cfg(not(any(loom, shuttle)))]
mod memory {
    use std::alloc::{Layout, alloc_zeroed, dealloc, handle_alloc_error};
    use std::ptr::NonNull;

    use super::Slot;

    /// Zeroed, so that slots that are never used cost no memory where the system gives it by pages.
    pub(super) fn make<T>(len: usize) -> NonNull<Slot<T>> {
        let layout = layout::<T>(len);
        // SAFETY: a slot has a stamp and there is one at least, so the layout is not of size 0. All zeros is a slot: a stamp of 0, and no value.
        let array = unsafe { alloc_zeroed(layout) };
        NonNull::new(array.cast()).unwrap_or_else(|| handle_alloc_error(layout))
    }

    /// # Safety
    ///
    /// `array` was made by [`make`] with this length, and nobody uses it any more.
    pub(super) unsafe fn free<T>(array: NonNull<Slot<T>>, len: usize) {
        // SAFETY: the caller's promise.
        unsafe { dealloc(array.as_ptr().cast(), layout::<T>(len)) };
    }

    fn layout<T>(len: usize) -> Layout {
        Layout::array::<Slot<T>>(len).expect("a lane's messages fit into the address space")
    }
}

#[cfg(any(loom, shuttle))]
mod memory {
    use std::mem::MaybeUninit;
    use std::ptr::{self, NonNull};

    use super::{AtomicU64, Slot, UnsafeCell};

    /// A model's atomics have to be made one by one.
    pub(super) fn make<T>(len: usize) -> NonNull<Slot<T>> {
        let slot = || Slot::<T> { stamp: AtomicU64::new(0), value: UnsafeCell::new(MaybeUninit::uninit()) };
        NonNull::from(Box::leak((0..len).map(|_| slot()).collect::<Box<[_]>>())).cast()
    }

    /// # Safety
    ///
    /// `array` was made by [`make`] with this length, and nobody uses it any more.
    pub(super) unsafe fn free<T>(array: NonNull<Slot<T>>, len: usize) {
        // SAFETY: the caller's promise.
        drop(unsafe { Box::from_raw(ptr::slice_from_raw_parts_mut(array.as_ptr(), len)) });
    }
}
