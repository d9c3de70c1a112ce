//! The event about fork choice: a bounded part of the tree of blocks.

use std::collections::HashMap;

use crate::events::{ForkBlock, Forks, MOST_BLOCKS};
use chain::Snapshot;
use consensus::{ForkChoiceNode, Root};

/// The most blocks of the head's own chain. The rest of the room is for its forks.
const MOST_OF_HEAD: usize = MOST_BLOCKS / 2;

/// Returns the event of this snapshot.
///
/// The chosen blocks are the head, the checkpoints and the safe target, then the newest blocks of
/// the head's chain, then the newest other blocks, heavier ones first. A block whose parent is left
/// out refers to its nearest chosen ancestor.
pub(super) fn forks(chain: &Snapshot) -> Forks {
    let nodes = &chain.fork_choice.nodes;
    let places: HashMap<Root, usize> =
        nodes.iter().enumerate().map(|(place, node)| (node.root, place)).collect();
    let parent = |place: usize| places.get(&nodes[place].parent_root).copied();
    let marks = [chain.head.root, chain.justified.root, chain.finalized.root, chain.safe_target]
        .map(|root| places.get(&root).copied());
    let mut choice = Choice { is_chosen: vec![false; nodes.len()], count: 0 };
    marks.into_iter().flatten().for_each(|place| choice.add(place));
    let mut of_head = marks[0];
    for _ in 0..MOST_OF_HEAD {
        let Some(place) = of_head else { break };
        choice.add(place);
        // An ancestor has a lower slot, so a wrong parent makes no circle.
        of_head = parent(place).filter(|above| nodes[*above].slot < nodes[place].slot);
    }
    if choice.count < MOST_BLOCKS {
        let mut rest: Vec<_> = (0..nodes.len()).collect();
        rest.sort_by_key(|place| {
            std::cmp::Reverse((nodes[*place].slot, nodes[*place].weight, *place))
        });
        for place in rest {
            if choice.count == MOST_BLOCKS {
                break;
            }
            choice.add(place);
        }
    }
    let Blocks { blocks, drawn } = blocks(nodes, &choice, parent);
    let [head, justified, finalized, safe_target] =
        marks.map(|place| place.and_then(|place| drawn[place].at));
    Forks {
        left_out: (nodes.len() - blocks.len()) as u64,
        blocks,
        validators: chain.validator_count as u64,
        head,
        justified,
        finalized,
        safe_target,
    }
}

/// The chosen blocks.
struct Choice {
    is_chosen: Vec<bool>,
    count: usize,
}

impl Choice {
    fn add(&mut self, place: usize) {
        if !std::mem::replace(&mut self.is_chosen[place], true) {
            self.count += 1;
        }
    }
}

struct Blocks {
    blocks: Vec<ForkBlock>,
    drawn: Vec<Drawn>,
}

/// The nearest chosen block of a block's chain: itself or an ancestor.
#[derive(Clone, Copy, Default)]
struct Drawn {
    at: Option<usize>,
    /// The number of blocks from it to this one that are left out, this one included.
    left_out: u64,
}

