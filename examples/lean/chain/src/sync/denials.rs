//! Denials: the claims of peers to have no blocks in some slots.

use std::collections::VecDeque;

use network::PeerId;

use consensus::Slot;

/// The largest number of denials kept.
const DENIALS: usize = 64;

/// The denials neither confirmed nor refuted yet. The oldest is dropped first.
#[derive(Debug, Default)]
pub(super) struct Denials(VecDeque<Denial>);

/// The claim of a peer: its chain has no blocks in these slots.
#[derive(Debug)]
struct Denial {
    peer: PeerId,
    start: Slot,
    end: Slot,
}

impl Denials {
    /// Adds the denial of a peer for the slots `start` to `end`. An empty range is no denial.
    pub(super) fn add(&mut self, peer: PeerId, start: Slot, end: Slot) {
        if start <= end {
            if self.0.len() == DENIALS {
                self.0.pop_front();
            }
            self.0.push_back(Denial { peer, start, end });
        }
    }

    /// Removes the denials refuted by a block in this slot from `supplier`. Returns the peers of
    /// these denials.
    pub(super) fn refute(&mut self, slot: Slot, supplier: PeerId) -> Vec<PeerId> {
        let is_refuted = |denial: &Denial| {
            (denial.start..=denial.end).contains(&slot) && denial.peer != supplier
        };
        let (refuted, others): (VecDeque<_>, VecDeque<_>) = self.0.drain(..).partition(is_refuted);
        self.0 = others;
        refuted.into_iter().map(|denial| denial.peer).collect()
    }

    /// Removes the denials for slots before this one: the chain across these slots is linked, so
    /// they are confirmed.
    pub(super) fn confirm_before(&mut self, slot: Slot) {
        self.0.retain(|denial| denial.end >= slot);
    }

    /// Removes the denials of a departed peer.
    pub(super) fn forget(&mut self, peer: &PeerId) {
        self.0.retain(|denial| denial.peer != *peer);
    }

    /// Removes all denials.
    pub(super) fn clear(&mut self) {
        self.0.clear();
    }
}
