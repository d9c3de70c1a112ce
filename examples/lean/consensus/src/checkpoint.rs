//! Checkpoints, and the content of a vote: three checkpoints and a slot.

use libssz_derive::{HashTreeRoot, SszDecode, SszEncode};

use crate::block_roots::BlockRoots;
use crate::root::Root;
use crate::slot::Slot;

/// A block's root and slot. A checkpoint can be justified and finalized.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, SszEncode, SszDecode, HashTreeRoot)]
pub struct Checkpoint {
    /// The block's root.
    pub root: Root,
    /// The block's slot.
    pub slot: Slot,
}

impl Checkpoint {
    /// Returns the later of two checkpoints, or `self` if both have the same slot.
    ///
    /// On a tie, keeping the old checkpoint prevents a fork from silently replacing a slot's root.
    pub fn advance_to(self, candidate: Self) -> Self {
        if candidate.slot > self.slot { candidate } else { self }
    }
}

/// The content of a validator's vote in a slot: the head, and a link from a justified source to a
/// target.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, SszEncode, SszDecode, HashTreeRoot)]
pub struct AttestationData {
    /// The slot of the vote, and the epoch of its signature.
    pub slot: Slot,
    /// The head block as seen by the validator.
    pub head: Checkpoint,
    /// The checkpoint that the vote would justify.
    pub target: Checkpoint,
    /// The justified checkpoint at the start of the link.
    pub source: Checkpoint,
}

impl AttestationData {
    /// Returns whether all three checkpoints are blocks of the chain in `historical_block_hashes`,
    /// a list of roots by slot.
    ///
    /// The list has a zero root for each slot without a block. A vote can never match a zero root.
    pub fn lies_on_chain(&self, historical_block_hashes: &BlockRoots) -> bool {
        [self.source, self.target, self.head].iter().all(|checkpoint| {
            let on_chain = usize::try_from(checkpoint.slot)
                .ok()
                .and_then(|slot| historical_block_hashes.get(slot));
            !checkpoint.root.is_zero() && on_chain == Some(&checkpoint.root)
        })
    }
}
