//! Comparison of a store with one of the generator's snapshots.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::container::root;
use crate::field::{Field, Malformed};
use crate::fork_choice::view::View;
use crate::revision::Rule;
use crate::verdict::Findings;
use consensus::{AttestationData, Checkpoint, Proofs, Root, Store, validator_indices};

/// Compares every field of a snapshot. `earlier` has the results of fork choice before #1181, if
/// they differ.
pub(super) fn compare(
    store: &Store,
    earlier: Option<&View>,
    snapshot: &Field<'_>,
    findings: &mut Findings,
) -> Result<(), Malformed> {
    let roots: BTreeSet<Root> = store.tree().blocks().map(|(root, _)| *root).collect();
    let chosen = |view: &View| {
        [
            ("headRoot", json!(view.head)),
            ("safeTargetRoot", json!(view.safe_target)),
            ("latestFinalized", checkpoint(view.finalized)),
            ("blockWeights", weights(store, view, &roots)),
        ]
    };
    compare_fields(&chosen(&View::of(store)), earlier.map(chosen).as_ref(), snapshot, findings)?;
    let fields = [
        ("time", json!(store.time())),
        ("latestJustified", checkpoint(store.latest_justified())),
        ("blockRoots", json!(roots)),
        ("attestationSignatures", signatures(store)),
        ("newAggregatedPayloads", pool(store.pools().new_proofs())),
        ("knownAggregatedPayloads", pool(store.pools().known_proofs())),
    ];
    compare_fields(&fields, None, snapshot, findings)?;
    let chosen = chosen(&View::of(store));
    let known = fields.iter().chain(&chosen).map(|(name, _)| *name);
    let mut entries = snapshot.entries()?.into_iter();
    if let Some((_, unknown)) = entries.find(|(name, _)| !known.clone().any(|field| field == *name))
    {
        return Err(unknown.malformed("no such field of a snapshot is known here"));
    }
    Ok(())
}

fn compare_fields<const N: usize>(
    fields: &[(&str, Value); N],
    earlier: Option<&[(&str, Value); N]>,
    snapshot: &Field<'_>,
    findings: &mut Findings,
) -> Result<(), Malformed> {
    for (place, (name, got)) in fields.iter().enumerate() {
        let expected = snapshot.at(name)?;
        if expected.is(got) {
            continue;
        }
        let mut part = findings.part();
        part.differ(name, got.to_string(), expected.shown());
        match earlier {
            Some(earlier) if expected.is(&earlier[place].1) => {
                findings.add_superseded(Rule::LatestVoteByRoot, part);
            }
            _ => findings.add(part),
        }
    }
    Ok(())
}

/// Returns the roots of all votes in a snapshot.
pub(super) fn votes(snapshot: &Field<'_>) -> Result<Vec<Root>, Malformed> {
    let pools = ["attestationSignatures", "newAggregatedPayloads", "knownAggregatedPayloads"];
    let mut votes = Vec::new();
    for pool in pools {
        votes.extend(snapshot.at(pool)?.each(|entry| root(&entry.at("dataRoot")?))?);
    }
    Ok(votes)
}

fn checkpoint(checkpoint: Checkpoint) -> Value {
    json!({"root": checkpoint.root, "slot": checkpoint.slot})
}

/// Returns the weight of each block above the finalized slot.
fn weights(store: &Store, view: &View, roots: &BTreeSet<Root>) -> Value {
    let (weights, finalized) = (&view.weights, view.finalized.slot);
    let is_open = |root: &&Root| store.block(root).is_some_and(|block| block.slot > finalized);
    let weighed = roots.iter().filter(is_open);
    weighed
        .map(|root| json!({"root": root, "weight": weights.get(root).copied().unwrap_or(0)}))
        .collect()
}

fn signatures(store: &Store) -> Value {
    let mut entries: Vec<(Root, Vec<u64>)> = store
        .pools()
        .attestation_signatures()
        .map(|(data, voters)| (Root::of(data), voters.collect()))
        .collect();
    entries.sort();
    entries
        .iter()
        .map(|(root, voters)| json!({"dataRoot": root, "validatorIndices": voters}))
        .collect()
}

fn pool<'a>(entries: impl Iterator<Item = (&'a AttestationData, &'a Proofs)>) -> Value {
    let mut entries: Vec<(Root, Vec<Vec<u64>>)> = entries
        .map(|(data, proofs)| {
            let mut sets: Vec<Vec<u64>> = proofs
                .iter()
                .map(|proof| validator_indices(&proof.participants).collect())
                .collect();
            sets.sort();
            (Root::of(data), sets)
        })
        .collect();
    entries.sort();
    entries.iter().map(|(root, sets)| json!({"dataRoot": root, "participantSets": sets})).collect()
}
