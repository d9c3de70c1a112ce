//! The slot of one reply: a place for a value that three parties share without counting.
//!
//! * The *replier* puts the value in, or leaves without one. It leaves as it settles.
//! * The *asker* takes the value, or leaves before there is one.
//! * The *envelope* of a queued ask holds an [`Asker`], to learn whether it may be skipped. A pair that is in no envelope
//!   begins with this party gone.
//!
//! None of them knows when the others leave: the message that carries the reply may be taken apart, sent elsewhere or
//! dropped before its envelope is. So each party sets a bit of its own when it leaves, and **whoever leaves last gives the
//! memory back**. A party touches nothing of the slot after its bit is set.
//!
//! ```text
//! bit       set by     when                                               the one who sets it finds ...
//! SETTLED   replier    it leaves; with VALUE if there is one              ... LEFT: it keeps the value, and drops it
//! VALUE     replier    in the same step as SETTLED
//! LEFT      asker      it leaves, with the value if there was one         ... SETTLED|VALUE: it takes the value first
//! RELEASED  envelope   it has been taken from its lane, or dropped        ... SETTLED or LEFT without VALUE: nobody waits
//! WAITING   asker      its waker is in the slot; the asker alone clears
//!                      it, to replace the waker or to leave
//! SENDING   replier    it saw WAITING, and is about to settle
//! ```
//!
//! Whose is what:
//!
//! * the *value's place* is the replier's until SETTLED, then the asker's. The replier settles by a compare-and-swap that
//!   cannot succeed once LEFT is set, and the asker leaves by one that cannot once SETTLED is: one of the two has the
//!   value, and drops it.
//! * the *waker's place* is the asker's to write while neither WAITING nor SENDING is set. With WAITING and without SENDING
//!   the waker belongs to the slot, and whoever changes that owns it: the asker by clearing WAITING, the replier by
//!   setting SENDING. Setting SENDING before SETTLED is what lets the asker have the slot's memory used again at once:
//!   after SETTLED the replier has the waker in its hands, and needs the slot no more.
//! * an asker that looks while SENDING is set can tell nothing but that the answer is a few instructions away. It must not
//!   put a waker where nobody will look for it: it wakes itself, so that it looks again.
//!
//! No party waits for another: whatever makes a loop below go round again is a step of another party that comes once. (The
//! asker may register and take back any number of wakers, but once SENDING is set it registers none.)
//!
//! Every read-modify-write is an acquire and a release, and all are on one word: each step sees all that was done before the
//! steps that it follows, so the last party to leave sees the others done with the slot. The asker's look that finds
//! SETTLED is an acquiring load, which pairs with the replier's settling and, where it finds RELEASED, the envelope's
//! release: then it is the last, and leaves without saying so.
//!
//! An ask whose answer is awaited costs four read-modify-writes: the envelope's, the asker's registration, and the
//! replier's two. One that is answered before it is looked at costs two.

#![expect(unsafe_code, reason = "a value and memory that change hands between threads, by the protocol above")]

use std::alloc::Layout;
use std::mem::{ManuallyDrop, MaybeUninit};
use std::panic::{RefUnwindSafe, UnwindSafe};
use std::ptr::NonNull;
use std::task::{Poll, Waker};

use crate::panic::{contained, wake_contained};
use crate::reply::pool;
use crate::sync::{AtomicUsize, Ordering, UnsafeCell, assert_exclusive, spin_loop};

const SETTLED: usize = 1;
const VALUE: usize = 1 << 1;
const LEFT: usize = 1 << 2;
const RELEASED: usize = 1 << 3;
const WAITING: usize = 1 << 4;
const SENDING: usize = 1 << 5;

/// All have left.
const GONE: usize = SETTLED | LEFT | RELEASED;

/// Laid out so that a pointer to the slot is one to its header.
#[repr(C)]
struct Slot<T> {
    header: Header,
    value: Place<T>,
}

