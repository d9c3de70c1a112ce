//! Starting again with the blocks and votes of an earlier run.

use consensus::{
    AggregatedAttestation, Checkpoint, Rejection, Root, SignedBlock, Store, aggregation_bits,
};

use crate::chain::{anchor, extend, gossip, tick_to_slot, unsigned_store, vote};

/// A store with two branches, and the votes that decide for the one with the smaller root.
fn decided() -> (Store, Vec<AggregatedAttestation>) {
    let mut store = unsigned_store(4);
    let genesis = anchor(&store);
    let one = extend(&mut store, genesis.root, 1, &[]);
    let two = extend(&mut store, genesis.root, 2, &[]);
    let smaller = if one.root < two.root { one } else { two };
    tick_to_slot(&mut store, 3);
    gossip(&mut store, vote(2, genesis, smaller), &[0, 2]);
    let votes = store.uncounted_votes();
    store.accept_new_attestations();
    assert_eq!(store.head(), smaller.root);
    (store, votes)
}

fn blocks(store: &Store) -> Vec<SignedBlock> {
    let blocks = store.tree().blocks().skip(1).map(|(_, block)| (**block).clone());
    blocks.map(|block| SignedBlock { block, ..SignedBlock::default() }).collect()
}

#[test]
fn a_restored_store_has_the_head_and_the_weights_of_the_earlier_run() {
    let (store, votes) = decided();
    let mut restored = unsigned_store(4);
    for block in &blocks(&store) {
        let import = restored.restore_block(block).expect("it was valid");
        assert!(import.is_new);
    }
    assert_ne!(restored.head(), store.head(), "without votes, the other branch wins");
    assert_eq!(restored.restore_votes(&votes), 1);
    assert_eq!(restored.head(), store.head());
    assert_eq!(restored.block_weights(), store.block_weights());
    assert_eq!(restored.latest_justified(), store.latest_justified());
}

#[test]
fn a_block_is_restored_after_its_parent_and_once() {
    let mut store = unsigned_store(4);
    let genesis = anchor(&store);
    let parent = extend(&mut store, genesis.root, 1, &[]);
    extend(&mut store, parent.root, 2, &[]);
    let blocks = blocks(&store);
    let mut restored = unsigned_store(4);
    assert_eq!(restored.restore_block(&blocks[1]), Err(Rejection::UnknownParentBlock));
    restored.restore_block(&blocks[0]).expect("its parent is the anchor");
    restored.restore_block(&blocks[1]).expect("its parent is restored");
    assert!(!restored.restore_block(&blocks[1]).expect("it is known").is_new);
}

#[test]
fn votes_for_unknown_blocks_and_of_unknown_validators_are_skipped() {
    let (store, votes) = decided();
    let mut unknown = votes[0].clone();
    unknown.data.head = Checkpoint { root: Root::new([9; 32]), slot: 2 };
    let voters = aggregation_bits([0, 9]).expect("two validators");
    let stranger = AggregatedAttestation { aggregation_bits: voters, data: votes[0].data };
    let mut restored = store.clone();
    assert_eq!(restored.restore_votes(&[unknown, stranger]), 0);
    assert_eq!(restored.block_weights(), store.block_weights());
}
