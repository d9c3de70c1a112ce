//! The store, step by step, with a snapshot of it after each.
//!
//! A vector begins with an anchor; then come ticks, blocks, votes and aggregates, each with what the store must look like
//! afterwards. Blocks are unsigned and proofs are placeholders (`proofSetting` 0), so no proof is verified; votes are
//! really signed.
//!
//! Reading order: this file (what a step is), [`left_out`] (what the generator gave its store that no step says),
//! [`snapshot`] and [`checks`] (what is compared).

mod checks;
mod left_out;
mod snapshot;

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use crate::consensus::{
    AttestationData, Block, BlockCheck, MockProofs, MultiMessageAggregate, ProofBytes, Rejection, Root, SignedBlock,
    SingleMessageAggregate, SlotClock, Store, ValidatorIndex, aggregation_bits, interval_from_slot, validator_indices,
};
use crate::vectors::container::{block, signed_aggregated_attestation, signed_attestation, state};
use crate::vectors::field::{Field, Malformed};
use crate::vectors::trial::Trial;
use crate::vectors::verdict::Findings;

/// The proofs of these vectors are placeholders.
const PROOFS: MockProofs = MockProofs::Marked;

/// What every placeholder for a proof begins with.
const PLACEHOLDER: &[u8] = b"\x00MOCKED-AGGREGATION-PROOF\x00";

/// A store under test, and what the vector's steps have said so far.
pub(super) struct Replay {
    /// Nothing when the anchor was refused.
    store: Option<Store>,
    refused: Option<Rejection>,
    steps: usize,
    /// Blocks that the vector's author has named.
    labels: HashMap<String, Root>,
    /// The roots of all votes that any step or snapshot has shown.
    votes_shown: HashSet<Root>,
}

/// What a step has done, for the checks that its author wrote.
#[derive(Default)]
struct Taken {
    block: Option<Block>,
    head_before: Root,
}

pub(super) fn open(vector: &Field<'_>) -> Result<Replay, Malformed> {
    let (state, anchor) = (state(&vector.at("anchorState")?)?, block(&vector.at("anchorBlock")?)?);
    let labels = HashMap::from([(String::from("genesis"), Root::of(&anchor))]);
    let (store, refused) = match Store::new(state, anchor, Some(0)) {
        Ok(store) => (Some(store), None),
        Err(rejection) => (None, Some(rejection)),
    };
    let steps = vector.at("steps")?.list()?.len();
    Ok(Replay { store, refused, steps, labels, votes_shown: HashSet::new() })
}

impl Trial for Replay {
    /// The anchor comes before the vector's own steps.
    fn steps(&self) -> usize {
        self.steps + 1
    }