/// What can be done with without knowing the value's type.
struct Header {
    /// The bits above.
    state: AtomicUsize,
    /// The whole slot's, for a party that does not know its type.
    layout: &'static Layout,
    waker: Place<Waker>,
}

/// Room for one thing. The state tells whether it is there, and whose it is.
struct Place<T>(UnsafeCell<MaybeUninit<T>>);

/// The replier. It is invariant in `T`, which the cell sees to.
pub(super) struct Replier<T> {
    /// Alive: the replier has not left before this is dropped.
    slot: NonNull<Slot<T>>,
}

/// The asker, also after it has taken the answer.
pub(super) struct Awaiter<T> {
    /// Alive while there is one: it is taken when the asker leaves.
    slot: Option<NonNull<Slot<T>>>,
}

/// A queued ask's mark on its envelope, which knows whether anyone still waits for the answer.
pub(crate) struct Asker {
    /// Alive: the envelope has not let go before this is dropped.
    header: NonNull<Header>,
}

// SAFETY: the replier's thread writes a value, or drops it, and touches else what is atomic or is handed over by it.
unsafe impl<T: Send> Send for Replier<T> {}
// SAFETY: by reference one can do no more than load the state.
unsafe impl<T: Send> Sync for Replier<T> {}
// SAFETY: the asker's thread takes a value, or drops it, and touches else what is atomic or is handed over by it.
unsafe impl<T: Send> Send for Awaiter<T> {}
// SAFETY: by reference one can do no more than load the state.
unsafe impl<T: Send> Sync for Awaiter<T> {}
// SAFETY: it touches the state, and the memory when all others have left; never the value.
unsafe impl Send for Asker {}
// SAFETY: by reference one can do nothing.
unsafe impl Sync for Asker {}

// A panic finds no end half-way: what may panic (a waker, a value's drop) is called with the state in order.
impl<T> UnwindSafe for Replier<T> {}
impl<T> RefUnwindSafe for Replier<T> {}
impl<T> UnwindSafe for Awaiter<T> {}
impl<T> RefUnwindSafe for Awaiter<T> {}

/// Makes a slot that is in no envelope.
pub(super) fn pair<T>() -> (Replier<T>, Awaiter<T>) {
    let slot = Slot::allocate(RELEASED);
    (Replier { slot }, Awaiter { slot: Some(slot) })
}

/// Makes a slot whose reply goes into an envelope.
pub(super) fn queued<T>() -> (Replier<T>, Awaiter<T>, Asker) {
    let slot = Slot::allocate(0);
    (Replier { slot }, Awaiter { slot: Some(slot) }, Asker { header: slot.cast() })
}

impl<T> Replier<T> {
    /// Settles with the value; drops it if the asker has left.
    pub(super) fn send(self, value: T) {
        // It leaves here, and not again in its drop.
        let slot = ManuallyDrop::new(self).slot;
        // SAFETY: the replier has not left, so the slot is alive.
        let place = unsafe { Slot::value(slot) };
        // SAFETY: until it settles, nobody but the replier touches the value's place.
        unsafe { place.put(value) };
        // SAFETY: the replier has not left, and leaves by this.
        let settled = unsafe { Header::settle(slot.cast(), VALUE) };
        match settled {
            Settled::Told(waker) => wake_contained(waker),
            Settled::AskerLeft(waker) => {
                // SAFETY: it was written above, and is still the replier's.
                let value = unsafe { place.take() };
                // SAFETY: the replier has not left, and touches the slot no more.
                unsafe { Header::leave(slot.cast(), SETTLED) };
                drop(contained(|| drop(waker)));
                // Last of all, because it may panic.
                drop(value);
            }
        }
    }

    /// Tells whether the asker has left.
    pub(super) fn is_abandoned(&self) -> bool {
        // SAFETY: the replier has not left, so the slot is alive.
        let state = unsafe { Header::state(self.slot.cast()) };
        // Pairs with the asker's leaving, in `Awaiter::drop`.
        state.load(Ordering::Acquire) & LEFT != 0
    }
}

