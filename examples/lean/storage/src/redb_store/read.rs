//! Reading, in a transaction of its own for each call.

use std::collections::HashSet;
use std::fs;
use std::ops::Range;
use std::path::Path;
use std::sync::Arc;

use consensus::{
    AggregatedAttestation, BlockRoots, Checkpoint, HISTORICAL_ROOTS_LIMIT, Root, SignedBlock, Slot,
    State, Validators,
};
use libssz::SszDecode as _;
use redb::{
    Database, ReadTransaction, ReadableDatabase as _, ReadableTable as _,
    ReadableTableMetadata as _,
};

use super::fault::Fault;
use super::folder::Folder;
use super::schema;
use super::stored_state::StoredState;
use super::tables::{
    BLOCKS, CHAIN, META, PEERS, REGISTRIES, SLOTS, STATES, VOTES, from_slot, parts_of, slot_key,
};
use super::verify::{Verified, verify};
use super::write::decoded_vote;
use crate::error::StorageError;
use crate::progress::Progress;
use crate::store::{Figures, Loaded, ReadChain, has_no_proof};
use crate::votes;

/// A reader of a [`RedbStore`](super::RedbStore). A reader keeps the file open.
#[derive(Clone, Debug)]
pub struct RedbReader {
    pub(super) database: Arc<Database>,
    pub(crate) path: Arc<Path>,
    /// Released after the database is closed, because fields are dropped in this order.
    pub(super) _folder: Option<Arc<Folder>>,
}

impl RedbReader {
    fn read<T>(
        &self,
        read: impl FnOnce(&ReadTransaction) -> Result<T, Fault>,
    ) -> Result<T, StorageError> {
        let transaction = self.database.begin_read().map_err(Fault::from);
        transaction
            .and_then(|transaction| read(&transaction))
            .map_err(Fault::at("read", &self.path))
    }
}

impl RedbReader {
    /// Checks the root of each block and state, and the links of the finalized chain. `progress`
    /// receives the checked blocks.
    ///
    /// # Errors
    ///
    /// [`StorageError::Damaged`] with the first fault.
    pub fn verify(&self, progress: &Progress) -> Result<Verified, StorageError> {
        self.read(|transaction| verify(transaction, progress))
    }

    /// Returns the slots of the kept states.
    pub(crate) fn states(&self) -> Result<Vec<Slot>, StorageError> {
        self.read(|transaction| {
            let states = transaction.open_table(STATES)?;
            states.iter()?.map(|entry| Ok(entry?.0.value())).collect()
        })
    }

    /// Returns the state of a finalized slot, if it is kept.
    pub(crate) fn state(&self, slot: Slot) -> Result<Option<State>, StorageError> {
        self.read(|transaction| state_at(transaction, slot))
    }

    /// Returns the root of the finalized block of a slot.
    pub(crate) fn finalized_root(&self, slot: Slot) -> Result<Option<Root>, StorageError> {
        self.read(|transaction| {
            let root = transaction.open_table(CHAIN)?.get(slot)?;
            Ok(root.map(|root| Root::new(*root.value())))
        })
    }
}

impl ReadChain for RedbReader {
    fn load(&self) -> Result<Option<Loaded>, StorageError> {
        self.read(load)
    }

    fn block(&self, root: &Root) -> Result<Option<Arc<SignedBlock>>, StorageError> {
        self.read(|transaction| {
            let slot = transaction.open_table(SLOTS)?.get(root.as_bytes())?;
            let Some(slot) = slot.map(|slot| slot.value()) else { return Ok(None) };
            block_at(transaction, Checkpoint { root: *root, slot })
        })
    }

    fn blocks(
        &self,
        slots: Range<Slot>,
        most: usize,
    ) -> Result<Vec<Arc<SignedBlock>>, StorageError> {
        if slots.is_empty() {
            return Ok(Vec::new());
        }
        self.read(|transaction| {
            let mut found = Vec::new();
            for entry in transaction.open_table(CHAIN)?.range::<u64>(slots)? {
                if found.len() == most {
                    break;
                }
                let (slot, root) = entry?;
                let root = Root::new(*root.value());
                found.extend(block_at(transaction, Checkpoint { root, slot: slot.value() })?);
            }
            Ok(found)
        })
    }

    fn gaps(&self, slots: Range<Slot>, most: usize) -> Result<Vec<Checkpoint>, StorageError> {
        let slots = slots.start.max(1)..slots.end;
        if slots.is_empty() {
            return Ok(Vec::new());
        }
        self.read(|transaction| {
            let blocks = transaction.open_table(BLOCKS)?;
            let mut gaps = Vec::new();
            for entry in transaction.open_table(CHAIN)?.range::<u64>(slots)?.rev() {
                if gaps.len() == most {
                    break;
                }
                let (slot, root) = entry?;
                let place = Checkpoint { root: Root::new(*root.value()), slot: slot.value() };
                let stored = blocks.get(&slot_key(place.slot, &place.root))?;
                let is_complete = match stored {
                    Some(bytes) => has_proof(bytes.value())?,
                    None => false,
                };
                if !is_complete {
                    gaps.push(place);
                }
            }
            Ok(gaps)
        })
    }

