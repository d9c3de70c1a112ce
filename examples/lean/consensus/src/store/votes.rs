//! From pools of proofs to each validator's latest vote, and from those to the weight of each block and a head.
//!
//! A pool knows who has voted for what as sets. Walked from the newest slot on, each vote counts for those of its voters
//! who were not met before: that is "each validator's latest vote", 64 validators at a time. Weights then flow from
//! children to parents in one walk over the blocks in question, newest first. Nothing is kept from one head to the next,
//! so there is nothing that a reorganisation, or a finalized slot that goes back, could leave wrong.

use std::cmp::Reverse;
use std::collections::{BTreeMap, HashMap};

use crate::root::Root;
use crate::slot::Slot;
use crate::store::pool::ProofPool;
use crate::store::tree::BlockTree;
use crate::voters::Voters;

/// How many validators' latest votes are for each head.
pub(super) type HeadVotes = HashMap<Root, u64>;

/// Counts each validator's vote with the highest slot, the one that came first if there are several in one slot. Votes
/// for heads that are already final are passed over (`extract_attestations_from_aggregated_payloads`).
pub(super) fn latest_votes(pool: &ProofPool, finalized: Slot) -> HeadVotes {
    let mut votes: Vec<_> = pool.voters().filter(|(data, _)| data.head.slot > finalized).collect();
    // In a slot the order in which they came stays.
    votes.sort_by_key(|(data, _)| Reverse(data.slot));
    let mut heads = HeadVotes::new();
    let mut decided = Voters::default();
    for (data, voters) in votes {
        let latest = decided.join(voters) as u64;
        if latest > 0 {
            *heads.entry(data.head.root).or_default() += latest;
        }
    }
    heads
}

/// Adds each vote to its head and to the head's ancestors after `slot`; blocks without any are left out
/// (`accumulate_ancestor_weights`).
pub(super) fn weights(tree: &BlockTree, votes: &HeadVotes, slot: Slot) -> BTreeMap<Root, u64> {
    let first = tree.first_after(slot);
    let mut weights = own_weights(tree, votes, first);
    let blocks = tree.since(first);
    for (place, node) in blocks.values().enumerate().rev() {
        if let Some(parent) = node.parent().checked_sub(first).filter(|parent| *parent < place) {
            weights[parent] += weights[place];
        }
    }
    let weighed = blocks.iter().zip(weights);
    weighed
        .filter(|((_, node), weight)| node.block().slot > slot && *weight > 0)
        .map(|((root, _), weight)| (*root, weight))
        .collect()
}

/// Descends from a block to the heaviest child, again and again, until there is none (`compute_lmd_ghost_head`).
///
/// Children lighter than `least` are not taken; among equals the larger root is.
pub(super) fn lmd_ghost_head(tree: &BlockTree, start: Root, votes: &HeadVotes, least: u64) -> Root {
    let Some(first) = tree.place(&start) else { return start };
    // Only blocks that came after the start can descend from it. Places are counted from it on.
    let blocks = tree.since(first);
    let mut weights = own_weights(tree, votes, first);
    let root = |place: usize| blocks.get_index(place).map(|(root, _)| root);
    let mut best_children: Vec<Option<usize>> = vec![None; blocks.len()];
    for (place, node) in blocks.values().enumerate().skip(1).rev() {
        // Its children came after it, so its weight is complete.
        let Some(parent) = node.parent().checked_sub(first) else { continue };
        let weight = weights[place];
        weights[parent] += weight;
        let is_best = |best: usize| (weight, root(place)) > (weights[best], root(best));
        if weight >= least && best_children[parent].is_none_or(is_best) {
            best_children[parent] = Some(place);
        }
    }
    let head = std::iter::successors(Some(0), |place| best_children[*place]).last().and_then(root);
    head.copied().unwrap_or(start)
}

/// The votes for each block itself, from a place on.
fn own_weights(tree: &BlockTree, votes: &HeadVotes, first: usize) -> Vec<u64> {
    let mut weights = vec![0; tree.since(first).len()];
    for (head, count) in votes {
        if let Some(place) = tree.place(head).and_then(|place| place.checked_sub(first)) {
            weights[place] += count;
        }
    }
    weights
}
