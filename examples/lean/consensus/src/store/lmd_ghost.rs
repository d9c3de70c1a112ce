//! LMD-GHOST: from each validator's latest vote to the weight of each block and a head.
//!
//! The weights are added from children to parents, in one pass over the blocks, newest first.
//! Nothing is kept from one head to the next: a reorganisation or a lowered finalized slot cannot
//! leave stale results.

use std::collections::BTreeMap;

use crate::root::Root;
use crate::slot::Slot;
use crate::store::latest_votes::HeadVotes;
use crate::store::tree::BlockTree;

/// Adds each vote to its head and to the head's ancestors after `slot`. Leaves out blocks without
/// votes (`accumulate_ancestor_weights`).
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

/// Descends from a block to its heaviest child, until a block has none (`compute_lmd_ghost_head`).
///
/// Skips children lighter than `least`. Among children of equal weight, takes the one with the
/// largest root.
pub(super) fn lmd_ghost_head(tree: &BlockTree, start: Root, votes: &HeadVotes, least: u64) -> Root {
    let Some(first) = tree.place(&start) else { return start };
    // All descendants of the start stand after it. Places are counted from the start.
    let blocks = tree.since(first);
    let mut weights = own_weights(tree, votes, first);
    let root = |place: usize| blocks.get_index(place).map(|(root, _)| root);
    let mut best_children: Vec<Option<usize>> = vec![None; blocks.len()];
    for (place, node) in blocks.values().enumerate().skip(1).rev() {
        // The children stand later and were walked first, so this weight is complete.
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

/// Returns the votes for each block itself, from a place on.
fn own_weights(tree: &BlockTree, votes: &HeadVotes, first: usize) -> Vec<u64> {
    let mut weights = vec![0; tree.since(first).len()];
    for (head, count) in votes {
        if let Some(place) = tree.place(head).and_then(|place| place.checked_sub(first)) {
            weights[place] += count;
        }
    }
    weights
}
