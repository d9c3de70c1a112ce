//! The checks written by a vector's author.
//!
//! Snapshots cover most of these values. They do not cover the attestation target of a validator's
//! next vote or the contents of a block.

use std::cmp::Reverse;
use std::collections::{BTreeSet, HashMap, HashSet};

use crate::container::root;
use crate::field::{Field, Malformed};
use crate::fork_choice::Taken;
use crate::fork_choice::view::{Orders, View};
use crate::revision::Rule;
use crate::verdict::Findings;
use consensus::{
    AttestationData, Block, Proofs, Root, Slot, Store, ValidatorIndex, validator_indices,
};

/// Block roots by label. Checks refer to blocks by label.
pub(super) type Labels = HashMap<String, Root>;

/// The results to compare the checks with.
struct Side<'a> {
    view: View,
    head_before: Root,
    /// The order of votes before #1181, or `None` by the rule of today.
    orders: Option<&'a Orders>,
}

/// Runs all checks of a step. A check that holds only by the rule before #1181 is superseded.
/// `earlier` has the results of fork choice by that rule, if they differ.
pub(super) fn compare(
    store: &Store,
    earlier: Option<&View>,
    orders: &Orders,
    labels: &Labels,
    taken: &Taken,
    checks: &Field<'_>,
    findings: &mut Findings,
) -> Result<(), Malformed> {
    let own = View::of(store);
    let before = Side {
        view: earlier.unwrap_or(&own).clone(),
        head_before: taken.earlier_head_before,
        orders: Some(orders),
    };
    let today = Side { view: own, head_before: taken.head_before, orders: None };
    for (name, check) in checks.entries()? {
        let run = |side: &Side<'_>, mut part: Findings| {
            one_check(store, side, labels, taken, name, &check, &mut part).map(|()| part)
        };
        let part = run(&today, findings.part())?;
        if !part.is_empty() && run(&before, findings.part())?.is_empty() {
            findings.add_superseded(Rule::LatestVoteByRoot, part);
        } else {
            findings.add(part);
        }
    }
    Ok(())
}

fn one_check(
    store: &Store,
    side: &Side<'_>,
    labels: &Labels,
    taken: &Taken,
    name: &str,
    check: &Field<'_>,
    findings: &mut Findings,
) -> Result<(), Malformed> {
    let View { head, finalized, safe_target, .. } = side.view;
    let justified = store.latest_justified();
    let slot = |root: Root| store.block(&root).map(|block| block.slot);
    let labelled = || labelled(labels, check);
    match name {
        "time" => findings.same(name, store.time(), check.uint()?),
        "headSlot" => findings.same(name, slot(head), Some(check.uint()?)),
        "headRoot" => findings.same(name, head, root(check)?),
        "headRootLabel" => findings.same(name, head, labelled()?),
        "latestJustifiedSlot" => findings.same(name, justified.slot, check.uint()?),
        "latestJustifiedRoot" => findings.same(name, justified.root, root(check)?),
        "latestJustifiedRootLabel" => findings.same(name, justified.root, labelled()?),
        "latestFinalizedSlot" => findings.same(name, finalized.slot, check.uint()?),
        "latestFinalizedRoot" => findings.same(name, finalized.root, root(check)?),
        "latestFinalizedRootLabel" => findings.same(name, finalized.root, labelled()?),
        "safeTarget" => findings.same(name, safe_target, root(check)?),
        "safeTargetSlot" => findings.same(name, slot(safe_target), Some(check.uint()?)),
        "safeTargetRootLabel" => findings.same(name, safe_target, labelled()?),
        "attestationTargetSlot" => {
            findings.same(name, store.attestation_target().slot, check.uint()?)
        }
        "attestationTargetRootLabel" => {
            findings.same(name, store.attestation_target().root, labelled()?)
        }
        "filledBlockRootLabel" => findings.same(name, Root::of(block(taken, check)?), labelled()?),
        "attestationChecks" => {
            check
                .list()?
                .iter()
                .try_for_each(|check| one_vote(store, side, labels, check, findings))?;
        }
        "attestationSignatureTargetSlots" => {
            targets(
                name,
                store.pools().attestation_signatures().map(|(data, _)| data),
                check,
                findings,
            )?;
        }
        "latestNewAggregatedTargetSlots" => {
            targets(name, store.pools().new_proofs().map(|(data, _)| data), check, findings)?;
        }
        "latestKnownAggregatedTargetSlots" => {
            targets(name, store.pools().known_proofs().map(|(data, _)| data), check, findings)?;
        }
        "newPoolProofParticipants" => participants(store, check, findings)?,
        "blockAttestationCount" => {
            findings.same(name, block(taken, check)?.body.attestations.len() as u64, check.uint()?);
        }
        "blockAttestations" => {
            let block = block(taken, check)?;
            check.list()?.iter().try_for_each(|check| one_of_block(block, check, findings))?;
        }
        "lexicographicHeadAmong" => tie(side, labels, check, findings)?,
        "canonicalEquivocationHeadAmong" => equivocation(store, side, labels, check, findings)?,
        "reorgDepth" => {
            let kept: HashSet<Root> = store.tree().chain(head).map(|(root, _)| root).collect();
            let left = store
                .tree()
                .chain(side.head_before)
                .filter(|(root, _)| !kept.contains(root))
                .count();
            findings.same(name, left as u64, check.uint()?);
        }
        "labelsInStore" => {
            for label in check.list()? {
                let known = store.contains_block(&self::labelled(labels, &label)?);
                findings.same(&format!("{} in the store", label.text()?), known, true);
            }
        }
        _ => return Err(check.malformed("no such check is known here")),
    }
    Ok(())
}

