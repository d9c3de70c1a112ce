//! shuttle's types: threads take turns, switch before each access, and every access sees the latest
//! value.
//!
//! shuttle provides atomics only, so this file adds cells and memory. The cells detect two threads
//! using one value at the same time. The memory detects blocks given back twice, used afterwards,
//! or never given back. All threads of a model are coroutines on one real thread, so these records
//! live in that thread's locals and need no protection.
#![expect(unsafe_code, reason = "the memory of a model is accounted for where it is allocated")]

pub(crate) use shuttle::hint::spin_loop;
pub(crate) use shuttle::sync::atomic::{
    AtomicBool, AtomicPtr, AtomicU64, AtomicUsize, Ordering, fence,
};
pub(crate) use shuttle::thread_local as per_thread;

use std::alloc::Layout;
use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::ptr;

/// None under the model: it must see every block given back.
pub(crate) const CACHED_BLOCKS: usize = 0;

/// The smallest possible number: the lanes of a model then fill several words.
pub(crate) const WORD_BITS: usize = 2;

/// None: models of several lanes test the search for lanes by their bits.
pub(crate) const FEW_LANES: usize = 1;

/// Nothing: models have no caches.
pub(crate) fn prepare_to_write<T>(_soon: *const T) {}

/// The smallest possible number: the ring of a model then grows.
pub(crate) const FIRST_SLOTS: usize = 1;

/// The smallest possible number: a model then fills them.
pub(crate) const NEIGHBOURS: usize = 2;

/// The same each time, because a model must do the same in each of its runs.
pub(crate) fn unforeseen() -> u64 {
    0
}

/// Nothing: all accesses have one order.
pub(crate) fn store_before_load() {}

/// Lets a priority scheduler run the other threads first.
pub(crate) fn comes_back() {
    shuttle::thread::yield_now();
}

/// Checks, under the model, that the atomic's memory still exists. Any access by another thread
/// shows up there.
pub(crate) fn assert_exclusive(atomic: &mut AtomicUsize) {
    _ = atomic.load(Ordering::Relaxed);
}

/// A cell that records its current users, with a possible thread switch in the middle of each use.
#[derive(Debug)]
pub(crate) struct UnsafeCell<T> {
    /// The number of readers, or [`WRITER`].
    users: Cell<usize>,
    /// Loaded only to allow a thread switch.
    cut: AtomicBool,
    value: std::cell::UnsafeCell<T>,
}

/// Stored in place of a number of readers.
const WRITER: usize = usize::MAX;

impl<T> UnsafeCell<T> {
    pub(crate) const fn new(value: T) -> Self {
        Self {
            users: Cell::new(0),
            cut: AtomicBool::new(false),
            value: std::cell::UnsafeCell::new(value),
        }
    }

    pub(crate) fn with<R>(&self, read: impl FnOnce(*const T) -> R) -> R {
        assert!(self.users.get() != WRITER, "a value is read while another thread writes it");
        self.users.set(self.users.get() + 1);
        // Also counted down on a panic: the value may be a waker, used inside `read`.
        let _reader = Reader(&self.users);
        self.cut.load(Ordering::SeqCst);
        read(self.value.get())
    }

    pub(crate) fn with_mut<R>(&self, write: impl FnOnce(*mut T) -> R) -> R {
        assert!(self.users.get() == 0, "a value is written while another thread is at it");
        self.users.set(WRITER);
        self.cut.load(Ordering::SeqCst);
        let output = write(self.value.get());
        self.users.set(0);
        output
    }
}

/// A reader, until its drop.
struct Reader<'a>(&'a Cell<usize>);

impl Drop for Reader<'_> {
    fn drop(&mut self) {
        self.0.set(self.0.get() - 1);
    }
}

/// A block allocated in this run of the model.
struct Block {
    layout: Layout,
    is_given_back: bool,
}

thread_local! {
    /// The blocks of this run by address. Blocks given back stay here, spoilt, until the run ends.
    static BLOCKS: RefCell<BTreeMap<usize, Block>> = const { RefCell::new(BTreeMap::new()) };
}

/// Fills a block when it is given back: the cells and atomics above then look in use by another
/// thread.
const SPOILT: u8 = 0xff;

/// # Safety
///
/// As [`std::alloc::alloc`].
pub(crate) unsafe fn alloc(layout: Layout) -> *mut u8 {
    // SAFETY: the caller's promise.
    let block = unsafe { std::alloc::alloc(layout) };
    if !block.is_null() {
        let entry = Block { layout, is_given_back: false };
        BLOCKS.with_borrow_mut(|blocks| blocks.insert(block.expose_provenance(), entry));
    }
    block
}

/// # Safety
///
/// As [`std::alloc::dealloc`].
pub(crate) unsafe fn dealloc(block: *mut u8, layout: Layout) {
    BLOCKS.with_borrow_mut(|blocks| {
        let entry = blocks.get_mut(&block.addr()).expect("it was allocated here");
        assert!(entry.layout == layout, "a block is given back as it was allocated");
        assert!(!entry.is_given_back, "a block is given back once");
        entry.is_given_back = true;
    });
    // SAFETY: the block has this size, and no other thread used it until now.
    unsafe { ptr::write_bytes(block, SPOILT, layout.size()) };
}

/// Ends a run of the model. The run has given back every block.
pub(crate) fn assert_all_given_back() {
    for (address, Block { layout, is_given_back }) in BLOCKS.take() {
        assert!(is_given_back, "a block was not given back");
        // SAFETY: allocated above with this layout, and freed only here.
        unsafe { std::alloc::dealloc(ptr::with_exposed_provenance_mut(address), layout) };
    }
}
