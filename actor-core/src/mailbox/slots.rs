//! A lane's memory for messages.
//!
//! Slots are *made* when they are first needed, *freed* when they are not needed for now, and
//! *retired* when they are not needed any more. The rings (`ring`, `evicting`) state who may access
//! a slot.
#![expect(unsafe_code, reason = "messages lie inline in memory that threads hand to each other")]

use std::marker::PhantomData;
use std::mem::MaybeUninit;
use std::ptr::{self, NonNull};

use crate::sync::{AtomicPtr, AtomicU64, Ordering, UnsafeCell};

/// The slots of one lane.
///
/// The pointer is null while there are no slots, and [`retired`] once there will be none any more.
/// Otherwise it points to an array of `len` slots.
pub(super) struct Slots<T> {
    array: AtomicPtr<Slot<T>>,
    len: usize,
    /// Owns values of type `T`, put in on one thread and taken out on another.
    _owned: PhantomData<T>,
}

/// Memory for one message, and a stamp stating its owner. The ring defines the meaning of the
/// stamp, which begins as 0.
pub(super) struct Slot<T> {
    pub(super) stamp: AtomicU64,
    pub(super) value: UnsafeCell<MaybeUninit<T>>,
}

// SAFETY: slots move values of type T between threads and never share references to them.
unsafe impl<T: Send> Send for Slots<T> {}
// SAFETY: as above. A slot's stamp decides which thread may access its value at a time.
unsafe impl<T: Send> Sync for Slots<T> {}

/// The pointer of retired slots. No slot lies at an odd address.
fn retired<T>() -> *mut Slot<T> {
    ptr::without_provenance_mut(1)
}

/// Returns whether an array of `len` slots fits into the address space.
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

    /// Makes the slots unless they exist. Returns whether they exist then: there may be no memory,
    /// or the slots may be retired.
    #[cold]
    pub(super) fn make(&self) -> bool {
        if self.made().is_some() {
            return true;
        }
        let Some(array) = memory::make(self.len) else { return false };
        // Several threads may do so at the same time: the slots of one of them are kept. SeqCst: if
        // a consumer has announced its sleep and sees no slots here, the thread making them sees
        // the sleep.
        let kept = self.array.compare_exchange(
            ptr::null_mut(),
            array.as_ptr(),
            Ordering::SeqCst,
            Ordering::SeqCst,
        );
        if kept.is_err() {
            // SAFETY: made above with this length, and no other thread has seen it.
            unsafe { memory::free(array, self.len) };
        }
        self.made().is_some()
    }

    /// Returns the array, if the slots exist.
    ///
    /// SeqCst, for a consumer that has announced its sleep. Also for a producer that did not make
    /// the slots itself: its next accesses come after this one in the single order of all `SeqCst`
    /// accesses.
    #[inline]
    fn made(&self) -> Option<NonNull<Slot<T>>> {
        let array = self.array.load(Ordering::SeqCst);
        if array.addr() <= retired::<T>().addr() { None } else { NonNull::new(array) }
    }

    #[inline]
    pub(super) fn are_made(&self) -> bool {
        self.made().is_some()
    }

    /// Returns the slot at an index below the length, if the slots exist.
    #[inline]
    pub(super) fn at(&self, index: usize) -> Option<&Slot<T>> {
        debug_assert!(index < self.len, "the ring keeps indices below the length");
        // SAFETY: the array has `len` slots, and the ring keeps the index below that.
        let slot = unsafe { self.made()?.add(index) };
        // SAFETY: the ring frees slots only when no thread has, or can still get, a reference to
        // one.
        Some(unsafe { slot.as_ref() })
    }

    /// Returns the slot at `index`, and the address of the slot at `ahead`. The address is for
    /// hints only: the slots may be freed before its use.
    #[inline(always)]
    pub(super) fn at_and_ahead(
        &self,
        index: usize,
        ahead: usize,
    ) -> Option<(&Slot<T>, *const Slot<T>)> {
        debug_assert!(index < self.len, "the ring keeps indices below the length");
        let array = self.made()?;
        // SAFETY: the array has `len` slots, and the ring keeps the index below that.
        let slot = unsafe { array.add(index) };
        // SAFETY: the ring frees slots only when no thread has, or can still get, a reference to
        // one.
        Some((unsafe { slot.as_ref() }, array.as_ptr().wrapping_add(ahead)))
    }

    /// Frees the memory. The slots may be made again.
    ///
    /// # Safety
    ///
    /// No thread has a reference to a slot, or will access one before the slots are made again. No
    /// slot holds a value.
    pub(super) unsafe fn free(&self) {
        // SAFETY: the caller's promise.
        unsafe { self.replace(ptr::null_mut()) };
    }

    /// Frees the memory for good. Several threads may call this at the same time.
    ///
    /// # Safety
    ///
    /// As for [`free`](Self::free).
    pub(super) unsafe fn retire(&self) {
        // SAFETY: the caller's promise.
        unsafe { self.replace(retired()) };
    }

    /// # Safety
    ///
    /// As for [`free`](Self::free).
    unsafe fn replace(&self, by: *mut Slot<T>) {
        let array = self.array.swap(by, Ordering::AcqRel);
        if array.addr() > retired::<T>().addr()
            && let Some(array) = NonNull::new(array)
        {
            // SAFETY: made by `make` with this length, and only the thread whose exchange returned
            // it has it now. Slots have no drop of their own: the ring has taken their values out.
            unsafe { memory::free(array, self.len) };
        }
    }
}

