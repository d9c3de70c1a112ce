//! Tests of blocks under attack: invalid blocks from many identities, and relays that forward them.

use std::collections::{BTreeMap, HashMap, VecDeque};

use network::PeerId;
use proptest::collection::vec;
use proptest::prelude::{ProptestConfig, any, prop_assert, proptest};

use crate::decoder::Origin;
use crate::effect::Effect;
use crate::in_flight_tests::finish;
use crate::state::ChainState;
use crate::state_tests::{Producer, VALIDATORS, chain, fetches, tick};
use crate::verifier::{Job, JobId, Turn};
use crate::waiting::NOT_FIRST;
use consensus::{Block, MultiMessageAggregate, Root, SignedBlock, Slot};
use network::{MessageId, Offence, Verdict};

/// A chain with one verifier, and the verdicts on all gossip messages.
struct Attacked {
    chain: ChainState,
    /// The blocks of the honest proposers, one for each slot from 1 on.
    honest: Vec<SignedBlock>,
    jobs: VecDeque<(JobId, Job, Turn)>,
    /// The number of jobs done.
    done: usize,
    sent: u64,
    verdicts: HashMap<MessageId, Vec<Verdict>>,
    requests: Vec<Root>,
    penalties: Vec<Offence>,
}

impl Attacked {
    /// A chain in the middle of slot `known + 1`, with the blocks of the slots up to `known`.
    fn after(known: Slot) -> Self {
        let mut producer = Producer::new();
        let honest: Vec<_> = (1..=known + 4).map(|slot| producer.slot(slot).0).collect();
        let mut attacked = Self {
            chain: chain([]),
            honest,
            jobs: VecDeque::new(),
            done: 0,
            sent: 0,
            verdicts: HashMap::new(),
            requests: Vec::new(),
            penalties: Vec::new(),
        };
        attacked.tick((known + 1) * 5 + 1);
        let known: Vec<_> = attacked.honest.iter().take(known as usize).cloned().collect();
        for block in known {
            attacked.send(block, PeerId::random(), true);
            attacked.work_off();
        }
        attacked.done = 0;
        attacked
    }

    fn tick(&mut self, now: u64) {
        let effects = tick(&mut self.chain, now);
        self.note(effects);
    }

    /// A block of a slot on the head's block, with a false proof. Every number is another block.
    fn junk(&self, slot: Slot, number: u64) -> SignedBlock {
        junk(slot, self.chain.head().head.root, number)
    }

    fn send(&mut self, block: SignedBlock, peer: PeerId, is_configured: bool) {
        self.sent += 1;
        let mut id = [0; 20];
        id[..8].copy_from_slice(&self.sent.to_le_bytes());
        self.verdicts.insert(MessageId(id), Vec::new());
        let effects = self.chain.block(block, Origin::new(MessageId(id), peer, is_configured));
        self.note(effects);
    }

    fn note(&mut self, effects: Vec<Effect>) {
        for effect in effects {
            match effect {
                Effect::Job(id, job, turn) => self.jobs.push_back((id, job, turn)),
                Effect::Report(origin, verdict) => {
                    self.verdicts.get_mut(&origin.id).expect("it was sent").push(verdict);
                }
                Effect::Synchronize => {
                    let effects = self.chain.synchronize();
                    self.note(effects);
                }
                Effect::Penalise(_, offence) => self.penalties.push(offence),
                effect => self.requests.extend(fetches(&[effect])),
            }
        }
    }

    /// Does one job, of this node and of configured peers first.
    fn work(&mut self) -> bool {
        let first = self.jobs.iter().position(|(_, _, turn)| *turn == Turn::First);
        let Some((id, job, _)) = self.jobs.remove(first.unwrap_or(0)) else { return false };
        self.done += usize::from(matches!(id, JobId::Block(_)));
        let effects = finish(&mut self.chain, (id, job));
        self.note(effects);
        true
    }

    fn work_off(&mut self) {
        while self.work() {}
    }

