//! The one wake signal of a mailbox: who sleeps, who is gone, and whom to wake.
//!
//! # Protocol
//!
//! The consumer, alone, announces sleep; producers, any number, end it.
//!
//! ```text
//! consumer (poll)                           producer (after publishing a message)
//!   take -> nothing
//!   keep the waker, unless it is kept
//!   set SLEEPING              SeqCst (1)      publish                SeqCst (3)
//!   take again -> something: clear it         SLEEPING set?          SeqCst (4)   no -> done
//!              -> nothing: Pending  (2)         yes: SLEEPING -> WAKERS + 1: the one whose exchange
//!                                               succeeds wakes, and takes one from WAKERS
//! ```
//!
//! The second take is there because a producer may have published between the first take and (1): it saw nobody asleep and
//! owes no wake. In the one order of `SeqCst` accesses either (3) comes before (2), and the second take finds the message,
//! or (1) comes before (4), and the producer sees the sleeper. Only one exchange clears a set bit, so there is at most one
//! wake for each announced sleep, however many producers there are, and none while the consumer runs.
//!
//! A handler that waits is another kind of sleep: messages do not end it, but whoever stops the actor does. It has a bit of
//! its own, `WAITING`, which only [`Signal::interrupt`] looks at.
//!
//! # Interrupts
//!
//! A task also decides by other things than messages: a stop, the close, work that has come back. **Whatever changes what a
//! waiting task would decide must interrupt, after the change.** An interrupt leaves a mark, because the task may look at one
//! of these things before the change, and announce its sleep after it:
//!
//! ```text
//! consumer (poll)                           whoever changes something
//!   clear INTERRUPTED         Acquire         change
//!   look at everything                        set INTERRUPTED         Release
//!   set SLEEPING or WAITING                   SLEEPING or WAITING set?  yes -> wake
//!   was INTERRUPTED set?  yes -> wake itself
//! ```
//!
//! All steps on the right but the change, and all on the left but the looks, change one word. So the mark is set before it is
//! cleared, and the looks see the change; or before the announcement, which sees the mark; or after that, and the sleeper
//! is seen.
//!
//! # The waker stays
//!
//! The waker is left in place from one sleep to the next, so that a wake neither clones nor drops it. Producers look at it
//! only between an exchange that cleared a bit and their own end, and count themselves in `WAKERS` meanwhile. The consumer
//! replaces it only when one load shows no bit set and that count at zero: then nobody can begin to look, because only the
//! consumer sets bits, and a counted waker that fails. If another's wake is still in flight when the waker has to be
//! replaced, the consumer wakes itself instead of sleeping, and looks again.
//!
//! # A waker that panics
//!
//! A wake that unwinds has woken nobody, but its exchange has cleared the bits, and every later sender would pass by. So the
//! same step that takes it from `WAKERS` sets the bits again: the next sender, `stop` or the last handle wakes again.
//!
//! ```text
//! waker (unwinding)                         consumer (awake meanwhile for another reason)
//!   WAKERS - 1, SLEEPING again   (5)          clear the bits
//!                                             one load: no bit, no WAKERS?  (6)   no -> clear, or wake itself
//!                                               yes -> replace the waker
//! ```
//!
//! Both in one step, because a look between the two would find no bit and no waker, replace the waker, and have the bits set
//! under it. (5) before (6) is seen as a bit, and cleared; (6) before (5) is seen as a waker. Bits that are set again while
//! the consumer is awake cost one wake for nothing.
#![expect(unsafe_code, reason = "the waker is read by several threads at once and replaced by one")]

use std::fmt;
use std::sync::atomic::AtomicUsize as PlainUsize;
use std::task::Waker;

use crate::mailbox::consumer::LocalSide;
use crate::panic::contained;
use crate::sync::{AtomicUsize, Ordering, UnsafeCell, comes_back, store_before_load};

/// The consumer waits for a message.
const SLEEPING: usize = 1;
/// The consumer waits for something else, and wants to know only of its end.
const WAITING: usize = 1 << 1;
/// The consumer takes nothing any more, and has settled what was claimed before.
const GONE: usize = 1 << 2;
/// A sender waits for room in a lane, or is about to: the consumer looks for it before it sleeps.
const ROOM_WANTED: usize = 1 << 3;
/// The last sleep was ended by another thread than the consumer's, which may be about to send more.
const FROM_AFAR: usize = 1 << 4;
/// Something was changed, besides messages, since the consumer last began to look.
const INTERRUPTED: usize = 1 << 5;
/// One thread that is waking the consumer.
const WAKER: usize = 1 << 6;