fn labelled(labels: &Labels, label: &Field<'_>) -> Result<Root, Malformed> {
    labels.get(label.text()?).copied().ok_or_else(|| label.malformed("no block has this label"))
}

fn block<'a>(taken: &'a Taken, check: &Field<'_>) -> Result<&'a Block, Malformed> {
    taken.block.as_ref().ok_or_else(|| check.malformed("the step has no block"))
}

/// Compares the set of target slots of a pool's votes.
fn targets<'a>(
    name: &str,
    votes: impl Iterator<Item = &'a AttestationData>,
    expected: &Field<'_>,
    findings: &mut Findings,
) -> Result<(), Malformed> {
    let got: BTreeSet<Slot> = votes.map(|data| data.target.slot).collect();
    findings.same(name, got, expected.each(Field::uint)?.into_iter().collect());
    Ok(())
}

/// Compares one validator's latest vote in a pool.
fn one_vote(
    store: &Store,
    side: &Side<'_>,
    labels: &Labels,
    check: &Field<'_>,
    findings: &mut Findings,
) -> Result<(), Malformed> {
    let validator = check.at("validator")?.uint()?;
    let location = check.at("location")?;
    let mut votes: Vec<_> = match location.text()? {
        "signatures" => store
            .pools()
            .attestation_signatures()
            .filter_map(|(data, mut voters)| voters.any(|voter| voter == validator).then_some(data))
            .collect(),
        "new" => voted(store.pools().new_proofs(), validator).collect(),
        "known" => voted(store.pools().known_proofs(), validator).collect(),
        _ => return Err(location.malformed("no such pool is known here")),
    };
    match side.orders {
        Some(orders) => votes.sort_by_key(|data| orders.place(data)),
        None => votes.sort_by_key(|data| Reverse(Root::of(*data))),
    }
    let latest = latest(votes.into_iter());
    let what = |field: &str| {
        format!("{field} of validator {validator}'s vote among {}", location.text().unwrap_or(""))
    };
    let Some(vote) = latest else {
        findings.differ(&what("presence"), "no vote", "a vote");
        return Ok(());
    };
    for (name, expected) in check.entries()? {
        match name {
            "validator" | "location" => {}
            "attestationSlot" => findings.same(&what(name), vote.slot, expected.uint()?),
            "headSlot" => findings.same(&what(name), vote.head.slot, expected.uint()?),
            "sourceSlot" => findings.same(&what(name), vote.source.slot, expected.uint()?),
            "targetSlot" => findings.same(&what(name), vote.target.slot, expected.uint()?),
            "sourceRootLabel" => {
                findings.same(&what(name), vote.source.root, labelled(labels, &expected)?)
            }
            _ => return Err(expected.malformed("no such check of a vote is known here")),
        }
    }
    Ok(())
}

