//! A lane's memory for messages.
#![expect(unsafe_code, reason = "messages lie inline in memory that threads hand to each other")]

use std::marker::PhantomData;
use std::mem::MaybeUninit;
use std::ptr::{self, NonNull};

use crate::sync::{AtomicPtr, AtomicU64, Ordering, UnsafeCell};

/// Slots of one lane: made when they are first needed, given back when they are not.
///
/// The pointer is null while there are none, [`retired`] once there will be none any more, and else an array of `len` slots.
pub(super) struct Slots<T> {
    array: AtomicPtr<Slot<T>>,
    len: usize,
    /// Values are owned, put in on one thread and taken out on another.
    _owned: PhantomData<T>,
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

/// The pointer of slots that will not be made any more. Nothing lies at an odd address.
fn retired<T>() -> *mut Slot<T> {
    ptr::without_provenance_mut(1)
}

/// Returns whether so many slots fit into the address space.
pub(super) const fn fit<T>(len: usize) -> bool {
    match size_of::<Slot<T>>().checked_mul(len) {
        Some(bytes) => bytes <= isize::MAX as usize - (align_of::<Slot<T>>() - 1),
        None => false,
    }
}

impl<T> Slots<T> {
    /// Describes `len` slots, and makes none yet.
    pub(super) fn new(len: usize) -> Self {
        Self { array: AtomicPtr::new(ptr::null_mut()), len, _owned: PhantomData }
    }

    #[inline]
    pub(super) fn len(&self) -> u64 {
        self.len as u64
    }

    /// Makes the slots unless they are there. Returns whether they are: memory may be short, or the slots retired.
    #[cold]
    pub(super) fn make(&self) -> bool {
        if self.made().is_some() {
            return true;
        }
        let Some(array) = memory::make(self.len) else { return false };
        // Several may make them at once: those of one thread are kept. SeqCst: a consumer that has announced its sleep and
        // sees none is seen asleep by whoever made them.
        let kept = self.array.compare_exchange(ptr::null_mut(), array.as_ptr(), Ordering::SeqCst, Ordering::SeqCst);
        if kept.is_err() {
            // SAFETY: made above with this length, and no other thread has seen it.
            unsafe { memory::free(array, self.len) };
        }
        self.made().is_some()
    }

    /// Returns the array, if the slots are there.
    ///
    /// SeqCst, for a consumer that has announced its sleep, and for a producer that did not make them itself: what it does
    /// next comes after this in the one order of `SeqCst` accesses.
    #[inline]
    fn made(&self) -> Option<NonNull<Slot<T>>> {
        let array = self.array.load(Ordering::SeqCst);
        if array.addr() <= retired::<T>().addr() { None } else { NonNull::new(array) }
    }

    #[inline]
    pub(super) fn are_made(&self) -> bool {
        self.made().is_some()
    }

    /// Returns the slot at an index below the length, if the slots are there.
    #[inline]
    pub(super) fn at(&self, index: usize) -> Option<&Slot<T>> {
        debug_assert!(index < self.len, "the ring keeps indices below the length");
        // SAFETY: the array has `len` slots, and the ring keeps the index below that.
        let slot = unsafe { self.made()?.add(index) };
        // SAFETY: the ring gives slots back only when nobody has, or will come by, a reference to one.
        Some(unsafe { slot.as_ref() })
    }

    /// Returns the slot at an index, and the address of the slot at another. The address is for hints only: the slots may be
    /// gone when it is used.
    #[inline(always)]
    pub(super) fn at_and_ahead(&self, index: usize, ahead: usize) -> Option<(&Slot<T>, *const Slot<T>)> {
        debug_assert!(index < self.len, "the ring keeps indices below the length");
        let array = self.made()?;
        // SAFETY: the array has `len` slots, and the ring keeps the index below that.
        let slot = unsafe { array.add(index) };
        // SAFETY: the ring gives slots back only when nobody has, or will come by, a reference to one.
        Some((unsafe { slot.as_ref() }, array.as_ptr().wrapping_add(ahead)))
    }

