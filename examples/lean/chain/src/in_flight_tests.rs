//! Tests of the chain's state with late, reordered, repeated and missing results.

use network::PeerId;

use crate::decoder::{Fetched, Origin};
use crate::effect::Effect;
use crate::rank::Rank;
use crate::signer::NotSigned;
use crate::state::ChainState;
use crate::state_tests::{
    Producer, VALIDATORS, chain, fetches, gossip_block, origin, tick, verdict,
};
use crate::verifier::{self, Done, Job, JobId, NotDone};
use consensus::{Block, MockProofs, MultiMessageAggregate, Root, SignedAttestation, SignedBlock};
use network::{MessageId, Offence, Verdict};

/// A job for a worker.
pub(super) type Begun = (JobId, Job);

/// Separates jobs from all other effects.
pub(super) fn begun(effects: Vec<Effect>) -> (Vec<Begun>, Vec<Effect>) {
    let mut jobs = Vec::new();
    let mut others = Vec::new();
    for effect in effects {
        match effect {
            Effect::Job(id, job, _) => jobs.push((id, job)),
            effect => others.push(effect),
        }
    }
    (jobs, others)
}

/// Returns the only job among these effects, and checks that they contain no verdict yet.
fn only(effects: Vec<Effect>) -> Begun {
    let (mut jobs, others) = begun(effects);
    assert!(
        jobs.len() == 1 && !others.iter().any(|effect| matches!(effect, Effect::Report(..))),
        "{jobs:?} {others:?}"
    );
    jobs.remove(0)
}

pub(super) fn finish(chain: &mut ChainState, (id, job): Begun) -> Vec<Effect> {
    chain.jobs_done(vec![Done { id, outcome: Ok(job.run(&MockProofs::default())) }])
}

fn lose(chain: &mut ChainState, (id, _): Begun) -> Vec<Effect> {
    chain.jobs_done(vec![Done { id, outcome: Err(NotDone::Lost) }])
}

fn vote(chain: &mut ChainState, vote: &SignedAttestation) -> Begun {
    only(chain.vote(vote.clone(), origin()))
}

fn block(chain: &mut ChainState, block: &SignedBlock) -> Begun {
    only(chain.block(block.clone(), origin()))
}

fn with_bad_proof(block: &SignedBlock) -> SignedBlock {
    let proof = vec![7].try_into().expect("one byte");
    SignedBlock { proof: MultiMessageAggregate { proof }, ..block.clone() }
}

/// A block with a state root not reached by the rules.
fn against_the_rules(block: &SignedBlock, tag: u8) -> SignedBlock {
    let block = Block { state_root: Root::from([tag; 32]), ..block.block.clone() };
    SignedBlock { block, proof: MultiMessageAggregate::default() }
}

fn dropped(chain: &ChainState) -> Vec<(&'static str, u64)> {
    chain.snapshot().dropped.into_iter().collect()
}

/// A chain in slot 1 with the block of slot 1, and the votes for it.
fn with_votes() -> (ChainState, Vec<SignedAttestation>) {
    let (first, votes) = Producer::new().slot(1);
    let mut chain = chain([]);
    tick(&mut chain, 6);
    gossip_block(&mut chain, first);
    (chain, votes)
}

/// A chain in slot 20 without any block, and a block for each of the first slots.
fn with_blocks(slots: u64) -> (ChainState, Vec<SignedBlock>) {
    let mut producer = Producer::new();
    let blocks = (1..=slots).map(|slot| producer.slot(slot).0).collect();
    let mut chain = chain([]);
    tick(&mut chain, 100);
    (chain, blocks)
}

#[test]
fn a_vote_gets_its_verdict_and_counts_only_after_its_verification() {
    let (mut chain, votes) = with_votes();
    let job = vote(&mut chain, &votes[0]);
    assert_eq!(chain.base.store.pools().signature_count(), 0);
    assert_eq!(verdict(&finish(&mut chain, job)), Verdict::Accept);
    assert_eq!(chain.base.store.pools().signature_count(), 1);
}