    /// Works until the head is at a slot. Returns the number of blocks verified for it.
    fn blocks_until_head_at(&mut self, slot: Slot) -> usize {
        let before = self.done;
        while self.chain.head().head.slot < slot {
            assert!(self.work(), "the block of slot {slot} is lost");
        }
        self.done - before
    }

    /// Counts the verdicts, and checks that there is one for each message.
    fn verdicts(&self) -> BTreeMap<String, usize> {
        let mut counts = BTreeMap::new();
        for verdicts in self.verdicts.values() {
            let [verdict] = verdicts[..] else { panic!("one verdict each: {verdicts:?}") };
            *counts.entry(format!("{verdict:?}")).or_default() += 1;
        }
        counts
    }
}

fn junk(slot: Slot, parent_root: Root, number: u64) -> SignedBlock {
    let mut state_root = [9; 32];
    state_root[..8].copy_from_slice(&number.to_le_bytes());
    let proof = vec![7; 64].try_into().expect("it is short");
    let block = Block {
        slot,
        proposer_index: slot % VALIDATORS,
        parent_root,
        state_root: Root::from(state_root),
        body: Default::default(),
    };
    SignedBlock { block, proof: MultiMessageAggregate { proof } }
}

#[test]
fn a_false_proof_is_verified_once_for_each_slot_and_stranger() {
    let (mut attacked, stranger) = (Attacked::after(2), PeerId::random());
    for number in 0..100 {
        attacked.send(attacked.junk(3, number), stranger, false);
        attacked.work_off();
    }
    assert_eq!(attacked.done, 1);
    assert_eq!(attacked.verdicts()["Reject"], 1);
    assert_eq!(attacked.chain.snapshot().dropped["TOO_MANY_BLOCKS_FROM_SOURCE"], 99);
}

#[test]
fn a_block_out_of_its_proposers_turn_is_rejected_without_a_verification() {
    let mut attacked = Attacked::after(2);
    let mut block = attacked.junk(3, 0);
    block.block.proposer_index = 0;
    attacked.send(block, PeerId::random(), false);
    assert!(attacked.jobs.is_empty());
    assert_eq!(attacked.verdicts()["Reject"], 1);
    assert_eq!(attacked.chain.snapshot().dropped["WRONG_PROPOSER"], 1);
}

#[test]
fn a_configured_peers_block_does_not_wait_for_the_blocks_of_a_thousand_identities() {
    let mut attacked = Attacked::after(2);
    for number in 0..1000 {
        attacked.send(attacked.junk(3, number), PeerId::random(), false);
    }
    attacked.send(attacked.honest[2].clone(), PeerId::random(), true);
    let verified = attacked.blocks_until_head_at(3);
    assert!(verified <= 1 + NOT_FIRST, "{verified} blocks were verified first");
    attacked.work_off();
    assert!(attacked.done <= 1 + 2 + 64, "the others had no place: {}", attacked.done);
    attacked.verdicts();
}

#[test]
fn a_strangers_block_does_not_wait_for_new_identities_after_its_first_valid_block() {
    let (mut attacked, stranger) = (Attacked::after(2), PeerId::random());
    attacked.send(attacked.honest[2].clone(), stranger, false);
    attacked.work_off();
    attacked.tick(4 * 5 + 1);
    for number in 0..1000 {
        attacked.send(attacked.junk(4, number), PeerId::random(), false);
    }
    attacked.send(attacked.honest[3].clone(), stranger, false);
    let verified = attacked.blocks_until_head_at(4);
    assert!(verified <= 1 + NOT_FIRST, "{verified} blocks were verified first");
}

#[test]
fn a_configured_relay_of_many_invalid_blocks_still_delivers_the_valid_one() {
    let (mut attacked, relay) = (Attacked::after(2), PeerId::random());
    for number in 0..300 {
        attacked.send(attacked.junk(3, number), relay, true);
    }
    attacked.send(attacked.honest[2].clone(), relay, true);
    let verified = attacked.blocks_until_head_at(3);
    assert!(verified <= 4 + NOT_FIRST, "{verified} blocks were verified first");
    attacked.work_off();
    assert!(attacked.done <= 4 + 2 + 32, "{}", attacked.done);
    attacked.verdicts();
}

