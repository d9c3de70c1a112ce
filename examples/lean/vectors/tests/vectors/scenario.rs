//! Builds fork-choice vectors step by step, each with the snapshot of a store.

use std::collections::BTreeSet;
use std::sync::Arc;

use consensus::{
    AggregatedAttestation, AttestationData, Block, BlockCheck, Checkpoint, MockProofs,
    MultiMessageAggregate, ProofBytes, Proofs, Rejection, Root, SignedAggregatedAttestation,
    SignedBlock, SingleMessageAggregate, Slot, Store, ValidatorIndex, Validators, aggregation_bits,
    genesis, interval_from_slot, process_block, process_slots, validator_indices,
};
use serde_json::{Value, json};
use xmss::PublicKey;

use crate::made;

const MARKER: &[u8] = b"\x00MOCKED-AGGREGATION-PROOF\x00";

/// A vote with its voters.
pub(crate) type Vote<'a> = (AttestationData, &'a [ValidatorIndex]);

/// An unfinished vector, and the store after its steps.
pub(crate) struct Scenario {
    pub(crate) store: Store,
    anchor: (consensus::State, Block),
    steps: Vec<Value>,
}

impl Scenario {
    /// Begins at the genesis of some validators, each with two different keys.
    pub(crate) fn new(validators: u8) -> Self {
        let key = |tag: u8| PublicKey::new([tag; PublicKey::LENGTH]);
        let keys = (1..=validators).map(|tag| (key(tag), key(tag + 100)));
        let anchor = genesis(0, Validators::new(keys).expect("few validators"));
        let store = Store::new(anchor.0.clone(), anchor.1.clone(), Some(0));
        Self { store: store.expect("genesis names its state"), anchor, steps: Vec::new() }
    }

    pub(crate) fn genesis(&self) -> Checkpoint {
        Checkpoint { root: Root::of(&self.anchor.1), slot: 0 }
    }

