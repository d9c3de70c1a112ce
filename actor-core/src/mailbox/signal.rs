//! The one wake signal of a mailbox: whether the consumer sleeps or is gone, and its waker.
//!
//! # Protocol
//!
//! Only the consumer announces sleep. Any number of producers end it.
//!
//! ```text
//! consumer (poll)                           producer (after publishing a message)
//!   take -> nothing
//!   keep the waker, unless it is kept
//!   set SLEEPING              SeqCst (1)      publish                SeqCst (3)
//!   take again -> something: clear it         SLEEPING set?          SeqCst (4)  no -> done
//!              -> nothing: Pending  (2)         yes: SLEEPING -> WAKERS + 1; a successful
//!                                               exchange wakes, and takes one from WAKERS
//! ```
//!
//! The second take is necessary because a producer may publish between the first take and (1). Such
//! a producer saw no sleeper and does not wake the consumer. In the single order of all `SeqCst`
//! accesses there are two cases. If (3) comes before (2), the second take finds the message. If (1)
//! comes before (4), the producer sees the sleeper. Only one exchange clears a set bit. So there is
//! at most one wake for each announced sleep, with any number of producers, and no wake while the
//! consumer runs.
//!
//! A waiting handler is another kind of sleep: messages do not end it, but a stop of the actor
//! does. It has a bit of its own, `WAITING`, for [`Signal::interrupt`] only.
//!
//! # Interrupts
//!
//! A waiting task also depends on state other than messages: a stop, the close, returned work. **An
//! interrupt must follow each change of this state.** An interrupt leaves a mark, because the task
//! may read the old state before the change and announce its sleep after the change:
//!
//! ```text
//! consumer (poll)                           thread with a change
//!   clear INTERRUPTED         Acquire         change
//!   check everything                          set INTERRUPTED         Release
//!   set SLEEPING or WAITING                   SLEEPING or WAITING set?  yes -> wake
//!   was INTERRUPTED set?  yes -> wake itself
//! ```
//!
//! Apart from the change itself and the reads, all steps access one word. So there are three cases.
//! If the mark is set before it is cleared, the reads see the change. If it is set before the
//! announcement, the announcement sees the mark. If it is set later, the interrupt sees the
//! sleeper.
//!
//! # The waker stays
//!
//! The waker stays in place from one sleep to the next, so a wake neither clones nor drops it. A
//! producer uses the waker only after its exchange has cleared a bit, and is counted in `WAKERS`
//! while it does. The consumer replaces the waker only when one load shows no bit set and a count
//! of zero. Then no thread can begin to use the waker, because only two parties set bits: the
//! consumer, and a counted producer with a failed wake. If another wake is still in flight when the
//! waker has to be replaced, the consumer wakes itself instead of sleeping, and checks again.
//!
//! # A waker that panics
//!
//! A wake that unwinds has woken no task, but its exchange has cleared the bits, so every later
//! sender would skip the wake. Therefore the step that uncounts the producer from `WAKERS` also
//! sets the bits again: the next sender, `stop` or last handle wakes again.
//!
//! ```text
//! waker (unwinding)                         consumer (awake meanwhile for another reason)
//!   WAKERS - 1, SLEEPING again   (5)          clear the bits
//!                                             one load: no bit, no WAKERS? (6)
//!                                               no  -> clear, or wake itself
//!                                               yes -> replace the waker
//! ```
//!
//! Step (5) uncounts the producer and sets the bits in one change of the word. With two changes,
//! load (6) could come between them and find neither a bit nor a counted waker. The consumer would
//! then replace the waker before the bits are set again. With one change there are two cases. If
//! (5) comes before (6), the consumer sees a bit and clears it. If (6) comes before (5), it sees a
//! counted waker. Bits set again while the consumer is awake cost one needless wake.
#![expect(unsafe_code, reason = "the waker is read by several threads at once and replaced by one")]

use std::fmt;
use std::sync::atomic::AtomicUsize as PlainUsize;
use std::task::Waker;

