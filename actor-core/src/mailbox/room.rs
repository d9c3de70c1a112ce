//! How senders wait for room in a lane, and are notified of it.

use event_listener::{EventListener, IntoNotification};

use crate::mailbox::message::Message;
use crate::mailbox::queue::{LaneQueue, Ring};
use crate::mailbox::ring::RefusingRing;
use crate::mailbox::signal::Signal;
use crate::sync::{AtomicUsize, Ordering, fence};

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

impl<M: Message> LaneQueue<M> {
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
        let places = self.places().expect("a lane that was found full has been used");
        let count = &places.producers.waiting;
        count.fetch_add(1, Ordering::Relaxed);
        let waiting = Waiting { count };
        let listener = places.consumer.room.listen();
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
        let notified = if more > 0 { places.consumer.room.notify(more.additional()) } else { 0 };
        // With fewer than that, no listener is left that was not notified.
        Told { anyone_waits: true, not_all: room > 0 && notified == more }
    }

    /// Has those that wait for room look again, if there is any: the caller was in their way for a moment, in which the
    /// consumer may have told them of room in vain. Not if the lane is full, so that two that are refused do not wake each
    /// other over and over: then the consumer tells them.
    #[cold]
    pub(super) fn back_out(&self) {
        // Pairs with the fence in `wait_for_room`: a sender that is not seen here sees that the caller has backed out.
        fence(Ordering::SeqCst);
        let Some(places) = self.places() else { return };
        if places.producers.waiting.load(Ordering::Relaxed) > 0 && self.room_and_freed().0 > 0 {
            places.consumer.room.notify(usize::MAX.additional());
        }
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
}
