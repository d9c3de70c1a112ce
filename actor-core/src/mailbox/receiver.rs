//! The consumer at work: its next message, and its sleep.

use std::task::{Context, Poll};

use crate::mailbox::consumer::{ConsumerSide, Here, Taking};
use crate::mailbox::down::MonitorId;
use crate::mailbox::exit::Ended;
use crate::mailbox::lane::Lane;
use crate::mailbox::looks::Look;
use crate::mailbox::message::Message;
use crate::mailbox::queue::LaneQueue;
use crate::mailbox::schedule::Schedule;
use crate::mailbox::shared::{Closeable, Shared};
use crate::mailbox::stash::{Stash, Stashes};
use crate::panic::drop_contained;
use crate::sync::{Ordering, fence, spin_loop};

/// Pauses of a lingering consumer at an empty mailbox before it announces sleep: about 0.5 µs where
/// this was measured. This is somewhat more than a message takes to another core and back, and a
/// twentieth of the time for waking a thread.
const PAUSES: u16 = 32;

/// At most this many of the pauses come before the first take.
const MOST_FIRST_PAUSES: u16 = 16;

/// Lanes checked for unneeded memory each time the consumer is idle.
const LANES_A_REST: usize = 4;

/// No lane's index.
pub(super) const NO_LANE: u16 = u16::MAX;

/// The consumer's own data.
pub(crate) struct State<M> {
    /// The stashes of lanes with an order of their own. `None` if no lane needs one.
    stashes: Option<Box<Stashes<M>>>,
    schedule: Schedule,
    /// The lane of the message in hand, or [`NO_LANE`].
    in_hand: u16,
    /// Whether the message in hand came [beside](Lanes::give_beside) its lane.
    is_beside: bool,
    /// Whether the last message was a late result or the end of a watched actor. The next one then
    /// comes from elsewhere, and neither starves.
    was_late: bool,
    /// Whether the consumer has departed: all remaining messages are undelivered.
    has_left: bool,
    /// Whether the receiving thread lingers before it sleeps.
    pub(super) lingers: bool,
    /// Whether the next wait is without a linger.
    skips_linger: bool,
    /// Pauses before the next first take from an empty mailbox.
    first_pauses: u16,
    /// The number of lanes checked for unneeded memory so far.
    rests: u16,
}

/// The right to take messages.
pub(crate) type Lanes<'a, M> = Taking<'a, Shared<M>, State<M>>;

/// The right to take messages and to sleep, on one thread.
pub(crate) type Receiver<'a, M> = Here<'a, Shared<M>, State<M>>;

impl<M: Message> State<M> {
    #[inline(always)]
    pub(super) fn new(lanes: &'static [Lane]) -> Self {
        let (are_stashes_needed, schedule) = if Shared::<M>::ARE_GIVEN {
            (Stashes::<M>::are_needed(lanes), Schedule::new(lanes))
        } else {
            const { (Stashes::<M>::are_needed(M::LANES), Schedule::new(M::LANES)) }
        };
        Self {
            stashes: are_stashes_needed.then(|| Box::new(Stashes::new(lanes))),
            schedule,
            in_hand: NO_LANE,
            is_beside: false,
            was_late: false,
            has_left: false,
            lingers: false,
            skips_linger: false,
            first_pauses: 1,
            rests: 0,
        }
    }

    fn stash(&self, lane: usize) -> Option<&Stash<M>> {
        self.stashes.as_ref().map(|stashes| stashes.of(lane))
    }

    #[inline]
    fn stash_mut(&mut self, lane: usize) -> Option<&mut Stash<M>> {
        self.stashes.as_mut().map(|stashes| stashes.of_mut(lane))
    }
}