use crate::mailbox::consumer::LocalSide;
use crate::panic::contained;
use crate::sync::{AtomicUsize, Ordering, UnsafeCell, comes_back, store_before_load};

/// The consumer waits for a message.
const SLEEPING: usize = 1;
/// The consumer waits for something else, and is to be woken by interrupts only.
const WAITING: usize = 1 << 1;
/// The consumer takes nothing any more, and has settled all earlier claims.
const GONE: usize = 1 << 2;
/// A sender waits for room in a lane, or is about to. The consumer checks for such senders before
/// it sleeps.
const ROOM_WANTED: usize = 1 << 3;
/// Another thread than the consumer's ended the last sleep, and may be about to send more.
const FROM_AFAR: usize = 1 << 4;
/// Something besides messages was changed since the consumer last began its checks.
const INTERRUPTED: usize = 1 << 5;
/// One thread in the middle of a wake.
const WAKER: usize = 1 << 6;

thread_local! {
    /// Its address tells threads apart.
    static HERE: u8 = const { 0 };
}

/// In `sleeper`: the consumer has announced a sleep since it was last awake. The bit in the word
/// does not show this, because a failed wake may have set it again.
const ANNOUNCED: usize = 1;

/// Returns an even number, different for threads alive at the same time.
fn here() -> usize {
    // An ending thread may share its number with another thread. Correctness does not depend on
    // this.
    HERE.try_with(|here| std::ptr::from_ref(here).addr() << 1).unwrap_or_default()
}

/// Whether an actor's task sleeps.
#[doc(hidden)]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Sleep {
    /// It has its turn, or waits for it.
    #[default]
    Awake,
    /// Until the next message.
    ForMessages,
    /// Until something else: with a message in hand, a handler awaits it.
    ForOther,
}

/// Wakes the consumer of a mailbox, at most once per announced sleep.
pub(crate) struct Signal {
    /// [`SLEEPING`], [`WAITING`], [`GONE`], [`ROOM_WANTED`], [`FROM_AFAR`], [`INTERRUPTED`], and
    /// the number of threads in the middle of a wake.
    word: AtomicUsize,
    /// The thread of the last announcement, and [`ANNOUNCED`]. Written by the consumer alone.
    /// Hidden from loom, because a wrong value read by others costs a little time and nothing else.
    sleeper: PlainUsize,
    /// The consumer's waker. Written by the consumer only, at times when no other thread can be
    /// reading it.
    waker: UnsafeCell<Option<Waker>>,
}

// SAFETY: a waker may be used from any thread. Only the consumer's thread writes the cell, through
// a `LocalSide`, and the word decides when other threads may read it.
unsafe impl Sync for Signal {}

impl Signal {
    pub(crate) fn new() -> Self {
        Self {
            word: AtomicUsize::new(0),
            sleeper: PlainUsize::new(0),
            waker: UnsafeCell::new(None),
        }
    }

    /// Returns whether another thread ended the last sleep.
    #[inline]
    pub(crate) fn was_ended_from_afar(&self) -> bool {
        self.word.load(Ordering::Relaxed) & FROM_AFAR != 0
    }

    /// Returns whether the consumer sleeps now, for a look from outside.
    pub(crate) fn sleep(&self) -> Sleep {
        match self.word.load(Ordering::Relaxed) {
            word if word & SLEEPING != 0 => Sleep::ForMessages,
            word if word & WAITING != 0 => Sleep::ForOther,
            _ => Sleep::Awake,
        }
    }

    /// Requests a check for senders waiting for room, before the consumer sleeps.
    pub(crate) fn want_room(&self) {
        // Release: the consumer then sees this sender waiting. Acquire: otherwise this sender sees
        // the room freed by the consumer.
        self.word.fetch_or(ROOM_WANTED, Ordering::AcqRel);
    }

