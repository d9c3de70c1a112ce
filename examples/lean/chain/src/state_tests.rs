//! Tests of the chain's state, without an actor, a clock or a network.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, LazyLock};

use network::PeerId;

use crate::decoder::Fetched;
use crate::decoder::Origin;
use crate::effect::Effect;
use crate::in_flight_tests;
use crate::role::Role;
use crate::signer::NotSigned;
use crate::state::ChainState;
use crate::sync::{Request, Wanted};
use consensus::{
    AttestationData, Block, INTERVALS_PER_SLOT, Interval, MockProofs, MultiMessageAggregate,
    ProducedBlock, Root, SignedAttestation, SignedBlock, Slot, Store, ValidatorIndex, Validators,
    genesis,
};
use network::{MessageId, Offence, Status, Verdict};
use wire::MIN_SLOTS_FOR_BLOCK_REQUESTS;
use xmss::{Scheme, SecretKey};

pub(super) const VALIDATORS: u64 = 4;
const KEY_SLOTS: u64 = 64;

type Keys = HashMap<ValidatorIndex, (SecretKey, SecretKey)>;

static REGISTRY: LazyLock<Validators> = LazyLock::new(|| {
    let keys = keys();
    Validators::new(
        (0..VALIDATORS).map(|index| (*keys[&index].0.public_key(), *keys[&index].1.public_key())),
    )
    .expect("four validators")
});

fn keys() -> Keys {
    let key = |index: u64, role: u8| {
        let mut seed = [role; 32];
        seed[0] = index as u8;
        SecretKey::generate(Scheme::LONG, seed, 0, KEY_SLOTS).expect("the scheme has enough slots")
    };
    (0..VALIDATORS).map(|index| (index, (key(index, 1), key(index, 2)))).collect()
}

pub(super) fn chain(validators: impl IntoIterator<Item = ValidatorIndex>) -> ChainState {
    let (state, block) = genesis(0, REGISTRY.clone());
    let store = Store::new(state, block, None).expect("genesis is its own anchor");
    let role = Role {
        validators: validators.into_iter().collect(),
        is_aggregator: true,
        first_duty_slot: 0,
        scheme: Scheme::LONG,
    };
    ChainState::new(store, Arc::new(MockProofs::default()), role)
}

/// A chain with the proposer of every slot, and with the keys of all validators.
pub(super) struct Producer {
    pub(super) chain: ChainState,
    keys: Keys,
    /// The number of voting validators. The votes of the others reach no node.
    pub(super) voters: u64,
}

impl Producer {
    pub(super) fn new() -> Self {
        Self { chain: chain(0..VALIDATORS), keys: keys(), voters: VALIDATORS }
    }

    /// Runs a slot's intervals, and returns its block and votes.
    pub(super) fn slot(&mut self, slot: Slot) -> (SignedBlock, Vec<SignedAttestation>) {
        let mut block = None;
        let mut votes = Vec::new();
        for interval in slot * 5..slot * 5 + 5 {
            for effect in tick(&mut self.chain, interval) {
                match effect {
                    Effect::SignBlock(produced) => block = Some(self.sign_block(&produced)),
                    Effect::SignVote(validator, data) if validator < self.voters => {
                        votes.push(self.sign_vote(validator, data))
                    }
                    _ => {}
                }
            }
            for vote in votes.iter().filter(|_| interval % 5 == 1) {
                self.chain.own_vote(Box::new(vote.clone()));
            }
        }
        (block.expect("it proposes every slot's block"), votes)
    }

    fn sign_block(&mut self, produced: &ProducedBlock) -> SignedBlock {
        let block = produced.block();
        let (_, proposal) = self.keys.get_mut(&block.proposer_index).expect("it has all keys");
        let signature =
            proposal.sign(block.slot, produced.root().as_bytes()).expect("one block a slot");
        produced.sign(signature, &MockProofs::default()).expect("the signature is the proposer's")
    }

    fn sign_vote(
        &mut self,
        validator_index: ValidatorIndex,
        data: AttestationData,
    ) -> SignedAttestation {
        let (attestation, _) = self.keys.get_mut(&validator_index).expect("it has all keys");
        let signature =
            attestation.sign(data.slot, Root::of(&data).as_bytes()).expect("one vote a slot");
        SignedAttestation { validator_index, data, signature }
    }
}

pub(super) fn origin() -> Origin {
    Origin::new(MessageId([0; 20]), PeerId::random(), false)
}