impl<M: Message> Receiver<'_, M> {
    /// Takes the next message, if there is one.
    pub(super) fn try_recv(&mut self) -> Option<M> {
        let message = self.taking().take();
        match message {
            Some(_) => self.notify_of_room(),
            None => self.shared().look_at_marks(),
        }
        message
    }

    /// Polls for the next message, for a program's own loop.
    pub(super) fn poll_recv(mut self, cx: &mut Context<'_>) -> Poll<Option<M>> {
        // Takes back the announcement of the last poll, because something other than a message may
        // have ended that sleep.
        self.shared().signal().begin();
        let polled = self.reborrow().poll_next(cx);
        if let Poll::Ready(Some(_)) = polled {
            self.notify_of_room();
        }
        polled
    }

    /// Polls for the next message of a turn, for a program's own loop. The senders waiting for room
    /// are notified before `Pending`, or [at the turn's end](Self::notify_of_room).
    pub(super) fn poll_turn(mut self, cx: &mut Context<'_>) -> Poll<Option<M>> {
        // As in `poll_recv`.
        self.shared().signal().begin();
        self.reborrow().poll_next(cx)
    }

    /// Polls for the next message, for an actor's loop. Unlike [`poll_recv`](Self::poll_recv), it
    /// leaves the waiting senders to the actor's watch, which notifies them before each `Pending`.
    ///
    /// Inlined into the loop, because saving and restoring its registers costs a sixth of it.
    #[inline(always)]
    pub(crate) fn poll_next(mut self, cx: &mut Context<'_>) -> Poll<Option<M>> {
        match self.taking().take() {
            Some(message) => Poll::Ready(Some(message)),
            None => self.poll_none(cx),
        }
    }

    /// Polls for the next message after a look that found none.
    #[cold]
    fn poll_none(mut self, cx: &mut Context<'_>) -> Poll<Option<M>> {
        match self.reborrow().linger() {
            Some(message) => Poll::Ready(Some(message)),
            None => self.poll_empty(cx),
        }
    }

    /// Tries to take a message for a little longer, if the executor's thread spins and another
    /// thread ended the last sleep. That thread often sends again soon, and a send to a sleeping
    /// consumer costs a wake.
    ///
    /// If the first take finds a message, the next linger pauses longer before its first take, so
    /// that more messages gather. A consumer close behind a producer makes both fetch each cache
    /// line from the other's core.
    #[inline(always)]
    fn linger(self) -> Option<M> {
        if !self.own().lingers || !self.shared().signal().was_ended_from_afar() {
            return None;
        }
        self.linger_here()
    }

    /// Lets the consumer sleep immediately, if the next take finds no message.
    pub(crate) fn skip_linger(&mut self) {
        self.taking().own_mut().skips_linger = true;
    }

    #[cold]
    fn linger_here(mut self) -> Option<M> {
        if std::mem::take(&mut self.taking().own_mut().skips_linger) {
            return None;
        }
        let mut pauses = self.own().first_pauses;
        let mut left = PAUSES;
        while left > 0 {
            (0..pauses).for_each(|_| spin_loop());
            if let Some(message) = self.taking().take_again() {
                let is_first_look = left == PAUSES;
                self.taking().own_mut().first_pauses =
                    if is_first_look { (pauses * 2).min(MOST_FIRST_PAUSES) } else { 1 };
                return Some(message);
            }
            left = left.saturating_sub(pauses);
            pauses = 1;
        }
        self.taking().own_mut().first_pauses = 1;
        None
    }

    /// Announces sleep, and tries to take a message again.
    #[inline(always)]
    fn poll_empty(mut self, cx: &mut Context<'_>) -> Poll<Option<M>> {
        self.taking().rest();
        if self.local().signal_side().announce_sleep(cx.waker()) {
            self.shared().notify_of_room(false);
        }
        // Read before the last take: every message was sent before the close, or before the last
        // handle was dropped.
        let no_more = self.shared().is_closed() || self.shared().handles() == 0;
        let polled = match self.taking().take_again() {
            Some(message) => Poll::Ready(Some(message)),
            // A claim in flight becomes a message later, and its sender wakes the consumer.
            None if no_more && (self.own().has_left || self.shared().is_drained()) => {
                Poll::Ready(None)
            }
            None => return Poll::Pending,
        };
        self.shared().signal().cancel_sleep();
        polled
    }

    /// Notifies senders waiting for the room of a message. A program's own loop may take no further
    /// message.
    pub(super) fn notify_of_room(&self) {
        // Pairs with the fence in `wait_for_room`.
        fence(Ordering::SeqCst);
        self.shared().notify_of_room(false);
    }

    /// Closes the mailbox, and passes all undelivered messages to the hook with their lane's name.
    pub(super) fn drain_undelivered(&mut self, mut hook: impl FnMut(&'static str, M)) {
        self.shared().close();
        self.taking().finish();
        let mut taking = self.taking();
        let (mut side, state) = taking.parts();
        state.has_left = true;
        let lanes = side.get().lanes();
        (0..lanes.len()).for_each(|lane| side.lane_side(lane).leave());
        self.local().signal_side().leave();
        let mut taking = self.taking();
        let (mut side, state) = taking.parts();
        for (lane, declared) in lanes.iter().enumerate() {
            while let Some(message) = side.lane_side(lane).take_undelivered(state.stash_mut(lane)) {
                hook(declared.name(), message);
            }
        }
        let Some(beside) = side.get().beside() else { return };
        while let Some(down) = side
            .beside_side()
            .and_then(ConsumerSide::watch_side)
            .and_then(|side| side.downs_side().next_of_last())
        {
            drop(drop_contained(down));
        }
        while let Some(message) =
            side.beside_side().and_then(|side| side.late_side().next_of_last())
        {
            beside.loan_ends();
            let lane = message.lane();
            beside.lose(lane);
            hook(lanes[lane].name(), message);
        }
        while let Some(message) =
            side.beside_side().and_then(|side| side.left_side().next_of_last())
        {
            let lane = message.lane();
            beside.lose(lane);
            hook(lanes[lane].name(), message);
        }
    }
}