#[test]
fn a_vote_verified_twice_counts_once_and_a_known_vote_is_not_verified() {
    let (mut chain, votes) = with_votes();
    let copies = [(); 2].map(|()| vote(&mut chain, &votes[0]));
    for copy in copies {
        assert_eq!(verdict(&finish(&mut chain, copy)), Verdict::Accept);
    }
    assert_eq!(chain.base.store.pools().signature_count(), 1);
    let (jobs, others) = begun(chain.vote(votes[0].clone(), origin()));
    assert!(jobs.is_empty());
    assert_eq!(verdict(&others), Verdict::Ignore);
    assert_eq!(dropped(&chain), [("DUPLICATE_VOTE", 1)]);
}

#[test]
fn a_forged_vote_in_flight_does_not_block_the_genuine_vote() {
    let (mut chain, votes) = with_votes();
    let forgery = SignedAttestation { validator_index: 1, ..votes[0].clone() };
    let (forged, genuine) = (vote(&mut chain, &forgery), vote(&mut chain, &votes[1]));
    assert_eq!(verdict(&finish(&mut chain, genuine)), Verdict::Accept);
    assert_eq!(verdict(&finish(&mut chain, forged)), Verdict::Reject);
    assert_eq!(chain.base.store.pools().signature_count(), 1);
}

#[test]
fn our_own_vote_is_not_verified() {
    let (mut chain, votes) = with_votes();
    let (jobs, _) = begun(chain.own_vote(Box::new(votes[2].clone())));
    assert!(jobs.is_empty());
    assert_eq!(chain.base.store.pools().signature_count(), 1);
}

#[test]
fn a_block_in_flight_is_not_verified_again() {
    let (mut chain, blocks) = with_blocks(1);
    let job = block(&mut chain, &blocks[0]);
    let (jobs, others) = begun(chain.block(blocks[0].clone(), origin()));
    assert!(jobs.is_empty());
    assert_eq!(verdict(&others), Verdict::Ignore);
    assert_eq!(verdict(&finish(&mut chain, job)), Verdict::Accept);
    assert_eq!(
        (chain.snapshot().blocks_imported, dropped(&chain)),
        (1, vec![("DUPLICATE_BLOCK", 1)])
    );
}

#[test]
fn a_first_copy_with_a_bad_proof_does_not_block_the_valid_copy() {
    let (mut chain, blocks) = with_blocks(1);
    let forged = block(&mut chain, &with_bad_proof(&blocks[0]));
    let valid = block(&mut chain, &blocks[0]);
    assert!(finish(&mut chain, valid).is_empty(), "results are processed in order");
    let effects = finish(&mut chain, forged);
    let verdicts: Vec<_> = effects
        .iter()
        .filter(|effect| matches!(effect, Effect::Report(..)))
        .map(|effect| verdict(std::slice::from_ref(effect)))
        .collect();
    assert_eq!(verdicts, [Verdict::Reject, Verdict::Accept]);
    assert_eq!(chain.snapshot().head.slot, 1);
}

#[test]
fn copies_with_other_proofs_are_bounded_and_the_block_is_fetched_if_none_was_valid() {
    let (mut chain, blocks) = with_blocks(1);
    chain.peer_connected(PeerId::random(), false);
    let copy = |tag: u8| {
        let proof = MultiMessageAggregate { proof: vec![tag].try_into().expect("one byte") };
        SignedBlock { proof, ..blocks[0].clone() }
    };
    let mut jobs = Vec::new();
    let mut full = 0;
    for tag in 0..100 {
        let (started, others) = begun(chain.block(copy(tag), origin()));
        jobs.extend(started);
        full += usize::from(!others.is_empty());
    }
    assert_eq!((jobs.len(), full), (2, 100 - 2 - 64));
    assert_eq!(dropped(&chain), [("VERIFICATION_FULL", 34)]);
    let mut effects = Vec::new();
    while let Some(job) = jobs.pop() {
        let (started, others) = begun(finish(&mut chain, job));
        jobs.extend(started);
        effects.extend(others);
    }
    assert_eq!(fetches(&effects), [Root::of(&blocks[0].block)]);
}

