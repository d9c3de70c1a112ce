//! The figures of a lane.

use crate::mailbox::lane::LaneStats;
use crate::mailbox::message::Message;
use crate::mailbox::places::Places;
use crate::mailbox::queue::{LaneQueue, Ring};
use crate::sync::{AtomicU64, Ordering};

impl<M: Message> LaneQueue<M> {
    /// Counts a message returned because the lane had no room.
    pub(crate) fn count_refused(&self) {
        if let Some(places) = self.places() {
            places.producers.refused.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Counts a message returned because its source had no room.
    pub(crate) fn count_over_share(&self) {
        if let Ring::Shared(ring) = &self.ring
            && let Some(ring) = ring.get()
        {
            ring.over_share.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Returns the number of messages queued and in hand.
    #[inline]
    pub(super) fn load(&self) -> u64 {
        let Some(places) = self.places() else { return 0 };
        let read = |figure: &AtomicU64| figure.load(Ordering::Relaxed);
        let figures = &places.figures;
        let mut ended = read(&figures.handled)
            + read(&figures.cancelled)
            + read(&places.consumer.expired)
            + read(&figures.undelivered);
        if self.lane.kind().evicts() {
            ended += read(&places.producers.evicted) + read(&figures.evicted);
        }
        // Read last, as in `stats`.
        (places.accepted() + self.replaced()).saturating_sub(ended)
    }

    /// Returns whether a message was ever sent to this lane before its close.
    pub(crate) fn was_used(&self) -> bool {
        self.places().is_some()
    }

    /// Returns the number of accepted messages.
    pub(super) fn accepted(&self) -> u64 {
        self.places().map_or(0, |places| places.accepted() + self.replaced())
    }

    /// Returns whether no message waits in the ring, not even one in flight.
    pub(super) fn is_empty(&self) -> bool {
        self.places().is_none_or(Places::is_drained)
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
            expired: 0,
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
            stats.expired = read(&places.consumer.expired);
            stats.undelivered = read(&consumer.undelivered);
            stats.high_water = read(&consumer.high_water);
            // Read last: every finished message has been counted as accepted by then.
            stats.accepted = places.accepted() + self.replaced();
            stats.depth = stats.accepted.saturating_sub(stats.ended());
        }
        stats
    }

    /// Returns the number of messages refused because of their source's share.
    fn over_share(&self) -> u64 {
        match &self.ring {
            Ring::Shared(ring) => {
                ring.get().map_or(0, |ring| ring.over_share.load(Ordering::Relaxed))
            }
            Ring::Refusing(_) | Ring::Evicting(_) | Ring::Keyed(_) => 0,
        }
    }

    /// Returns the number of messages accepted in place of another.
    fn replaced(&self) -> u64 {
        match &self.ring {
            Ring::Keyed(ring) => ring.get().map_or(0, |ring| ring.replaced.load(Ordering::Relaxed)),
            Ring::Refusing(_) | Ring::Evicting(_) | Ring::Shared(_) => 0,
        }
    }
}
