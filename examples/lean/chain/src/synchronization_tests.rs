//! Tests of synchronization with the chain's state: requests to peers, and answers to peers.

use std::collections::VecDeque;
use std::sync::Arc;

use network::PeerId;

use crate::decoder::Fetched;
use crate::effect::Effect;
use crate::state::ChainState;
use crate::state_tests::{
    Producer, VALIDATORS, chain, fetched, fetches, gossip_block, gossip_vote, tick, votes,
};
use crate::sync::MAX_BACKFILL_DEPTH;
use crate::sync::{Request, Wanted};
use crate::votes::PENDING_STRANGER_VOTES;
use consensus::{
    AttestationData, Block, BlockBody, Checkpoint, MockProofs, MultiMessageAggregate, Root,
    SignedBlock, Slot, State, Store,
};
use network::{Offence, SlotRange, Status};

/// A producer's chain with a block in each slot up to `head`, ready to be served.
fn produced(head: Slot) -> Producer {
    let mut producer = Producer::new();
    (1..=head).for_each(|slot| drop(produce(&mut producer, slot)));
    producer
}

fn produce(producer: &mut Producer, slot: Slot) -> SignedBlock {
    let (block, _) = producer.slot(slot);
    producer.chain.own_block(block.clone());
    block
}

fn status(chain: &ChainState) -> Status {
    let head = chain.head();
    Status {
        finalized_root: *head.finalized.root.as_bytes(),
        finalized_slot: head.finalized.slot,
        head_root: *head.head.root.as_bytes(),
        head_slot: head.head.slot,
    }
}

fn requests(effects: &[Effect]) -> Vec<Request> {
    let request = |effect: &Effect| match effect {
        Effect::Fetch(request) => Some(request.clone()),
        _ => None,
    };
    effects.iter().filter_map(request).collect()
}

fn penalties(effects: &[Effect]) -> Vec<Offence> {
    let penalty = |effect: &Effect| match effect {
        Effect::Penalise(_, offence) => Some(*offence),
        _ => None,
    };
    effects.iter().filter_map(penalty).collect()
}

/// Answers all requests from another chain, and all resulting requests. Returns the number of
/// requests by root and by range.
fn answer(chain: &mut ChainState, effects: &[Effect], server: &ChainState) -> (usize, usize) {
    let mut open = VecDeque::from(requests(effects));
    let (mut blocks, mut ranges) = (0, 0);
    while let Some(Request { id, wanted, .. }) = open.pop_front() {
        let found: Vec<_> = match wanted {
            Wanted::Block(root) => {
                blocks += 1;
                server.serve_blocks(&[root]).map(|block| SignedBlock::clone(block)).collect()
            }
            Wanted::Range(range) => {
                ranges += 1;
                let found = server.serve_range(range).expect("it is within its history");
                found.iter().map(|block| SignedBlock::clone(block)).collect()
            }
        };
        open.extend(requests(&fetched(chain, id, found)));
    }
    (blocks, ranges)
}

#[test]
fn a_late_chain_catches_up_by_range_while_it_follows_the_head() {
    let mut producer = produced(40);
    let mut late = chain([]);
    late.begin_at(40 * 5 + 4);
    let peer = PeerId::random();
    late.peer_connected(peer, false);
    let effects = late.peer_status(peer, &status(&producer.chain));
    let range = SlotRange { start_slot: 1, count: 40 };
    assert_eq!(
        requests(&effects).iter().map(|request| request.wanted).collect::<Vec<_>>(),
        [Wanted::Range(range)]
    );

    // Two slots pass before the answer arrives.
    for slot in 41..43 {
        let block = produce(&mut producer, slot);
        tick(&mut late, slot * 5);
        assert_eq!(
            fetches(&gossip_block(&mut late, block)),
            [],
            "the blocks below arrive by range"
        );
    }
    assert_eq!(late.snapshot().pending_blocks, 2);
    answer(&mut late, &effects, &producer.chain);
    let snapshot = late.snapshot();
    assert_eq!((snapshot.head, snapshot.pending_blocks), (producer.chain.snapshot().head, 0));
    assert_eq!(snapshot.finalized, producer.chain.snapshot().finalized);
}

#[test]
fn a_chain_slightly_behind_fetches_by_root() {
    let producer = produced(6);
    let mut late = chain([]);
    late.begin_at(6 * 5 + 4);
    let peer = PeerId::random();
    late.peer_connected(peer, false);
    let effects = late.peer_status(peer, &status(&producer.chain));
    assert_eq!(answer(&mut late, &effects, &producer.chain), (6, 0));
    assert_eq!(late.snapshot().head.slot, 6);
}