#[test]
fn a_block_with_its_parent_in_flight_waits_and_nothing_is_fetched() {
    let (mut chain, blocks) = with_blocks(3);
    chain.peer_connected(PeerId::random(), false);
    let parent = block(&mut chain, &blocks[0]);
    for child in &blocks[1..] {
        let (jobs, others) = begun(chain.block(child.clone(), origin()));
        assert!(jobs.is_empty());
        assert_eq!((verdict(&others), fetches(&others)), (Verdict::Ignore, vec![]));
    }
    let (mut jobs, _) = begun(finish(&mut chain, parent));
    let (mut jobs, _) = begun(finish(&mut chain, jobs.remove(0)));
    finish(&mut chain, jobs.remove(0));
    assert_eq!((chain.snapshot().head.slot, chain.snapshot().pending_blocks), (3, 0));
}

#[test]
fn the_descendants_of_a_rejected_block_are_dropped() {
    let (mut chain, blocks) = with_blocks(1);
    let parent = against_the_rules(&blocks[0], 7);
    let job = block(&mut chain, &parent);
    let on = |parent: &Block, slot| {
        let proposer_index = slot % VALIDATORS;
        let parent_root = Root::of(parent);
        let block = Block { slot, proposer_index, parent_root, ..blocks[0].block.clone() };
        SignedBlock { block, proof: MultiMessageAggregate::default() }
    };
    let child = on(&parent.block, 2);
    let grandchild = on(&child.block, 3);
    gossip_block(&mut chain, child);
    gossip_block(&mut chain, grandchild);
    assert_eq!(chain.snapshot().pending_blocks, 2);
    // The mock proof is bound to its statement. Trusting it lets the test reach the rules.
    let (id, Job::Block(candidate)) = job else { panic!("it is a block's") };
    let outcome = Ok(verifier::Outcome::Block(candidate.trust_proof()));
    assert_eq!(verdict(&chain.jobs_done(vec![Done { id, outcome }])), Verdict::Reject);
    assert_eq!(chain.snapshot().pending_blocks, 0);
    assert_eq!(dropped(&chain), [("INVALID_ANCESTOR", 2), ("STATE_ROOT_MISMATCH", 1)]);
}

#[test]
fn children_of_a_block_with_only_a_bad_proof_continue_to_wait_while_it_is_fetched() {
    let (mut chain, blocks) = with_blocks(2);
    chain.peer_connected(PeerId::random(), false);
    let job = block(&mut chain, &with_bad_proof(&blocks[0]));
    gossip_block(&mut chain, blocks[1].clone());
    let effects = finish(&mut chain, job);
    assert_eq!(
        (verdict(&effects), fetches(&effects)),
        (Verdict::Reject, vec![Root::of(&blocks[0].block)])
    );
    assert_eq!(chain.snapshot().pending_blocks, 1);
    gossip_block(&mut chain, blocks[0].clone());
    assert_eq!(chain.snapshot().head.slot, 2);
}

#[test]
fn blocks_are_imported_in_the_order_of_their_jobs_start() {
    let (mut chain, blocks) = with_blocks(1);
    let (rival, _) = Producer::new().slot(2);
    let (first, second) = (block(&mut chain, &blocks[0]), block(&mut chain, &rival));
    assert!(finish(&mut chain, second).is_empty());
    let effects = finish(&mut chain, first);
    assert_eq!(
        effects
            .iter()
            .filter(|effect| matches!(effect, Effect::Report(_, Verdict::Accept)))
            .count(),
        2
    );
    let known: Vec<_> = chain.base.store.tree().blocks().map(|(_, block)| block.slot).collect();
    assert_eq!(known, [0, 1, 2]);
}