    /// Gives the memory back. The slots may be made again.
    ///
    /// # Safety
    ///
    /// No thread has a reference to a slot or will look for one before the slots are made again, and no slot holds a value.
    pub(super) unsafe fn free(&self) {
        // SAFETY: the caller's promise.
        unsafe { self.replace(ptr::null_mut()) };
    }

    /// Gives the memory back for good. Any number of threads may do so at once.
    ///
    /// # Safety
    ///
    /// As [`free`](Self::free).
    pub(super) unsafe fn retire(&self) {
        // SAFETY: the caller's promise.
        unsafe { self.replace(retired()) };
    }

    /// # Safety
    ///
    /// As [`free`](Self::free).
    unsafe fn replace(&self, by: *mut Slot<T>) {
        let array = self.array.swap(by, Ordering::AcqRel);
        if array.addr() > retired::<T>().addr()
            && let Some(array) = NonNull::new(array)
        {
            // SAFETY: made by `make` with this length, and only the thread whose exchange returned it has it now. Slots have
            // no drop of their own: the ring has taken out what was in them.
            unsafe { memory::free(array, self.len) };
        }
    }
}

impl<T> Drop for Slots<T> {
    fn drop(&mut self) {
        // SAFETY: `self` is borrowed alone.
        unsafe { self.retire() };
    }
}

#[cfg(not(any(loom, shuttle)))]
mod memory {
    use std::alloc::{Layout, alloc_zeroed, dealloc};
    use std::ptr::NonNull;

    use super::Slot;

    /// Zeroed, so that slots that are never used cost no memory where the system gives it by pages. `None` if there is no
    /// memory.
    pub(super) fn make<T>(len: usize) -> Option<NonNull<Slot<T>>> {
        let layout = Layout::array::<Slot<T>>(len).ok()?;
        // SAFETY: a slot has a stamp and there is one at least, so the layout is not of size 0. All zeros is a slot: a
        // stamp of 0, and no value.
        NonNull::new(unsafe { alloc_zeroed(layout) }.cast())
    }

    /// # Safety
    ///
    /// `array` was made by [`make`] with this length, and nobody uses it any more.
    pub(super) unsafe fn free<T>(array: NonNull<Slot<T>>, len: usize) {
        let layout = Layout::array::<Slot<T>>(len).expect("it was made with this layout");
        // SAFETY: the caller's promise.
        unsafe { dealloc(array.as_ptr().cast(), layout) };
    }
}

#[cfg(any(loom, shuttle))]
mod memory {
    use std::alloc::Layout;
    use std::mem::MaybeUninit;
    use std::ptr::NonNull;

    use super::{AtomicU64, Slot, UnsafeCell};
    use crate::sync::{alloc, dealloc};

    /// In memory that the checker keeps account of. Its atomics have to be made one by one.
    pub(super) fn make<T>(len: usize) -> Option<NonNull<Slot<T>>> {
        let layout = Layout::array::<Slot<T>>(len).ok()?;
        // SAFETY: a slot has a stamp and there is one at least, so the layout is not of size 0.
        let array = NonNull::new(unsafe { alloc(layout) }.cast::<Slot<T>>())?;
        for index in 0..len {
            let slot = Slot { stamp: AtomicU64::new(0), value: UnsafeCell::new(MaybeUninit::uninit()) };
            // SAFETY: the array has `len` slots.
            let place = unsafe { array.add(index) };
            // SAFETY: the place is this function's.
            unsafe { place.write(slot) };
        }
        Some(array)
    }

    /// # Safety
    ///
    /// `array` was made by [`make`] with this length, and nobody uses it any more.
    pub(super) unsafe fn free<T>(array: NonNull<Slot<T>>, len: usize) {
        for index in 0..len {
            // SAFETY: the array has `len` slots.
            let place = unsafe { array.add(index) };
            // SAFETY: made by `make`, and nobody uses it any more.
            unsafe { place.drop_in_place() };
        }
        let layout = Layout::array::<Slot<T>>(len).expect("it was made with this layout");
        // SAFETY: the caller's promise.
        unsafe { dealloc(array.as_ptr().cast(), layout) };
    }
}
