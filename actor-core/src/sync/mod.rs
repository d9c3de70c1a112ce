//! The base of the lock-free parts: the real atomics, cells and memory, or a model checker's under
//! `--cfg loom` and `--cfg shuttle`.

#[cfg(loom)]
#[path = "loom.rs"]
mod chosen;

#[cfg(shuttle)]
#[path = "shuttle.rs"]
mod chosen;

#[cfg(not(any(loom, shuttle)))]
#[path = "real.rs"]
mod chosen;

#[cfg(not(any(loom, shuttle)))]
#[path = "place.rs"]
mod place;

#[cfg(any(loom, shuttle))]
#[path = "place_model.rs"]
mod place;

#[cfg(shuttle)]
pub(crate) use chosen::assert_all_given_back;
pub(crate) use chosen::{
    AtomicBool, AtomicPtr, AtomicU64, AtomicUsize, CACHED_BLOCKS, FEW_LANES, FIRST_SLOTS,
    NEIGHBOURS, Ordering, UnsafeCell, WORD_BITS, alloc, assert_exclusive, comes_back, dealloc,
    fence, per_thread, prepare_to_write, spin_loop, store_before_load, unforeseen,
};
pub use place::Place;