#[test]
fn blocks_and_votes_passed_by_finality_during_verification_are_dropped() {
    let mut producer = Producer::new();
    let slots: Vec<_> = (1..=8).map(|slot| producer.slot(slot)).collect();
    let mut chain = chain([]);
    tick(&mut chain, 100);
    slots[..6].iter().for_each(|(block, _)| drop(gossip_block(&mut chain, block.clone())));
    let finalized = chain.snapshot().finalized.slot;
    let (_, votes) = &slots[finalized as usize];
    assert_eq!(votes[0].data.head.slot, finalized + 1);
    let (rival, _) = Producer::new().slot(finalized + 1);

    let late_vote = vote(&mut chain, &votes[0]);
    let next = block(&mut chain, &slots[6].0);
    let late_block = block(&mut chain, &rival);
    assert!(finish(&mut chain, late_block).is_empty());
    let effects = finish(&mut chain, next);
    assert_eq!(chain.snapshot().finalized.slot, finalized + 1);
    let verdicts: Vec<_> = effects
        .iter()
        .filter(|effect| matches!(effect, Effect::Report(..)))
        .map(|effect| verdict(std::slice::from_ref(effect)))
        .collect();
    assert_eq!(verdicts, [Verdict::Accept, Verdict::Ignore]);
    assert_eq!(verdict(&finish(&mut chain, late_vote)), Verdict::Ignore);
    assert_eq!(
        dropped(&chain),
        [("BLOCK_NOT_ABOVE_FINALIZED", 1), ("VOTE_OVERTAKEN_BY_FINALITY", 1)]
    );
}

#[test]
fn votes_and_children_of_our_withdrawn_block_are_held_for_it() {
    let mut producer = Producer::new();
    let (first, votes) = producer.slot(1);
    let (second, _) = producer.slot(2);
    // This node proposes the same block, because it has the same validators. The block stays
    // unsigned.
    let mut chain = chain(0..VALIDATORS);
    (0..5).for_each(|interval| drop(tick(&mut chain, interval)));
    tick(&mut chain, 5);
    assert!(chain.base.store.contains_block(&Root::of(&first.block)));
    tick(&mut chain, 9);
    let (vote, child) = (vote(&mut chain, &votes[0]), block(&mut chain, &second));
    chain.not_signed(1, 1, &NotSigned::NoKey);
    assert_eq!(verdict(&finish(&mut chain, vote)), Verdict::Ignore);
    assert_eq!(verdict(&finish(&mut chain, child)), Verdict::Ignore);
    let snapshot = chain.snapshot();
    assert_eq!(
        (snapshot.pending_votes, snapshot.pending_blocks, snapshot.blocks_imported),
        (1, 1, 0)
    );
    gossip_block(&mut chain, first);
    assert_eq!(
        (chain.snapshot().blocks_imported, chain.base.store.pools().signature_count()),
        (2, 1)
    );
}

#[test]
fn votes_above_the_bound_in_flight_are_dropped_and_counted() {
    let (mut chain, votes) = with_votes();
    let from_configured = || Origin::new(MessageId([0; 20]), PeerId::random(), true);
    let mut jobs: Vec<_> = (0..verifier::VOTES)
        .map(|_| only(chain.vote(votes[0].clone(), from_configured())))
        .collect();
    let effects = chain.vote(votes[1].clone(), from_configured());
    assert_eq!(verdict(&effects), Verdict::Ignore);
    assert_eq!(dropped(&chain), [("VERIFICATION_FULL", 1)]);
    finish(&mut chain, jobs.remove(0));
    only(chain.vote(votes[1].clone(), from_configured()));
    vote(&mut chain, &votes[2]);
}

#[test]
fn votes_of_strangers_are_bounded_for_each_and_leave_room_for_configured_peers() {
    let (mut chain, votes) = with_votes();
    let flooder = PeerId::random();
    let mut from = |peer, is_configured| {
        let origin = Origin::new(MessageId([0; 20]), peer, is_configured);
        begun(chain.vote(votes[0].clone(), origin)).0.len()
    };
    assert_eq!((0..1000).map(|_| from(flooder, false)).sum::<usize>(), 128);
    let many: usize = (0..10_000).map(|_| from(PeerId::random(), false)).sum();
    assert_eq!(many, verifier::STRANGER_VOTES - 128);
    let configured = PeerId::random();
    assert_eq!((0..9000).map(|_| from(configured, true)).sum::<usize>(), verifier::VOTES);
}