#[test]
fn a_valid_block_lost_among_invalid_ones_is_fetched_when_the_next_block_names_it() {
    let (mut attacked, relay) = (Attacked::after(2), PeerId::random());
    attacked.chain.peer_connected(relay, true);
    let junk: Vec<_> = (0..100).map(|number| attacked.junk(3, number)).collect();
    junk[..50].iter().for_each(|junk| attacked.send(junk.clone(), relay, true));
    attacked.send(attacked.honest[2].clone(), relay, true);
    // The newest blocks of a relay are the first, so these displace it.
    junk[50..].iter().for_each(|junk| attacked.send(junk.clone(), relay, true));
    attacked.tick(4 * 5 + 1);
    attacked.send(attacked.honest[3].clone(), relay, true);
    let root = Root::of(&attacked.honest[2].block);
    assert_eq!(attacked.requests, [root], "nothing is verified yet");
    let answer = crate::decoder::Fetched::Blocks(vec![attacked.honest[2].clone()]);
    let effects = attacked.chain.fetched(1, answer);
    attacked.note(effects);
    let verified = attacked.blocks_until_head_at(4);
    assert!(verified <= 2 + 4 + NOT_FIRST, "{verified} blocks were verified first");
}

#[test]
fn copies_of_one_block_with_false_proofs_do_not_displace_the_valid_copy() {
    let mut attacked = Attacked::after(2);
    let valid = attacked.honest[2].clone();
    for number in 0..1000_u64 {
        let proof = number.to_le_bytes().to_vec().try_into().expect("it is short");
        let copy =
            SignedBlock { proof: MultiMessageAggregate { proof }, block: valid.block.clone() };
        attacked.send(copy, PeerId::random(), false);
    }
    attacked.send(valid, PeerId::random(), true);
    assert!(attacked.blocks_until_head_at(3) <= 1 + NOT_FIRST);
    let verified = attacked.done;
    attacked.work_off();
    assert!(attacked.done <= verified + NOT_FIRST, "the waiting copies are dropped");
    attacked.verdicts();
}

#[test]
fn a_block_sent_first_by_a_stranger_is_not_delayed_by_the_strangers_rank() {
    let mut attacked = Attacked::after(2);
    for number in 0..10 {
        attacked.send(attacked.junk(3, number), PeerId::random(), false);
    }
    attacked.send(attacked.honest[2].clone(), PeerId::random(), false);
    attacked.send(attacked.honest[2].clone(), PeerId::random(), true);
    assert!(attacked.blocks_until_head_at(3) <= 1 + NOT_FIRST);
    attacked.work_off();
    attacked.verdicts();
}

#[test]
fn a_block_up_to_one_slot_early_is_used_when_its_slot_begins() {
    let mut attacked = Attacked::after(2);
    attacked.send(attacked.junk(5, 0), PeerId::random(), true);
    assert_eq!(attacked.chain.snapshot().dropped["BLOCK_TOO_FAR_IN_FUTURE"], 1);
    attacked.send(attacked.honest[2].clone(), PeerId::random(), true);
    attacked.work_off();
    for number in 0..1000 {
        attacked.send(attacked.junk(4, number), PeerId::random(), false);
    }
    attacked.send(attacked.honest[3].clone(), PeerId::random(), true);
    assert!(attacked.jobs.is_empty(), "its slot has not begun");
    assert!(attacked.chain.snapshot().pending_blocks <= 16);
    attacked.tick(4 * 5);
    attacked.work_off();
    assert_eq!(attacked.chain.head().head.slot, 4);
    attacked.verdicts();
}