/// Returns the vote with the highest slot. If several votes have that slot, returns the first one.
fn latest<'a>(votes: impl Iterator<Item = &'a AttestationData>) -> Option<&'a AttestationData> {
    votes.reduce(|latest, vote| if latest.slot < vote.slot { vote } else { latest })
}

/// Iterates over the votes of one validator in a pool of proofs.
fn voted<'a>(
    pool: impl Iterator<Item = (&'a AttestationData, &'a Proofs)>,
    validator: ValidatorIndex,
) -> impl Iterator<Item = &'a AttestationData> {
    pool.filter_map(move |(data, proofs)| {
        let mut voters = proofs.iter().flat_map(|proof| validator_indices(&proof.participants));
        voters.any(|voter| voter == validator).then_some(data)
    })
}

/// Compares the voters of the new proofs (not counted yet) for each target slot.
fn participants(
    store: &Store,
    check: &Field<'_>,
    findings: &mut Findings,
) -> Result<(), Malformed> {
    for (slot, expected) in check.entries()? {
        let slot: Slot = slot.parse().map_err(|_| expected.malformed("the key is no slot"))?;
        let proofs = store
            .pools()
            .new_proofs()
            .filter(|(data, _)| data.target.slot == slot)
            .flat_map(|(_, proofs)| proofs);
        let got: BTreeSet<_> =
            proofs.flat_map(|proof| validator_indices(&proof.participants)).collect();
        let what = format!("voters of new proofs for target slot {slot}");
        findings.same(&what, got, expected.each(Field::uint)?.into_iter().collect());
    }
    Ok(())
}

/// Finds the vote in the block with exactly the expected voters, and compares its slots.
fn one_of_block(
    block: &Block,
    check: &Field<'_>,
    findings: &mut Findings,
) -> Result<(), Malformed> {
    let participants: BTreeSet<_> =
        check.at("participants")?.each(Field::uint)?.into_iter().collect();
    let voters = |bits| validator_indices(bits).collect::<BTreeSet<_>>();
    let mut votes = block.body.attestations.iter();
    let Some(vote) = votes.find(|vote| voters(&vote.aggregation_bits) == participants) else {
        let got: Vec<_> =
            block.body.attestations.iter().map(|vote| voters(&vote.aggregation_bits)).collect();
        findings.differ(
            "voters of the block's votes",
            format!("{got:?}"),
            format!("{participants:?} among them"),
        );
        return Ok(());
    };
    if let Some(slot) = check.maybe("attestationSlot") {
        findings.same("slot of a vote in the block", vote.data.slot, slot.uint()?);
    }
    if let Some(slot) = check.maybe("targetSlot") {
        findings.same("target slot of a vote in the block", vote.data.target.slot, slot.uint()?);
    }
    Ok(())
}

/// Checks for equal weights among the forks, and for the head being the fork with the largest root.
fn tie(
    side: &Side<'_>,
    labels: &Labels,
    check: &Field<'_>,
    findings: &mut Findings,
) -> Result<(), Malformed> {
    let forks = check.each(|label| labelled(labels, label))?;
    let weights = &side.view.weights;
    let distinct: BTreeSet<_> =
        forks.iter().map(|fork| weights.get(fork).copied().unwrap_or(0)).collect();
    findings.same("number of different weights among tied forks", distinct.len(), 1);
    findings.same("head among tied forks", Some(side.view.head), forks.into_iter().max());
    Ok(())
}

/// Checks that the head is the fork with the vote of the largest root, among the counted votes
/// whose target is a fork.
fn equivocation(
    store: &Store,
    side: &Side<'_>,
    labels: &Labels,
    check: &Field<'_>,
    findings: &mut Findings,
) -> Result<(), Malformed> {
    let forks = check.each(|label| labelled(labels, label))?;
    let largest = |fork: &Root| {
        let votes = store.pools().known_proofs().filter(|(data, _)| data.target.root == *fork);
        votes.map(|(data, _)| Root::of(data)).max()
    };
    let attested: Vec<_> = forks.iter().filter_map(|fork| Some((largest(fork)?, *fork))).collect();
    findings.same("number of forks with a counted vote", attested.len(), forks.len());
    let winner = attested.into_iter().max().map(|(_, fork)| fork);
    findings.same("head among equivocations", Some(side.view.head), winner);
    Ok(())
}
