//! Words in cache lines, allocated when first needed and if there is memory.
#![expect(unsafe_code, reason = "zeroed memory comes from the allocator")]

use std::alloc::{Layout, alloc_zeroed};
use std::ptr::NonNull;

use crate::mailbox::lazy::FirstUse;
use crate::sync::{AtomicU64, NEIGHBOURS};

/// The words of one cache line.
#[repr(align(64))]
pub(super) struct Line(pub(super) [AtomicU64; NEIGHBOURS]);

/// A table of lines. All of its words begin as 0.
pub(super) struct Table {
    lines: FirstUse<Box<[Line]>>,
    len: usize,
}

impl Table {
    /// Describes a table of `len` lines, and makes none yet.
    pub(super) fn new(len: usize) -> Self {
        Self { lines: FirstUse::new(), len }
    }

    /// Returns the number of lines.
    pub(super) fn len(&self) -> usize {
        self.len
    }

    /// Returns the lines, made if this is the first call. Returns `None` if there is no memory. A
    /// later call tries again.
    #[inline]
    pub(super) fn get_or_make(&self) -> Option<&[Line]> {
        let make = || {
            let mut lines = Vec::new();
            lines.try_reserve_exact(self.len).ok()?;
            lines.extend((0..self.len).map(|_| Line(std::array::from_fn(|_| AtomicU64::new(0)))));
            Some(lines.into_boxed_slice())
        };
        self.lines.get_or_try_make(make).map(|lines| &**lines)
    }

    /// Returns the lines, if they were made.
    #[inline]
    pub(super) fn get(&self) -> Option<&[Line]> {
        self.lines.get().map(|lines| &**lines)
    }
}

/// Returns `len` zeros, or `None` if there is no memory. Unused words cost nothing on a system with
/// pages provided on first use.
pub(super) fn zeros(len: usize) -> Option<Vec<u32>> {
    let layout = Layout::array::<u32>(len).ok()?;
    if len == 0 {
        return Some(Vec::new());
    }
    // SAFETY: the layout is not of size 0.
    let zeros = NonNull::new(unsafe { alloc_zeroed(layout) })?;
    // SAFETY: allocated with the layout of `len` words, all of which are 0.
    Some(unsafe { Vec::from_raw_parts(zeros.cast().as_ptr(), len, len) })
}
