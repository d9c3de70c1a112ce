//! Votes that the generator added to its store for a block, but that the block builder left out.
//!
//! A block holds at most eight votes. It holds no vote with an unjustified source or an already
//! justified target. The generator has gossiped such votes anyway. They stay in the pool of known
//! proofs and have weight there.
//!
//! No step contains these votes, but the snapshot after the block shows the root and the voters of
//! each. Each vote has passed the store's checks: all three of its checkpoints lie on one chain of
//! known blocks, and its slot has begun. Only few votes have these properties, so trying them all
//! finds the one with the given root.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use crate::container::root;
use crate::field::{Field, Malformed};
use crate::proof_setting::placeholder;
use consensus::{
    AttestationData, Block, Checkpoint, HISTORICAL_ROOTS_LIMIT, INTERVALS_PER_SLOT, Root, Slot,
    Store,
};

/// Adds the votes first seen in `snapshot` to the store, although no block or step contains them.
///
/// A vote seen earlier is never added a second time. Otherwise a store that loses votes would go
/// unnoticed.
pub(super) fn give_votes(
    store: &mut Store,
    block: &Block,
    snapshot: &Field<'_>,
    votes_shown: &HashSet<Root>,
) -> Result<(), Malformed> {
    let mut wanted = HashMap::new();
    for entry in snapshot.at("knownAggregatedPayloads")?.list()? {
        let vote = root(&entry.at("dataRoot")?)?;
        if !votes_shown.contains(&vote) {
            wanted.insert(
                vote,
                entry.at("participantSets")?.each(|voters| voters.each(Field::uint))?,
            );
        }
    }
    if wanted.is_empty() {
        return Ok(());
    }
    // A rejected block can have any slot.
    let current = store.time() / INTERVALS_PER_SLOT;
    let has_begun = block.slot.clamp(current, current + HISTORICAL_ROOTS_LIMIT as Slot);
    // Collected first: `possible_votes` borrows the store, and the loop below modifies it.
    let found: Vec<_> = possible_votes(store, has_begun)
        .filter_map(|vote| wanted.remove(&Root::of(&vote)).map(|voters| (vote, voters)))
        .collect();
    for (vote, proofs) in found {
        for proof in proofs.into_iter().filter_map(|voters| placeholder(voters, [0; 32])) {
            store.insert_known_proof(vote, Arc::new(proof));
        }
    }
    Ok(())
}

/// Iterates over every vote acceptable to the store with a slot up to `has_begun`.
fn possible_votes(store: &Store, has_begun: Slot) -> impl Iterator<Item = AttestationData> {
    let chain = |root: Root| {
        store.tree().chain(root).map(|(root, block)| Checkpoint { root, slot: block.slot })
    };
    let heads =
        store.tree().blocks().map(|(root, block)| Checkpoint { root: *root, slot: block.slot });
    heads.flat_map(move |head| {
        chain(head.root).flat_map(move |target| {
            chain(target.root).flat_map(move |source| {
                (head.slot..=has_begun).map(move |slot| AttestationData {
                    slot,
                    head,
                    target,
                    source,
                })
            })
        })
    })
}
