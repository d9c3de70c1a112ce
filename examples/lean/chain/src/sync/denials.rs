//! Who has said that there is nothing in which slots.

use std::collections::VecDeque;

use network::PeerId;

use consensus::Slot;

/// Denials that are remembered.
const DENIALS: usize = 64;

/// What peers have denied and nobody has confirmed yet; the oldest is forgotten first.
#[derive(Debug, Default)]
pub(super) struct Denials(VecDeque<Denial>);

/// A peer said that its chain has no blocks in these slots.
#[derive(Debug)]
struct Denial {
    peer: PeerId,
    start: Slot,
    end: Slot,
}

impl Denials {
    /// Remembers that a peer has nothing from `start` to `end`. Without any slot in between it is no denial.
    pub(super) fn add(&mut self, peer: PeerId, start: Slot, end: Slot) {
        if start <= end {
            if self.0.len() == DENIALS {
                self.0.pop_front();
            }
            self.0.push_back(Denial { peer, start, end });
        }
    }

    /// Takes those that a block in this slot refutes, and says whose they were.
    pub(super) fn refute(&mut self, slot: Slot, supplier: PeerId) -> Vec<PeerId> {
        let is_refuted = |denial: &Denial| (denial.start..=denial.end).contains(&slot) && denial.peer != supplier;
        let (refuted, others): (VecDeque<_>, VecDeque<_>) = self.0.drain(..).partition(is_refuted);
        self.0 = others;
        refuted.into_iter().map(|denial| denial.peer).collect()
    }

    /// Forgets those of slots before this one: what follows them links to what was before them.
    pub(super) fn confirm_before(&mut self, slot: Slot) {
        self.0.retain(|denial| denial.end >= slot);
    }

    /// Forgets those of a peer that is gone.
    pub(super) fn forget(&mut self, peer: &PeerId) {
        self.0.retain(|denial| denial.peer != *peer);
    }

    /// Forgets all.
    pub(super) fn clear(&mut self) {
        self.0.clear();
    }
}
