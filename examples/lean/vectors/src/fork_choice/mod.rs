//! Runs a store step by step and compares it with a snapshot after each step.
//!
//! A vector begins with an anchor. Its steps are ticks, blocks, votes and aggregates, each with a
//! snapshot of the expected store. Blocks are unsigned. The proofs of aggregates are placeholders
//! or are trusted without verification ([`ProofSetting`]). Votes carry real signatures.
//!
//! Reading order: this file (the steps), [`left_out`] (votes added by the generator without a
//! step), [`snapshot`] and [`checks`] (the comparisons), [`earlier`] and [`view`] (the rules before
//! their change, for expectations of the older revision), [`kept`] (a store on disk beside it, and
//! a restart from it after each step).

mod checks;
mod earlier;
mod kept;
mod left_out;
mod snapshot;
mod view;

use std::collections::HashSet;
use std::sync::Arc;

use crate::container::{block, signed_aggregated_attestation, signed_attestation, state};
use crate::field::{Field, Malformed};
use crate::fork_choice::checks::Labels;
use crate::fork_choice::earlier::Earlier;
use crate::fork_choice::kept::Kept;
use crate::fork_choice::view::{Orders, View};
use crate::proof_setting::{ProofSetting, UNVERIFIABLE, placeholder};
use crate::trial::Trial;
use crate::verdict::Findings;
use consensus::{
    AttestationData, Block, BlockCheck, Interval, MultiMessageAggregate, Rejection, Root,
    SignedBlock, Slot, SlotClock, Store, ValidatorIndex, interval_from_slot, validator_indices,
};

/// The type of a step that gossips an aggregate.
const AGGREGATE: &str = "gossipAggregatedAttestation";

/// A store under test, with the data of the steps taken so far.
pub(super) struct Replay {
    /// `None` if the anchor was rejected.
    store: Option<Store>,
    refused: Option<Rejection>,
    proofs: ProofSetting,
    steps: usize,
    /// Blocks labelled by the vector's author.
    labels: Labels,
    /// The roots of all votes seen so far in a step or snapshot.
    votes_shown: HashSet<Root>,
    /// The order of the votes before #1181.
    orders: Orders,
    /// The head before #1181, if it differs.
    earlier_head: Option<Root>,
    /// What a node would keep on its disk.
    kept: Option<Kept>,
}

/// The head before a step, and the block of the step, for the author's checks.
struct Taken {
    head_before: Root,
    /// The head before a step by the rule before #1181.
    earlier_head_before: Root,
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
    let kept = store.as_ref().map(Kept::new).transpose();
    let kept = kept.map_err(|error| vector.malformed(error))?;
    Ok(Replay {
        store,
        refused,
        proofs: ProofSetting::of(vector)?,
        steps,
        labels,
        votes_shown: HashSet::new(),
        orders: Orders::default(),
        earlier_head: None,
        kept,
    })
}

/// Returns the reason for skipping the vector, if any: a rejection expected for an invalid real
/// proof.
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
    /// The anchor counts as a step before the vector's own steps.
    fn steps(&self) -> usize {
        self.steps + 1
    }

    fn take(
        &mut self,
        step: usize,
        vector: Field<'_>,
        findings: &mut Findings,
    ) -> Result<(), Malformed> {
        let Some(number) = step.checked_sub(1) else {
            let expected =
                vector.maybe("rejectionReason").map(|reason| reason.text()).transpose()?;
            findings.same_rejection(self.refused.map(|rejection| rejection.to_string()), expected);
            return Ok(());
        };
        let steps = vector.at("steps")?.list()?;
        let step = steps.get(number).ok_or_else(|| vector.malformed("a step is missing"))?;
        findings.in_step(number, step.at("stepType")?.text()?);
        let Self { store, proofs, labels, votes_shown, orders, earlier_head, kept, .. } = self;
        let Some(store) = store else {
            return Err(vector.malformed("there are steps, but no store was made of the anchor"));
        };

        let head_before = store.head();
        let earlier_head_before = earlier_head.unwrap_or(head_before);
        let taken = Taken { head_before, earlier_head_before, block: sent_block(step, labels)? };
        let outcome = act(store, *proofs, step, taken.block.as_ref(), votes_shown, orders)?;
        let outcome = compare_outcome(store, outcome, step, &taken, *proofs, findings)?;
        if *proofs == ProofSetting::Real && step.at("stepType")?.text()? == AGGREGATE {
            findings.not_compared("proof", UNVERIFIABLE);
        }

        if let Some(kept) = kept {
            let followed = kept.follow(store, taken.block.as_ref(), findings);
            followed.map_err(|error| step.malformed(error))?;
        }
        orders.follow(store, taken.block.as_ref().filter(|_| outcome.is_ok()));
        let earlier = View::earlier(store, orders);
        *earlier_head = earlier.as_ref().map(|earlier| earlier.head);
        let snapshot = step.at("storeSnapshot")?;
        snapshot::compare(store, earlier.as_ref(), &snapshot, findings)?;
        votes_shown.extend(snapshot::votes(&snapshot)?);
        match step.maybe("checks") {
            // No checks after a rejection: the generator rejected the step before its own checks,
            // and the store is unchanged.
            Some(checks) if outcome.is_ok() => {
                let earlier = earlier.as_ref();
                checks::compare(store, earlier, orders, labels, &taken, &checks, findings)
            }
            _ => Ok(()),
        }
    }
}

