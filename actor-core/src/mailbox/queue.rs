//! One lane's queue: what producers push into, what the consumer takes from, and the figures of both.
#![expect(unsafe_code, reason = "a ring's consumer promises to be the only one")]

use std::collections::VecDeque;
use std::ptr;

use event_listener::{Event, EventListener, IntoNotification};

use crate::Message;
use crate::lane::{Lane, LaneKind, LaneStats};
use crate::mailbox::by_key::KeyedRing;
use crate::mailbox::evicting::{self, EvictingRing, SPARE};
use crate::mailbox::first_use::FirstUse;
use crate::mailbox::places::{Places, add};
use crate::mailbox::ring::{self, ClaimError, Frees, Part, RefusingRing};
use crate::mailbox::share::{PushError, SharedRing, Sourced};
use crate::mailbox::signal::Signal;
use crate::mailbox::turns::Turns;
use crate::reply::Asker;
use crate::sync::{AtomicU64, AtomicUsize, Ordering, fence};

/// A message on its way, with the asker whose leaving cancels it.
pub(crate) struct Envelope<M> {
    pub(crate) message: M,
    pub(crate) asker: Option<Asker>,
}

/// Why a push was refused; the envelope comes back.
pub(crate) enum Refused<M> {
    Full(Envelope<M>),
    /// As many messages of its source wait as may.
    OverShare(Envelope<M>),
    Closed(Envelope<M>),
}

/// The part of a lane that all threads share.
///
/// A lane that is never used costs a few words: its memory is made when the first message comes.
pub(crate) struct LaneQueue<M> {
    lane: &'static Lane,
    ring: Ring<M>,
    /// Where senders wait for room; one is woken per message taken.
    room: Event,
}

/// Returns whether a lane's messages fit into the address space.
pub(super) const fn fits<M>(lane: &Lane) -> bool {
    match lane.kind() {
        LaneKind::Control | LaneKind::Fifo if lane.share_of_source().is_some() => {
            ring::fits::<Sourced<Envelope<M>>>(lane.capacity())
        }
        LaneKind::Control | LaneKind::Fifo => ring::fits::<Envelope<M>>(lane.capacity()),
        LaneKind::NewestFirst | LaneKind::Latest | LaneKind::LatestByKey => {
            evicting::fits::<Envelope<M>>(lane.capacity())
        }
    }
}

/// The kinds of ring, each made when the lane is first used. A kind that is added here is asked for in every `match`.
enum Ring<M> {
    Refusing(FirstUse<RefusingRing<Envelope<M>>>),
    Evicting(FirstUse<EvictingRing<Envelope<M>>>),
    Shared(FirstUse<SharedRing<Envelope<M>>>),
    Keyed(FirstUse<KeyedRing<Envelope<M>>>),
}

/// What is left to be done for senders that wait.
#[derive(Clone, Copy, Default)]
pub(super) struct Told {
    /// Someone waits, or is about to.
    pub(super) anyone_waits: bool,
    /// There is room, and perhaps someone waits who was not told of any.
    pub(super) not_all: bool,
}

/// A sender that waits for room, counted for as long as this lives.
#[derive(Debug)]
pub(crate) struct Waiting<'a> {
    count: &'a AtomicUsize,
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.count.fetch_sub(1, Ordering::Relaxed);
    }
}

/// The part of a lane that belongs to the consumer: what it has taken out of a ring and not yet given out.
pub(super) enum Stash<M> {
    /// Messages are given out in the ring's order, without a stash.
    None,
    /// Newest first; the oldest is in front.
    Newest(VecDeque<Envelope<M>>),
    Turns(Box<Turns<Envelope<M>>>),
}

impl<M> Stash<M> {
    pub(super) fn is_needed(lane: &Lane) -> bool {
        !matches!(Self::new(lane), Self::None)
    }

