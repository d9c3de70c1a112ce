//! Words in cache lines, made when they are first needed and if there is memory for them.
#![expect(unsafe_code, reason = "zeroed memory comes from the allocator")]

use std::alloc::{Layout, alloc_zeroed};
use std::ptr::NonNull;

use crate::mailbox::lazy::FirstUse;
use crate::sync::{AtomicU64, NEIGHBOURS};

/// The words that one cache line holds.
#[repr(align(64))]
pub(super) struct Line(pub(super) [AtomicU64; NEIGHBOURS]);

/// A number of lines, all of whose words begin as 0.
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

    /// Returns the lines, made if this is the first call. Returns `None` if there is no memory; a later call tries again.
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

/// Returns so many zeros, or `None` if there is no memory. What is not used costs nothing where the system provides pages on
/// first use.
pub(super) fn zeros(len: usize) -> Option<Vec<u32>> {
    let layout = Layout::array::<u32>(len).ok()?;
    if len == 0 {
        return Some(Vec::new());
    }
    // SAFETY: the layout is not of size 0.
    let zeros = NonNull::new(unsafe { alloc_zeroed(layout) })?;
    // SAFETY: allocated with the layout of so many words, all of which are 0.
    Some(unsafe { Vec::from_raw_parts(zeros.cast().as_ptr(), len, len) })
}