thread_local! {
    /// Its address tells threads apart.
    static HERE: u8 = const { 0 };
}

/// In `sleeper`: the consumer has announced a sleep since it last was awake. The bit in the word does not tell, because a wake
/// that failed may have set it again.
const ANNOUNCED: usize = 1;

/// Tells threads apart that live at the same time. Even.
fn here() -> usize {
    // A thread that is ending is some other thread's equal at worst: this is not what correctness hangs on.
    HERE.try_with(|here| std::ptr::from_ref(here).addr() << 1).unwrap_or_default()
}

/// Wakes the consumer of a mailbox, at most once per announced sleep.
pub(crate) struct Signal {
    /// [`SLEEPING`], [`WAITING`], [`GONE`], [`ROOM_WANTED`], [`FROM_AFAR`], [`INTERRUPTED`], and how many threads are waking the consumer just
    /// now.
    word: AtomicUsize,
    /// The thread that announced the last sleep, and [`ANNOUNCED`]. Written by the consumer alone. loom is not told of it:
    /// nothing but a little time hangs on what others read here.
    sleeper: PlainUsize,
    /// Whom to wake. Written by the consumer only, when nobody can be looking.
    waker: UnsafeCell<Option<Waker>>,
}

// SAFETY: a waker may be used from any thread; who may touch the cell is decided by the word.
unsafe impl Sync for Signal {}

impl Signal {
    pub(crate) fn new() -> Self {
        Self { word: AtomicUsize::new(0), sleeper: PlainUsize::new(0), waker: UnsafeCell::new(None) }
    }

    /// Tells whether the last sleep was ended by another thread.
    #[inline]
    pub(crate) fn was_ended_from_afar(&self) -> bool {
        self.word.load(Ordering::Relaxed) & FROM_AFAR != 0
    }

    /// Asks the consumer to look for senders that wait for room before it sleeps.
    pub(crate) fn want_room(&self) {
        // Release: the consumer then sees that this sender waits. Acquire: or else this sender sees what it freed.
        self.word.fetch_or(ROOM_WANTED, Ordering::AcqRel);
    }

    /// Says that the consumer is awake, and looks at everything that it goes by after this.
    pub(crate) fn begin(&self) {
        self.cancel_sleep();
        // Relaxed: a mark that is missed here is found by the announcement.
        if self.word.load(Ordering::Relaxed) & INTERRUPTED != 0 {
            // Acquire: pairs with the Release in `interrupt`, so that the looks that follow see what was changed.
            self.word.fetch_and(!INTERRUPTED, Ordering::Acquire);
        }
    }

    /// Takes an announcement back, if nobody has ended it yet.
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

    /// Ends the consumer's sleep if it sleeps, after a message was published. Tells whether it is [gone](Self::leave).
    #[inline]
    pub(crate) fn notify(&self) -> bool {
        // A plain load, which keeps producers off each other's cache line while the consumer is awake.
        let word = self.word.load(Ordering::SeqCst);
        // Who has left needs no wake, and a panic in it would keep the sender from taking its message back.
        if word & (SLEEPING | GONE) == SLEEPING {
            self.wake(SLEEPING);
        }
        word & GONE != 0
    }

    /// Ends whatever sleep the consumer has announced, after something was published that it looks for.
    pub(crate) fn interrupt(&self) {
        // Release: pairs with the Acquire in `begin`. Acquire: or with that of `announce`, which comes first then.
        if self.word.fetch_or(INTERRUPTED, Ordering::AcqRel) & (SLEEPING | WAITING) != 0 {
            self.wake(SLEEPING | WAITING);
        }
    }

