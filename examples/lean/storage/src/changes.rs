//! The changes of a turn of the chain's owner.

use std::sync::Arc;

use consensus::{AggregatedAttestation, Checkpoint, Root, SignedBlock, State};

use crate::votes::MOST_VOTES;

/// A finalized block, and the state after it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finalized {
    /// The block's root and slot.
    pub checkpoint: Checkpoint,
    /// The state after the block. Its history names all blocks below it.
    pub state: Arc<State>,
}

/// The changes to write together. Each part may be empty.
///
/// Large parts are shared, so collecting changes copies pointers.
#[derive(Clone, Debug, Default)]
pub struct Changes {
    /// New blocks, with their roots. A known block changes nothing, unless it brings the proof that the
    /// stored one lacks.
    pub blocks: Vec<(Root, Arc<SignedBlock>)>,
    /// The newest finalized block. It is known already, or among `blocks`. A block at or below the
    /// stored finalized slot changes nothing.
    pub finalized: Option<Finalized>,
    /// Newly counted votes.
    pub votes: Vec<AggregatedAttestation>,
    /// The addresses of good peers, best first, in place of the stored ones.
    pub peers: Option<Vec<String>>,
}

impl Changes {
    /// Returns whether there is nothing to write.
    pub fn is_empty(&self) -> bool {
        let Self { blocks, finalized, votes, peers } = self;
        blocks.is_empty() && finalized.is_none() && votes.is_empty() && peers.is_none()
    }

    /// Adds later changes. Writing the result loads as writing one after the other does. Only the
    /// state of a finalized block between the two is left out.
    ///
    /// The number of votes stays bounded: those with the lowest slots are dropped first.
    pub fn join(&mut self, later: Self) {
        self.blocks.extend(later.blocks);
        if let Some(finalized) = later.finalized {
            // A state names all blocks below it, so the earlier state is not needed.
            let slot = finalized.checkpoint.slot;
            if self.finalized.as_ref().is_none_or(|earlier| earlier.checkpoint.slot < slot) {
                self.finalized = Some(finalized);
            }
        }
        self.votes.extend(later.votes);
        if self.votes.len() > 2 * MOST_VOTES {
            self.votes.sort_by_key(|vote| vote.data.slot);
            self.votes.drain(..self.votes.len() - MOST_VOTES);
        }
        if later.peers.is_some() {
            self.peers = later.peers;
        }
    }
}
