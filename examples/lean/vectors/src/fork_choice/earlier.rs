//! Steps by the rules before their change, for expectations of the older revision.
//!
//! If a rule of today rejects a step that the vector expects to be accepted, or with another
//! reason, the step is taken once more without this rule. If the result is the expected one, the
//! store goes on from there, so that all later expectations are compared as well.

use crate::container::{signed_aggregated_attestation, signed_attestation};
use crate::field::{Field, Malformed};
use crate::fork_choice::{AGGREGATE, import_before};
use crate::proof_setting::ProofSetting;
use crate::revision::Rule;
use consensus::{
    AttestationData, Block, GOSSIP_DISPARITY_INTERVALS, INTERVALS_PER_SLOT, ProofScheme as _,
    Rejection, Root, SignedAggregatedAttestation, SignedAttestation, Slot, Statement, Store,
    VoteClaim,
};

/// A step's result without a rule of today.
pub(super) struct Earlier {
    pub(super) rule: Rule,
    pub(super) outcome: Result<(), Rejection>,
}

/// Takes a step without the rule that has rejected it. Returns `None` if that rule has not changed.
/// The store changes only if the step is accepted.
pub(super) fn take(
    store: &mut Store,
    rejection: Rejection,
    step: &Field<'_>,
    block: Option<&Block>,
    proofs: ProofSetting,
) -> Result<Option<Earlier>, Malformed> {
    Ok(match (rejection, block) {
        (Rejection::BlockTooFarInFuture, Some(block)) => {
            Some(Earlier { rule: Rule::BlockSlot, outcome: import_before(store, block, Slot::MAX) })
        }
        (Rejection::HeadNotDescendantOfFinalized, None) => Some(Earlier {
            rule: Rule::HeadDescendsFromFinalized,
            outcome: vote(store, step, proofs)?,
        }),
        _ => None,
    })
}

/// Handles a vote that has passed all rules before the one about finality.
fn vote(
    store: &mut Store,
    step: &Field<'_>,
    proofs: ProofSetting,
) -> Result<Result<(), Rejection>, Malformed> {
    let sent = step.at("attestation")?;
    Ok(if step.at("stepType")?.text()? == AGGREGATE {
        aggregate(store, signed_aggregated_attestation(&sent)?, proofs)
    } else {
        let is_aggregator = step.maybe("isAggregator").map_or(Ok(false), |flag| flag.flag())?;
        single(store, &signed_attestation(&sent)?, is_aggregator)
    })
}

fn check_slot(store: &Store, data: &AttestationData) -> Result<(), Rejection> {
    if data.slot < data.head.slot {
        return Err(Rejection::AttestationSlotBeforeHead);
    }
    let newest = (store.time() + GOSSIP_DISPARITY_INTERVALS) / INTERVALS_PER_SLOT;
    if data.slot > newest { Err(Rejection::AttestationTooFarInFuture) } else { Ok(()) }
}

fn single(
    store: &mut Store,
    vote: &SignedAttestation,
    is_aggregator: bool,
) -> Result<(), Rejection> {
    check_slot(store, &vote.data)?;
    let validator = store.head_state().validators.at(vote.validator_index);
    let claim = VoteClaim {
        public_key: validator.ok_or(Rejection::ValidatorNotInState)?.attestation_public_key,
        message: Root::of(&vote.data),
        slot: vote.data.slot,
    };
    claim.verify(&vote.signature)?;
    if is_aggregator {
        store.insert_attestation(vote);
    }
    Ok(())
}

fn aggregate(
    store: &mut Store,
    vote: SignedAggregatedAttestation,
    proofs: ProofSetting,
) -> Result<(), Rejection> {
    check_slot(store, &vote.data)?;
    if vote.proof.participants.count_ones() == 0 {
        return Err(Rejection::EmptyAggregationBits);
    }
    let keys = store.head_state().validators.attestation_keys(&vote.proof.participants);
    let statement = Statement {
        public_keys: keys.ok_or(Rejection::ValidatorNotInState)?,
        message: Root::of(&vote.data),
        slot: vote.data.slot,
    };
    proofs.verify(&vote.proof, &statement).map_err(|_| Rejection::InvalidSignature)?;
    store.insert_aggregated_attestation(vote);
    Ok(())
}