    pub(super) fn new(lane: &Lane) -> Self {
        match lane.kind() {
            LaneKind::Control | LaneKind::Fifo if lane.share_of_source().is_some() => {
                Self::Turns(Box::new(Turns::new()))
            }
            LaneKind::Control | LaneKind::Fifo | LaneKind::LatestByKey => Self::None,
            LaneKind::NewestFirst | LaneKind::Latest => Self::Newest(VecDeque::new()),
        }
    }

    fn is_empty(&self) -> bool {
        match self {
            Self::None => true,
            Self::Newest(stash) => stash.is_empty(),
            Self::Turns(turns) => turns.len() == 0,
        }
    }
}

/// Messages taken for each look at how many wait.
const LOOK_EVERY: u64 = 64;

/// Messages that an empty stash may keep room for.
const ROOMY: usize = 64;

impl<M: Message> LaneQueue<M> {
    pub(super) fn new(lane: &'static Lane) -> Self {
        let ring = match lane.kind() {
            LaneKind::Control | LaneKind::Fifo if lane.share_of_source().is_some() => Ring::Shared(FirstUse::new()),
            LaneKind::LatestByKey => Ring::Keyed(FirstUse::new()),
            LaneKind::Control | LaneKind::Fifo => Ring::Refusing(FirstUse::new()),
            LaneKind::NewestFirst | LaneKind::Latest => Ring::Evicting(FirstUse::new()),
        };
        Self { lane, ring, room: Event::new() }
    }

    /// Puts a message in, marks the lane as filled and looks at the signal, or hands the message back. Never waits.
    #[inline(always)]
    pub(super) fn send(&self, envelope: Envelope<M>, signal: &Signal, mark: impl FnOnce()) -> Result<(), Refused<M>> {
        let capacity = || self.lane.capacity();
        match &self.ring {
            Ring::Refusing(ring) => match ring.get_or_make(|| RefusingRing::new(capacity(), Frees::WhenTaken)) {
                Some(ring) => send_refusing(ring, envelope, signal, mark),
                None => Err(Refused::Closed(envelope)),
            },
            Ring::Evicting(ring) => match ring.get_or_make(|| EvictingRing::new(capacity(), SPARE)) {
                Some(ring) => send_evicting(ring, envelope, signal, mark),
                None => Err(Refused::Closed(envelope)),
            },
            Ring::Shared(ring) => {
                let share = || self.lane.share_of_source().unwrap_or(capacity());
                match ring.get_or_make(|| SharedRing::new(capacity(), share())) {
                    Some(ring) => send_shared(ring, envelope, signal, mark),
                    None => Err(Refused::Closed(envelope)),
                }
            }
            Ring::Keyed(ring) => match ring.get_or_make(|| KeyedRing::new(capacity())) {
                Some(ring) => send_keyed(ring, envelope, signal, mark),
                None => Err(Refused::Closed(envelope)),
            },
        }
    }

    /// Returns the positions and the figures, if the lane has been used.
    #[inline]
    fn places(&self) -> Option<&Places> {
        match &self.ring {
            Ring::Refusing(ring) => ring.get().map(|ring| &ring.places),
            Ring::Evicting(ring) => ring.get().map(|ring| &ring.places),
            Ring::Shared(ring) => ring.get().map(|ring| &ring.ring.places),
            Ring::Keyed(ring) => ring.get().map(|ring| &ring.ring.places),
        }
    }