#[test]
fn the_waiting_blocks_of_a_departed_stranger_are_dropped_with_a_verdict() {
    let mut attacked = Attacked::after(2);
    let strangers: Vec<_> = (0..50).map(|_| PeerId::random()).collect();
    for (number, stranger) in (0..).zip(&strangers) {
        attacked.send(attacked.junk(3, number), *stranger, false);
    }
    for stranger in &strangers {
        let effects = attacked.chain.peer_disconnected(*stranger);
        attacked.note(effects);
    }
    attacked.work_off();
    assert_eq!(attacked.done, 2, "only those in verification are left");
    assert_eq!(attacked.chain.snapshot().dropped["SENDER_LEFT"], 48);
    attacked.verdicts();
}

/// The next message of an attacker or an honest peer.
#[derive(Clone, Copy, Debug)]
enum Kind {
    /// Of the current slot, on the head.
    OnHead,
    /// Of the current slot, on an unknown block.
    OnUnknown,
    /// Of the next slot.
    Early,
    /// The honest block's content with another proof.
    Copy,
    /// On the oldest block.
    OnAnchor,
}

const KINDS: [Kind; 5] = [Kind::OnHead, Kind::OnUnknown, Kind::Early, Kind::Copy, Kind::OnAnchor];

impl Attacked {
    fn of_kind(&self, kind: Kind, slot: Slot, number: u64) -> SignedBlock {
        let honest = &self.honest[slot as usize - 1];
        match kind {
            Kind::OnHead => self.junk(slot, number),
            Kind::OnUnknown => junk(slot, Root::from([number as u8; 32]), number),
            Kind::Early => self.junk(slot + 1, number),
            Kind::Copy => {
                SignedBlock { proof: junk(slot, Root::ZERO, 0).proof, block: honest.block.clone() }
            }
            Kind::OnAnchor => junk(slot, self.chain.head().finalized.root, number),
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 48,
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn honest_blocks_are_imported_within_a_bounded_number_of_verifications(
        strangers in 1_usize..40,
        relays_forward: bool,
        junk in vec((any::<u8>(), 0..KINDS.len(), any::<bool>()), 0..400),
        at in any::<proptest::sample::Index>(),
    ) {
        let mut attacked = Attacked::after(2);
        let [configured, proven] = [PeerId::random(), PeerId::random()];
        let strangers: Vec<_> = (0..strangers).map(|_| PeerId::random()).collect();
        attacked.chain.peer_connected(configured, true);
        // One honest stranger has delivered a block first.
        attacked.send(attacked.honest[2].clone(), proven, false);
        attacked.work_off();
        for slot in 4..=6 {
            attacked.tick(slot * 5 + 1);
            // The configured peer delivers the blocks of even slots, and the stranger the others.
            let (sender, is_configured) =
                if slot % 2 == 0 { (configured, true) } else { (proven, false) };
            let at = at.index(junk.len() + 1);
            let honest = attacked.honest[slot as usize - 1].clone();
            for (place, (stranger, kind, works)) in junk.iter().enumerate() {
                if place == at {
                    attacked.send(honest.clone(), sender, is_configured);
                }
                let number = slot * 1000 + place as u64;
                let block = attacked.of_kind(KINDS[*kind], slot, number);
                let stranger = strangers[usize::from(*stranger) % strangers.len()];
                attacked.send(block, stranger, false);
                if relays_forward && place % 100 == 0 {
                    let block = attacked.of_kind(KINDS[*kind], slot, number + 500);
                    attacked.send(block, configured, true);
                }
                if *works {
                    attacked.work();
                }
            }
            if at >= junk.len() {
                attacked.send(honest, sender, is_configured);
            }
            let verified = attacked.blocks_until_head_at(slot);
            prop_assert!(verified <= 10 + NOT_FIRST, "{verified} blocks were verified first");
            prop_assert!(attacked.chain.snapshot().pending_blocks <= 1024 + 240 + 40);
        }
        attacked.work_off();
        attacked.tick(7 * 5 + 1);
        attacked.tick(8 * 5 + 1);
        attacked.work_off();
        attacked.verdicts();
        prop_assert!(attacked.penalties.is_empty(), "{:?}", attacked.penalties);
    }
}