impl<T> Drop for Replier<T> {
    fn drop(&mut self) {
        // SAFETY: the replier has not left, and leaves by this.
        match unsafe { Header::settle(self.slot.cast(), 0) } {
            Settled::Told(waker) => wake_contained(waker),
            Settled::AskerLeft(waker) => {
                // SAFETY: the replier has not left, and touches the slot no more.
                unsafe { Header::leave(self.slot.cast(), SETTLED) };
                drop(contained(|| drop(waker)));
            }
        }
    }
}

impl<T> Awaiter<T> {
    /// Takes the answer, `None` where there is none any more, or has the waker woken when the slot is settled.
    pub(super) fn poll(&mut self, waker: &Waker) -> Poll<Option<T>> {
        let Some(slot) = self.slot else { return Poll::Ready(None) };
        // SAFETY: the asker has not left, so the slot is alive.
        let state = unsafe { Header::state(slot.cast()) };
        // SAFETY: as above.
        let place = unsafe { Header::waker(slot.cast()) };
        // Pairs with the replier's settling, and with the envelope's release.
        let mut seen = state.load(Ordering::Acquire);
        // Dropped at the end: a waker that panics in its drop finds nothing half-way.
        let mut _replaced = None;
        loop {
            if seen & SETTLED != 0 {
                return Poll::Ready(self.take_settled(seen));
            }
            if seen & SENDING != 0 {
                spin_loop();
                waker.wake_by_ref();
                return Poll::Pending;
            }
            if seen & WAITING != 0 {
                // SAFETY: WAITING was set by this asker after it wrote the waker, and it alone writes there. The replier may
                // be copying the waker out right now, but that writes nothing, and what is compared stays readable.
                if unsafe { place.look(|registered| registered.will_wake(waker)) } {
                    return Poll::Pending;
                }
                match state.compare_exchange(seen, seen & !WAITING, Ordering::AcqRel, Ordering::Acquire) {
                    // SAFETY: the asker has taken its waker back from the slot.
                    Ok(_) => _replaced = Some(unsafe { place.take() }),
                    Err(now) => {
                        seen = now;
                        continue;
                    }
                }
                seen &= !WAITING;
            }
            let registered = waker.clone();
            // SAFETY: neither WAITING nor SENDING is set: the replier looks there only after the step below.
            unsafe { place.put(registered) };
            match state.compare_exchange(seen, seen | WAITING, Ordering::AcqRel, Ordering::Acquire) {
                Ok(_) => return Poll::Pending,
                Err(now) => {
                    // SAFETY: it was written above, and WAITING not set.
                    _replaced = Some(unsafe { place.take() });
                    seen = now;
                }
            }
        }
    }

    /// Tells whether the replier has left, or the answer been taken.
    pub(super) fn is_settled(&self) -> bool {
        self.slot.is_none_or(|slot| {
            // SAFETY: the asker has not left, so the slot is alive.
            let state = unsafe { Header::state(slot.cast()) };
            // Relaxed: it is looked at by people, and decides nothing.
            state.load(Ordering::Relaxed) & SETTLED != 0
        })
    }

    /// Leaves a slot that was seen as settled, with its value.
    fn take_settled(&mut self, seen: usize) -> Option<T> {
        let slot = self.slot.take()?;
        let value = (seen & VALUE != 0).then(|| {
            // SAFETY: the asker has not left, so the slot is alive.
            let place = unsafe { Slot::value(slot) };
            // SAFETY: the replier wrote it before it settled, and since then it is the asker's, who leaves after this.
            unsafe { place.take() }
        });
        if seen & RELEASED != 0 {
            // SAFETY: the two others were seen to have left, and the asker touches the slot no more.
            unsafe { Header::free(slot.cast(), Slot::<T>::LAYOUT) };
        } else {
            // SAFETY: the asker has not left, and touches the slot no more.
            unsafe { Header::leave(slot.cast(), LEFT) };
        }
        value
    }
}

