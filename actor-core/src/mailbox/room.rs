//! How senders wait for room in a lane, and how they are notified.

use event_listener::{EventListener, IntoNotification};

use crate::mailbox::message::Message;
use crate::mailbox::queue::{LaneQueue, Ring};
use crate::mailbox::ring::RefusingRing;
use crate::mailbox::signal::Signal;
use crate::sync::{AtomicUsize, Ordering, fence};

/// The remaining work for waiting senders.
#[derive(Clone, Copy, Default)]
pub(super) struct Notified {
    /// A sender waits, or is about to.
    pub(super) anyone_waits: bool,
    /// There is room, and a waiting sender may not have been notified.
    pub(super) not_all: bool,
}

/// A sender waiting for room, counted during the life of this value.
#[derive(Debug)]
pub(crate) struct Waiting<'a> {
    count: &'a AtomicUsize,
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.count.fetch_sub(1, Ordering::Relaxed);
    }
}

impl<M: Message> LaneQueue<M> {
    /// Registers the caller for the next free room. The caller must try again before it waits.
    ///
    /// ```text
    /// sender                              consumer
    ///   push -> full                        pop, any number of times
    ///   waiting += 1                        before its task returns Pending: announces that (3)
    ///   listen                                ROOM_WANTED was set -> clears it; notifies one more
    ///   ROOM_WANTED at the signal  (1)        listener for each message taken since the last time,
    ///   fence SeqCst               (2)        first come, first served; sets ROOM_WANTED again
    ///   push -> full: wait                    while any sender waits
    /// ```
    ///
    /// (1) and (3) change the same word, so one of them comes first. If (1) does, the consumer sees
    /// the sender. If (3) does, the sender's second push sees every slot freed before. A consumer
    /// without an actor's loop makes a `SeqCst` fence after its pop, and the fence pairs with (2)
    /// in the same way. A notification between the count and (1) reaches no listener, but then the
    /// slot was freed before the second push.
    ///
    /// Senders are woken when the consumer's task returns `Pending`, because a wake at each pop
    /// would cost a wake for each message. A woken sender sends as many messages as there is room
    /// for. An actor's task returns `Pending` after each turn, and a turn is bounded in number and
    /// time.
    ///
    /// **Nothing is reserved for a notified sender, and no other party depends on it**, because it
    /// may not be polled for a long time, or never. The place stays free for others, and later
    /// places are announced to other senders. The actor's watch ensures the use of that one place:
    /// if it is still free after a while, and a sender may wait without a notification, the watch
    /// [notifies](Self::notify_of_room) as many further senders as there is room for. It repeats
    /// this until all have been notified. So one taken message wakes one sender, and not all.
    pub(crate) fn wait_for_room(&self, signal: &Signal) -> (Waiting<'_>, EventListener) {
        let places = self.places().expect("a lane that was found full has been used");
        let count = &places.producers.waiting;
        count.fetch_add(1, Ordering::Relaxed);
        let waiting = Waiting { count };
        let listener = places.consumer.room.listen();
        signal.want_room();
        // Pairs with the fence before `notify_of_room`.
        fence(Ordering::SeqCst);
        (waiting, listener)
    }

    /// Ensures that no sender waits while there is room for it. Called by the consumer at a time
    /// when it surely sees all waiting senders.
    ///
    /// `writes_off`: places left free by earlier notified senders are announced again, to other
    /// senders.
    pub(super) fn notify_of_room(&self, writes_off: bool) -> Notified {
        let Some(places) = self.places() else { return Notified::default() };
        let waiting = places.producers.waiting.load(Ordering::Relaxed);
        if waiting == 0 {
            return Notified::default();
        }
        let (room, freed) = self.room_and_freed();
        let announced = places.figures.announced.load(Ordering::Relaxed);
        let mut more = if writes_off { room } else { room.min(freed.saturating_sub(announced)) };
        places.figures.announced.store(freed, Ordering::Relaxed);
        if more > 0 && (matches!(self.ring, Ring::Shared(_)) || places.is_reserved_out()) {
            // The next one in line may be over its share while the one behind it is not, or may
            // wait for a reservation while the one behind it has a message. So all of them try
            // again.
            more = u64::MAX;
        }
        let more = usize::try_from(more).unwrap_or(usize::MAX);
        // Additional: an earlier notified sender may not run for a long time.
        let notified = if more > 0 { places.consumer.room.notify(more.additional()) } else { 0 };
        // With a lower number, every listener has been notified.
        Notified { anyone_waits: true, not_all: room > 0 && notified == more }
    }

    /// Makes all waiting senders try again, if there is room. The caller has given reserved room
    /// back, or was counted for a moment, and the consumer may have notified a sender in vain
    /// during that moment. In a full lane nothing is done, because two refused senders would wake
    /// each other without end. The consumer notifies them later.
    #[cold]
    pub(super) fn back_out(&self) {
        // Pairs with the fence in `wait_for_room`: a sender not seen here sees the caller's
        // retreat.
        fence(Ordering::SeqCst);
        let Some(places) = self.places() else { return };
        if places.producers.waiting.load(Ordering::Relaxed) > 0 && self.room_and_freed().0 > 0 {
            places.consumer.room.notify(usize::MAX.additional());
        }
    }

    /// Ends the wait of a sender counted by [`wait_for_room`](Self::wait_for_room).
    pub(super) fn leave_line(&self) {
        if let Some(places) = self.places() {
            places.producers.waiting.fetch_sub(1, Ordering::Relaxed);
        }
    }

    /// Returns the number of further messages the lane would accept, and the number of places freed
    /// so far.
    fn room_and_freed(&self) -> (u64, u64) {
        fn of<T>(ring: &RefusingRing<T>) -> (u64, u64) {
            let freed = ring.freed();
            (ring.capacity().saturating_sub(ring.places.promised().saturating_sub(freed)), freed)
        }
        match &self.ring {
            Ring::Refusing(ring) => ring.get().map_or((0, 0), of),
            Ring::Shared(ring) => ring.get().map_or((0, 0), |ring| of(&ring.ring)),
            // No sender has to wait for room there, unless there is no memory.
            Ring::Evicting(_) | Ring::Keyed(_) => (u64::MAX, 0),
        }
    }
}
