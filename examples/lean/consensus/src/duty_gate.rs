//! The duty gate: whether validators of a lagging node should do their duties.

use crate::constants::{HYSTERESIS_BAND, NETWORK_STALL_THRESHOLD, SYNC_LAG_THRESHOLD};
use crate::slot::Slot;

/// Suspends validators while this node lags behind an active network.
///
/// The gate closes when the head is more than 4 slots behind the clock, and opens again at 2. The
/// difference keeps a node near the threshold from switching back and forth. If the newest known
/// block is more than 8 slots old, the network itself has stalled. The gate is then open, because
/// silent validators would prolong the stall.
///
/// # Examples
///
/// ```
/// use consensus::DutyGate;
///
/// let mut gate = DutyGate::default();
/// assert!(gate.allows(10, 6, 10));
/// assert!(!gate.allows(11, 6, 11));
/// assert!(!gate.allows(11, 8, 11), "a lag of 3 does not open it again");
/// assert!(gate.allows(11, 9, 11));
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct DutyGate {
    closed: bool,
}

impl DutyGate {
    /// Returns whether the duties of `slot` may be done, given the head's slot and the newest slot
    /// of any known block.
    pub fn allows(&mut self, slot: Slot, head_slot: Slot, newest_slot: Slot) -> bool {
        let lag = slot.saturating_sub(head_slot);
        let network_stalls = slot.saturating_sub(newest_slot) > NETWORK_STALL_THRESHOLD;
        let most =
            if self.closed { SYNC_LAG_THRESHOLD - HYSTERESIS_BAND } else { SYNC_LAG_THRESHOLD };
        self.closed = !network_stalls && lag > most;
        !self.closed
    }

    /// Returns whether the last call of [`allows`](Self::allows) returned `false`.
    pub fn is_closed(&self) -> bool {
        self.closed
    }
}