impl<T> Drop for Slots<T> {
    fn drop(&mut self) {
        // SAFETY: `self` is borrowed exclusively.
        unsafe { self.retire() };
    }
}

#[cfg(not(any(loom, shuttle)))]
mod memory {
    use std::alloc::{Layout, alloc_zeroed, dealloc};
    use std::ptr::NonNull;

    use super::Slot;

    /// Allocates zeroed memory, so that unused slots cost nothing on a system with pages provided
    /// on first use. Returns `None` if there is no memory.
    pub(super) fn make<T>(len: usize) -> Option<NonNull<Slot<T>>> {
        let layout = Layout::array::<Slot<T>>(len).ok()?;
        // SAFETY: a slot contains a stamp, and there is at least one slot, so the layout is not of
        // size 0. All zeros are a valid slot: a stamp of 0, and no value.
        NonNull::new(unsafe { alloc_zeroed(layout) }.cast())
    }

    /// # Safety
    ///
    /// `array` was made by [`make`] with this length, and is not used any more.
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

    /// Allocates memory tracked by the checker. Its atomics must be created one by one.
    pub(super) fn make<T>(len: usize) -> Option<NonNull<Slot<T>>> {
        let layout = Layout::array::<Slot<T>>(len).ok()?;
        // SAFETY: a slot contains a stamp, and there is at least one slot, so the layout is not of
        // size 0.
        let array = NonNull::new(unsafe { alloc(layout) }.cast::<Slot<T>>())?;
        for index in 0..len {
            let slot =
                Slot { stamp: AtomicU64::new(0), value: UnsafeCell::new(MaybeUninit::uninit()) };
            // SAFETY: the array has `len` slots.
            let place = unsafe { array.add(index) };
            // SAFETY: only this function has access to the place.
            unsafe { place.write(slot) };
        }
        Some(array)
    }

    /// # Safety
    ///
    /// `array` was made by [`make`] with this length, and is not used any more.
    pub(super) unsafe fn free<T>(array: NonNull<Slot<T>>, len: usize) {
        for index in 0..len {
            // SAFETY: the array has `len` slots.
            let place = unsafe { array.add(index) };
            // SAFETY: as below. loom reports another thread's concurrent access to the stamp.
            #[cfg(loom)]
            unsafe {
                (*place.as_ptr()).stamp.with_mut(|_| ());
            }
            // SAFETY: made by `make`, and not used any more.
            unsafe { place.drop_in_place() };
        }
        let layout = Layout::array::<Slot<T>>(len).expect("it was made with this layout");
        // SAFETY: the caller's promise.
        unsafe { dealloc(array.as_ptr().cast(), layout) };
    }
}
