//! Comparison of a store with one of the generator's snapshots.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::container::root;
use crate::field::{Field, Malformed};
use crate::verdict::Findings;
use consensus::{AttestationData, Checkpoint, Proofs, Root, Store, validator_indices};

/// Compares every field of a snapshot.
pub(super) fn compare(
    store: &Store,
    snapshot: &Field<'_>,
    findings: &mut Findings,
) -> Result<(), Malformed> {
    let roots: BTreeSet<Root> = store.tree().blocks().map(|(root, _)| *root).collect();
    let fields = [
        ("time", json!(store.time())),
        ("headRoot", json!(store.head())),
        ("safeTargetRoot", json!(store.safe_target())),
        ("latestJustified", checkpoint(store.latest_justified())),
        ("latestFinalized", checkpoint(store.latest_finalized())),
        ("blockWeights", weights(store, &roots)),
        ("blockRoots", json!(roots)),
        ("attestationSignatures", signatures(store)),
        ("newAggregatedPayloads", pool(store.pools().new_proofs())),
        ("knownAggregatedPayloads", pool(store.pools().known_proofs())),
    ];
    for (name, got) in &fields {
        let expected = snapshot.at(name)?;
        if !expected.is(got) {
            findings.differ(name, got.to_string(), expected.shown());
        }
    }
    let is_known = |name: &str| fields.iter().any(|(field, _)| *field == name);
    if let Some((_, unknown)) = snapshot.entries()?.iter().find(|(name, _)| !is_known(name)) {
        return Err(unknown.malformed("no such field of a snapshot is known here"));
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
fn weights(store: &Store, roots: &BTreeSet<Root>) -> Value {
    let (weights, finalized) = (store.block_weights(), store.latest_finalized().slot);
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