/// Runs the jobs among these effects, and all jobs resulting from them. Returns the other effects.
///
/// The result equals that of an actor with infinitely fast verifiers.
pub(super) fn run_jobs(chain: &mut ChainState, effects: Vec<Effect>) -> Vec<Effect> {
    let mut open = VecDeque::from(effects);
    let mut left = Vec::new();
    while let Some(effect) = open.pop_front() {
        match effect {
            Effect::Job(id, job, _) => open.extend(in_flight_tests::finish(chain, (id, job))),
            Effect::Synchronize => open.extend(chain.synchronize()),
            effect => left.push(effect),
        }
    }
    left
}

/// Ticks the chain, and runs all resulting jobs.
pub(super) fn tick(chain: &mut ChainState, now: Interval) -> Vec<Effect> {
    let effects = chain.tick(now);
    run_jobs(chain, effects)
}

pub(super) fn gossip_block(chain: &mut ChainState, block: SignedBlock) -> Vec<Effect> {
    let effects = chain.block(block, origin());
    run_jobs(chain, effects)
}

pub(super) fn gossip_vote(chain: &mut ChainState, vote: SignedAttestation) -> Vec<Effect> {
    let effects = chain.vote(vote, origin());
    run_jobs(chain, effects)
}

pub(super) fn fetched(
    chain: &mut ChainState,
    request: u64,
    blocks: Vec<SignedBlock>,
) -> Vec<Effect> {
    let effects = chain.fetched(request, Fetched::Blocks(blocks));
    run_jobs(chain, effects)
}

pub(super) fn verdict(effects: &[Effect]) -> Verdict {
    let mut verdicts = effects.iter().filter_map(|effect| match effect {
        Effect::Report(_, verdict) => Some(*verdict),
        _ => None,
    });
    verdicts.next_back().expect("gossip is reported on")
}

pub(super) fn fetches(effects: &[Effect]) -> Vec<Root> {
    let roots = effects.iter().filter_map(|effect| match effect {
        Effect::Fetch(Request { wanted: Wanted::Block(root), .. }) => Some(*root),
        _ => None,
    });
    roots.collect()
}

/// Returns the peers of the requests.
pub(super) fn asked(effects: &[Effect]) -> Vec<PeerId> {
    let peers = effects.iter().filter_map(|effect| match effect {
        Effect::Fetch(request) => Some(request.peer),
        _ => None,
    });
    peers.collect()
}

pub(super) fn votes(effects: &[Effect]) -> Vec<AttestationData> {
    let votes = effects.iter().filter_map(|effect| match effect {
        Effect::SignVote(_, data) => Some(*data),
        _ => None,
    });
    votes.collect()
}

#[test]
fn a_chain_with_every_vote_finalizes_three_slots_behind_its_head() {
    let mut producer = Producer::new();
    for slot in 0..12 {
        if slot == 0 {
            for interval in 0..5 {
                tick(&mut producer.chain, interval);
            }
            continue;
        }
        producer.slot(slot);
    }
    let snapshot = producer.chain.snapshot();
    assert_eq!((snapshot.head.slot, snapshot.finalized.slot), (11, 8));
}

#[test]
fn a_block_without_its_parent_waits_while_the_parent_is_fetched() {
    let mut producer = Producer::new();
    let blocks: Vec<_> = (1..4).map(|slot| producer.slot(slot).0).collect();
    let mut chain = chain([]);
    tick(&mut chain, 20);
    chain.peer_connected(PeerId::random(), false);

    let effects = gossip_block(&mut chain, blocks[2].clone());
    assert_eq!(verdict(&effects), Verdict::Ignore);
    assert_eq!(fetches(&effects), [Root::of(&blocks[1].block)]);
    let effects = fetched(&mut chain, 1, vec![blocks[1].clone()]);
    assert_eq!(fetches(&effects), [Root::of(&blocks[0].block)], "the first that is missing");
    assert_eq!(chain.snapshot().pending_blocks, 2);

    fetched(&mut chain, 2, vec![blocks[0].clone()]);
    let snapshot = chain.snapshot();
    assert_eq!((snapshot.blocks_imported, snapshot.pending_blocks, snapshot.head.slot), (3, 0, 3));
    let roots = blocks.iter().map(|block| Root::of(&block.block)).collect::<Vec<_>>();
    assert_eq!(chain.serve_blocks(&roots).count(), 3, "and can be served to others");
}