/// Compares a step's outcome with the expected one. If a changed rule makes the difference, takes
/// the step by the rule before, and returns that outcome.
fn compare_outcome(
    store: &mut Store,
    outcome: Result<(), Rejection>,
    step: &Field<'_>,
    taken: &Taken,
    proofs: ProofSetting,
    findings: &mut Findings,
) -> Result<Result<(), Rejection>, Malformed> {
    let expected = step.maybe("rejectionReason").map(|reason| reason.text()).transpose()?;
    let is_valid = step.at("valid")?.flag()?;
    let compare = |outcome: Result<(), Rejection>, mut part: Findings| {
        part.same_rejection(outcome.err().map(|rejection| rejection.to_string()), expected);
        part.same("valid", outcome.is_ok(), is_valid);
        part
    };
    let part = compare(outcome, findings.part());
    if let (Err(rejection), false) = (outcome, part.is_empty()) {
        let mut trial = store.clone();
        let earlier = earlier::take(&mut trial, rejection, step, taken.block.as_ref(), proofs)?;
        if let Some(Earlier { rule, outcome }) = earlier
            && compare(outcome, findings.part()).is_empty()
        {
            *store = trial;
            findings.add_superseded(rule, part);
            return Ok(outcome);
        }
    }
    findings.add(part);
    Ok(outcome)
}

/// Reads the block of a step, if it has one, and stores the author's label for it even if the block
/// is rejected later.
fn sent_block(step: &Field<'_>, labels: &mut Labels) -> Result<Option<Block>, Malformed> {
    let Some(sent) = step.maybe("block") else { return Ok(None) };
    let block = block(&sent)?;
    if let Some(label) = sent.maybe("blockRootLabel") {
        labels.insert(label.text()?.to_owned(), Root::of(&block));
    }
    Ok(Some(block))
}

/// Runs one step on the store, and returns the store's rejection, if any.
fn act(
    store: &mut Store,
    proofs: ProofSetting,
    step: &Field<'_>,
    block: Option<&Block>,
    votes_shown: &mut HashSet<Root>,
    orders: &mut Orders,
) -> Result<Result<(), Rejection>, Malformed> {
    let kind = step.at("stepType")?;
    Ok(match (kind.text()?, block) {
        ("tick", _) => {
            tick(store, step, proofs, orders)?;
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
            if step.at("tickToSlot")?.flag()? {
                tick_to(store, interval_from_slot(block.slot), true, proofs, orders);
            }
            import_before(store, block, store.newest_slot_for_blocks())
        }
        _ => {
            return Err(kind.malformed("no such type of step is known here, or it lacks its block"));
        }
    })
}

fn tick(
    store: &mut Store,
    step: &Field<'_>,
    proofs: ProofSetting,
    orders: &mut Orders,
) -> Result<(), Malformed> {
    let target = match step.maybe("interval") {
        Some(interval) => interval.uint()?,
        None => {
            let milliseconds = step.at("time")?.uint()?.saturating_mul(1000);
            SlotClock::new(store.config().genesis_time).total_intervals(milliseconds)
        }
    };
    let has_proposal = step.at("hasProposal")?.flag()?;
    tick_to(store, target, has_proposal, proofs, orders);
    Ok(())
}

/// Ticks to an interval, one by one, to follow the order of votes.
fn tick_to(
    store: &mut Store,
    target: Interval,
    has_proposal: bool,
    proofs: ProofSetting,
    orders: &mut Orders,
) {
    orders.follow(store, None);
    while store.time() < target {
        let next = store.time() + 1;
        store.on_tick(next, has_proposal && next == target, true, &proofs);
        orders.follow_interval(store);
    }
}

/// Adds a block's votes to the known proofs, except those already in a pool, as the generator does
/// to build the block.
///
/// The generator keeps the proofs aggregated by its block builder in the pool of known proofs. Two
/// kinds of blocks are skipped. A block with the same vote twice was not built: its votes were
/// forced into it. A block with an unknown parent cannot be built.
fn give_votes(store: &mut Store, block: &Block) {
    let votes: Vec<&AttestationData> =
        block.body.attestations.iter().map(|vote| &vote.data).collect();
    let repeats = votes.iter().enumerate().any(|(place, vote)| votes[..place].contains(vote));
    if repeats || !store.contains_block(&block.parent_root) {
        return;
    }
    for vote in block.body.attestations.iter() {
        let voters: HashSet<ValidatorIndex> = validator_indices(&vote.aggregation_bits).collect();
        let held: HashSet<_> = store
            .pools()
            .known_proofs()
            .chain(store.pools().new_proofs())
            .filter(|(data, _)| **data == vote.data)
            .flat_map(|(_, proofs)| {
                proofs.iter().flat_map(|proof| validator_indices(&proof.participants))
            })
            .collect();
        if !voters.is_subset(&held)
            && let Some(proof) = placeholder(voters, [0; 32])
        {
            store.insert_known_proof(vote.data, Arc::new(proof));
        }
    }
}

/// Imports a block of a slot up to `newest_slot`.
fn import_before(store: &mut Store, block: &Block, newest_slot: Slot) -> Result<(), Rejection> {
    let signed = SignedBlock { block: block.clone(), proof: MultiMessageAggregate::default() };
    if let BlockCheck::New(candidate) = store.check_block_before(&signed, newest_slot)? {
        store.import_block(candidate.trust_proof()?);
    }
    Ok(())
}