impl<T> Drop for Awaiter<T> {
    fn drop(&mut self) {
        let Some(slot) = self.slot else { return };
        // SAFETY: the asker has not left, so the slot is alive.
        let state = unsafe { Header::state(slot.cast()) };
        // Pairs with the replier's settling, and with the envelope's release.
        let mut seen = state.load(Ordering::Acquire);
        let mut _unused = None;
        loop {
            if seen & SETTLED != 0 {
                // Dropped when the slot has been left, because it may panic.
                drop(self.take_settled(seen));
                return;
            }
            let is_waker_mine = seen & WAITING != 0 && seen & SENDING == 0;
            let next = if is_waker_mine { seen & !WAITING } else { seen | LEFT };
            // Setting LEFT pairs with `Replier::is_abandoned`, with the replier's settling and with the envelope's release.
            match state.compare_exchange(seen, next, Ordering::AcqRel, Ordering::Acquire) {
                // The asker has left. It cannot be the last: the replier has not settled.
                Ok(_) if !is_waker_mine => return,
                Ok(_) => {
                    // SAFETY: the asker has not left, so the slot is alive.
                    let place = unsafe { Header::waker(slot.cast()) };
                    // SAFETY: the asker has taken its waker back from the slot.
                    _unused = Some(unsafe { place.take() });
                    seen = next;
                }
                Err(now) => seen = now,
            }
        }
    }
}

impl Asker {
    /// Lets go of the slot, and tells whether nobody waits for the answer any more. Not of one that was answered before its
    /// message was taken: what else the message carries is still to be handled.
    pub(crate) fn release(self) -> bool {
        // SAFETY: the envelope has not let go, and by this it does, once: the drop is not run.
        let before = unsafe { Header::leave(ManuallyDrop::new(self).header, RELEASED) };
        before & VALUE == 0 && before & (LEFT | SETTLED) != 0
    }
}

impl Drop for Asker {
    fn drop(&mut self) {
        // SAFETY: the envelope has not let go, and touches the slot no more.
        unsafe { Header::leave(self.header, RELEASED) };
    }
}

impl<T> Slot<T> {
    const LAYOUT: Layout = Layout::new::<Self>();

    fn allocate(state: usize) -> NonNull<Self> {
        let slot = pool::allocate(Self::LAYOUT).cast::<Self>();
        let header = Header { state: AtomicUsize::new(state), layout: &Self::LAYOUT, waker: Place::new() };
        // SAFETY: the block is new, and large and aligned enough for the whole slot.
        unsafe { slot.write(Self { header, value: Place::new() }) };
        slot
    }

    /// # Safety
    ///
    /// The caller's party has not left, and touches the place no more when it has.
    unsafe fn value<'a>(this: NonNull<Self>) -> &'a Place<T> {
        // SAFETY: the slot is alive while a party has not left.
        unsafe { &(*this.as_ptr()).value }
    }
}

impl<T> Place<T> {
    fn new() -> Self {
        Self(UnsafeCell::new(MaybeUninit::uninit()))
    }

    /// # Safety
    ///
    /// Nothing is there, and nobody else is at the place.
    unsafe fn put(&self, thing: T) {
        // SAFETY: the caller is alone at the place, which has room for it.
        self.0.with_mut(|place| unsafe { place.cast::<T>().write(thing) });
    }

    /// # Safety
    ///
    /// Something is there, and is the caller's: nobody else takes it.
    unsafe fn take(&self) -> T {
        // SAFETY: it is there, and by this moves to the caller.
        self.0.with(|place| unsafe { place.cast::<T>().read() })
    }

    /// # Safety
    ///
    /// Something is there, and nobody puts another thing there meanwhile. It may be on the move to another owner.
    unsafe fn look<R>(&self, look: impl FnOnce(&T) -> R) -> R {
        // SAFETY: moving a thing out leaves its bytes, which is all that is looked at.
        self.0.with(|place| look(unsafe { &*place.cast::<T>() }))
    }
}