/// Lists the chosen blocks. A parent is imported before its children, so it has its place before.
fn blocks(
    nodes: &[ForkChoiceNode],
    choice: &Choice,
    parent: impl Fn(usize) -> Option<usize>,
) -> Blocks {
    let mut blocks = Vec::with_capacity(choice.count);
    let mut drawn = vec![Drawn::default(); nodes.len()];
    for (place, node) in nodes.iter().enumerate() {
        let above = parent(place).map(|above| drawn[above]).unwrap_or_default();
        drawn[place] = if choice.is_chosen[place] {
            blocks.push(ForkBlock {
                root: node.root,
                slot: node.slot,
                parent: above.at,
                skipped: if above.at.is_some() { above.left_out } else { 0 },
                proposer: node.proposer_index,
                weight: node.weight,
            });
            Drawn { at: Some(blocks.len() - 1), left_out: 0 }
        } else {
            Drawn { left_out: above.left_out + 1, ..above }
        };
    }
    Blocks { blocks, drawn }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use consensus::{Checkpoint, ForkChoiceView};

    fn root(n: u64) -> Root {
        let mut bytes = [0; 32];
        bytes[..8].copy_from_slice(&n.to_le_bytes());
        Root::from(bytes)
    }

    fn node(n: u64, parent: u64, slot: u64, weight: u64) -> ForkChoiceNode {
        let (root, parent_root) = (root(n), root(parent));
        ForkChoiceNode { root, slot, parent_root, proposer_index: n % 4, weight }
    }

    fn snapshot(nodes: Vec<ForkChoiceNode>, head: u64, finalized: u64) -> Snapshot {
        let at = |n: u64| {
            let node = nodes.iter().find(|node| node.root == root(n)).expect("it is a block");
            Checkpoint { root: node.root, slot: node.slot }
        };
        Snapshot {
            head: at(head),
            justified: at(finalized),
            finalized: at(finalized),
            safe_target: root(finalized),
            validator_count: 4,
            fork_choice: Arc::new(ForkChoiceView { nodes }),
            ..Snapshot::default()
        }
    }

    #[test]
    fn a_small_tree_is_shown_as_it_is() {
        let nodes = vec![node(1, 0, 3, 4), node(2, 1, 4, 3), node(3, 1, 5, 1), node(4, 2, 6, 3)];
        let forks = forks(&snapshot(nodes.clone(), 4, 1));
        let parents: Vec<_> = forks.blocks.iter().map(|block| block.parent).collect();
        assert_eq!(parents, [None, Some(0), Some(0), Some(1)]);
        for (block, node) in forks.blocks.iter().zip(&nodes) {
            let shown = (block.root, block.slot, block.weight, block.proposer, block.skipped);
            assert_eq!(shown, (node.root, node.slot, node.weight, node.proposer_index, 0));
        }
        let marks = (forks.head, forks.justified, forks.finalized, forks.safe_target);
        assert_eq!(marks, (Some(3), Some(0), Some(0), Some(0)));
        assert_eq!((forks.left_out, forks.validators), (0, 4));
    }

    #[test]
    fn a_long_chain_without_finality_is_bounded_and_stays_in_one_piece() {
        let nodes: Vec<_> = (1..=10_000).map(|n| node(n, n - 1, n, 4)).collect();
        let forks = forks(&snapshot(nodes, 10_000, 1));
        assert_eq!(forks.blocks.len(), MOST_BLOCKS);
        assert_eq!(forks.left_out, 10_000 - MOST_BLOCKS as u64);
        assert_eq!(forks.finalized, Some(0));
        assert_eq!(forks.blocks[1].parent, Some(0));
        assert_eq!(forks.blocks[1].skipped, forks.left_out);
        assert!(forks.blocks[2..].iter().all(|block| block.skipped == 0));
        assert_eq!(forks.head, Some(MOST_BLOCKS - 1));
    }

    #[test]
    fn many_forks_do_not_displace_the_heads_chain() {
        let mut nodes = vec![node(1, 0, 1, 4)];
        nodes.extend((2..=40).map(|n| node(n, n - 1, n, 3)));
        // Forks of the finalized block, all newer than the head.
        nodes.extend((1000..6000).map(|n| node(n, 1, n, 1)));
        let forks = forks(&snapshot(nodes, 40, 1));
        assert_eq!(forks.blocks.len(), MOST_BLOCKS);
        let slots: Vec<_> = forks.blocks.iter().map(|block| block.slot).collect();
        assert!((40 - MOST_OF_HEAD as u64 + 1..=40).all(|slot| slots.contains(&slot)), "{slots:?}");
        assert!(slots.contains(&5999), "and the newest forks have the rest");
        assert!(forks.blocks[1..].iter().all(|block| block.parent.is_some()));
    }

    #[test]
    fn before_the_first_publication_there_is_no_block() {
        let forks = forks(&Snapshot::default());
        assert_eq!((forks.blocks.len(), forks.head, forks.left_out), (0, None, 0));
    }
}
