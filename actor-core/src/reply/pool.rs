//! Memory for slots: a few freed blocks kept by each thread, so that an ask allocates nothing once asks are going on.
//!
//! Blocks come in a few sizes, each a multiple of a cache line and aligned to one, so that slots of asks in flight share no
//! line. A block is kept by the thread that gives it back, which is the asker's but for cancelled asks: a thread that
//! asks finds its own blocks again, and one where they only arrive keeps no more than [`CACHED_BLOCKS`] of a size.
//! What no size fits, and what a thread that is ending needs, goes to the allocator.

#![expect(unsafe_code, reason = "memory that neither of two ends owns alone is managed by hand")]

use std::alloc::{Layout, handle_alloc_error};
use std::cell::Cell;
use std::ptr::NonNull;

use crate::sync::{CACHED_BLOCKS, alloc, dealloc};

/// The blocks that are kept: 448 bytes for one of each, so 112 KiB a thread at most.
const SIZES: [Layout; 3] = [Layout::new::<Block<64>>(), Layout::new::<Block<128>>(), Layout::new::<Block<256>>()];

/// So many bytes, aligned to a cache line.
#[repr(align(64))]
struct Block<const BYTES: usize>([u8; BYTES]);

/// The blocks that a thread keeps.
struct Cache([Kept; SIZES.len()]);

/// The free blocks of one size: a stack that is linked through the blocks themselves.
struct Kept {
    /// Every block in the stack is of this layout, and nobody's but the stack's.
    layout: Layout,
    top: Cell<Option<NonNull<Free>>>,
    count: Cell<usize>,
}

/// The beginning of a free block.
struct Free {
    below: Option<NonNull<Self>>,
}

thread_local!(static CACHE: Cache = const { Cache::new() });

/// Finds memory for the layout.
pub(super) fn allocate(layout: Layout) -> NonNull<u8> {
    let Some(index) = size_of_block(layout) else { return allocate_fresh(layout) };
    // A thread whose cache is gone already has nothing kept.
    let kept = CACHE.try_with(|cache| cache.0[index].take()).ok().flatten();
    kept.unwrap_or_else(|| allocate_fresh(SIZES[index]))
}

/// Gives memory back.
///
/// # Safety
///
/// The block came from [`allocate`] for the same layout, on whichever thread, and nobody uses it any more.
pub(super) unsafe fn give_back(block: NonNull<u8>, layout: Layout) {
    let Some(index) = size_of_block(layout) else {
        // SAFETY: the caller's promise; a layout that no size fits is allocated as it is.
        return unsafe { dealloc(block.as_ptr(), layout) };
    };
    // SAFETY: the caller's promise; a layout that a size fits is allocated with the layout of that size.
    let is_kept = CACHE.try_with(|cache| unsafe { cache.0[index].keep(block) }).unwrap_or(false);
    if !is_kept {
        // SAFETY: as above, and it has not been kept.
        unsafe { dealloc(block.as_ptr(), SIZES[index]) };
    }
}

/// Picks the smallest of [`SIZES`] that fits. Known when it is compiled, where the layout is.
const fn size_of_block(layout: Layout) -> Option<usize> {
    let mut index = 0;
    while index < SIZES.len() {
        if layout.size() <= SIZES[index].size() && layout.align() <= SIZES[index].align() {
            return Some(index);
        }
        index += 1;
    }
    None
}

fn allocate_fresh(layout: Layout) -> NonNull<u8> {
    assert!(layout.size() > 0, "a slot has a header");
    // SAFETY: the size is not zero.
    let block = unsafe { alloc(layout) };
    NonNull::new(block).unwrap_or_else(|| handle_alloc_error(layout))
}

impl Cache {
    const fn new() -> Self {
        Self([Kept::new(SIZES[0]), Kept::new(SIZES[1]), Kept::new(SIZES[2])])
    }
}

impl Kept {
    const fn new(layout: Layout) -> Self {
        Self { layout, top: Cell::new(None), count: Cell::new(0) }
    }

    fn take(&self) -> Option<NonNull<u8>> {
        let top = self.top.get()?;
        // SAFETY: what is in the stack is a free block that begins with a `Free`, and no other thread sees the stack.
        let Free { below } = unsafe { top.read() };
        self.top.set(below);
        self.count.set(self.count.get() - 1);
        Some(top.cast())
    }

    /// Keeps the block, or tells that there are enough.
    ///
    /// # Safety
    ///
    /// The block is of the stack's layout, came from the allocator, and is used by nobody.
    unsafe fn keep(&self, block: NonNull<u8>) -> bool {
        if self.count.get() >= CACHED_BLOCKS {
            return false;
        }
        let free = block.cast::<Free>();
        // SAFETY: the caller gives the block away, which has more room and a stronger alignment than a `Free` needs.
        unsafe { free.write(Free { below: self.top.get() }) };
        self.top.set(Some(free));
        self.count.set(self.count.get() + 1);
        true
    }
}

impl Drop for Kept {
    fn drop(&mut self) {
        while let Some(block) = self.take() {
            // SAFETY: every block in the stack was allocated with its layout, and is nobody else's.
            unsafe { dealloc(block.as_ptr(), self.layout) };
        }
    }
}