#[test]
fn a_block_above_the_bound_in_flight_waits_until_there_is_a_place() {
    let (mut chain, blocks) = with_blocks(1);
    chain.peer_connected(PeerId::random(), false);
    let from_configured = || Origin::new(MessageId([0; 20]), PeerId::random(), true);
    let mut jobs: Vec<_> = (0..48)
        .map(|tag| only(chain.block(against_the_rules(&blocks[0], tag), from_configured())))
        .collect();
    let (none, others) = begun(chain.block(blocks[0].clone(), from_configured()));
    assert!(none.is_empty() && others.is_empty(), "it has no verdict yet");
    assert_eq!(chain.snapshot().pending_blocks, 1);
    let (mut waiting, _) = begun(finish(&mut chain, jobs.remove(0)));
    assert_eq!(chain.snapshot().pending_blocks, 0);
    assert!(finish(&mut chain, waiting.remove(0)).is_empty(), "it is after the blocks before it");
    let effects: Vec<_> = jobs.into_iter().flat_map(|job| finish(&mut chain, job)).collect();
    assert_eq!(verdict(&effects), Verdict::Accept);
    assert_eq!(chain.snapshot().head.slot, 1);
}

#[test]
fn a_lost_vote_is_counted_and_a_lost_block_is_verified_once_more() {
    let (mut chain, votes) = with_votes();
    let lost = vote(&mut chain, &votes[0]);
    assert_eq!(verdict(&lose(&mut chain, lost)), Verdict::Ignore);
    assert_eq!(dropped(&chain), [("VERIFICATION_LOST", 1)]);

    let (mut chain, blocks) = with_blocks(2);
    let lost = block(&mut chain, &blocks[0]);
    let again = only(lose(&mut chain, lost));
    assert_eq!(verdict(&finish(&mut chain, again)), Verdict::Accept);
    let lost = block(&mut chain, &blocks[1]);
    let again = only(lose(&mut chain, lost));
    assert_eq!(verdict(&lose(&mut chain, again)), Verdict::Ignore);
    assert_eq!((chain.snapshot().head.slot, dropped(&chain)), (1, vec![("VERIFICATION_LOST", 1)]));
}

#[test]
fn a_missing_result_is_abandoned_and_ignored_when_it_arrives_later() {
    let (mut chain, votes) = with_votes();
    let job = vote(&mut chain, &votes[0]);
    assert!(!tick(&mut chain, 31).iter().any(|effect| matches!(effect, Effect::Report(..))));
    assert_eq!(verdict(&tick(&mut chain, 32)), Verdict::Ignore);
    assert_eq!(dropped(&chain), [("VERIFICATION_LATE", 1)]);
    assert!(finish(&mut chain, job).is_empty());
    assert_eq!(chain.base.store.pools().signature_count(), 0);
}

#[test]
fn a_request_ends_when_its_block_has_been_verified() {
    let (mut chain, blocks) = with_blocks(1);
    let root = Root::of(&blocks[0].block);
    let peers = [PeerId::random(), PeerId::random()];
    peers.iter().for_each(|peer| drop(chain.peer_connected(*peer, false)));
    chain.blocks.want_below(root, Some(peers[0]), Rank::Proven, &mut chain.sync, &mut chain.base);
    assert_eq!(fetches(&chain.peer_connected(peers[0], false)), [root]);
    let job = only(chain.fetched(1, Fetched::Blocks(vec![with_bad_proof(&blocks[0])])));
    assert_eq!(
        fetches(&chain.peer_connected(peers[0], false)),
        [],
        "it is not requested again while it is verified"
    );
    let effects = finish(&mut chain, job);
    let is_penalised = |effect: &Effect| matches!(effect, Effect::Penalise(peer, Offence::InvalidBlock) if *peer == peers[0]);
    assert!(effects.iter().any(is_penalised));
    assert_eq!(fetches(&effects), [root]);
}
