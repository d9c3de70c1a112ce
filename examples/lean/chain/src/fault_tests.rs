//! Tests of the chain's state with a faulty clock, key, proposer or peer.

use network::PeerId;

use crate::effect::Effect;
use crate::signer::NotSigned;
use crate::state_tests::{
    Producer, VALIDATORS, chain, fetched, fetches, gossip_block, tick, verdict, votes,
};
use consensus::{
    AggregatedAttestation, AttestationData, Block, BlockBody, MultiMessageAggregate, Root,
    SignedBlock, aggregation_bits,
};
use network::Verdict;

fn proposes(effects: &[Effect]) -> bool {
    effects.iter().any(|effect| matches!(effect, Effect::SignBlock(_)))
}

#[test]
fn an_interval_repeated_by_a_clock_set_back_has_its_duties_once() {
    let mut chain = chain(0..VALIDATORS);
    (0..5).for_each(|interval| drop(tick(&mut chain, interval)));
    assert!(proposes(&tick(&mut chain, 5)));
    assert!(tick(&mut chain, 5).is_empty());
    assert_eq!(votes(&tick(&mut chain, 6)).len(), VALIDATORS as usize);
    assert!(tick(&mut chain, 6).is_empty());
    assert!(chain.snapshot().dropped.is_empty(), "{:?}", chain.snapshot().dropped);
}

#[test]
fn our_unsigned_block_is_withdrawn() {
    let mut chain = chain(0..VALIDATORS);
    (0..5).for_each(|interval| drop(tick(&mut chain, interval)));
    let genesis = chain.snapshot().head;
    assert!(proposes(&tick(&mut chain, 5)));
    chain.not_signed(1, 1, &NotSigned::NoKey);
    let snapshot = chain.snapshot();
    assert_eq!((snapshot.head, snapshot.blocks_imported), (genesis, 0));

    assert_eq!(votes(&tick(&mut chain, 6)), [], "it waits for a block, as if it had made none");
    assert!(votes(&chain.vote_anyway(1)).iter().all(|data| data.head == genesis));
    (7..10).for_each(|interval| drop(tick(&mut chain, interval)));
    let produced = tick(&mut chain, 10).into_iter().find_map(|effect| match effect {
        Effect::SignBlock(produced) => Some(produced),
        _ => None,
    });
    assert_eq!(produced.expect("slot 2 is ours as well").block().parent_root, genesis.root);
}

#[test]
fn a_signed_block_stays_when_a_vote_of_its_slot_is_not_signed() {
    let mut producer = Producer::new();
    producer.slot(1);
    let (block, _) = producer.slot(2);
    producer.chain.own_block(block.clone());
    producer.chain.not_signed(3, 2, &NotSigned::NoKey);
    assert_eq!(producer.chain.snapshot().head.root, Root::of(&block.block));
    assert_eq!(producer.chain.serve_blocks(&[Root::of(&block.block)]).count(), 1);
}

#[test]
fn a_proposer_of_too_many_blocks_does_not_separate_this_node_from_the_network() {
    let mut producer = Producer::new();
    let blocks: Vec<_> = (1..3).map(|slot| producer.slot(slot).0).collect();
    let mut chain = chain([]);
    tick(&mut chain, 11);
    chain.peer_connected(PeerId::random(), false);
    chain.blocks.in_slot.insert(1, 16);
    assert_eq!(verdict(&gossip_block(&mut chain, blocks[0].clone())), Verdict::Ignore);

    // The other nodes accepted it, and build on it.
    let effects = gossip_block(&mut chain, blocks[1].clone());
    assert_eq!(fetches(&effects), [Root::of(&blocks[0].block)]);
    chain.blocks.extra = (2, 16);
    fetched(&mut chain, 1, vec![blocks[0].clone()]);
    assert_eq!(chain.snapshot().head.slot, 0, "extra blocks are bounded as well");

    tick(&mut chain, 15);
    gossip_block(&mut chain, blocks[1].clone());
    fetched(&mut chain, 2, vec![blocks[0].clone()]);
    assert_eq!(chain.snapshot().head.slot, 2);
}

#[test]
fn a_block_with_too_many_votes_is_not_held_for_its_parent() {
    let mut chain = chain([]);
    tick(&mut chain, 6);
    let vote = |slot| AggregatedAttestation {
        aggregation_bits: aggregation_bits([0]).expect("one voter"),
        data: AttestationData { slot, ..AttestationData::default() },
    };
    let block = |votes: u64| {
        let attestations =
            (0..votes).map(vote).collect::<Vec<_>>().try_into().expect("a body has room");
        let (slot, parent_root) = (1, Root::from([9; 32]));
        let body = BlockBody { attestations };
        let block =
            Block { slot, proposer_index: 1, parent_root, state_root: Root::default(), body };
        SignedBlock { block, proof: MultiMessageAggregate::default() }
    };
    assert_eq!(verdict(&gossip_block(&mut chain, block(9))), Verdict::Reject);
    assert_eq!(verdict(&gossip_block(&mut chain, block(8))), Verdict::Ignore);
    let snapshot = chain.snapshot();
    assert_eq!((snapshot.pending_blocks, snapshot.dropped["TOO_MANY_ATTESTATION_DATA"]), (1, 1));
}

#[test]
fn finality_resumes_when_half_of_the_validators_return_after_a_long_time() {
    let mut producer = Producer::new();
    (0..5).for_each(|interval| drop(tick(&mut producer.chain, interval)));
    (1..6).for_each(|slot| drop(producer.slot(slot)));
    producer.voters = VALIDATORS / 2;
    (6..30).for_each(|slot| drop(producer.slot(slot)));
    let before = producer.chain.snapshot().finalized.slot;
    assert!(before < 6, "half is no majority");
    producer.voters = VALIDATORS;
    (30..60).for_each(|slot| drop(producer.slot(slot)));
    let snapshot = producer.chain.snapshot();
    assert!(
        snapshot.finalized.slot > 30,
        "{:?} justified, {:?} finalized",
        snapshot.justified,
        snapshot.finalized
    );
}
