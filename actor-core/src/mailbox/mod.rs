//! The receiving end: lanes, one wake signal, one consumer.
//!
//! ```text
//!  any thread                     ┌────────── Shared ───────────┐              the actor's thread
//!  Handle ── try_tell ──────────▶ │ lane 0  ▭▭▭▭▭   control     │
//!  Handle ── tell (waits) ──────▶ │ lane 1  ▭▭▭▭▭▭▭ blocks      │ ── take ──▶  Mailbox ── recv ──▶ actor
//!  Handle ── ask ───────────────▶ │ lane 2  ▭▭▭▭▭   votes       │
//!                                 │ signal  sleeping? + waker   │ ◀─ announce
//!                                 └─────────────────────────────┘
//! ```
//!
//! A lane is a ring (`ring`, or `evicting` where the newest takes the oldest's place) over memory made on first use
//! (`slots`). Which lane is served next is the `schedule`'s to say, and who wakes whom the `signal`'s.
#![expect(unsafe_code, reason = "a mailbox promises its signal to be its only consumer")]

mod beside;
mod by_key;
mod evicting;
pub(crate) mod exit;
mod figures;
mod filled;
mod kind;
pub(crate) mod lane;
mod laps;
mod late;
mod lazy;
mod life;
pub(crate) mod message;
#[cfg(all(test, any(loom, shuttle)))]
mod model;
mod places;
mod queue;
mod ring;
mod room;
mod schedule;
mod share;
mod shared;
pub(crate) mod signal;
mod slots;
mod sources;
mod stash;
mod table;
mod turns;

use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::thread;

use futures::Stream;
use futures::future::poll_fn;

use crate::panic::let_go;
use crate::sync::{Ordering, fence, spin_loop};

pub use lane::{Lane, LaneStats};
pub(crate) use life::Life;
pub use message::{Message, Variant};
pub(crate) use queue::{Envelope, LaneQueue, Refused};
pub(crate) use room::Waiting;
use schedule::Schedule;
pub(crate) use shared::{Closeable, Shared};
pub(crate) use sources::MOST_SHARE;
use stash::{Stash, Stashes};

/// Returns whether each lane's messages fit into the address space.
const fn lanes_fit<M: Message>() -> bool {
    let mut lane = 0;
    while lane < M::LANES.len() {
        if !queue::fits::<M>(&M::LANES[lane]) {
            return false;
        }
        lane += 1;
    }
    true
}

/// The receiving end of a mailbox, which belongs to one consumer.
///
/// Lanes are served in a stated order that starves none: control first (after 64 control messages in a row one data
/// message goes before), data lanes by turns of [`Lane::weight`](crate::Lane::weight) messages. Dropping the mailbox
/// closes it: what is still queued is dropped and counted as undelivered, and its askers see their replies dropped.
///
/// As a [`Stream`], it ends when it is closed and empty, or when no handle is left and it is empty.
pub struct Mailbox<M: Message> {
    shared: Arc<Shared<M>>,
    /// What the consumer keeps of lanes whose order is its own, by lane. Empty if there is no such lane.
    stashes: Option<Box<Stashes<M>>>,
    schedule: Schedule,
    /// The lane of the message that was given out last and is still being handled; [`NO_LANE`] if there is none.
    in_hand: u16,
    /// Whether that message came [beside](Self::give_beside) its lane.
    is_beside: bool,
    /// Whether the last message was a late result. Then one from elsewhere goes first, so that neither starves.
    was_late: bool,
    /// Whether nothing is received any more: what is left is undelivered.
    has_left: bool,
    /// Pauses before the next look at an empty mailbox.
    first_pauses: u16,
    /// Counts lanes that were looked at for memory to give back.
    rests: u16,
    /// Whether the thread that receives looks around before it sleeps.
    lingers: bool,
}

/// Pauses that a consumer makes at an empty mailbox before it announces sleep: about 0.5 µs where this was measured, which is
/// some more than it takes a message to go to another core and be answered, and a twentieth of what waking a thread takes.
const PAUSES: u16 = 32;

/// The most of them before the first look.
const MOST_FIRST_PAUSES: u16 = 16;

/// Lanes that are looked at for memory to give back whenever the consumer rests.
const LANES_A_REST: usize = 4;

/// No lane's index.
const NO_LANE: u16 = u16::MAX;

