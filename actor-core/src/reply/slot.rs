//! The slot of one reply: a place for a value, shared by three parties without a reference count.
//!
//! * The *replier* ([`Reply`](super::Reply)) puts the value in, or departs without one. It departs
//!   as it settles.
//! * The *asker* ([`Answer`](super::Answer)) takes the value, or departs before there is one.
//! * The *envelope* of a queued ask holds an [`Asker`](super::Asker) to learn whether the message
//!   may be skipped. A pair without an envelope begins with this party gone.
//!
//! The parties depart in any order: the message with the reply may be taken apart, sent elsewhere,
//! or dropped before its envelope. So each party sets a bit of its own when it departs, and **the
//! last party to depart frees the memory**. A party does not touch the slot after its bit is set.
//!
//! ```text
//! bit       set by    when                                        its setter finds ...
//! SETTLED   replier   it departs; with VALUE if there is one      ... LEFT: it keeps the value,
//!                                                                     and drops it
//! VALUE     replier   in the same step as SETTLED
//! LEFT      asker     it departs, with the value if there was one ... SETTLED|VALUE: it takes the
//!                                                                     value first
//! RELEASED  envelope  it was taken from its lane, or dropped      ... SETTLED or LEFT without
//!                                                                     VALUE: cancelled
//! WAITING   asker     its waker is in the slot; the asker alone
//!                     clears it, to replace the waker or to depart
//! SENDING   replier   it saw WAITING, and is about to settle
//! ```
//!
//! Ownership:
//!
//! * The *value's place* belongs to the replier until SETTLED, then to the asker. The replier
//!   settles by a compare-and-swap, which fails once LEFT is set. The asker departs by another,
//!   which fails once SETTLED is set. So exactly one of the two has the value, and drops it.
//! * The *waker's place* is written by the asker alone, while neither WAITING nor SENDING is set.
//!   With WAITING and without SENDING the waker belongs to the slot. The party changing this owns
//!   the waker: the asker by clearing WAITING, the replier by setting SENDING. SENDING comes before
//!   SETTLED, so that the asker may reuse the slot's memory immediately: after SETTLED the replier
//!   holds the waker itself, and needs the slot no more.
//! * An asker finding SENDING knows only one thing: the answer is a few instructions away. It must
//!   not register a waker, because the replier has already read the place. It wakes itself instead,
//!   and checks again.
//!
//! No party waits for another. Each repetition of a loop below is caused by one step of another
//! party, and each such step happens once. (The asker may register and withdraw any number of
//! wakers, but registers none after SENDING.)
//!
//! Every read-modify-write is an acquire and a release, and all are on one word. So each step sees
//! everything done before the earlier steps, and the last party to depart sees the others finished
//! with the slot. The asker's load of SETTLED is an acquire. It pairs with the replier's settling
//! and, if RELEASED is set as well, with the envelope's release. Then the asker is the last party,
//! and departs without setting its bit.
//!
//! An awaited ask costs four read-modify-writes: one of the envelope, one of the asker's
//! registration, two of the replier. An ask answered before the first poll costs two.

#![expect(
    unsafe_code,
    reason = "a value and memory that change hands between threads, by the protocol above"
)]

use std::alloc::Layout;
use std::mem::MaybeUninit;
use std::ptr::NonNull;
use std::task::Waker;

use crate::reply::pool;
use crate::sync::{AtomicUsize, Ordering, UnsafeCell, assert_exclusive};

pub(super) const SETTLED: usize = 1;
pub(super) const VALUE: usize = 1 << 1;
pub(super) const LEFT: usize = 1 << 2;
pub(super) const RELEASED: usize = 1 << 3;
pub(super) const WAITING: usize = 1 << 4;
pub(super) const SENDING: usize = 1 << 5;

/// All parties have departed.
const GONE: usize = SETTLED | LEFT | RELEASED;

/// Laid out so that a pointer to the slot is a pointer to its header. It is invariant in `T`,
/// because of the cell.
#[repr(C)]
pub(super) struct Slot<T> {
    header: Header,
    value: Place<T>,
}

/// The part independent of the value's type.
pub(super) struct Header {
    /// The bits above.
    state: AtomicUsize,
    /// The layout of the whole slot, for a party without the value's type.
    layout: &'static Layout,
    waker: Place<Waker>,
}

/// Room for one thing. The state says whether it is there, and who owns it.
pub(super) struct Place<T>(UnsafeCell<MaybeUninit<T>>);

impl<T> Slot<T> {
    pub(super) const LAYOUT: Layout = Layout::new::<Self>();

    pub(super) fn allocate(state: usize) -> NonNull<Self> {
        let slot = pool::allocate(Self::LAYOUT).cast::<Self>();
        let header =
            Header { state: AtomicUsize::new(state), layout: &Self::LAYOUT, waker: Place::new() };
        // SAFETY: the block is new, and large and aligned enough for the whole slot.
        unsafe { slot.write(Self { header, value: Place::new() }) };
        slot
    }

    /// # Safety
    ///
    /// The caller's party has not departed, and does not touch the place after its departure.
    pub(super) unsafe fn value<'a>(this: NonNull<Self>) -> &'a Place<T> {
        // SAFETY: the slot is alive until the last party has departed.
        unsafe { &(*this.as_ptr()).value }
    }
}

