//! The store, step by step, with a snapshot of it after each.
//!
//! A vector begins with an anchor; then come ticks, blocks, votes and aggregates, each with what the store must look like
//! afterwards. Blocks are unsigned, and the proofs of aggregates are placeholders or taken on trust ([`ProofSetting`]);
//! votes are really signed.
//!
//! Reading order: this file (what a step is), [`left_out`] (what the generator gave its store that no step says),
//! [`snapshot`] and [`checks`] (what is compared).

mod checks;
mod left_out;
mod snapshot;

use std::collections::HashSet;
use std::sync::Arc;

use crate::container::{block, signed_aggregated_attestation, signed_attestation, state};
use crate::field::{Field, Malformed};
use crate::fork_choice::checks::Labels;
use crate::proof_setting::{ProofSetting, UNVERIFIABLE, placeholder};
use crate::trial::Trial;
use crate::verdict::Findings;
use consensus::{
    AttestationData, Block, BlockCheck, MultiMessageAggregate, Rejection, Root, SignedBlock, SlotClock, Store,
    ValidatorIndex, interval_from_slot, validator_indices,
};

/// The type of a step that gossips an aggregate.
const AGGREGATE: &str = "gossipAggregatedAttestation";

/// A store under test, and what the vector's steps have said so far.
pub(super) struct Replay {
    /// Nothing when the anchor was refused.
    store: Option<Store>,
    refused: Option<Rejection>,
    proofs: ProofSetting,
    steps: usize,
    /// Blocks that the vector's author has named.
    labels: Labels,
    /// The roots of all votes that any step or snapshot has shown.
    votes_shown: HashSet<Root>,
}

/// What a step has done, for the checks that its author wrote.
struct Taken {
    head_before: Root,
    block: Option<Block>,
}

pub(super) fn open(vector: &Field<'_>) -> Result<Replay, Malformed> {
    let (state, anchor) = (state(&vector.at("anchorState")?)?, block(&vector.at("anchorBlock")?)?);
    let labels = Labels::from([(String::from("genesis"), Root::of(&anchor))]);
    let (store, refused) = match Store::new(state, anchor, Some(0)) {
        Ok(store) => (Some(store), None),
        Err(rejection) => (None, Some(rejection)),
    };
    let steps = vector.at("steps")?.list()?.len();
    Ok(Replay { store, refused, proofs: ProofSetting::of(vector)?, steps, labels, votes_shown: HashSet::new() })
}

/// Says why the vector cannot be run, if it cannot: a real proof must be refused for what is wrong with it.
pub(super) fn cannot_run(vector: &Field<'_>) -> Result<Option<&'static str>, Malformed> {
    let mut hangs_on_proof = false;
    for step in vector.at("steps")?.list()? {
        let is_aggregate = step.at("stepType")?.text()? == AGGREGATE;
        let reason = step.maybe("rejectionReason").map(|reason| reason.text()).transpose()?;
        hangs_on_proof |= is_aggregate && reason == Some(Rejection::InvalidSignature.name());
    }
    let is_real = ProofSetting::of(vector)? == ProofSetting::Real;
    Ok((hangs_on_proof && is_real).then_some(UNVERIFIABLE))
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
        let Self { store, proofs, labels, votes_shown, .. } = self;
        let Some(store) = store else {
            return Err(vector.malformed("there are steps, but no store was made of the anchor"));
        };

        let taken = Taken { head_before: store.head(), block: sent_block(step, labels)? };
        let outcome = act(store, *proofs, step, taken.block.as_ref(), votes_shown)?;
        let expected = step.maybe("rejectionReason").map(|reason| reason.text()).transpose()?;
        findings.same_rejection(outcome.err().map(|rejection| rejection.to_string()), expected);
        findings.same("valid", outcome.is_ok(), step.at("valid")?.flag()?);
        if *proofs == ProofSetting::Real && step.at("stepType")?.text()? == AGGREGATE {
            findings.not_compared("proof", UNVERIFIABLE);
        }

        let snapshot = step.at("storeSnapshot")?;
        snapshot::compare(store, &snapshot, findings)?;
        votes_shown.extend(snapshot::votes(&snapshot)?);
        match step.maybe("checks") {
            // What was refused was refused before the author's checks, and has changed nothing.
            Some(checks) if outcome.is_ok() => checks::compare(store, labels, &taken, &checks, findings),
            _ => Ok(()),
        }
    }
}

/// Reads the block of a step that has one, and remembers the name that the author gave it, whatever becomes of it.
fn sent_block(step: &Field<'_>, labels: &mut Labels) -> Result<Option<Block>, Malformed> {
    let Some(sent) = step.maybe("block") else { return Ok(None) };
    let block = block(&sent)?;
    if let Some(label) = sent.maybe("blockRootLabel") {
        labels.insert(label.text()?.to_owned(), Root::of(&block));
    }
    Ok(Some(block))
}

/// Does with the store what a step says, and says whether the store has refused it.
fn act(
    store: &mut Store,
    proofs: ProofSetting,
    step: &Field<'_>,
    block: Option<&Block>,
    votes_shown: &mut HashSet<Root>,
) -> Result<Result<(), Rejection>, Malformed> {
    let kind = step.at("stepType")?;
    Ok(match (kind.text()?, block) {
        ("tick", _) => {
            tick(store, step, proofs)?;
            Ok(())
        }
        ("attestation", _) => {
            let attestation = signed_attestation(&step.at("attestation")?)?;
            votes_shown.insert(Root::of(&attestation.data));
            let is_aggregator = step.maybe("isAggregator").map_or(Ok(false), |flag| flag.flag())?;
            store.on_gossip_attestation(&attestation, is_aggregator).map(drop)
        }
        (AGGREGATE, _) => {
            let attestation = signed_aggregated_attestation(&step.at("attestation")?)?;
            votes_shown.insert(Root::of(&attestation.data));
            store.on_gossip_aggregated_attestation(attestation, &proofs).map(drop)
        }
        ("block", Some(block)) => {
            give_votes(store, block);
            votes_shown.extend(block.body.attestations.iter().map(|vote| Root::of(&vote.data)));
            left_out::give_votes(store, block, &step.at("storeSnapshot")?, votes_shown)?;
            import(store, block, step.at("tickToSlot")?.flag()?, proofs)
        }
        _ => return Err(kind.malformed("no such type of step is known here, or it lacks its block")),
    })
}

fn tick(store: &mut Store, step: &Field<'_>, proofs: ProofSetting) -> Result<(), Malformed> {
    let target = match step.maybe("interval") {
        Some(interval) => interval.uint()?,
        None => {
            let milliseconds = step.at("time")?.uint()?.saturating_mul(1000);
            SlotClock::new(store.config().genesis_time).total_intervals(milliseconds)
        }
    };
    let has_proposal = step.at("hasProposal")?.flag()?;
    store.on_tick(target, has_proposal, true, &proofs);
    Ok(())
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
            && let Some(proof) = placeholder(voters, [0; 32])
        {
            store.insert_known_proof(vote.data, Arc::new(proof));
        }
    }
}

fn import(store: &mut Store, block: &Block, tick_to_slot: bool, proofs: ProofSetting) -> Result<(), Rejection> {
    if tick_to_slot {
        store.on_tick(interval_from_slot(block.slot), true, true, &proofs);
    }
    let signed = SignedBlock { block: block.clone(), proof: MultiMessageAggregate::default() };
    if let BlockCheck::New(candidate) = store.check_block(&signed)? {
        store.import_block(candidate.trust_proof()?);
    }
    Ok(())
}
