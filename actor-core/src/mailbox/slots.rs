//! A lane's places for messages: an array that is made when the first message comes.
#![expect(unsafe_code, reason = "messages lie inline in memory that threads hand to each other")]

use std::mem::MaybeUninit;
use std::ptr;

use crate::sync::{AtomicPtr, AtomicU64, Ordering, UnsafeCell};

/// The places of one lane, a power of two of them, so that a position's place is found by a mask.
pub(super) struct Slots<T> {
    /// Null until the first message. Set once; freed with the lane.
    array: AtomicPtr<Slot<T>>,
    len: usize,
}

/// One place, and the stamp that says whose it is. What the stamp means is the ring's to say; it begins as 0.
pub(super) struct Slot<T> {
    pub(super) stamp: AtomicU64,
    pub(super) value: UnsafeCell<MaybeUninit<T>>,
}

// SAFETY: slots move values of type T between threads and never share references to them.
unsafe impl<T: Send> Send for Slots<T> {}
// SAFETY: as above; who may touch a slot's value at a time is decided by its stamp.
unsafe impl<T: Send> Sync for Slots<T> {}

impl<T> Slots<T> {
    /// Describes `len` places, a power of two. None is made yet.
    pub(super) fn new(len: usize) -> Self {
        debug_assert!(len.is_power_of_two(), "a mask finds the place");
        Self { array: AtomicPtr::new(ptr::null_mut()), len }
    }

    /// Gives the place of a position, or `None` if no message has ever come.
    #[inline]
    pub(super) fn get(&self, position: u64) -> Option<&Slot<T>> {
        // SeqCst: the look of a consumer that has announced its sleep. It pairs with the exchange in `make`, which comes
        // before the publication that the consumer looks for.
        let array = self.array.load(Ordering::SeqCst);
        if array.is_null() { None } else { Some(self.at(array, position)) }
    }

    /// Gives the place of a position, making all places if this is the first message.
    #[inline]
    pub(super) fn get_or_make(&self, position: u64) -> &Slot<T> {
        let array = self.array.load(Ordering::Acquire);
        self.at(if array.is_null() { self.make() } else { array }, position)
    }

    fn at(&self, array: *mut Slot<T>, position: u64) -> &Slot<T> {
        let index = position as usize & (self.len - 1);
        // SAFETY: the array has `len` slots, and the mask keeps the index below that.
        let slot = unsafe { array.add(index) };
        // SAFETY: the array was made by `make`, and lives as long as `self`.
        unsafe { &*slot }
    }

    /// Several senders may come first at once: one array is kept.
    #[cold]
    fn make(&self) -> *mut Slot<T> {
        let made = memory::make(self.len);
        match self.array.compare_exchange(ptr::null_mut(), made, Ordering::SeqCst, Ordering::Acquire) {
            Ok(_) => made,
            Err(first) => {
                // SAFETY: made by `make` above with this length, and no other thread has seen it.
                unsafe { memory::free(made, self.len) };
                first
            }
        }
    }
}

impl<T> Drop for Slots<T> {
    fn drop(&mut self) {
        let array = self.array.load(Ordering::Acquire);
        if !array.is_null() {
            // SAFETY: made by `make` with this length, and `self` is the last to know of it. Slots have no drop of their
            // own: the ring has taken out what was in them.
            unsafe { memory::free(array, self.len) };
        }
    }
}

#[cfg(not(loom))]
mod memory {
    use std::alloc::{Layout, alloc_zeroed, dealloc, handle_alloc_error};

    use super::Slot;

    /// Zeroed, so that places that are never used cost no memory where the system gives it by pages.
    pub(super) fn make<T>(len: usize) -> *mut Slot<T> {
        let layout = layout::<T>(len);
        // SAFETY: a slot has a stamp, so the layout is not of size 0. All zeros is a slot: a stamp of 0, and no value.
        let array: *mut Slot<T> = unsafe { alloc_zeroed(layout) }.cast();
        if array.is_null() {
            handle_alloc_error(layout);
        }
        array
    }

    /// # Safety
    ///
    /// `array` was made by [`make`] with this length, and nobody uses it any more.
    pub(super) unsafe fn free<T>(array: *mut Slot<T>, len: usize) {
        // SAFETY: the caller's promise.
        unsafe { dealloc(array.cast(), layout::<T>(len)) };
    }

    fn layout<T>(len: usize) -> Layout {
        Layout::array::<Slot<T>>(len).expect("a lane's places fit into the address space")
    }
}

#[cfg(loom)]
mod memory {
    use std::mem::MaybeUninit;
    use std::ptr;

    use super::{AtomicU64, Slot, UnsafeCell};

    /// loom's atomics have to be made one by one.
    pub(super) fn make<T>(len: usize) -> *mut Slot<T> {
        let slot = || Slot::<T> { stamp: AtomicU64::new(0), value: UnsafeCell::new(MaybeUninit::uninit()) };
        Box::into_raw((0..len).map(|_| slot()).collect::<Box<[_]>>()).cast()
    }

    /// # Safety
    ///
    /// `array` was made by [`make`] with this length, and nobody uses it any more.
    pub(super) unsafe fn free<T>(array: *mut Slot<T>, len: usize) {
        // SAFETY: the caller's promise.
        drop(unsafe { Box::from_raw(ptr::slice_from_raw_parts_mut(array, len)) });
    }
}
