//! The finality announced by all runs of all nodes, and the rules for it.

use std::collections::BTreeMap;

use consensus::{Root, Slot};

/// All announced finalized blocks of a network.
pub(crate) struct Announced {
    roots: BTreeMap<Slot, Root>,
    /// The newest finalized slot announced by each node.
    newest: Vec<Slot>,
}

impl Announced {
    pub(crate) fn new(nodes: usize) -> Self {
        Self { roots: BTreeMap::new(), newest: vec![0; nodes] }
    }

    /// Notes a report. It must not be behind an earlier one of its node, nor beside one of any.
    pub(crate) fn note(&mut self, node: usize, slot: Slot, root: Root) {
        let before = self.newest[node];
        assert!(slot >= before, "node {node} announced slot {before} as finalized, and now {slot}");
        self.newest[node] = slot;
        let known = *self.roots.entry(slot).or_insert(root);
        assert_eq!(known, root, "two blocks of slot {slot} were announced as finalized");
    }

    /// Returns the newest finalized slot that any node has announced.
    pub(crate) fn newest(&self) -> Slot {
        self.newest.iter().copied().max().unwrap_or(0)
    }

    pub(crate) fn newest_of(&self, node: usize) -> Slot {
        self.newest[node]
    }
}

#[test]
#[should_panic(expected = "node 1 announced slot 4 as finalized, and now 3")]
fn finality_taken_back_is_found() {
    let mut announced = Announced::new(2);
    announced.note(0, 3, Root::new([3; 32]));
    announced.note(1, 4, Root::new([4; 32]));
    announced.note(0, 3, Root::new([3; 32]));
    announced.note(1, 3, Root::new([3; 32]));
}

#[test]
#[should_panic(expected = "two blocks of slot 4 were announced as finalized")]
fn another_block_in_place_of_a_finalized_one_is_found() {
    let mut announced = Announced::new(2);
    announced.note(0, 4, Root::new([4; 32]));
    announced.note(1, 4, Root::new([5; 32]));
}
