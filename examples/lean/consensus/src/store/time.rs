//! The store's time, and the action due at each interval.

use crate::clock::interval_from_slot;
use crate::constants::{GOSSIP_DISPARITY_INTERVALS, INTERVALS_PER_SLOT};
use crate::slot::{Interval, Slot};

/// The store's time, in intervals since genesis. No method moves it backwards.
#[derive(Clone, Copy, Debug)]
pub(super) struct Time(Interval);

/// The store's action at an interval of a slot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Action {
    Propose,
    Nothing,
    Aggregate,
    UpdateSafeTarget,
    Accept,
}

impl Time {
    pub(super) fn at_slot(slot: Slot) -> Self {
        Self(interval_from_slot(slot))
    }

    pub(super) fn now(self) -> Interval {
        self.0
    }

    /// Advances by one interval and returns the action due there.
    pub(super) fn advance(&mut self) -> Action {
        self.0 += 1;
        match self.0 % INTERVALS_PER_SLOT {
            0 => Action::Propose,
            2 => Action::Aggregate,
            3 => Action::UpdateSafeTarget,
            4 => Action::Accept,
            _ => Action::Nothing,
        }
    }

    /// Moves to a later time without any action. An earlier time changes nothing.
    pub(super) fn skip_to(&mut self, time: Interval) {
        self.0 = self.0.max(time);
    }

    /// Returns the newest slot of an acceptable block: a whole slot of margin.
    pub(super) fn newest_slot_for_blocks(self) -> Slot {
        self.0 / INTERVALS_PER_SLOT + 1
    }

    /// Returns the newest slot allowed in a vote. A slot begins up to one interval early, because
    /// clocks differ.
    pub(super) fn newest_slot_for_votes(self) -> Slot {
        self.0.saturating_add(GOSSIP_DISPARITY_INTERVALS) / INTERVALS_PER_SLOT
    }
}

#[cfg(test)]
mod tests {
    use super::{INTERVALS_PER_SLOT, Slot, Time};

    #[test]
    fn the_newest_slots_do_not_overflow_at_the_largest_time() {
        let time = Time::at_slot(Slot::MAX);
        assert_eq!(time.newest_slot_for_votes(), Slot::MAX / INTERVALS_PER_SLOT);
        assert_eq!(time.newest_slot_for_blocks(), Slot::MAX / INTERVALS_PER_SLOT + 1);
    }
}