    /// Counts a message that was handed back because the lane had no room.
    pub(crate) fn count_refused(&self) {
        if let Some(places) = self.places() {
            places.producers.refused.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Counts a message that was handed back because its source had no room.
    pub(crate) fn count_over_share(&self) {
        if let Ring::Shared(ring) = &self.ring
            && let Some(ring) = ring.get()
        {
            ring.over_share.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Has the caller told when there may be room again. It must try once more before it waits.
    ///
    /// ```text
    /// sender                                    consumer
    ///   push -> full                              pop, any number of times
    ///   waiting += 1                              before its task rests: announces that at the signal (3)
    ///   listen                                      ROOM_WANTED was set -> clears it; notifies one more listener for
    ///   ROOM_WANTED at the signal  (1)              each message taken since it last did, first come, first served; sets
    ///   fence SeqCst               (2)              it again while anyone waits
    ///   push -> full: wait
    /// ```
    ///
    /// (1) and (3) change the same word, so one comes first: if (1) does, the consumer sees the sender; if (3) does, the
    /// sender's second push sees every slot that was freed before. A consumer that takes a message without an actor's loop
    /// around it makes a `SeqCst` fence after its pop, which pairs with (2) in the same way. A notification between counting
    /// and (1) reaches nobody, but then the slot was freed before the second push.
    ///
    /// Senders are woken when the consumer rests and not for each pop, which would be a wake for each message: one that finds
    /// room for many sends many. An actor rests after each turn, which is bounded in number and time.
    ///
    /// **Nothing is reserved for a sender that was notified, and nobody depends on it**: it may not be polled for long, or
    /// never. The place that it was told of stays free for others, and others are told of every place that is freed after.
    /// Of that one place they are told by the actor's watch: where there is room, and somebody waits who may not have been
    /// told of it, it [writes off](Self::tell_of_room) those that were and have not come, until everyone has been told. So a
    /// message taken wakes one sender, and not all.
    pub(crate) fn wait_for_room(&self, signal: &Signal) -> (Waiting<'_>, EventListener) {
        let count = &self.places().expect("a lane that was found full has been used").producers.waiting;
        count.fetch_add(1, Ordering::Relaxed);
        let waiting = Waiting { count };
        let listener = self.room.listen();
        signal.want_room();
        // Pairs with the fence before `tell_of_room`.
        fence(Ordering::SeqCst);
        (waiting, listener)
    }

    /// Sees that no sender waits while there is room for it. Called by the consumer once it is sure to see who waits.
    ///
    /// `writes_off`: whoever was notified before and has not come is not counted on any more.
    pub(super) fn tell_of_room(&self, writes_off: bool) -> Told {
        let Some(places) = self.places() else { return Told::default() };
        let waiting = places.producers.waiting.load(Ordering::Relaxed);
        if waiting == 0 {
            return Told::default();
        }
        let (room, freed) = self.room_and_freed();
        let told = places.figures.told.load(Ordering::Relaxed);
        let mut more = if writes_off { room } else { room.min(freed.saturating_sub(told)) };
        places.figures.told.store(freed, Ordering::Relaxed);
        if more > 0 && matches!(self.ring, Ring::Shared(_)) {
            // The next sender in line may be over its share, and the one behind it not. All look for themselves.
            more = u64::MAX;
        }
        let more = usize::try_from(more).unwrap_or(usize::MAX);
        // Additional: those that were notified and have not run yet may be long in coming.
        let notified = if more > 0 { self.room.notify(more.additional()) } else { 0 };
        // With fewer than that, no listener is left that was not notified.
        Told { anyone_waits: true, not_all: room > 0 && notified == more }
    }

    /// Returns how many messages more the lane would take in, and how many have made room so far.
    fn room_and_freed(&self) -> (u64, u64) {
        fn of<T>(ring: &RefusingRing<T>) -> (u64, u64) {
            let freed = ring.freed();
            (ring.capacity().saturating_sub(ring.places.tail().saturating_sub(freed)), freed)
        }
        match &self.ring {
            Ring::Refusing(ring) => ring.get().map_or((0, 0), of),
            Ring::Shared(ring) => ring.get().map_or((0, 0), |ring| of(&ring.ring)),
            // Nobody has to wait for room there, unless there is no memory.
            Ring::Evicting(_) | Ring::Keyed(_) => (u64::MAX, 0),
        }
    }

    pub(super) fn close(&self) {
        let places = match &self.ring {
            Ring::Refusing(ring) => ring.close().map(|ring| &ring.places),
            Ring::Evicting(ring) => ring.close().map(|ring| &ring.places),
            Ring::Shared(ring) => ring.close().map(|ring| &ring.ring.places),
            Ring::Keyed(ring) => ring.close().map(|ring| &ring.ring.places),
        };
        let Some(places) = places else { return };
        places.close();
        // Pairs with the fence in `wait_for_room`: a sender that is not seen here finds the lane closed.
        fence(Ordering::SeqCst);
        if places.producers.waiting.load(Ordering::Relaxed) > 0 {
            self.room.notify(usize::MAX);
        }
    }

    /// Says that the consumer takes nothing more but what is [undelivered](Self::take_undelivered). Called by the consumer,
    /// once the lane is closed and before the signal says so.
    pub(super) fn leave(&self) {
        if let Some(places) = self.places() {
            places.leave();
        }
    }

    /// Tells whether nothing that was accepted is left to be taken.
    pub(super) fn is_drained(&self) -> bool {
        match &self.ring {
            Ring::Refusing(ring) => ring.get().is_none_or(|ring| ring.places.is_drained()),
            // The queues of its sources are empty once it has given nothing.
            Ring::Shared(ring) => ring.get().is_none_or(|ring| ring.ring.places.is_drained()),
            // It passes by what is in flight, so that nothing is left once it has given nothing.
            Ring::Evicting(_) | Ring::Keyed(_) => true,
        }
    }

    /// Takes the next message that anyone still wants. A lane that evicts needs its stash for that.
    ///
    /// Skips no more asks than the lane holds at once: askers that come and go without a rest must not keep the consumer
    /// from its other lanes. `None` then still means that nothing is left of what was there at the call, and whoever sent
    /// what is left did so after it or has yet to return, so that an announced sleep is ended by them. To a closed lane
    /// nothing more comes, and nobody need look at what is left in it: it is looked through to its end.
    ///
    /// # Safety
    ///
    /// One thread at a time calls this and [`take_undelivered`](Self::take_undelivered): the mailbox. It does not call this
    /// once it has [left](Self::leave).
    #[inline]
    pub(super) unsafe fn take(&self, stash: Option<&mut Stash<M>>) -> Option<M> {
        if let Ring::Refusing(ring) = &self.ring {
            // SAFETY: the caller's promise.
            match unsafe { take_plain(ring.get()?) } {
                Part::Taken(message) => return Some(message),
                Part::Nothing => return None,
                Part::Left => {}
            }
        }
        // SAFETY: the caller's promise.
        unsafe { self.take_wanted(stash) }
    }

    /// Takes the next message that anyone still wants, whether it was asked for or told.
    ///
    /// # Safety
    ///
    /// As [`take`](Self::take).
    unsafe fn take_wanted(&self, mut stash: Option<&mut Stash<M>>) -> Option<M> {
        let mut skipped = 0;
        loop {
            let (envelope, places) = match (&self.ring, &mut stash) {
                (Ring::Refusing(ring), _) => {
                    let ring = ring.get()?;
                    // SAFETY: the caller's promise.
                    (unsafe { take_oldest(ring) }?, &ring.places)
                }
                (Ring::Evicting(ring), Some(Stash::Newest(stash))) => {
                    let ring = ring.get()?;
                    (take_newest(ring, stash)?, &ring.places)
                }
                (Ring::Shared(ring), Some(Stash::Turns(turns))) => {
                    let ring = ring.get()?;
                    // SAFETY: the caller's promise.
                    (unsafe { take_in_turn(ring, turns) }?, &ring.ring.places)
                }
                (Ring::Keyed(ring), _) => {
                    let ring = ring.get()?;
                    (take_newest_of_key(ring)?, &ring.ring.places)
                }
                (Ring::Evicting(_) | Ring::Shared(_), _) => unreachable!("a lane's stash is of the lane's kind"),
            };
            if !envelope.asker.is_some_and(Asker::release) {
                return Some(envelope.message);
            }
            add(&places.figures.cancelled, 1);
            skipped += 1;
            // This may be the last take before a rest that has been announced already.
            fence(Ordering::SeqCst);
            self.tell_of_room(false);
            if skipped >= self.lane.capacity() && !places.is_closed() {
                return None;
            }
        }
    }

    /// Takes whatever is left, in order of age, once the lane is closed and the signal says that the consumer has left.
    ///
    /// # Safety
    ///
    /// One thread at a time calls this: the mailbox, once it has [left](Self::leave) and the signal says so.
    pub(super) unsafe fn take_undelivered(&self, stash: Option<&mut Stash<M>>) -> Option<M> {
        let envelope = match (&self.ring, stash) {
            // SAFETY: the caller's promise.
            (Ring::Refusing(ring), _) => unsafe { ring.get()?.settle() }?,
            (Ring::Evicting(ring), Some(Stash::Newest(stash))) => {
                let ring = ring.get()?;
                let oldest = stash.pop_front().or_else(|| ring.pop());
                if oldest.is_none() {
                    ring.settle();
                    *stash = VecDeque::new();
                }
                oldest?
            }
            // SAFETY: the caller's promise.
            (Ring::Shared(ring), Some(Stash::Turns(turns))) => unsafe { ring.get()?.settle(turns) }?,
            (Ring::Keyed(ring), _) => {
                let ring = &ring.get()?.ring;
                let oldest = ring.pop();
                if oldest.is_none() {
                    ring.settle();
                }
                oldest?
            }
            (Ring::Evicting(_) | Ring::Shared(_), _) => unreachable!("a lane's stash is of the lane's kind"),
        };
        add(&self.places()?.figures.undelivered, 1);
        Some(envelope.message)
    }

    /// Gives back memory that has been needless for a while. Called by the consumer when it rests.
    pub(super) fn rest(&self, stash: Option<&mut Stash<M>>) {
        match &self.ring {
            Ring::Refusing(ring) => ring.get().into_iter().for_each(RefusingRing::rest),
            Ring::Evicting(_) => match stash {
                Some(Stash::Newest(stash)) if stash.is_empty() && stash.capacity() > ROOMY => *stash = VecDeque::new(),
                _ => {}
            },
            // The queues of its sources give back by themselves what they did not need.
            Ring::Shared(ring) => ring.get().into_iter().for_each(|ring| ring.ring.rest()),
            Ring::Keyed(_) => {}
        }
    }

    /// Returns whether the next message is there to be taken. Cheaper than [`holds_any`](Self::holds_any), and does not count
    /// what is in flight.
    #[inline]
    pub(super) fn has_next(&self, stash: Option<&Stash<M>>) -> bool {
        match &self.ring {
            Ring::Refusing(ring) => ring.get().is_some_and(RefusingRing::is_next_there),
            Ring::Evicting(_) | Ring::Shared(_) | Ring::Keyed(_) => self.holds_any(stash),
        }
    }

    pub(super) fn holds_any(&self, stash: Option<&Stash<M>>) -> bool {
        stash.is_some_and(|stash| !stash.is_empty()) || self.places().is_some_and(|places| !places.is_drained())
    }

    /// Counts the end of a message's handling. Called by the consumer only.
    #[inline]
    pub(super) fn finish(&self) {
        if let Some(places) = self.places() {
            add(&places.figures.handled, 1);
        }
    }

    /// Returns how many messages were refused because of their source's share.
    fn over_share(&self) -> u64 {
        match &self.ring {
            Ring::Shared(ring) => ring.get().map_or(0, |ring| ring.over_share.load(Ordering::Relaxed)),
            Ring::Refusing(_) | Ring::Evicting(_) | Ring::Keyed(_) => 0,
        }
    }

    /// Returns how many messages were accepted in place of another.
    fn replaced(&self) -> u64 {
        match &self.ring {
            Ring::Keyed(ring) => ring.get().map_or(0, |ring| ring.replaced.load(Ordering::Relaxed)),
            Ring::Refusing(_) | Ring::Evicting(_) | Ring::Shared(_) => 0,
        }
    }

    pub(super) fn stats(&self) -> LaneStats {
        let mut stats = LaneStats {
            name: self.lane.name(),
            capacity: self.lane.capacity(),
            accepted: 0,
            handled: 0,
            refused: 0,
            over_share: 0,
            evicted: 0,
            cancelled: 0,
            undelivered: 0,
            high_water: 0,
            depth: 0,
        };
        if let Some(places) = self.places() {
            let read = |figure: &AtomicU64| figure.load(Ordering::Relaxed);
            let (producers, consumer) = (&places.producers, &places.figures);
            stats.handled = read(&consumer.handled);
            stats.refused = read(&producers.refused);
            stats.over_share = self.over_share();
            stats.evicted = read(&producers.evicted) + read(&consumer.evicted);
            stats.cancelled = read(&consumer.cancelled);
            stats.undelivered = read(&consumer.undelivered);
            stats.high_water = read(&consumer.high_water);
            // Read last, so that what has ended was accepted.
            stats.accepted = places.accepted() + self.replaced();
            let ended = stats.handled + stats.evicted + stats.cancelled + stats.undelivered;
            stats.depth = stats.accepted.saturating_sub(ended);
        }
        stats
    }
}

#[inline(always)]
fn send_refusing<M>(
    ring: &RefusingRing<Envelope<M>>,
    envelope: Envelope<M>,
    signal: &Signal,
    mark: impl FnOnce(),
) -> Result<(), Refused<M>> {
    match ring.claim() {
        Ok(claim) => {
            let position = ring.fill(claim, envelope);
            mark();
            if signal.notify() { take_back(ring, position) } else { Ok(()) }
        }
        Err(ClaimError::Full) => Err(Refused::Full(envelope)),
        Err(ClaimError::Closed) => Err(Refused::Closed(envelope)),
    }
}

/// Takes back what was sent to a consumer that has left, unless the consumer has it.
#[cold]
fn take_back<M>(ring: &RefusingRing<Envelope<M>>, position: u64) -> Result<(), Refused<M>> {
    ring.take_back(position).map_or(Ok(()), |back| Err(Refused::Closed(back)))
}

/// Evicts as well: what makes room is dropped last of all, because a message that sends when it is dropped must not take
/// the new one's room.
#[inline(never)]
fn send_evicting<M>(
    ring: &EvictingRing<Envelope<M>>,
    envelope: Envelope<M>,
    signal: &Signal,
    mark: impl FnOnce(),
) -> Result<(), Refused<M>> {
    let pushed = ring.push(envelope);
    mark();
    // Nothing to take back: a departed consumer voided every unpublished position, so `push` already returned the message.
    if signal.notify() {
        ring.free_if_unused();
    }
    match pushed {
        Ok(_evicted) => Ok(()),
        Err((ClaimError::Full, envelope)) => Err(Refused::Full(envelope)),
        Err((ClaimError::Closed, envelope)) => Err(Refused::Closed(envelope)),
    }
}

/// Takes the oldest message if nobody asked for it: then there is nobody who may have gone.
///
/// # Safety
///
/// As [`LaneQueue::take`].
#[inline(always)]
unsafe fn take_plain<M>(ring: &RefusingRing<Envelope<M>>) -> Part<M> {
    let plain = |envelope: *const Envelope<M>| {
        // SAFETY: the ring lends a valid envelope that nobody else touches.
        let Envelope { message, asker } = unsafe { &*envelope };
        // SAFETY: the ring forgets the envelope, and without an asker it is nothing but its message.
        asker.is_none().then(|| unsafe { ptr::from_ref(message).read() })
    };
    // SAFETY: the caller's promise.
    let part = unsafe { ring.pop_part(plain) };
    if matches!(part, Part::Taken(_)) {
        note_depth(ring);
    }
    part
}

#[inline(never)]
fn send_shared<M: Message>(
    ring: &SharedRing<Envelope<M>>,
    envelope: Envelope<M>,
    signal: &Signal,
    mark: impl FnOnce(),
) -> Result<(), Refused<M>> {
    match ring.push(envelope.message.source(), envelope) {
        Ok(position) => {
            mark();
            let is_gone = signal.notify();
            let back = if is_gone { ring.take_back(position) } else { None };
            back.map_or(Ok(()), |back| Err(Refused::Closed(back)))
        }
        Err((PushError::OverShare, envelope)) => Err(Refused::OverShare(envelope)),
        Err((PushError::Full, envelope)) => Err(Refused::Full(envelope)),
        Err((PushError::Closed, envelope)) => Err(Refused::Closed(envelope)),
    }
}

/// Evicts as well, as [`send_evicting`] does.
#[inline(never)]
fn send_keyed<M: Message>(
    ring: &KeyedRing<Envelope<M>>,
    envelope: Envelope<M>,
    signal: &Signal,
    mark: impl FnOnce(),
) -> Result<(), Refused<M>> {
    let pushed = ring.push(envelope.message.key(), envelope);
    mark();
    // Also if nothing was accepted: a message that was in hand for a moment may have been missed by the consumer.
    if signal.notify() {
        ring.ring.free_if_unused();
    }
    match pushed {
        Ok(_evicted) => Ok(()),
        Err((ClaimError::Full, envelope, _replaced)) => Err(Refused::Full(envelope)),
        Err((ClaimError::Closed, envelope, _replaced)) => Err(Refused::Closed(envelope)),
    }
}

/// # Safety
///
/// As [`LaneQueue::take`].
unsafe fn take_in_turn<M>(ring: &SharedRing<Envelope<M>>, turns: &mut Turns<Envelope<M>>) -> Option<Envelope<M>> {
    // SAFETY: the caller's promise.
    let envelope = unsafe { ring.take(turns) }?;
    // The message in hand waited too.
    saw(&ring.ring.places, turns.len() as u64 + 1, ring.ring.capacity());
    Some(envelope)
}

/// Takes the oldest message of which no newer one of its key waits.
fn take_newest_of_key<M: Message>(ring: &KeyedRing<Envelope<M>>) -> Option<Envelope<M>> {
    loop {
        let (position, envelope) = ring.pop()?;
        let places = &ring.ring.places;
        if !ring.has_newer(envelope.message.key(), position) {
            saw(places, places.tail().saturating_sub(position), ring.ring.capacity());
            return Some(envelope);
        }
        // Counted before it is dropped: a message may panic in its drop.
        add(&places.figures.evicted, 1);
    }
}

/// # Safety
///
/// As [`LaneQueue::take`].
#[inline]
unsafe fn take_oldest<M>(ring: &RefusingRing<Envelope<M>>) -> Option<Envelope<M>> {
    // SAFETY: the caller's promise.
    let envelope = unsafe { ring.pop() }?;
    note_depth(ring);
    Some(envelope)
}

/// Keeps the highest depth, after a take.
#[inline]
fn note_depth<T>(ring: &RefusingRing<T>) {
    // Reading the depth fetches the line that senders write, so it is not done for every message.
    let head = ring.places.consumer.head.load(Ordering::Relaxed);
    if head % LOOK_EVERY == 1 {
        saw(&ring.places, ring.places.tail().saturating_sub(head - 1), ring.capacity());
    }
}

/// Takes over what a ring that evicts has, and returns the newest.
fn take_newest<M>(ring: &EvictingRing<Envelope<M>>, stash: &mut VecDeque<Envelope<M>>) -> Option<Envelope<M>> {
    // No more than the lane holds at once: senders that never rest must not keep the consumer from its work.
    for _ in 0..ring.capacity() {
        let Some(envelope) = ring.pop() else { break };
        // Dropped when all is in its place and counted: a message may panic in its drop.
        let evicted = if stash.len() as u64 == ring.capacity() { stash.pop_front() } else { None };
        add(&ring.places.figures.evicted, u64::from(evicted.is_some()));
        stash.push_back(envelope);
    }
    saw(&ring.places, stash.len() as u64, ring.capacity());
    stash.pop_back()
}

/// The depth only grows between two takes, so looking before a take sees its highest value since the last.
fn saw(places: &Places, waiting: u64, capacity: u64) {
    let high_water = &places.figures.high_water;
    let waiting = waiting.min(capacity);
    if waiting > high_water.load(Ordering::Relaxed) {
        high_water.store(waiting, Ordering::Relaxed);
    }
}

#[cfg(all(test, not(any(loom, shuttle))))]
mod tests {
    use super::*;
    use crate::reply::Reply;

    static LATEST: Lane = Lane::latest("latest");

    impl Message for u32 {}

    /// Claims a position as a producer does that is stopped then.
    fn stop_after_claim(lane: &LaneQueue<u32>) {
        lane.places().expect("it has been used").producers.tail.fetch_add(1, Ordering::SeqCst);
    }

    fn take(lane: &LaneQueue<u32>, stash: &mut Stash<u32>) -> Option<u32> {
        // SAFETY: each test has one thread.
        unsafe { lane.take(Some(stash)) }
    }

    fn plain(message: u32) -> Envelope<u32> {
        Envelope { message, asker: None }
    }

    #[test]
    fn what_was_evicted_long_ago_is_passed_by_in_one_step() {
        let (lane, signal, mut stash) = (LaneQueue::new(&LATEST), Signal::new(), Stash::new(&LATEST));
        assert!(lane.send(plain(1), &signal, || {}).is_ok());
        assert_eq!(take(&lane, &mut stash), Some(1));
        // As if so many had come while the consumer was busy.
        lane.places().expect("it has been used").producers.tail.store(1 << 60, Ordering::SeqCst);
        assert!(lane.send(plain(2), &signal, || {}).is_ok());
        assert_eq!(take(&lane, &mut stash), Some(2));
        assert_eq!(take(&lane, &mut stash), None);
    }

    #[test]
    fn a_message_whose_place_comes_round_before_the_consumer_is_taken() {
        let (lane, signal, mut stash) = (LaneQueue::new(&LATEST), Signal::new(), Stash::new(&LATEST));
        assert!(lane.send(plain(1), &signal, || {}).is_ok());
        // The first message's evictor is stopped, and so are others, a lap further than the consumer.
        (0..40).for_each(|_| stop_after_claim(&lane));
        assert!(lane.send(plain(2), &signal, || {}).is_ok());
        let all: Vec<_> = std::iter::from_fn(|| take(&lane, &mut stash)).collect();
        assert_eq!(all, [1, 2]);
    }

    #[test]
    fn messages_behind_stopped_senders_are_taken_and_their_places_used_again() {
        let (lane, signal, mut stash) = (LaneQueue::new(&LATEST), Signal::new(), Stash::new(&LATEST));
        for n in 0..1_000 {
            assert!(lane.send(plain(n), &signal, || {}).is_ok());
            stop_after_claim(&lane);
            assert!(lane.send(plain(n + 1), &signal, || {}).is_ok());
            assert_eq!((take(&lane, &mut stash), take(&lane, &mut stash)), (Some(n), Some(n + 1)));
        }
        let places = lane.places().expect("it has been used");
        assert_eq!(places.producers.void.load(Ordering::Relaxed), 0, "no sender had to come again");
    }

    #[test]
    fn a_closed_lane_is_looked_through_to_its_end() {
        let (lane, signal, mut stash) = (LaneQueue::new(&LATEST), Signal::new(), Stash::new(&LATEST));
        let (_reply, answer, asker) = Reply::<()>::queued();
        drop(answer);
        assert!(lane.send(Envelope { message: 1, asker: Some(asker) }, &signal, || {}).is_ok());
        // Who would have evicted the first is stopped, so that two lie where one should.
        stop_after_claim(&lane);
        assert!(lane.send(plain(2), &signal, || {}).is_ok());
        lane.close();
        assert_eq!(take(&lane, &mut stash), Some(2), "and not nothing, for the sake of an ask that was cancelled");
    }
}