/// How the replier's settling went.
enum Settled {
    /// The replier has left. The waker is to be woken.
    Told(Option<Waker>),
    /// The asker had left: the replier still has the value, and has to leave. The waker is of no use any more.
    AskerLeft(Option<Waker>),
}

/// Whoever leaves may have its slot freed under its hands by the next: what outlives the step is a reference to a field that is
/// all cell, or a pointer, and never a reference to the header.
impl Header {
    /// # Safety
    ///
    /// The caller's party has not left, and touches the state no more when it has.
    unsafe fn state<'a>(this: NonNull<Self>) -> &'a AtomicUsize {
        // SAFETY: the slot is alive while a party has not left.
        unsafe { &(*this.as_ptr()).state }
    }

    /// # Safety
    ///
    /// The caller's party has not left, and touches the place no more when it has.
    unsafe fn waker<'a>(this: NonNull<Self>) -> &'a Place<Waker> {
        // SAFETY: the slot is alive while a party has not left.
        unsafe { &(*this.as_ptr()).waker }
    }

    /// Settles for the replier, with `VALUE` or without, unless the asker has left.
    ///
    /// # Safety
    ///
    /// The replier has not left. If it is told to have, it touches the slot no more.
    unsafe fn settle(this: NonNull<Self>, value: usize) -> Settled {
        // SAFETY: the caller's promise.
        let state = unsafe { Self::state(this) };
        let mut claimed = None;
        // Pairs with the asker's registration, and with its leaving.
        let mut seen = state.load(Ordering::Acquire);
        loop {
            if seen & LEFT != 0 {
                return Settled::AskerLeft(claimed);
            }
            if seen & WAITING != 0 && seen & SENDING == 0 {
                let before = state.fetch_or(SENDING, Ordering::AcqRel);
                // Not if the asker has just taken it back; then it finds SENDING, and registers no other.
                if before & WAITING != 0 {
                    // SAFETY: the caller's promise.
                    let place = unsafe { Self::waker(this) };
                    // SAFETY: it is there, and from now on the replier's.
                    claimed = Some(unsafe { place.take() });
                }
                seen = before | SENDING;
                continue;
            }
            // Pairs with the asker's look, in `Awaiter::poll` and `Awaiter::drop`.
            match state.compare_exchange(seen, seen | SETTLED | value, Ordering::AcqRel, Ordering::Acquire) {
                Ok(_) => return Settled::Told(claimed),
                Err(now) => seen = now,
            }
        }
    }

    /// Leaves for the party whose bit it is, and frees the slot if it is the last. Gives the state before.
    ///
    /// # Safety
    ///
    /// The party has not left, and touches the slot no more. If it is the asker or the replier, no value is left behind.
    unsafe fn leave(this: NonNull<Self>, bit: usize) -> usize {
        // SAFETY: the caller's promise. What comes after the party's bit is set is done only by the last.
        let state = unsafe { Self::state(this) };
        // Pairs with itself, done by the other parties.
        let before = state.fetch_or(bit, Ordering::AcqRel);
        if (before | bit) & GONE == GONE {
            // SAFETY: the others have left, so the slot is alive, and this party's alone.
            let layout = unsafe { *(*this.as_ptr()).layout };
            // SAFETY: as above.
            unsafe { Self::free(this, layout) };
        }
        before
    }

    /// # Safety
    ///
    /// All parties have left, and the caller is the last of them. The layout is the slot's.
    unsafe fn free(this: NonNull<Self>, layout: Layout) {
        // SAFETY: the caller's promise.
        assert_exclusive(unsafe { &mut (*this.as_ptr()).state });
        // SAFETY: the slot was allocated with this layout. It needs no drop: its value and its waker are taken out of it.
        unsafe { pool::give_back(this.cast(), layout) };
    }
}