#[test]
fn a_peer_without_ranges_is_asked_block_by_block() {
    let producer = produced(20);
    let mut late = chain([]);
    late.begin_at(20 * 5 + 4);
    let peer = PeerId::random();
    late.peer_connected(peer, false);
    let asked = requests(&late.peer_status(peer, &status(&producer.chain)));
    assert!(matches!(asked[..], [Request { wanted: Wanted::Range(_), .. }]), "{asked:?}");
    late.fetched(asked[0].id, Fetched::Unsupported);
    let effects = late.peer_status(peer, &status(&producer.chain));
    assert_eq!(answer(&mut late, &effects, &producer.chain), (20, 0), "{effects:?}");
    assert_eq!(late.snapshot().head.slot, 20);
}

#[test]
fn a_range_is_answered_with_the_blocks_of_the_heads_chain() {
    let mut producer = produced(12);
    let slots = |chain: &ChainState, start_slot, count| -> Result<Vec<Slot>, &str> {
        let blocks = chain.serve_range(SlotRange { start_slot, count })?;
        Ok(blocks.iter().map(|block| block.block.slot).collect())
    };
    assert_eq!(slots(&producer.chain, 3, 4), Ok(vec![3, 4, 5, 6]));
    assert_eq!(slots(&producer.chain, 11, 1024), Ok(vec![11, 12]));
    assert_eq!(slots(&producer.chain, 13, 8), Ok(vec![]));
    assert_eq!(slots(&producer.chain, 0, 3), Ok(vec![0, 1, 2]));
    assert_eq!(slots(&producer.chain, 0, 1), Ok(vec![0]), "genesis, without a proof");
    assert_eq!(slots(&producer.chain, u64::MAX, 1), Ok(vec![]));
    tick(&mut producer.chain, 3610 * 5);
    assert!(slots(&producer.chain, 9, 3).is_err(), "before the window");
    assert_eq!(slots(&producer.chain, 10, 3), Ok(vec![10, 11, 12]));
}

#[test]
fn the_anchor_is_served_by_its_root_with_an_empty_proof() {
    let mut producer = produced(12);
    let genesis = Store::head(&chain([]).base.store);
    let served = |chain: &ChainState, root| {
        let roots = [root];
        chain.serve_blocks(&roots).map(|block| SignedBlock::clone(block)).collect::<Vec<_>>()
    };
    let [block] = &served(&producer.chain, genesis)[..] else { panic!("it is served") };
    assert!(block.proof.proof.is_empty() && Root::of(&block.block) == genesis);
    tick(&mut producer.chain, 5000 * 5);
    assert_eq!(served(&producer.chain, genesis).len(), 1, "it is never dropped");

    // A chain from a checkpoint has a later anchor.
    let finalized = producer.chain.snapshot().finalized;
    let store = &producer.chain.base.store;
    let state = store.state(&finalized.root).expect("it is kept");
    let anchor = store.block(&finalized.root).expect("it is known");
    let store = Store::new(State::clone(state), Block::clone(anchor), None);
    let late = ChainState::new(
        store.expect("a finalized block is an anchor"),
        Arc::new(MockProofs::default()),
        producer.chain.base.role.clone(),
    );
    assert_eq!(served(&late, finalized.root).len(), 1);
    let range = |start_slot, count| late.serve_range(SlotRange { start_slot, count });
    assert_eq!(range(finalized.slot, 1), Err("the requested slots are before this node's history"));
    assert_eq!(range(finalized.slot, 2).map(|blocks| blocks.len()), Ok(0), "it has no proof");
}

#[test]
fn a_peer_that_answers_with_its_anchor_without_a_proof_is_not_penalised() {
    let producer = produced(2);
    let mut late = chain([]);
    late.begin_at(2 * 5 + 4);
    let peers = [PeerId::random(), PeerId::random()];
    peers.iter().for_each(|peer| drop(late.peer_connected(*peer, false)));
    let asked = requests(&late.peer_status(peers[0], &status(&producer.chain)));
    let root = producer.chain.head().head.root;
    let mut block = SignedBlock::clone(producer.chain.serve_blocks(&[root]).next().expect("it is"));
    block.proof = MultiMessageAggregate::default();
    let effects = fetched(&mut late, asked[0].id, vec![block]);
    assert_eq!(penalties(&effects), []);
    assert_eq!(requests(&effects)[0].peer, peers[1], "another peer may have the proof");
}

#[test]
fn a_validator_votes_in_the_next_slot_after_catching_up_by_range() {
    let mut producer = produced(40);
    let mut late = chain([3]);
    late.begin_at(40 * 5 + 3);
    let peer = PeerId::random();
    late.peer_connected(peer, true);
    let effects = late.peer_status(peer, &status(&producer.chain));
    answer(&mut late, &effects, &producer.chain);
    assert_eq!(late.snapshot().head.slot, 40);
    tick(&mut late, 40 * 5 + 4);
    tick(&mut late, 41 * 5);
    let block = produce(&mut producer, 41);
    gossip_block(&mut late, block);
    let cast = votes(&tick(&mut late, 41 * 5 + 1));
    assert_eq!(
        cast.iter().map(|data| data.head.slot).collect::<Vec<_>>(),
        [41],
        "{:?}",
        late.snapshot().dropped
    );
}