#[test]
fn a_signed_block_is_kept_as_long_as_it_must_be_served() {
    let mut producer = Producer::new();
    let (block, _) = producer.slot(1);
    let root = Root::of(&block.block);
    let mut chain = chain([]);
    tick(&mut chain, 5);
    gossip_block(&mut chain, block);

    tick(&mut chain, (1 + MIN_SLOTS_FOR_BLOCK_REQUESTS) * INTERVALS_PER_SLOT);
    assert_eq!(chain.serve_blocks(&[root]).count(), 1);
    tick(&mut chain, (2 + MIN_SLOTS_FOR_BLOCK_REQUESTS) * INTERVALS_PER_SLOT);
    assert_eq!(chain.serve_blocks(&[root]).count(), 0);
    assert_eq!(chain.head().head.root, root, "the store has it still");
}

#[test]
fn a_block_with_a_forged_proof_is_fetched_again_from_another_peer() {
    let mut producer = Producer::new();
    let blocks: Vec<_> = (1..3).map(|slot| producer.slot(slot).0).collect();
    let mut chain = chain([]);
    tick(&mut chain, 20);
    chain.peer_connected(PeerId::random(), false);
    chain.peer_connected(PeerId::random(), false);

    let forged = |block: &SignedBlock| {
        let proof = vec![7].try_into().expect("one byte");
        SignedBlock { proof: MultiMessageAggregate { proof }, ..block.clone() }
    };
    let [liar] = asked(&gossip_block(&mut chain, forged(&blocks[1])))[..] else {
        panic!("one peer is asked")
    };
    let effects = fetched(&mut chain, 1, vec![forged(&blocks[0])]);
    assert!(effects.iter().any(
        |effect| matches!(effect, Effect::Penalise(peer, Offence::InvalidBlock) if *peer == liar)
    ));
    assert_eq!(fetches(&effects), [Root::of(&blocks[0].block)]);
    let effects = fetched(&mut chain, 2, vec![blocks[0].clone()]);
    assert_eq!(fetches(&effects), [Root::of(&blocks[1].block)], "the held block is forged as well");
    fetched(&mut chain, 3, vec![blocks[1].clone()]);
    assert_eq!(chain.snapshot().head.slot, 2);
}

#[test]
fn a_peers_unknown_head_is_fetched_unless_it_is_final_or_in_the_future() {
    let mut chain = chain([]);
    tick(&mut chain, 20);
    let peer = PeerId::random();
    chain.peer_connected(peer, false);
    let status = |head_slot| Status { head_root: [7; 32], head_slot, ..Status::default() };
    assert_eq!(fetches(&chain.peer_status(peer, &status(100))), [], "from the future");
    assert_eq!(fetches(&chain.peer_status(peer, &status(0))), [], "at the finalized slot");
    assert_eq!(fetches(&chain.peer_status(peer, &status(3))), [Root::from([7; 32])]);
}

#[test]
fn a_vote_for_an_unknown_block_is_counted_when_the_block_arrives() {
    let mut producer = Producer::new();
    let (block, slot_votes) = producer.slot(1);
    let mut chain = chain([]);
    tick(&mut chain, 6);
    let effects = gossip_vote(&mut chain, slot_votes[0].clone());
    assert_eq!(verdict(&effects), Verdict::Ignore);
    assert_eq!(chain.snapshot().pending_votes, 1);
    assert_eq!(verdict(&gossip_block(&mut chain, block)), Verdict::Accept);
    assert_eq!(chain.snapshot().pending_votes, 0);
    assert_eq!(chain.base.store.pools().signature_count(), 1);
}

#[test]
fn every_refused_block_and_vote_is_counted_by_reason() {
    let mut producer = Producer::new();
    let (block, slot_votes) = producer.slot(1);
    let mut chain = chain([]);
    tick(&mut chain, 6);
    assert_eq!(verdict(&gossip_block(&mut chain, block.clone())), Verdict::Accept);
    assert_eq!(verdict(&gossip_block(&mut chain, block.clone())), Verdict::Ignore);

    let unsigned = |block: Block| SignedBlock { block, proof: MultiMessageAggregate::default() };
    let future = unsigned(Block { slot: u64::MAX, ..block.block.clone() });
    assert_eq!(verdict(&gossip_block(&mut chain, future)), Verdict::Ignore);
    let stale = unsigned(Block { slot: 0, ..block.block.clone() });
    assert_eq!(verdict(&gossip_block(&mut chain, stale)), Verdict::Ignore);
    let forged = unsigned(Block { state_root: Root::ZERO, ..block.block.clone() });
    assert_eq!(verdict(&gossip_block(&mut chain, forged)), Verdict::Reject);

    let others = SignedAttestation { validator_index: 1, ..slot_votes[0].clone() };
    assert_eq!(verdict(&gossip_vote(&mut chain, others)), Verdict::Reject);
    let mut test_key = SecretKey::generate(Scheme::TEST, [1; 32], 0, 8).expect("8 slots");
    let signature =
        test_key.sign(1, Root::of(&slot_votes[0].data).as_bytes()).expect("an unused slot");
    let other_scheme = SignedAttestation { signature, ..slot_votes[0].clone() };
    assert_eq!(verdict(&gossip_vote(&mut chain, other_scheme)), Verdict::Reject);

    let dropped = chain.snapshot().dropped;
    let expected = [
        ("BLOCK_NOT_ABOVE_FINALIZED", 1),
        ("BLOCK_TOO_FAR_IN_FUTURE", 1),
        ("DUPLICATE_BLOCK", 1),
        ("INVALID_BLOCK_PROOF", 1),
        ("INVALID_SIGNATURE", 2),
    ];
    assert_eq!(dropped.into_iter().collect::<Vec<_>>(), expected);
}