    /// Marks the consumer as awake, before it reads the state for its next decisions.
    pub(crate) fn begin(&self) {
        self.cancel_sleep();
        // Relaxed: the announcement finds a mark missed here.
        if self.word.load(Ordering::Relaxed) & INTERRUPTED != 0 {
            // Acquire: pairs with the Release in `interrupt`, so that the later reads see the
            // change.
            self.word.fetch_and(!INTERRUPTED, Ordering::Acquire);
        }
    }

    /// Takes an announcement back, unless another thread has ended it already.
    pub(crate) fn cancel_sleep(&self) {
        let sleeper = self.sleeper.load(Ordering::Relaxed);
        self.sleeper.store(sleeper & !ANNOUNCED, Ordering::Relaxed);
        self.clear_bits();
    }

    fn clear_bits(&self) {
        if self.word.load(Ordering::Relaxed) & (SLEEPING | WAITING) != 0 {
            self.word.fetch_and(!(SLEEPING | WAITING), Ordering::AcqRel);
        }
    }

    /// Ends the consumer's sleep if it sleeps, after a message was published. Returns whether the
    /// consumer is `GONE`.
    #[inline]
    pub(crate) fn notify(&self) -> bool {
        // A plain load, so that producers do not take the cache line from each other while the
        // consumer is awake.
        let word = self.word.load(Ordering::SeqCst);
        // A departed consumer needs no wake, and a panic in the wake would keep the sender from
        // taking its message back.
        if word & (SLEEPING | GONE) == SLEEPING {
            self.wake(SLEEPING);
        }
        word & GONE != 0
    }

    /// Ends any announced sleep, after a change to the consumer's decisions.
    pub(crate) fn interrupt(&self) {
        // Release: pairs with the Acquire in `begin`, or with the Acquire in `announce` if this
        // comes first.
        if self.word.fetch_or(INTERRUPTED, Ordering::AcqRel) & (SLEEPING | WAITING) != 0 {
            self.wake(SLEEPING | WAITING);
        }
    }

    /// Wakes the consumer if one of the bits is still set. Returns whether it did.
    #[cold]
    fn wake(&self, bits: usize) -> bool {
        let from =
            if self.sleeper.load(Ordering::Relaxed) & !ANNOUNCED == here() { 0 } else { FROM_AFAR };
        let to_waker = |word| {
            (word & bits != 0)
                .then_some(((word & !(SLEEPING | WAITING | FROM_AFAR)) | from) + WAKER)
        };
        // Acquire: pairs with the Release in `announce`.
        let Ok(before) = self.word.fetch_update(Ordering::AcqRel, Ordering::Relaxed, to_waker)
        else {
            return false;
        };
        let mut counted = Counted { word: &self.word, owed: before & (SLEEPING | WAITING) };
        self.waker.with(|waker| {
            // SAFETY: this thread is counted, so the consumer does not replace the waker.
            if let Some(waker) = unsafe { &*waker } {
                waker.wake_by_ref();
            }
        });
        counted.owed = 0;
        true
    }
}