    fn figures(&self) -> Result<Figures, StorageError> {
        // A store of a test has no file.
        let file_bytes = fs::metadata(&self.path).map_or(0, |file| file.len());
        self.read(|transaction| {
            let blocks = transaction.open_table(BLOCKS)?;
            Ok(Figures {
                file_bytes,
                blocks: blocks.len()?,
                states: transaction.open_table(STATES)?.len()?,
                votes: transaction.open_table(VOTES)?.len()?,
                oldest_block: blocks.first()?.map(|(key, _)| parts_of(key.value()).0),
                finalized: schema::finalized(&transaction.open_table(META)?)?,
            })
        })
    }
}

fn load(transaction: &ReadTransaction) -> Result<Option<Loaded>, Fault> {
    let Some(finalized) = schema::finalized(&transaction.open_table(META)?)? else {
        return Ok(None);
    };
    let anchor = block_at(transaction, finalized)?
        .ok_or_else(|| Fault::damaged("the finalized block is missing"))?;
    let state = state_at(transaction, finalized.slot)?
        .ok_or_else(|| Fault::damaged("the state of the finalized block is missing"))?;
    if Root::of(&state) != anchor.block.state_root {
        return Err(Fault::damaged("the state of the finalized block is not the one in the block"));
    }
    Ok(Some(Loaded {
        blocks: descendants(transaction, finalized)?,
        votes: kept_votes(transaction)?,
        peers: peers(transaction)?,
        finalized,
        anchor,
        state,
    }))
}

/// Returns the blocks above the finalized one, in the order of their slots. Leaves out those on
/// other branches.
fn descendants(
    transaction: &ReadTransaction,
    finalized: Checkpoint,
) -> Result<Vec<Arc<SignedBlock>>, Fault> {
    let mut known = HashSet::from([finalized.root]);
    let mut found = Vec::new();
    let first = from_slot(finalized.slot.saturating_add(1));
    for entry in transaction.open_table(BLOCKS)?.range::<&[u8; 40]>(&first..)? {
        let (key, bytes) = entry?;
        let (slot, root) = parts_of(key.value());
        let block = decoded_block(Checkpoint { root, slot }, bytes.value())?;
        if known.contains(&block.block.parent_root) {
            known.insert(root);
            found.push(block);
        }
    }
    Ok(found)
}

fn kept_votes(transaction: &ReadTransaction) -> Result<Vec<AggregatedAttestation>, Fault> {
    let mut found = Vec::new();
    for entry in transaction.open_table(VOTES)?.iter()? {
        let (key, bytes) = entry?;
        let vote = decoded_vote(bytes.value())?;
        if votes::key_of(&vote) != parts_of(key.value()) {
            return Err(Fault::damaged("a vote is not the one of its key"));
        }
        found.push(vote);
    }
    Ok(found)
}

fn peers(transaction: &ReadTransaction) -> Result<Vec<String>, Fault> {
    let mut peers = Vec::new();
    for entry in transaction.open_table(PEERS)?.iter()? {
        peers.push(entry?.1.value().to_owned());
    }
    Ok(peers)
}

pub(super) fn block_at(
    transaction: &ReadTransaction,
    place: Checkpoint,
) -> Result<Option<Arc<SignedBlock>>, Fault> {
    let blocks = transaction.open_table(BLOCKS)?;
    let bytes = blocks.get(&slot_key(place.slot, &place.root))?;
    bytes.map(|bytes| decoded_block(place, bytes.value())).transpose()
}

/// Returns whether stored bytes are a block with a proof. Does not check the block's root.
pub(super) fn has_proof(bytes: &[u8]) -> Result<bool, Fault> {
    let block = SignedBlock::from_ssz_bytes(bytes)
        .map_err(|error| Fault::damaged(format!("a block cannot be read: {error:?}")))?;
    Ok(!has_no_proof(&block))
}

/// Decodes a block, and checks its root and its slot. So no damaged block is served.
pub(super) fn decoded_block(place: Checkpoint, bytes: &[u8]) -> Result<Arc<SignedBlock>, Fault> {
    let Checkpoint { root, slot } = place;
    match SignedBlock::from_ssz_bytes(bytes) {
        Ok(block) if Root::of(&block.block) == root && block.block.slot == slot => {
            Ok(Arc::new(block))
        }
        _ => Err(Fault::damaged(format!("the stored bytes of block {root} are not this block"))),
    }
}

pub(super) fn state_at(transaction: &ReadTransaction, slot: Slot) -> Result<Option<State>, Fault> {
    let Some(bytes) = transaction.open_table(STATES)?.get(slot)? else { return Ok(None) };
    let state = StoredState::decode(bytes.value())?;
    let registry = transaction
        .open_table(REGISTRIES)?
        .get(state.registry.as_bytes())?
        .ok_or_else(|| Fault::damaged("a registry is missing"))?;
    let validators = Validators::from_ssz_bytes(registry.value())
        .map_err(|error| Fault::damaged(format!("a registry cannot be read: {error:?}")))?;
    if state.history > HISTORICAL_ROOTS_LIMIT {
        return Err(Fault::damaged("a state has a longer history than a chain"));
    }
    let history = history(transaction, state.history)?;
    Ok(Some(state.with(validators, history)))
}

/// Returns the roots of the finalized chain in the first `length` slots.
fn history(transaction: &ReadTransaction, length: usize) -> Result<BlockRoots, Fault> {
    let mut roots = vec![Root::ZERO; length];
    for entry in transaction.open_table(CHAIN)?.range::<u64>(..length as u64)? {
        let (slot, root) = entry?;
        roots[slot.value() as usize] = Root::new(*root.value());
    }
    BlockRoots::try_from(roots).map_err(|_| Fault::damaged("a history is too long"))
}