/// Counts the message in hand as handled, also if the deadline of the next one panics.
struct FinishOnDrop<'a, M: Message>(&'a LaneQueue<M>);

impl<M: Message> Drop for FinishOnDrop<'_, M> {
    #[inline]
    fn drop(&mut self) {
        self.0.finish();
    }
}

impl<M: Message> Lanes<'_, M> {
    /// Takes the next message, where a look has found none before.
    #[inline(never)]
    fn take_again(&mut self) -> Option<M> {
        self.take()
    }

    /// Takes the next message. Inlined into the loop, as [`poll_next`](Receiver::poll_next).
    #[inline(always)]
    fn take(&mut self) -> Option<M> {
        self.finish();
        // With one lane there is nothing to decide.
        if M::LANES.len() == 1 { self.take_from(0) } else { self.take_of_many() }
    }

    /// Takes the next message of a lane, and keeps the lane in mind.
    #[inline(always)]
    fn take_from(&mut self, lane: usize) -> Option<M> {
        let (mut side, state) = self.parts();
        let message = side.lane_side(lane).take(state.stash_mut(lane))?;
        state.in_hand = lane as u16;
        if !M::KINDS.is_empty() {
            side.get().lane(lane).has_in_hand(&message);
        }
        Some(message)
    }

    #[inline(always)]
    fn take_of_many(&mut self) -> Option<M> {
        let (mut side, state) = self.parts();
        let shared = side.get();
        let State { stashes, schedule, in_hand, .. } = state;
        let mut take = move |lane: usize| {
            let stash = stashes.as_mut().map(|stashes| stashes.of_mut(lane));
            let message = side.lane_side(lane).take(stash)?;
            *in_hand = lane as u16;
            if !M::KINDS.is_empty() {
                shared.lane(lane).has_in_hand(&message);
            }
            Some(message)
        };
        if Shared::<M>::HAS_FEW {
            return schedule.next(M::LANES, take);
        }
        let next = |is_control, from| shared.filled(is_control).next(from);
        schedule.next_filled(shared.lanes(), next, |lane| {
            if let Some(message) = take(lane) {
                return Some(message);
            }
            let filled = shared.filled(shared.lanes()[lane].is_control());
            filled.clear(lane);
            // Its sender may have published a message meanwhile, and have seen the lane still
            // marked.
            let message = take(lane)?;
            filled.mark(lane);
            Some(message)
        })
    }

    /// Frees memory of calm lanes: checks a few lanes in each idle period, in turn.
    fn rest(&mut self) {
        if self.own().has_left {
            return;
        }
        let lanes = self.shared().lanes().len();
        for _ in 0..lanes.min(LANES_A_REST) {
            let lane = usize::from(self.own().rests) % lanes;
            self.own_mut().rests = self.own().rests.wrapping_add(1);
            let (mut side, state) = self.parts();
            side.lane_side(lane).rest(state.stash_mut(lane));
        }
    }

    /// Counts the message in hand as handled. Receiving the next one does so as well.
    #[inline]
    pub(crate) fn finish(&mut self) {
        if self.own().in_hand != NO_LANE {
            let lane = usize::from(self.own().in_hand);
            match self.own().is_beside.then(|| self.shared().beside()).flatten() {
                Some(beside) => beside.finish(lane),
                None => self.shared().lane(lane).finish(),
            }
            self.own_mut().is_beside = false;
            self.own_mut().in_hand = NO_LANE;
        }
    }

    /// Returns the name of the lane of the message in hand. The message of a timer may have none.
    pub(crate) fn lane_in_hand(&self) -> &'static str {
        let lane = usize::from(self.own().in_hand);
        self.shared().lanes().get(lane).map_or("", Lane::name)
    }

    /// Looks at the lanes, for the times of their messages. Returns the time since the last look,
    /// in nanoseconds.
    #[cold]
    pub(crate) fn look(&self, look: Look) -> u64 {
        let own = self.own();
        let in_hand = (own.in_hand != NO_LANE).then(|| (usize::from(own.in_hand), !own.is_beside));
        self.shared().look(look, in_hand)
    }

    /// Counts the message in hand as expired.
    #[cold]
    pub(crate) fn expire(&mut self) {
        let lane = usize::from(std::mem::replace(&mut self.own_mut().in_hand, NO_LANE));
        let is_beside = std::mem::take(&mut self.own_mut().is_beside);
        if lane == usize::from(NO_LANE) {
            return;
        }
        match is_beside.then(|| self.shared().beside()).flatten() {
            Some(beside) => beside.expire(lane),
            None => self.shared().lane(lane).expire(),
        }
    }

    /// Hands out a message from outside its lane: a timer's, or a late result. The message is
    /// counted in its lane, if that lane exists.
    pub(crate) fn give_beside(&mut self, message: M) -> M {
        self.finish();
        let lane = message.lane();
        if lane < self.shared().lanes().len() {
            self.own_mut().is_beside = true;
            self.own_mut().in_hand = lane as u16;
            self.shared().make_beside().has_in_hand(lane, message.kind());
        }
        message
    }

    /// Returns whether the last message was a late one, and forgets it.
    pub(crate) fn was_late(&mut self) -> bool {
        std::mem::take(&mut self.own_mut().was_late)
    }

    /// Hands out the result of a piece of work.
    pub(crate) fn give_late(&mut self, message: M) -> M {
        self.own_mut().was_late = true;
        self.give_beside(message)
    }

    /// Takes the oldest message given back.
    pub(crate) fn take_late(&mut self) -> Option<M> {
        let (mut side, _state) = self.parts();
        let beside = side.beside_side()?;
        let counts = beside.get();
        let message = beside.late_side().next()?;
        counts.loan_ends();
        Some(self.give_late(message))
    }

    /// Drops the results left by an ended life, and counts them as lost.
    pub(crate) fn forget_left(&mut self) {
        let (mut side, _state) = self.parts();
        let Some(mut side) = side.beside_side() else { return };
        let beside = side.get();
        while let Some(message) = side.reborrow().left_side().next() {
            beside.work_is_lost(1, 0);
            drop(drop_contained(message));
        }
    }

    /// Takes the oldest end of a watched actor.
    pub(crate) fn take_down(&mut self) -> Option<(MonitorId, Ended)> {
        let (mut side, _state) = self.parts();
        side.beside_side()?.watch_side()?.downs_side().next()
    }

    /// Sends a message to the actor's own lane. Hands it out if it cannot wait in its lane.
    pub(crate) fn send_own(&mut self, message: M) -> Option<M> {
        let message = self.shared().send_own(message).err()?;
        self.own_mut().was_late = true;
        Some(self.give_beside(message))
    }

    /// Returns whether the message in hand came from a lane with batches.
    #[inline]
    pub(crate) fn gives_batches(&self) -> bool {
        !self.own().is_beside && self.batch() > 1
    }

    /// Returns the most messages for one call, as stated by the lane of the message in hand.
    #[inline]
    pub(crate) fn batch(&self) -> u32 {
        let lane = usize::from(self.own().in_hand);
        self.shared().lanes().get(lane).map_or(1, Lane::most_in_batch)
    }

    /// Takes the next message of the lane of the message in hand, out of turn. An expired one is
    /// counted and returned as error: the message before it stays in hand.
    #[inline]
    pub(crate) fn take_alike(
        &mut self,
        has_expired: impl FnOnce(&M) -> bool,
    ) -> Option<Result<M, M>> {
        let lane = usize::from(self.own().in_hand);
        let (mut side, state) = self.parts();
        let message = side.lane_side(lane).take(state.stash_mut(lane))?;
        let finish = FinishOnDrop(self.shared().lane(lane));
        if !M::KINDS.is_empty() {
            finish.0.has_in_hand(&message);
        }
        if has_expired(&message) {
            std::mem::forget(finish);
            self.shared().lane(lane).expire();
            return Some(Err(message));
        }
        Some(Ok(message))
    }

    /// Returns whether a control message may wait in another lane than the current one.
    pub(crate) fn has_other_control(&self) -> bool {
        let in_hand = usize::from(self.own().in_hand);
        if !Shared::<M>::HAS_FEW {
            return self.shared().filled(true).any_but(in_hand);
        }
        let is_other = |lane: usize| M::LANES[lane].is_control() && lane != in_hand;
        (0..M::LANES.len()).any(|lane| is_other(lane) && self.holds_any(lane))
    }

    pub(crate) fn is_closed(&self) -> bool {
        self.shared().is_closed()
    }

    /// Returns whether several messages wait. With many lanes, returns whether any message may
    /// wait.
    #[cold]
    pub(crate) fn has_several(&self) -> bool {
        if !Shared::<M>::HAS_FEW {
            return self.shared().filled(true).any() || self.shared().filled(false).any();
        }
        let (shared, state) = self.both();
        let waiting = |lane| shared.lane(lane).waiting(state.stash(lane));
        (0..M::LANES.len()).map(waiting).sum::<u64>() > 1
    }

    /// Returns whether any message is queued, even one whose asker has gone.
    pub(crate) fn has_messages(&self) -> bool {
        (0..self.shared().lanes().len()).any(|lane| self.holds_any(lane))
    }

    /// Returns whether a message may be ready. Cheaper than [`has_messages`](Self::has_messages).
    pub(crate) fn has_next(&self) -> bool {
        if !Shared::<M>::HAS_FEW {
            return [false, true]
                .into_iter()
                .any(|is_control| self.shared().filled(is_control).any());
        }
        let (shared, state) = self.both();
        (0..M::LANES.len()).any(|lane| shared.lane(lane).has_next(state.stash(lane)))
    }

    fn holds_any(&self, lane: usize) -> bool {
        self.shared().lane(lane).holds_any(self.own().stash(lane))
    }
}
