//! Steps by the rules before their change, for expectations of the older revision.
//!
//! If a rule of today rejects a step that the vector expects to be accepted, or with another
//! reason, the step is taken once more without this rule. If the result is the expected one, the
//! store goes on from there, so that all later expectations are compared as well.
//!
//! The rule of today is computed a second time here. A rejection by the store is explained by the
//! change only if this result agrees. So a rule that is too strict in the store is a failure.

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

/// Takes a step without the rule that has rejected it. Returns `None` if that rule has not changed,
/// or does not reject the step. The store changes only if the step is accepted.
pub(super) fn take(
    store: &mut Store,
    rejection: Rejection,
    step: &Field<'_>,
    block: Option<&Block>,
    proofs: ProofSetting,
) -> Result<Option<Earlier>, Malformed> {
    Ok(match (rejection, block) {
        (Rejection::BlockTooFarInFuture, Some(block)) if is_early(store, block) => {
            Some(Earlier { rule: Rule::BlockSlot, outcome: import_before(store, block, Slot::MAX) })
        }
        (Rejection::HeadNotDescendantOfFinalized, None) => vote(store, step, proofs)?
            .map(|outcome| Earlier { rule: Rule::HeadDescendsFromFinalized, outcome }),
        _ => None,
    })
}

/// Returns whether a block is more than one slot early.
fn is_early(store: &Store, block: &Block) -> bool {
    block.slot > store.time() / INTERVALS_PER_SLOT + 1
}

/// Returns whether the finalized block is not on the chain of a vote's head.
fn is_excluded(store: &Store, data: &AttestationData) -> bool {
    let finalized = store.latest_finalized().root;
    !store.tree().chain(data.head.root).any(|(root, _)| root == finalized)
}

/// Handles a vote that has passed all rules before the one about finality. Returns `None` if this
/// rule does not reject it.
fn vote(
    store: &mut Store,
    step: &Field<'_>,
    proofs: ProofSetting,
) -> Result<Option<Result<(), Rejection>>, Malformed> {
    let sent = step.at("attestation")?;
    Ok(if step.at("stepType")?.text()? == AGGREGATE {
        let vote = signed_aggregated_attestation(&sent)?;
        is_excluded(store, &vote.data).then(|| aggregate(store, vote, proofs))
    } else {
        let is_aggregator = step.maybe("isAggregator").map_or(Ok(false), |flag| flag.flag())?;
        let vote = signed_attestation(&sent)?;
        is_excluded(store, &vote.data).then(|| single(store, &vote, is_aggregator))
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

#[cfg(test)]
mod tests {
    use super::{Rejection, Rule, take};
    use crate::field::Field;
    use crate::proof_setting::ProofSetting;
    use consensus::{Block, Root, Store, Validators, genesis};
    use serde_json::json;
    use xmss::PublicKey;

    fn store() -> (Store, Block) {
        let keys = [(PublicKey::new([1; 52]), PublicKey::new([2; 52]))];
        let (state, anchor) = genesis(0, Validators::new(keys).expect("one validator"));
        (Store::new(state, anchor.clone(), None).expect("it is its state"), anchor)
    }

    fn rule(rejection: Rejection, slot: Option<u64>) -> Option<Rule> {
        let (mut store, anchor) = store();
        let block = slot.map(|slot| Block { slot, ..anchor.clone() });
        let genesis = json!({"root": Root::of(&anchor), "slot": 0});
        let data = json!({"slot": 0, "head": genesis, "target": genesis, "source": genesis});
        let proof = json!({"participants": {"data": [true]}, "proof": {"data": "0x"}});
        let step = json!({
            "stepType": "gossipAggregatedAttestation",
            "attestation": {"data": data, "proof": proof},
        });
        let step = Field::top(&step);
        let earlier = take(&mut store, rejection, &step, block.as_ref(), ProofSetting::Mocked);
        earlier.expect("it is well formed").map(|earlier| earlier.rule)
    }

    #[test]
    fn a_rejection_by_a_rule_that_does_not_apply_is_not_superseded() {
        let early = Rejection::BlockTooFarInFuture;
        assert_eq!(rule(early, Some(2)), Some(Rule::BlockSlot));
        assert_eq!(rule(early, Some(1)), None, "one slot early is allowed");
        let excluded = Rejection::HeadNotDescendantOfFinalized;
        assert_eq!(rule(excluded, None), None, "the head is the finalized block");
        assert_eq!(rule(Rejection::InvalidSignature, None), None, "the rule has not changed");
    }
}