impl<M: Message> Mailbox<M> {
    pub(crate) fn new() -> Self {
        const { assert!(!M::LANES.is_empty(), "Message::LANES must name one lane at least") };
        const { assert!(M::LANES.len() < NO_LANE as usize, "Message::LANES must name fewer lanes than 65535") };
        const { assert!(lanes_fit::<M>(), "a lane of Message::LANES takes more memory than there are addresses for") };
        Self {
            shared: Arc::new(Shared::new()),
            stashes: M::LANES.iter().any(Stash::<M>::is_needed).then(|| Box::new(Stashes::new(M::LANES))),
            schedule: Schedule::new(M::LANES),
            in_hand: NO_LANE,
            is_beside: false,
            was_late: false,
            has_left: false,
            first_pauses: 1,
            rests: 0,
            lingers: false,
        }
    }

    /// Receives the next message, waiting for one. `None` means that no message can come any more: the mailbox was
    /// closed, or its last handle dropped, and everything accepted before that has been given out.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future loses nothing: a message is taken only when the future is ready.
    pub async fn recv(&mut self) -> Option<M> {
        poll_fn(|cx| self.poll_recv(cx)).await
    }

    /// Takes the next message if there is one. Never waits, and does not go on to look for what comes meanwhile.
    pub fn try_recv(&mut self) -> Option<M> {
        let message = self.take()?;
        self.tell_of_room();
        Some(message)
    }

    /// Polls for the next message; [`recv`](Self::recv) as a function for hand-written futures.
    pub fn poll_recv(&mut self, cx: &mut Context<'_>) -> Poll<Option<M>> {
        // Left by a poll before this one, which something else than a message has ended.
        self.shared.signal().begin();
        let polled = self.poll_next(cx);
        if let Poll::Ready(Some(_)) = polled {
            self.tell_of_room();
        }
        polled
    }

    /// Polls for the next message as an actor's loop does, which announces at the signal whenever its task rests.
    #[inline]
    pub(crate) fn poll_next(&mut self, cx: &mut Context<'_>) -> Poll<Option<M>> {
        match self.take() {
            Some(message) => Poll::Ready(Some(message)),
            None => match self.linger() {
                Some(message) => Poll::Ready(Some(message)),
                None => self.poll_empty(cx),
            },
        }
    }

    /// Looks again for a little while, if the executor's thread spins and what ended the last sleep came from another thread:
    /// where one message came from there is often a next one, and to be found asleep costs its sender a wake.
    ///
    /// Whoever finds a message at the first look waits longer before the next one, so that some more gather: a consumer that
    /// is close behind a producer has both fetch each line from the other's core.
    #[cold]
    fn linger(&mut self) -> Option<M> {
        if !self.lingers || !self.shared.signal().was_ended_from_afar() {
            return None;
        }
        let mut pauses = self.first_pauses;
        let mut left = PAUSES;
        while left > 0 {
            (0..pauses).for_each(|_| spin_loop());
            if let Some(message) = self.take() {
                let is_first_look = left == PAUSES;
                self.first_pauses = if is_first_look { (pauses * 2).min(MOST_FIRST_PAUSES) } else { 1 };
                return Some(message);
            }
            left = left.saturating_sub(pauses);
            pauses = 1;
        }
        self.first_pauses = 1;
        None
    }

    /// Announces sleep, and looks again.
    fn poll_empty(&mut self, cx: &mut Context<'_>) -> Poll<Option<M>> {
        self.rest();
        // SAFETY: there is one `Mailbox` to a signal, and it is borrowed alone.
        if unsafe { self.shared.signal().announce_sleep(cx.waker()) } {
            self.shared.tell_of_room(false);
        }
        // Asked before the last look: whoever closes or drops the last handle has sent everything before that.
        let no_more = self.shared.is_closed() || self.shared.handles() == 0;
        let polled = match self.take() {
            Some(message) => Poll::Ready(Some(message)),
            // A claim in flight becomes a message yet, and its sender wakes.
            None if no_more && (self.has_left || self.shared.is_drained()) => Poll::Ready(None),
            None => return Poll::Pending,
        };
        self.shared.signal().cancel_sleep();
        polled
    }

    /// Gives back memory of lanes that have been calm for a while: of a few lanes for each rest, by turns.
    fn rest(&mut self) {
        if self.has_left {
            return;
        }
        for _ in 0..M::LANES.len().min(LANES_A_REST) {
            let lane = usize::from(self.rests) % M::LANES.len();
            self.rests = self.rests.wrapping_add(1);
            self.shared.lane(lane).rest(stash_of(&mut self.stashes, lane));
        }
    }

