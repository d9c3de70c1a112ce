//! Writing the changes of a turn, in one transaction.

use consensus::{AggregatedAttestation, Checkpoint, Root, SignedBlock, Slot, State};
use libssz::{SszDecode as _, SszEncode as _};
use redb::{Database, ReadableTable as _, ReadableTableMetadata as _, WriteTransaction};

use super::fault::Fault;
use super::read::has_proof;
use super::schema;
use super::stored_state;
use super::tables::{
    BLOCKS, CHAIN, META, PEERS, REGISTRIES, SLOTS, STATES, VOTES, before_slot, slot_key,
};
use crate::MOST_PEERS;
use crate::changes::{Changes, Finalized};
use crate::error::StorageError;
use crate::store::has_no_proof;
use crate::votes::{self, MOST_VOTES};

/// Writes changes durably, and returns the finalized block.
pub(super) fn write(database: &Database, changes: &Changes) -> Result<Option<Checkpoint>, Fault> {
    let transaction = schema::begin(database)?;
    for (root, block) in &changes.blocks {
        insert_block(&transaction, root, block)?;
    }
    let stored = schema::finalized(&transaction.open_table(META)?)?;
    let finalized = match &changes.finalized {
        Some(new) => Some(finalize(&transaction, stored, new)?),
        None => stored,
    };
    count(&transaction, &changes.votes, finalized)?;
    if let Some(peers) = &changes.peers {
        set_peers(&transaction, peers)?;
    }
    transaction.commit()?;
    Ok(finalized)
}

fn insert_block(
    transaction: &WriteTransaction,
    root: &Root,
    block: &SignedBlock,
) -> Result<(), Fault> {
    let slot = block.block.slot;
    let mut slots = transaction.open_table(SLOTS)?;
    let is_known = slots.insert(root.as_bytes(), slot)?.is_some();
    let mut blocks = transaction.open_table(BLOCKS)?;
    if is_known
        && let Some(stored) = blocks.get(&slot_key(slot, root))?
        && (has_no_proof(block) || has_proof(stored.value())?)
    {
        return Ok(());
    }
    blocks.insert(&slot_key(slot, root), block.to_ssz().as_slice())?;
    Ok(())
}

/// Advances finality. Returns the finalized block, which is the stored one if `new` is not later.
fn finalize(
    transaction: &WriteTransaction,
    stored: Option<Checkpoint>,
    new: &Finalized,
) -> Result<Checkpoint, Fault> {
    let Finalized { checkpoint, state } = new;
    let history = &state.historical_block_hashes;
    let first = match stored {
        Some(stored) if *checkpoint == stored || checkpoint.slot < stored.slot => {
            return Ok(stored);
        }
        Some(stored) => {
            let place = usize::try_from(stored.slot).ok();
            let is_above = checkpoint.slot > stored.slot
                && place.and_then(|place| history.get(place)) == Some(&stored.root);
            if !is_above {
                let new = *checkpoint;
                return Err(StorageError::Contradiction { stored, new }.into());
            }
            stored.slot + 1
        }
        None => 0,
    };
    let Checkpoint { root, slot } = *checkpoint;
    if transaction.open_table(BLOCKS)?.get(&slot_key(slot, &root))?.is_none() {
        return Err(StorageError::UnknownBlock { root }.into());
    }
    insert_chain(transaction, first, state, *checkpoint)?;
    insert_state(transaction, slot, state)?;
    let mut votes = transaction.open_table(VOTES)?;
    let settled = before_slot(slot.saturating_add(1));
    votes.retain_in::<&[u8; 40], _>(&settled.start..&settled.end, |_, _| false)?;
    schema::set_finalized(transaction, *checkpoint)?;
    Ok(*checkpoint)
}

/// Writes the roots of the finalized chain from a slot on. An empty slot has no entry.
fn insert_chain(
    transaction: &WriteTransaction,
    first: Slot,
    state: &State,
    checkpoint: Checkpoint,
) -> Result<(), Fault> {
    let mut chain = transaction.open_table(CHAIN)?;
    let skipped = usize::try_from(first).unwrap_or(usize::MAX);
    let below = (first..checkpoint.slot).zip(state.historical_block_hashes.iter().skip(skipped));
    for (slot, root) in below.filter(|(_, root)| !root.is_zero()) {
        chain.insert(slot, root.as_bytes())?;
    }
    chain.insert(checkpoint.slot, checkpoint.root.as_bytes())?;
    Ok(())
}

fn insert_state(transaction: &WriteTransaction, slot: Slot, state: &State) -> Result<(), Fault> {
    let registry = Root::of(&state.validators);
    let mut registries = transaction.open_table(REGISTRIES)?;
    if registries.get(registry.as_bytes())?.is_none() {
        registries.insert(registry.as_bytes(), state.validators.to_ssz().as_slice())?;
    }
    let mut states = transaction.open_table(STATES)?;
    states.insert(slot, stored_state::encode(state, &registry).as_slice())?;
    Ok(())
}

fn count(
    transaction: &WriteTransaction,
    new: &[AggregatedAttestation],
    finalized: Option<Checkpoint>,
) -> Result<(), Fault> {
    if new.is_empty() {
        return Ok(());
    }
    let mut table = transaction.open_table(VOTES)?;
    for vote in new {
        if finalized.is_some_and(|finalized| vote.data.slot <= finalized.slot) {
            continue;
        }
        let (slot, root) = votes::key_of(vote);
        let key = slot_key(slot, &root);
        let kept = table.get(&key)?.map(|kept| decoded_vote(kept.value())).transpose()?;
        let vote = kept.map_or_else(|| vote.clone(), |kept| votes::union(&kept, vote));
        table.insert(&key, vote.to_ssz().as_slice())?;
    }
    while table.len()? > MOST_VOTES as u64 {
        table.pop_first()?;
    }
    Ok(())
}

pub(super) fn decoded_vote(bytes: &[u8]) -> Result<AggregatedAttestation, Fault> {
    AggregatedAttestation::from_ssz_bytes(bytes)
        .map_err(|error| Fault::damaged(format!("a vote cannot be read: {error:?}")))
}

fn set_peers(transaction: &WriteTransaction, peers: &[String]) -> Result<(), Fault> {
    let mut table = transaction.open_table(PEERS)?;
    table.retain(|_, _| false)?;
    for (rank, peer) in (0_u64..).zip(peers.iter().take(MOST_PEERS)) {
        table.insert(rank, peer.as_str())?;
    }
    Ok(())
}
