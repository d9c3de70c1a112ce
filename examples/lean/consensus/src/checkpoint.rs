//! Checkpoints, and the vote that names three of them.

use libssz_derive::{HashTreeRoot, SszDecode, SszEncode};

use crate::block_roots::BlockRoots;
use crate::root::Root;
use crate::slot::Slot;

/// A block's root and slot, which can be justified and finalized.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, SszEncode, SszDecode, HashTreeRoot)]
pub struct Checkpoint {
    /// The block's root.
    pub root: Root,
    /// The block's slot.
    pub slot: Slot,
}

impl Checkpoint {
    /// Returns the later of two checkpoints; this one when both have the same slot.
    ///
    /// Keeping the old one on a tie means that a fork cannot silently swap the root of a slot.
    pub fn advance_to(self, candidate: Self) -> Self {
        if candidate.slot > self.slot { candidate } else { self }
    }
}

/// What a validator votes for in a slot: the head it saw, and a link from a justified source to a target.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, SszEncode, SszDecode, HashTreeRoot)]
pub struct AttestationData {
    /// The slot that the vote is cast in; also the epoch of its signature.
    pub slot: Slot,
    /// The newest block that the validator saw.
    pub head: Checkpoint,
    /// What the vote would justify.
    pub target: Checkpoint,
    /// The justified checkpoint that the vote builds on.
    pub source: Checkpoint,
}

impl AttestationData {
    /// Says whether all three checkpoints are blocks of the chain whose roots are given by slot.
    ///
    /// Slots without a block have a zero root there, and no vote can name it.
    pub fn lies_on_chain(&self, historical_block_hashes: &BlockRoots) -> bool {
        [self.source, self.target, self.head].iter().all(|checkpoint| {
            let on_chain = usize::try_from(checkpoint.slot).ok().and_then(|slot| historical_block_hashes.get(slot));
            !checkpoint.root.is_zero() && on_chain == Some(&checkpoint.root)
        })
    }
}