    /// Sees that no sender waits for the room that a message has left. Whoever takes messages by hand may take no other.
    fn tell_of_room(&self) {
        // Pairs with the fence in `wait_for_room`.
        fence(Ordering::SeqCst);
        self.shared.tell_of_room(false);
    }

    #[inline]
    fn take(&mut self) -> Option<M> {
        self.finish();
        if self.has_left {
            return None;
        }
        let Self { shared, stashes, schedule, in_hand, .. } = self;
        let mut take = |lane: usize| {
            // SAFETY: there is one `Mailbox` to its lanes, it is borrowed alone, and it has not left.
            let message = unsafe { shared.lane(lane).take(stash_of(stashes, lane)) }?;
            *in_hand = lane as u16;
            Some(message)
        };
        // With one lane there is nothing to decide.
        if M::LANES.len() == 1 {
            return take(0);
        }
        if Shared::<M>::HAS_FEW {
            return schedule.next(M::LANES, take);
        }
        let next = |is_control, from| shared.filled(is_control).next(from);
        schedule.next_filled(M::LANES, next, |lane| {
            if let Some(message) = take(lane) {
                return Some(message);
            }
            let filled = shared.filled(M::LANES[lane].is_control());
            filled.clear(lane);
            // A message may have come whose sender saw the lane marked.
            let message = take(lane)?;
            filled.mark(lane);
            Some(message)
        })
    }

    /// Closes the mailbox: senders get their messages back from now on; what was accepted is still received.
    pub fn close(&self) {
        self.shared.close();
        self.shared.interrupt();
    }

    /// Tells what became of the messages so far, lane by lane.
    #[must_use]
    pub fn stats(&self) -> Vec<LaneStats> {
        self.shared.stats()
    }