    fn take(&mut self, step: usize, vector: Field<'_>, findings: &mut Findings) -> Result<(), Malformed> {
        let Some(number) = step.checked_sub(1) else {
            let expected = vector.maybe("rejectionReason").map(|reason| reason.text()).transpose()?;
            findings.same_rejection(self.refused.map(|rejection| rejection.to_string()), expected);
            return Ok(());
        };
        let steps = vector.at("steps")?.list()?;
        let step = steps.get(number).ok_or_else(|| vector.malformed("a step is missing"))?;
        findings.in_step(number, step.at("stepType")?.text()?);
        let Some(store) = &mut self.store else {
            return Err(vector.malformed("there are steps, but no store was made of the anchor"));
        };

        let mut taken = Taken { block: None, head_before: store.head() };
        let snapshot = step.at("storeSnapshot")?;
        let outcome = match step.at("stepType")?.text()? {
            "tick" => tick(store, step)?,
            "attestation" => {
                let attestation = signed_attestation(&step.at("attestation")?)?;
                self.votes_shown.insert(Root::of(&attestation.data));
                let is_aggregator = step.maybe("isAggregator").map_or(Ok(false), |flag| flag.flag())?;
                store.on_gossip_attestation(&attestation, is_aggregator).map(drop)
            }
            "gossipAggregatedAttestation" => {
                let attestation = signed_aggregated_attestation(&step.at("attestation")?)?;
                self.votes_shown.insert(Root::of(&attestation.data));
                store.on_gossip_aggregated_attestation(attestation, &PROOFS).map(drop)
            }
            "block" => {
                let (block, label) = (step.at("block")?, step.at("block")?.maybe("blockRootLabel"));
                let block = crate::vectors::container::block(&block)?;
                if let Some(label) = label {
                    self.labels.insert(label.text()?.to_owned(), Root::of(&block));
                }
                give_votes(store, &block);
                self.votes_shown.extend(block.body.attestations.iter().map(|vote| Root::of(&vote.data)));
                left_out::give_votes(store, &block, &snapshot, &self.votes_shown)?;
                let tick_to_slot = step.at("tickToSlot")?.flag()?;
                let outcome = import(store, block.clone(), tick_to_slot);
                taken.block = Some(block);
                outcome
            }
            _ => return Err(step.malformed("no such type of step is known here")),
        };
        let expected = step.maybe("rejectionReason").map(|reason| reason.text()).transpose()?;
        findings.same_rejection(outcome.err().map(|rejection| rejection.to_string()), expected);
        findings.same("valid", outcome.is_ok(), step.at("valid")?.flag()?);
        snapshot::compare(store, &snapshot, findings)?;
        self.votes_shown.extend(snapshot::votes(&snapshot)?);
        match step.maybe("checks") {
            // What was refused was refused before the author's checks, and has changed nothing.
            Some(checks) if outcome.is_ok() => checks::compare(store, &self.labels, &taken, &checks, findings),
            _ => Ok(()),
        }
    }
}

fn tick(store: &mut Store, step: &Field<'_>) -> Result<Result<(), Rejection>, Malformed> {
    let target = match step.maybe("interval") {
        Some(interval) => interval.uint()?,
        None => {
            let milliseconds = step.at("time")?.uint()?.saturating_mul(1000);
            SlotClock::new(store.config().genesis_time).total_intervals(milliseconds)
        }
    };
    let has_proposal = step.at("hasProposal")?.flag()?;
    store.on_tick(target, has_proposal, true, &PROOFS);
    Ok(Ok(()))
}

/// Lets a block's votes count as if they had been gossiped before, as the generator does to build the block.
///
/// It keeps what its builder has folded of them in the pool of known proofs. A block with the same vote twice was not
/// built, its votes were forced into it; and there is nothing to build on an unknown parent.
fn give_votes(store: &mut Store, block: &Block) {
    let votes: Vec<&AttestationData> = block.body.attestations.iter().map(|vote| &vote.data).collect();
    let repeats = votes.iter().enumerate().any(|(place, vote)| votes[..place].contains(vote));
    if repeats || !store.contains_block(&block.parent_root) {
        return;
    }
    for vote in block.body.attestations.iter() {
        let voters: HashSet<ValidatorIndex> = validator_indices(&vote.aggregation_bits).collect();
        let held: HashSet<_> = store
            .known_proofs()
            .chain(store.new_proofs())
            .filter(|(data, _)| **data == vote.data)
            .flat_map(|(_, proofs)| proofs.iter().flat_map(|proof| validator_indices(&proof.participants)))
            .collect();
        if !voters.is_subset(&held)
            && let Some(proof) = placeholder(voters)
        {
            store.insert_known_proof(vote.data, proof);
        }
    }
}

/// Makes a proof that nobody verifies; of no voters there is none.
fn placeholder(voters: impl IntoIterator<Item = ValidatorIndex>) -> Option<Arc<SingleMessageAggregate>> {
    let proof = ProofBytes::try_from([PLACEHOLDER, &[0; 32]].concat()).ok()?;
    Some(Arc::new(SingleMessageAggregate { participants: aggregation_bits(voters)?, proof }))
}

fn import(store: &mut Store, block: Block, tick_to_slot: bool) -> Result<(), Rejection> {
    if tick_to_slot {
        store.on_tick(interval_from_slot(block.slot), true, true, &PROOFS);
    }
    let signed = SignedBlock { block, proof: MultiMessageAggregate::default() };
    if let BlockCheck::New(candidate) = store.check_block(&signed)? {
        store.import_block(candidate.trust_proof()?);
    }
    Ok(())
}
