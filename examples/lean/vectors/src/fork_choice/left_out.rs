//! Votes that the generator gave its store for a block, and that its builder then left out of the block.
//!
//! A block has no room for more than eight votes, and none for a vote whose source is not justified or whose target
//! is. The generator has gossiped such a vote all the same, and it stays in the pool of known proofs, where it has
//! weight. No step says what it is; but the snapshot after the block has its root and its voters. It has passed the
//! store's checks, so all three of its checkpoints lie on one chain of known blocks and its slot has begun: there are few
//! such votes, and the one with that root is found by trying them.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use crate::container::root;
use crate::field::{Field, Malformed};
use crate::proof_setting::placeholder;
use consensus::{AttestationData, Block, Checkpoint, INTERVALS_PER_SLOT, Root, Slot, Store};

/// Gives the store the votes that `snapshot` is the first to show, although no block or step has any of them.
///
/// A vote that the store has had before is never given to it again: a store that loses votes is found out.
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
            wanted.insert(vote, entry.at("participantSets")?.each(|voters| voters.each(Field::uint))?);
        }
    }
    if wanted.is_empty() {
        return Ok(());
    }
    let has_begun = block.slot.max(store.time() / INTERVALS_PER_SLOT);
    // Found first, because the store that is walked is the one that they are given to.
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

/// Walks every vote that the store would accept in slots up to `has_begun`.
fn possible_votes(store: &Store, has_begun: Slot) -> impl Iterator<Item = AttestationData> {
    let chain = |root: Root| store.chain(root).map(|(root, block)| Checkpoint { root, slot: block.slot });
    let heads = store.blocks().map(|(root, block)| Checkpoint { root: *root, slot: block.slot });
    heads.flat_map(move |head| {
        chain(head.root).flat_map(move |target| {
            chain(target.root).flat_map(move |source| {
                (head.slot..=has_begun).map(move |slot| AttestationData { slot, head, target, source })
            })
        })
    })
}