    /// Closes the mailbox and gives out everything that was accepted and not received, with its lane's name, oldest
    /// first within each lane. It is counted as undelivered. Nothing is received after this.
    pub fn drain_undelivered(&mut self, mut hook: impl FnMut(&'static str, M)) {
        self.shared.close();
        self.finish();
        self.has_left = true;
        (0..M::LANES.len()).for_each(|lane| self.shared.lane(lane).leave());
        // SAFETY: there is one `Mailbox` to a signal, and it is borrowed alone.
        unsafe { self.shared.signal().leave() };
        for lane in 0..M::LANES.len() {
            let queue = self.shared.lane(lane);
            // SAFETY: there is one `Mailbox` to its lanes, it is borrowed alone, and it has left.
            while let Some(message) = unsafe { queue.take_undelivered(stash_of(&mut self.stashes, lane)) } {
                hook(M::LANES[lane].name(), message);
            }
        }
        let Some(beside) = self.shared.beside() else { return };
        // SAFETY: as above.
        while let Some(message) = unsafe { beside.late().next_of_last() } {
            beside.work_returns();
            let lane = message.lane();
            beside.lose(lane);
            hook(M::LANES[lane].name(), message);
        }
    }

    /// Counts the message in hand as handled. Receiving the next one does so as well.
    #[inline]
    pub(crate) fn finish(&mut self) {
        if self.in_hand != NO_LANE {
            let lane = usize::from(self.in_hand);
            match self.is_beside.then(|| self.shared.beside()).flatten() {
                Some(beside) => beside.finish(lane),
                None => self.shared.lane(lane).finish(),
            }
            self.is_beside = false;
            self.in_hand = NO_LANE;
        }
    }

    /// Gives out a message that did not pass through a lane: a timer's, or a late result. It is counted in the lane that it
    /// names, if there is one.
    pub(crate) fn give_beside(&mut self, message: M) -> M {
        self.finish();
        let lane = message.lane();
        if lane < M::LANES.len() {
            self.shared.make_beside();
            self.is_beside = true;
            self.in_hand = lane as u16;
        }
        message
    }

    /// Takes the oldest late result, unless the last message was one and `in_turn` is asked for.
    pub(crate) fn take_late(&mut self, in_turn: bool) -> Option<M> {
        if std::mem::take(&mut self.was_late) && in_turn {
            return None;
        }
        let beside = self.shared.beside()?;
        // SAFETY: there is one `Mailbox` to a stack of late results, and it is borrowed alone.
        let message = unsafe { beside.late().next() }?;
        beside.work_returns();
        self.was_late = true;
        Some(self.give_beside(message))
    }

    /// Tells whether the message in hand came from a lane that is handled in batches.
    #[inline]
    pub(crate) fn gives_batches(&self) -> bool {
        !self.is_beside && self.batch() > 1
    }

    /// Tells how many messages may be handled in one call, as the lane of the message in hand has it.
    #[inline]
    pub(crate) fn batch(&self) -> u32 {
        M::LANES.get(usize::from(self.in_hand)).map_or(1, Lane::most_in_batch)
    }

    /// Takes the next message of the same lane as the one in hand, out of turn.
    pub(crate) fn take_alike(&mut self) -> Option<M> {
        let lane = usize::from(self.in_hand);
        // SAFETY: there is one `Mailbox` to its lanes and it is borrowed alone. It has not left: there is a message in hand.
        let message = unsafe { self.shared.lane(lane).take(stash_of(&mut self.stashes, lane)) }?;
        self.shared.lane(lane).finish();
        Some(message)
    }

    /// Tells whether a control message may wait in another lane than that of the message in hand.
    pub(crate) fn has_other_control(&self) -> bool {
        if !Shared::<M>::HAS_FEW {
            return self.shared.filled(true).any_but(usize::from(self.in_hand));
        }
        let is_other = |lane: usize| M::LANES[lane].is_control() && lane != usize::from(self.in_hand);
        (0..M::LANES.len()).any(|lane| is_other(lane) && self.holds_any(lane))
    }

    pub(crate) fn linger_if(&mut self, lingers: bool) {
        self.lingers = lingers;
    }

    pub(crate) fn is_closed(&self) -> bool {
        self.shared.is_closed()
    }

    /// Returns whether several messages wait, or may wait where there are many lanes.
    #[cold]
    pub(crate) fn has_several(&self) -> bool {
        if !Shared::<M>::HAS_FEW {
            return self.shared.filled(true).any() || self.shared.filled(false).any();
        }
        let waiting = |lane| self.shared.lane(lane).waiting(self.stashes.as_ref().map(|stashes| stashes.of(lane)));
        self.shared.has_late() || (0..M::LANES.len()).map(waiting).sum::<u64>() > 1
    }

    /// Tells whether anything is queued, wanted or not.
    pub(crate) fn has_messages(&self) -> bool {
        (0..M::LANES.len()).any(|lane| self.holds_any(lane))
    }

    /// Returns whether a message may be there to be taken. Cheaper than [`has_messages`](Self::has_messages).
    pub(crate) fn has_next(&self) -> bool {
        if !Shared::<M>::HAS_FEW {
            return [false, true].into_iter().any(|is_control| self.shared.filled(is_control).any());
        }
        (0..M::LANES.len())
            .any(|lane| self.shared.lane(lane).has_next(self.stashes.as_ref().map(|stashes| stashes.of(lane))))
    }

    fn holds_any(&self, lane: usize) -> bool {
        self.shared.lane(lane).holds_any(self.stashes.as_ref().map(|stashes| stashes.of(lane)))
    }

    pub(crate) fn shared(&self) -> &Arc<Shared<M>> {
        &self.shared
    }
}

/// Returns the stash of a lane, if any lane has one.
#[inline]
fn stash_of<M>(stashes: &mut Option<Box<Stashes<M>>>, lane: usize) -> Option<&mut Stash<M>> {
    stashes.as_mut().map(|stashes| stashes.of_mut(lane))
}

impl<M: Message> Drop for Mailbox<M> {
    fn drop(&mut self) {
        let mut panicked = None;
        // A message that panics in its drop must not keep the askers behind it waiting for ever.
        while let Err(panic) = catch_unwind(AssertUnwindSafe(|| self.drain_undelivered(|_, message| drop(message)))) {
            match panicked {
                None => panicked = Some(panic),
                Some(_) => let_go(panic),
            }
        }
        let Some(panic) = panicked else { return };
        if thread::panicking() { let_go(panic) } else { resume_unwind(panic) }
    }
}

impl<M: Message> Stream for Mailbox<M> {
    type Item = M;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<M>> {
        self.get_mut().poll_recv(cx)
    }
}

// Nothing in a mailbox is pinned: messages are moved in and out.
impl<M: Message> Unpin for Mailbox<M> {}

impl<M: Message> fmt::Debug for Mailbox<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Mailbox").field("lanes", &self.stats()).finish()
    }
}