    /// Returns a valid block.
    pub(crate) fn build(&self, parent: Checkpoint, slot: Slot, votes: &[Vote<'_>]) -> Block {
        let state = self.store.state(&parent.root).expect("the parent's state is kept");
        let votes = votes.iter().map(|(data, voters)| AggregatedAttestation {
            aggregation_bits: aggregation_bits(voters.iter().copied()).expect("some voters"),
            data: *data,
        });
        let mut block = Block {
            slot,
            proposer_index: slot % state.validators.len() as u64,
            parent_root: parent.root,
            ..Block::default()
        };
        block.body.attestations = votes.collect::<Vec<_>>().try_into().expect("few votes");
        let mut post = process_slots(state, slot).expect("it is after its parent");
        process_block(&mut post, &block).expect("a valid block");
        block.state_root = Root::of(&post);
        block
    }

    /// Ticks to a block's slot and imports the block, which is given a label.
    pub(crate) fn block(
        &mut self,
        label: &str,
        parent: Checkpoint,
        slot: Slot,
        votes: &[Vote<'_>],
        checks: Value,
    ) -> Checkpoint {
        let block = self.build(parent, slot, votes);
        // The generator gossips a block's votes to itself before it builds the block.
        for (data, voters) in votes {
            self.store.insert_known_proof(*data, Arc::new(proof(voters)));
        }
        self.store.on_tick(interval_from_slot(slot), true, true, &MockProofs::Marked);
        self.deliver(label, &block, true, None, None, checks);
        Checkpoint { root: Root::of(&block), slot }
    }

    /// Delivers a block, with the expected rejection. `newest_slot` replaces the rule of the slot.
    pub(crate) fn deliver(
        &mut self,
        label: &str,
        block: &Block,
        is_due: bool,
        rejection: Option<Rejection>,
        newest_slot: Option<Slot>,
        checks: Value,
    ) {
        let signed = SignedBlock { block: block.clone(), proof: MultiMessageAggregate::default() };
        let newest_slot = newest_slot.unwrap_or_else(|| self.store.newest_slot_for_blocks());
        let outcome = match self.store.check_block_before(&signed, newest_slot) {
            Ok(BlockCheck::New(candidate)) => candidate.trust_proof().map(|verified| {
                self.store.import_block(verified);
            }),
            Ok(BlockCheck::Known(_)) => Ok(()),
            Err(rejection) => Err(rejection),
        };
        assert_eq!(outcome.err(), rejection, "{label}");
        let mut json = made::block(block);
        json["blockRootLabel"] = label.into();
        let step = json!({"stepType": "block", "tickToSlot": is_due, "block": json});
        self.step(step, rejection, checks);
    }

    /// Ticks to an interval.
    pub(crate) fn tick(&mut self, interval: u64, checks: Value) {
        self.store.on_tick(interval, false, true, &MockProofs::Marked);
        let step = json!({"stepType": "tick", "interval": interval, "hasProposal": false});
        self.step(step, None, checks);
    }

    /// Gossips an aggregate, with the expected rejection.
    pub(crate) fn gossip(
        &mut self,
        data: AttestationData,
        voters: &[ValidatorIndex],
        rejection: Option<Rejection>,
        checks: Value,
    ) {
        let proof = proof(voters);
        let bits: Vec<bool> = (0..proof.participants.len())
            .map(|place| proof.participants.get(place) == Some(true))
            .collect();
        let step = json!({
            "stepType": "gossipAggregatedAttestation",
            "attestation": {
                "data": made::data(&data),
                "proof": {
                    "participants": {"data": bits},
                    "proof": {"data": format!("0x{}", hex::encode(&proof.proof[..]))},
                },
            },
        });
        let attestation = SignedAggregatedAttestation { data, proof };
        let outcome = self.store.on_gossip_aggregated_attestation(attestation, &MockProofs::Marked);
        assert_eq!(outcome.err(), rejection, "{data:?}");
        self.step(step, rejection, checks);
    }

    fn step(&mut self, mut step: Value, rejection: Option<Rejection>, checks: Value) {
        step["valid"] = rejection.is_none().into();
        if let Some(rejection) = rejection {
            step["rejectionReason"] = rejection.name().into();
        }
        if !checks.is_null() {
            step["checks"] = checks;
        }
        step["storeSnapshot"] = snapshot(&self.store);
        self.steps.push(step);
    }

    /// Returns the vector.
    pub(crate) fn vector(self) -> Value {
        json!({
            "proofSetting": 0,
            "anchorState": made::state(&self.anchor.0),
            "anchorBlock": made::block(&self.anchor.1),
            "steps": self.steps,
        })
    }
}

fn proof(voters: &[ValidatorIndex]) -> SingleMessageAggregate {
    SingleMessageAggregate {
        participants: aggregation_bits(voters.iter().copied()).expect("some voters"),
        proof: ProofBytes::try_from([MARKER, &[0; 32]].concat()).expect("a short proof"),
    }
}

fn snapshot(store: &Store) -> Value {
    let (weights, finalized) = (store.block_weights(), store.latest_finalized());
    let roots: BTreeSet<_> = store.tree().blocks().map(|(root, _)| *root).collect();
    let open = roots
        .iter()
        .filter(|root| store.block(root).is_some_and(|block| block.slot > finalized.slot));
    let weighed: Vec<_> = open
        .map(|root| json!({"root": root, "weight": weights.get(root).copied().unwrap_or(0)}))
        .collect();
    json!({
        "time": store.time(),
        "headRoot": store.head(),
        "safeTargetRoot": store.safe_target(),
        "latestJustified": made::checkpoint(store.latest_justified()),
        "latestFinalized": made::checkpoint(finalized),
        "blockRoots": roots,
        "blockWeights": weighed,
        "attestationSignatures": [],
        "newAggregatedPayloads": pool(store.pools().new_proofs()),
        "knownAggregatedPayloads": pool(store.pools().known_proofs()),
    })
}

fn pool<'a>(votes: impl Iterator<Item = (&'a AttestationData, &'a Proofs)>) -> Value {
    let mut entries: Vec<(Root, Vec<Vec<u64>>)> = votes
        .map(|(data, proofs)| {
            let voters = |proof: &Arc<SingleMessageAggregate>| {
                validator_indices(&proof.participants).collect()
            };
            let mut sets: Vec<Vec<u64>> = proofs.iter().map(voters).collect();
            sets.sort();
            (Root::of(data), sets)
        })
        .collect();
    entries.sort();
    entries.iter().map(|(root, sets)| json!({"dataRoot": root, "participantSets": sets})).collect()
}