impl<T> Place<T> {
    fn new() -> Self {
        Self(UnsafeCell::new(MaybeUninit::uninit()))
    }

    /// # Safety
    ///
    /// The place is empty, and the caller alone uses it.
    pub(super) unsafe fn put(&self, thing: T) {
        // SAFETY: the caller alone uses the place, and the place has room for one thing.
        self.0.with_mut(|place| unsafe { place.cast::<T>().write(thing) });
    }

    /// # Safety
    ///
    /// The place is filled, and its content belongs to the caller.
    pub(super) unsafe fn take(&self) -> T {
        // SAFETY: it is there, and moves to the caller.
        self.0.with(|place| unsafe { place.cast::<T>().read() })
    }

    /// # Safety
    ///
    /// The place is filled, and is not written meanwhile. Its content may be moving to another
    /// owner.
    pub(super) unsafe fn look<R>(&self, look: impl FnOnce(&T) -> R) -> R {
        // SAFETY: moving a thing out leaves its bytes, and only the bytes are read.
        self.0.with(|place| look(unsafe { &*place.cast::<T>() }))
    }
}

/// The result of the replier's settling.
pub(super) enum Settled {
    /// The replier has departed. The caller wakes the waker.
    Sent(Option<Waker>),
    /// The asker had departed: the replier still owns the value, and has to depart. The waker is
    /// useless.
    AskerLeft(Option<Waker>),
}

/// A departing party may have its slot freed by the next party during the step. So a reference
/// outliving the step is one to a field made of a cell, or a pointer, and never one to the header.
impl Header {
    /// # Safety
    ///
    /// The caller's party has not departed, and does not touch the state after its departure.
    pub(super) unsafe fn state<'a>(this: NonNull<Self>) -> &'a AtomicUsize {
        // SAFETY: the slot is alive until the last party has departed.
        unsafe { &(*this.as_ptr()).state }
    }

    /// # Safety
    ///
    /// The caller's party has not departed, and does not touch the place after its departure.
    pub(super) unsafe fn waker<'a>(this: NonNull<Self>) -> &'a Place<Waker> {
        // SAFETY: the slot is alive until the last party has departed.
        unsafe { &(*this.as_ptr()).waker }
    }

    /// Settles for the replier, with `VALUE` or without, unless the asker has departed.
    ///
    /// # Safety
    ///
    /// The replier has not departed. If the result says so, it does not touch the slot again.
    pub(super) unsafe fn settle(this: NonNull<Self>, value: usize) -> Settled {
        // SAFETY: the caller's obligation.
        let state = unsafe { Self::state(this) };
        let mut claimed = None;
        // Pairs with the asker's registration and departure, in `Answer::poll_value` and
        // `Answer::drop`.
        let mut seen = state.load(Ordering::Acquire);
        loop {
            if seen & LEFT != 0 {
                return Settled::AskerLeft(claimed);
            }
            if seen & WAITING != 0 && seen & SENDING == 0 {
                let before = state.fetch_or(SENDING, Ordering::AcqRel);
                // Clear if the asker has just withdrawn its waker. It then finds SENDING, and
                // registers no other.
                if before & WAITING != 0 {
                    // SAFETY: the caller's obligation.
                    let place = unsafe { Self::waker(this) };
                    // SAFETY: it is there, and belongs to the replier from now on.
                    claimed = Some(unsafe { place.take() });
                }
                seen = before | SENDING;
                continue;
            }
            // Pairs with the asker's loads, in `Answer::poll_value` and `Answer::drop`.
            match state.compare_exchange(
                seen,
                seen | SETTLED | value,
                Ordering::AcqRel,
                Ordering::Acquire,
            ) {
                Ok(_) => return Settled::Sent(claimed),
                Err(now) => seen = now,
            }
        }
    }

    /// Departs for the party of the bit, and frees the slot if it is the last. Returns the state
    /// before.
    ///
    /// # Safety
    ///
    /// The party has not departed, and does not touch the slot again. An asker or a replier leaves
    /// no value behind.
    pub(super) unsafe fn leave(this: NonNull<Self>, bit: usize) -> usize {
        // SAFETY: the caller's obligation. Only the last party continues after its bit is set.
        let state = unsafe { Self::state(this) };
        // Pairs with the same step of the other parties.
        let before = state.fetch_or(bit, Ordering::AcqRel);
        if (before | bit) & GONE == GONE {
            // SAFETY: the others have departed, so the slot is alive, and belongs to this party
            // alone.
            let layout = unsafe { *(*this.as_ptr()).layout };
            // SAFETY: as above.
            unsafe { Self::free(this, layout) };
        }
        before
    }

    /// # Safety
    ///
    /// All parties have departed, the caller last. The layout is the slot's.
    pub(super) unsafe fn free(this: NonNull<Self>, layout: Layout) {
        // SAFETY: the caller's obligation.
        assert_exclusive(unsafe { &mut (*this.as_ptr()).state });
        // SAFETY: the slot was allocated with this layout. It needs no drop: its value and its
        // waker have been taken out.
        unsafe { pool::give_back(this.cast(), layout) };
    }
}
