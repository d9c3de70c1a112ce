//! What the chain's state does when something is wrong: a clock, a key, a proposer, a peer.

use crate::chain::effect::Effect;
use crate::chain::state_tests::{Producer, VALIDATORS, chain, votes};
use crate::consensus::Root;

fn proposes(effects: &[Effect]) -> bool {
    effects.iter().any(|effect| matches!(effect, Effect::SignBlock(_)))
}

#[test]
fn an_interval_that_begins_twice_because_the_clock_was_set_back_has_its_duties_once() {
    let mut chain = chain(0..VALIDATORS);
    (0..5).for_each(|interval| drop(chain.interval(interval)));
    assert!(proposes(&chain.interval(5)));
    assert!(chain.interval(5).is_empty());
    assert_eq!(votes(&chain.interval(6)).len(), VALIDATORS as usize);
    assert!(chain.interval(6).is_empty());
    assert!(chain.snapshot().dropped.is_empty(), "{:?}", chain.snapshot().dropped);
}

#[test]
fn a_block_that_was_not_signed_is_nobodys_head() {
    let mut chain = chain(0..VALIDATORS);
    (0..5).for_each(|interval| drop(chain.interval(interval)));
    let genesis = chain.snapshot().head;
    assert!(proposes(&chain.interval(5)));
    chain.not_signed(1, 1, "the key is exhausted");
    let snapshot = chain.snapshot();
    assert_eq!((snapshot.head, snapshot.blocks_imported), (genesis, 0));

    assert_eq!(votes(&chain.interval(6)), [], "it waits for a block, as if it had made none");
    assert!(votes(&chain.vote_anyway(1)).iter().all(|data| data.head == genesis));
    (7..10).for_each(|interval| drop(chain.interval(interval)));
    let produced = chain.interval(10).into_iter().find_map(|effect| match effect {
        Effect::SignBlock(produced) => Some(produced),
        _ => None,
    });
    assert_eq!(produced.expect("slot 2 is ours as well").block().parent_root, genesis.root);
}

#[test]
fn a_block_that_was_signed_stays_when_a_vote_of_its_slot_is_not() {
    let mut producer = Producer::new();
    producer.slot(1);
    let (block, _) = producer.slot(2);
    producer.chain.own_block(block.clone());
    producer.chain.not_signed(3, 2, "the key is exhausted");
    assert_eq!(producer.chain.snapshot().head.root, Root::of(&block.block));
    assert_eq!(producer.chain.signed_blocks(&[Root::of(&block.block)]).count(), 1);
}
