//! The duty gate: whether a validator that may be behind should speak.

use crate::constants::{HYSTERESIS_BAND, NETWORK_STALL_THRESHOLD, SYNC_LAG_THRESHOLD};
use crate::slot::Slot;

/// Silences validators while this node is behind a network that moves on.
///
/// It closes when the head is more than 4 slots behind the clock and opens again at 2, so that a node at the edge does
/// not flap. When nobody has a block newer than 8 slots the network has stalled, and silence would keep it so.
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
    /// Says whether duties of `slot` may be done, given the head's slot and the newest slot of any known block.
    pub fn allows(&mut self, slot: Slot, head_slot: Slot, newest_slot: Slot) -> bool {
        let lag = slot.saturating_sub(head_slot);
        let network_stalls = slot.saturating_sub(newest_slot) > NETWORK_STALL_THRESHOLD;
        let most = if self.closed { SYNC_LAG_THRESHOLD - HYSTERESIS_BAND } else { SYNC_LAG_THRESHOLD };
        self.closed = !network_stalls && lag > most;
        !self.closed
    }

    /// Says whether the gate let nothing through when it was last asked.
    pub fn is_closed(&self) -> bool {
        self.closed
    }
}