#[test]
fn a_block_of_a_fork_is_not_served_by_range() {
    let mut producer = produced(3);
    let fork = producer
        .chain
        .serve_range(SlotRange { start_slot: 3, count: 1 })
        .expect("it is there")
        .remove(0);
    let mut sibling = SignedBlock::clone(&fork);
    sibling.block.state_root = Root::from([5; 32]);
    let root = Root::of(&sibling.block);
    producer.chain.history.blocks.insert(root, sibling.into());
    let served =
        producer.chain.serve_range(SlotRange { start_slot: 1, count: 8 }).expect("it is there");
    assert!(served.iter().all(|block| Root::of(&block.block) != root));
}

#[test]
fn a_peer_of_another_chain_is_penalised_and_a_status_from_the_future_is_ignored() {
    let mut producer = produced(12);
    let (peer, ours) = (PeerId::random(), status(&producer.chain));
    assert!(ours.finalized_slot > 0);
    producer.chain.peer_connected(peer, false);
    let penalised = |producer: &mut Producer, status: Status| {
        penalties(&producer.chain.peer_status(peer, &status))
    };
    assert_eq!(penalised(&mut producer, ours), []);
    assert_eq!(
        penalised(&mut producer, Status { finalized_root: [7; 32], ..ours }),
        [Offence::OtherChain]
    );
    let behind = Status { finalized_root: [7; 32], finalized_slot: 1, ..ours };
    assert_eq!(penalised(&mut producer, behind), [Offence::OtherChain]);
    let ahead = Status { finalized_root: [7; 32], finalized_slot: ours.finalized_slot + 1, ..ours };
    assert_eq!(penalised(&mut producer, ahead), [], "unknown yet");
    let future = Status { head_root: [7; 32], head_slot: u64::MAX, ..ours };
    assert_eq!(requests(&producer.chain.peer_status(peer, &future)), []);
    assert_eq!(producer.chain.snapshot().dropped["STATUS_FROM_FUTURE"], 1);
}

/// A row of blocks without a known parent, the newest first.
fn row(length: u64, end: Slot) -> Vec<SignedBlock> {
    let mut parent_root = Root::from([7; 32]);
    let block = |slot| {
        let block = Block {
            slot,
            proposer_index: slot % VALIDATORS,
            parent_root,
            state_root: Root::ZERO,
            body: BlockBody::default(),
        };
        parent_root = Root::of(&block);
        let proof = vec![7].try_into().expect("one byte");
        SignedBlock { block, proof: MultiMessageAggregate { proof } }
    };
    let mut row: Vec<_> = (end - length + 1..=end).map(block).collect();
    row.reverse();
    row
}

#[test]
fn a_row_of_missing_blocks_is_followed_up_to_the_limit() {
    let mut chain = chain([]);
    tick(&mut chain, 1000 * 5);
    chain.peer_connected(PeerId::random(), false);
    let row = row(600, 1000);
    let mut open = requests(&gossip_block(&mut chain, row[0].clone()));
    let mut followed = 0;
    while let Some(Request { id, wanted, .. }) = open.pop() {
        let effects = match wanted {
            Wanted::Block(root) => {
                followed += 1;
                let asked = row
                    .iter()
                    .find(|block| Root::of(&block.block) == root)
                    .expect("it is of the row");
                fetched(&mut chain, id, vec![asked.clone()])
            }
            Wanted::Range(_) => chain.fetched(id, Fetched::Unsupported),
        };
        open.extend(requests(&effects));
    }
    assert_eq!(followed, MAX_BACKFILL_DEPTH - 1, "the first came by gossip");
    let snapshot = chain.snapshot();
    assert_eq!(
        (snapshot.pending_blocks, snapshot.dropped["BACKFILL_TOO_DEEP"]),
        (MAX_BACKFILL_DEPTH, 1)
    );
}

#[test]
fn a_million_votes_for_unknown_blocks_use_bounded_memory() {
    const VOTES: u64 = 1_000_000;
    let mut producer = Producer::new();
    let (_, votes) = producer.slot(1);
    let mut chain = chain([]);
    tick(&mut chain, 6);
    let mut vote = votes[0].clone();
    for n in 0..VOTES {
        let mut root = [0xff; 32];
        root[..8].copy_from_slice(&n.to_le_bytes());
        let unknown = Checkpoint { root: Root::from(root), slot: 1 };
        vote.data = AttestationData { head: unknown, ..votes[0].data };
        gossip_vote(&mut chain, vote.clone());
    }
    let snapshot = chain.snapshot();
    assert_eq!(snapshot.pending_votes, PENDING_STRANGER_VOTES);
    assert_eq!(snapshot.dropped["PENDING_VOTES_FULL"], VOTES - PENDING_STRANGER_VOTES as u64);
    assert_eq!(fetches(&chain.synchronize()), [], "a vote causes no request");
}