/// The consumer's operations, all on one thread. None of them runs foreign code during an access to
/// the waker's cell.
impl LocalSide<'_, Signal> {
    /// Announces that the consumer is about to sleep until a message arrives. The caller must check
    /// again after this. Returns whether a sender may be waiting for room freed by the
    /// consumer.
    pub(crate) fn announce_sleep(self, waker: &Waker) -> bool {
        self.sleeper.store(here() | ANNOUNCED, Ordering::Relaxed);
        self.announce(SLEEPING, waker)
    }

    /// Announces that the consumer waits for something besides messages, unless it has announced
    /// sleep already. Returns whether a sender may be waiting for room freed by the consumer.
    pub(crate) fn announce_wait(self, waker: &Waker) -> bool {
        if self.sleeper.load(Ordering::Relaxed) & ANNOUNCED != 0 {
            return false;
        }
        self.sleeper.store(here(), Ordering::Relaxed);
        self.announce(WAITING, waker)
    }

    fn announce(self, sleep: usize, waker: &Waker) -> bool {
        self.clear_bits();
        // SAFETY: only the consumer replaces the waker, and this is the consumer's thread.
        let is_kept = self
            .waker
            .with(|kept| unsafe { &*kept }.as_ref().is_some_and(|kept| kept.will_wake(waker)));
        if !is_kept && !self.replace_waker(waker) {
            waker.wake_by_ref();
            comes_back();
            return false;
        }
        // Release, within SeqCst: a thread that clears the bit finds this waker, and a thread that
        // then waits for room finds the slots freed before.
        let before = self.word.fetch_or(sleep, Ordering::SeqCst);
        store_before_load();
        if before & INTERRUPTED != 0 {
            waker.wake_by_ref();
        }
        let is_room_wanted = before & ROOM_WANTED != 0;
        if is_room_wanted {
            // Acquire: the following check sees each sender whose request is cleared here.
            self.word.fetch_and(!ROOM_WANTED, Ordering::Acquire);
        }
        is_room_wanted
    }

    /// Replaces the kept waker, unless a thread is using it. Returns whether it did.
    #[cold]
    fn replace_waker(&self, waker: &Waker) -> bool {
        // Acquire: pairs with the Release in `Counted`, so that all earlier uses of the waker are
        // finished.
        let mut word = self.word.load(Ordering::Acquire);
        // One load for both (6). The loop repeats once for each wake that failed after the bits
        // were cleared.
        while word & (SLEEPING | WAITING) != 0 && word < WAKER {
            word = self.word.fetch_and(!(SLEEPING | WAITING), Ordering::AcqRel)
                & !(SLEEPING | WAITING);
        }
        if word >= WAKER {
            return false;
        }
        let waker = waker.clone();
        // SAFETY: no bit is set and no thread is counted, so no other thread reads the waker or can
        // begin to.
        let replaced = self.waker.with_mut(|kept| unsafe { (*kept).replace(waker) });
        // It may belong to a stranger, because the mailbox may have been received from by hand
        // before. The stranger's panic is not the actor's.
        drop(contained(|| drop(replaced)));
        true
    }

    /// Records the consumer's departure: it takes nothing any more. The sender of an untaken
    /// message sees this after its publication, and takes the message back. Drops the waker, unless
    /// a thread is using it.
    pub(crate) fn leave(&self) {
        // First, for loom's sake: loom remembers only a thread's last access. A load here would
        // make it forget the loads of other threads, and the outcomes in which these come later.
        self.word.fetch_or(GONE, Ordering::SeqCst);
        store_before_load();
        self.cancel_sleep();
        // Acquire: pairs with the Release in `Counted`, so that all earlier uses of the waker are
        // finished.
        if self.word.load(Ordering::Acquire) < WAKER {
            // SAFETY: no bit is set and no thread is counted, so no other thread reads the waker.
            // None can begin to, because no wake sets a bit again once `GONE` is set.
            let waker = self.waker.with_mut(|waker| unsafe { (*waker).take() });
            drop(contained(|| drop(waker)));
        }
    }
}

/// A thread in the middle of a wake. It is counted until the wake ends, by return or by panic.
struct Counted<'a> {
    word: &'a AtomicUsize,
    /// The bits cleared by this thread, until the wake has returned. Before that, no task has been
    /// woken for them.
    owed: usize,
}

impl Drop for Counted<'_> {
    fn drop(&mut self) {
        if self.owed == 0 {
            // Release: pairs with the Acquire in `replace_waker`.
            self.word.fetch_sub(WAKER, Ordering::Release);
            return;
        }
        // Both in one step (5). A departed consumer is not woken again.
        let to_owed =
            |word: usize| Some((word - WAKER) | if word & GONE == 0 { self.owed } else { 0 });
        // It always succeeds. Acquire: the bits hand the consumer's waker on to the next thread
        // that clears them.
        _ = self.word.fetch_update(Ordering::AcqRel, Ordering::Relaxed, to_owed);
    }
}

impl fmt::Debug for Signal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Signal").finish_non_exhaustive()
    }
}
