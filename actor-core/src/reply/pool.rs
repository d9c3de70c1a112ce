//! Memory for slots: each thread keeps a few freed blocks, so that repeated asks allocate nothing.
//!
//! Blocks come in three sizes, each a multiple of a cache line and aligned to one, so that slots of
//! concurrent asks share no line. A block is kept by the thread freeing it. That is the asker's
//! thread, except for cancelled asks. So a thread with asks finds its own blocks again, and a
//! thread with only arriving blocks keeps at most [`CACHED_BLOCKS`] of each size. A layout larger
//! than every size, and a thread near its end, use the allocator.

#![expect(unsafe_code, reason = "memory owned by several ends is managed by hand")]

use std::alloc::{Layout, handle_alloc_error};
use std::cell::Cell;
use std::ptr::NonNull;

use crate::sync::{CACHED_BLOCKS, alloc, dealloc};

/// The kept sizes: 448 bytes for one block of each, so at most 112 KiB a thread.
const SIZES: [Layout; 3] =
    [Layout::new::<Block<64>>(), Layout::new::<Block<128>>(), Layout::new::<Block<256>>()];

/// Bytes aligned to a cache line.
#[repr(align(64))]
struct Block<const BYTES: usize>([u8; BYTES]);

/// The blocks kept by one thread.
struct Cache([Kept; SIZES.len()]);

/// The free blocks of one size: a stack linked through the blocks themselves.
struct Kept {
    /// Every block in the stack has this layout, and belongs to the stack alone.
    layout: Layout,
    top: Cell<Option<NonNull<Free>>>,
    count: Cell<usize>,
}

/// The beginning of a free block.
struct Free {
    below: Option<NonNull<Self>>,
}

thread_local!(static CACHE: Cache = const { Cache::new() });

/// Returns memory for the layout.
pub(super) fn allocate(layout: Layout) -> NonNull<u8> {
    let Some(index) = size_of_block(layout) else { return allocate_fresh(layout) };
    // On a thread near its end the cache is gone.
    let kept = CACHE.try_with(|cache| cache.0[index].take()).ok().flatten();
    kept.unwrap_or_else(|| allocate_fresh(SIZES[index]))
}

/// Frees a block, or keeps it for this thread's next ask.
///
/// # Safety
///
/// The block came from [`allocate`] for the same layout, on any thread, and is unused from now on.
pub(super) unsafe fn give_back(block: NonNull<u8>, layout: Layout) {
    let Some(index) = size_of_block(layout) else {
        // SAFETY: the caller's obligation; a layout larger than every size is allocated as it is.
        return unsafe { dealloc(block.as_ptr(), layout) };
    };
    // SAFETY: the caller's obligation; any other layout is allocated with the layout of its size.
    let is_kept = CACHE.try_with(|cache| unsafe { cache.0[index].keep(block) }).unwrap_or(false);
    if !is_kept {
        // SAFETY: as above, and the block was not kept.
        unsafe { dealloc(block.as_ptr(), SIZES[index]) };
    }
}

/// Returns the index of the smallest fitting size. A constant for a constant layout.
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
        // SAFETY: a block in the stack is free and begins with a `Free`, and no other thread sees
        // the stack.
        let Free { below } = unsafe { top.read() };
        self.top.set(below);
        self.count.set(self.count.get() - 1);
        Some(top.cast())
    }

    /// Keeps the block. Returns `false` if the stack is full.
    ///
    /// # Safety
    ///
    /// The block has the stack's layout, came from the allocator, and is unused.
    unsafe fn keep(&self, block: NonNull<u8>) -> bool {
        if self.count.get() >= CACHED_BLOCKS {
            return false;
        }
        let free = block.cast::<Free>();
        // SAFETY: the caller passes the block's ownership, and a block is larger and more aligned
        // than a `Free`.
        unsafe { free.write(Free { below: self.top.get() }) };
        self.top.set(Some(free));
        self.count.set(self.count.get() + 1);
        true
    }
}

impl Drop for Kept {
    fn drop(&mut self) {
        while let Some(block) = self.take() {
            // SAFETY: every block in the stack was allocated with its layout, and belongs to the
            // stack.
            unsafe { dealloc(block.as_ptr(), self.layout) };
        }
    }
}