    /// Wakes the consumer if one of the bits is set still. Tells whether it did.
    #[cold]
    fn wake(&self, bits: usize) -> bool {
        let from = if self.sleeper.load(Ordering::Relaxed) & !ANNOUNCED == here() { 0 } else { FROM_AFAR };
        let to_waker = |word| (word & bits != 0).then_some(((word & !(SLEEPING | WAITING | FROM_AFAR)) | from) + WAKER);
        // Acquire: pairs with the Release in `announce`.
        let Ok(before) = self.word.fetch_update(Ordering::AcqRel, Ordering::Relaxed, to_waker) else { return false };
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

/// The consumer's operations, all on one thread. None of them runs foreign code while it is at the waker's cell.
impl LocalSide<'_, Signal> {
    /// Announces that the consumer is about to sleep until a message comes. The caller must look once more after this. Tells
    /// whether a sender may be waiting for room that the consumer has made.
    pub(crate) fn announce_sleep(&self, waker: &Waker) -> bool {
        self.sleeper.store(here() | ANNOUNCED, Ordering::Relaxed);
        self.announce(SLEEPING, waker)
    }

    /// Announces that the consumer waits for something besides messages, unless it has announced its sleep already. Tells
    /// whether a sender may be waiting for room that the consumer has made.
    pub(crate) fn announce_wait(&self, waker: &Waker) -> bool {
        if self.sleeper.load(Ordering::Relaxed) & ANNOUNCED != 0 {
            return false;
        }
        self.sleeper.store(here(), Ordering::Relaxed);
        self.announce(WAITING, waker)
    }

    fn announce(&self, sleep: usize, waker: &Waker) -> bool {
        self.clear_bits();
        // SAFETY: only the consumer's thread replaces the waker, which is this one.
        let is_kept = self.waker.with(|kept| unsafe { &*kept }.as_ref().is_some_and(|kept| kept.will_wake(waker)));
        if !is_kept && !self.replace_waker(waker) {
            waker.wake_by_ref();
            comes_back();
            return false;
        }
        // Release, within SeqCst: who clears the bit finds this waker, and who then waits for room the slots freed before.
        let before = self.word.fetch_or(sleep, Ordering::SeqCst);
        store_before_load();
        if before & INTERRUPTED != 0 {
            waker.wake_by_ref();
        }
        let is_room_wanted = before & ROOM_WANTED != 0;
        if is_room_wanted {
            // Acquire: whoever's wish is cleared here is seen to wait by the look that follows.
            self.word.fetch_and(!ROOM_WANTED, Ordering::Acquire);
        }
        is_room_wanted
    }

    /// Keeps another waker from now on, unless a thread is at the one that is kept.
    #[cold]
    fn replace_waker(&self, waker: &Waker) -> bool {
        // Acquire: pairs with the Release in `Counted`, so that those who looked at the waker are done with it.
        let mut word = self.word.load(Ordering::Acquire);
        // One load for both (6). It goes round once for each wake that failed since the bits were cleared.
        while word & (SLEEPING | WAITING) != 0 && word < WAKER {
            word = self.word.fetch_and(!(SLEEPING | WAITING), Ordering::AcqRel) & !(SLEEPING | WAITING);
        }
        if word >= WAKER {
            return false;
        }
        let waker = waker.clone();
        // SAFETY: no bit is set and nobody is counted, so no other thread looks, or can begin to.
        let replaced = self.waker.with_mut(|kept| unsafe { (*kept).replace(waker) });
        // It may be a stranger's, whose panic is not the actor's: a mailbox may have been received from by hand before.
        drop(contained(|| drop(replaced)));
        true
    }

    /// Says that the consumer takes nothing any more. What it has not seen published comes back to its sender, who sees
    /// this once it has published. Lets the waker go, unless someone is using it.
    pub(crate) fn leave(&self) {
        // Before anything else, for loom's sake: it remembers a thread's last access alone, and a look here would have it
        // forget who else has looked at the word, and what might be if they had looked later.
        self.word.fetch_or(GONE, Ordering::SeqCst);
        store_before_load();
        self.cancel_sleep();
        // Acquire: pairs with the Release in `Counted`, so that those who looked at the waker are done with it.
        if self.word.load(Ordering::Acquire) < WAKER {
            // SAFETY: no bit is set and nobody is counted, so no other thread looks, or can begin to.
            let waker = self.waker.with_mut(|waker| unsafe { (*waker).take() });
            drop(contained(|| drop(waker)));
        }
    }
}

/// A thread that is waking the consumer, counted until it is done, however that ends.
struct Counted<'a> {
    word: &'a AtomicUsize,
    /// The bits that it cleared, until the wake has returned: none has been woken before that.
    owed: usize,
}

impl Drop for Counted<'_> {
    fn drop(&mut self) {
        if self.owed == 0 {
            // Release: pairs with the Acquire in `replace_waker`.
            self.word.fetch_sub(WAKER, Ordering::Release);
            return;
        }
        // Both in one step (5). Nobody wakes a consumer that is gone.
        let to_owed = |word: usize| Some((word - WAKER) | if word & GONE == 0 { self.owed } else { 0 });
        // It always succeeds. Acquire: the bits hand the consumer's waker on to whoever clears them.
        _ = self.word.fetch_update(Ordering::AcqRel, Ordering::Relaxed, to_owed);
    }
}

impl fmt::Debug for Signal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Signal").finish_non_exhaustive()
    }
}