#[test]
fn a_vote_is_cast_once_a_slot_as_soon_as_the_slots_block_is_imported() {
    let mut producer = Producer::new();
    let (block, _) = producer.slot(1);
    let mut chain = chain([3]);
    tick(&mut chain, 5);
    let effects = tick(&mut chain, 6);
    assert!(effects.iter().any(|effect| matches!(effect, Effect::VoteAnyway(1))));
    assert_eq!(votes(&effects), [], "it waits for the block");
    let root = Root::of(&block.block);
    let effects = gossip_block(&mut chain, block);
    assert_eq!(votes(&effects).iter().map(|data| data.head.root).collect::<Vec<_>>(), [root]);
    assert_eq!(votes(&chain.vote_anyway(1)), []);
    assert_eq!(votes(&tick(&mut chain, 7)), []);
}

#[test]
fn a_vote_is_cast_without_the_slots_block_when_the_wait_ends() {
    let mut chain = chain([3]);
    tick(&mut chain, 5);
    tick(&mut chain, 6);
    let cast = votes(&chain.vote_anyway(1));
    assert_eq!(cast.iter().map(|data| (data.slot, data.head.slot)).collect::<Vec<_>>(), [(1, 0)]);
}

#[test]
fn a_late_tick_counts_the_intervals_left_out_and_does_no_duty_of_a_past_slot() {
    let mut chain = chain(0..VALIDATORS);
    let effects = tick(&mut chain, 32);
    assert_eq!(chain.snapshot().missed_intervals, 27, "of 32, the last 5 are done");
    assert_eq!(chain.snapshot().time, 32);
    let slots: Vec<_> = votes(&effects).iter().map(|data| data.slot).collect();
    assert!(slots.iter().all(|&slot| slot == 6), "{slots:?}");
    assert!(
        !effects.iter().any(|effect| matches!(effect, Effect::SignBlock(_))),
        "interval 0 has passed"
    );

    assert!(tick(&mut chain, 10).is_empty(), "a clock that was set back stands still");
    assert_eq!(chain.snapshot().time, 32);
}

#[test]
fn a_restarted_node_signs_nothing_before_its_first_duty_slot() {
    let mut chain = chain(0..VALIDATORS);
    chain.base.role.first_duty_slot = 3;
    for interval in 0..15 {
        let effects = tick(&mut chain, interval);
        assert_eq!(votes(&effects), []);
        assert!(!effects.iter().any(|effect| matches!(effect, Effect::SignBlock(_))));
    }
    assert!(tick(&mut chain, 15).iter().any(|effect| matches!(effect, Effect::SignBlock(_))));
}

#[test]
fn intervals_before_the_start_of_a_node_do_not_count_as_missed() {
    let mut chain = chain([]);
    chain.begin_at(1000);
    assert_eq!((chain.snapshot().time, chain.snapshot().missed_intervals), (1000, 0));
}

#[test]
fn a_proposer_cannot_fill_the_store_with_blocks_of_one_slot() {
    let mut chain = chain([]);
    tick(&mut chain, 6);
    chain.blocks.in_slot.insert(1, 16);
    let (block, _) = Producer::new().slot(1);
    assert_eq!(verdict(&gossip_block(&mut chain, block)), Verdict::Ignore);
    assert_eq!(chain.snapshot().dropped["TOO_MANY_BLOCKS_IN_SLOT"], 1);
}

#[test]
fn a_validator_without_a_signature_has_one_note_with_the_newest_reason() {
    let mut chain = chain([]);
    chain.not_signed(3, 256, &NotSigned::NoKey);
    chain.not_signed(3, 257, &NotSigned::NoKey);
    assert_eq!(
        chain.snapshot().notes,
        ["validator 3: nothing signed in slot 257: this node does not hold the validator's keys"]
    );
    assert_eq!(chain.snapshot().dropped["NOT_SIGNED"], 2);
}
