//! From pools of proofs to each validator's latest vote, and from those to the weight of each block.

use std::collections::{BTreeMap, HashMap};

use crate::consensus::attestation::validator_indices;
use crate::consensus::checkpoint::AttestationData;
use crate::consensus::root::Root;
use crate::consensus::slot::{Slot, ValidatorIndex};
use crate::consensus::store::pool::ProofPool;
use crate::consensus::store::tree::BlockTree;

/// Each validator's vote with the highest slot; the one that came first, if there are several in one slot.
pub(super) type LatestVotes<'a> = BTreeMap<ValidatorIndex, &'a AttestationData>;

/// How many latest votes are for each block or a descendant of it; blocks without any are left out.
pub(super) type Weights = HashMap<Root, u64>;

/// Finds each validator's latest vote, passing over votes for heads that are already final.
pub(super) fn latest_votes(pool: &ProofPool, finalized: Slot) -> LatestVotes<'_> {
    let mut latest = LatestVotes::new();
    for (data, proofs) in pool.iter().filter(|(data, _)| data.head.slot > finalized) {
        for voter in proofs.iter().flat_map(|proof| validator_indices(&proof.participants)) {
            let vote = latest.entry(voter).or_insert(data);
            if vote.slot < data.slot {
                *vote = data;
            }
        }
    }
    latest
}

/// Adds each vote to its head and to the head's ancestors above `start` (`accumulate_ancestor_weights`).
pub(super) fn weights(tree: &BlockTree, votes: &LatestVotes<'_>, start: Slot) -> Weights {
    // Validators mostly vote alike, so each head's chain is walked once, however many votes it has.
    let mut heads = Weights::new();
    for vote in votes.values() {
        *heads.entry(vote.head.root).or_default() += 1;
    }
    let mut weights = Weights::new();
    for (head, count) in heads {
        for (root, _) in tree.chain(head).take_while(|(_, block)| block.slot > start) {
            *weights.entry(root).or_default() += count;
        }
    }
    weights
}

/// Descends from a block to the heaviest child, again and again, until there is none (`compute_lmd_ghost_head`).
///
/// Children lighter than `least` are not taken; among equals the larger root is.
pub(super) fn lmd_ghost_head(tree: &BlockTree, start: Root, votes: &LatestVotes<'_>, least: u64) -> Root {
    let start_slot = tree.block(&start).map_or(0, |block| block.slot);
    let weights = weights(tree, votes, start_slot);
    let weight = |root: &Root| weights.get(root).copied().unwrap_or(0);
    let mut head = start;
    while let Some(best) =
        tree.children(&head).iter().filter(|child| weight(child) >= least).max_by_key(|child| (weight(child), **child))
    {
        head = *best;
    }
    head
}
