//! A store in fjall: the same keys and values as in redb, for the measurement. It checks no
//! identity, because no node runs on it.

use std::io;
use std::ops::Range;
use std::path::Path;
use std::sync::Arc;

use consensus::{
    AggregatedAttestation, BlockRoots, Checkpoint, Root, SignedBlock, Slot, State, Validators,
};
use fjall::{Database, Keyspace, KeyspaceCreateOptions, PersistMode};
use libssz::{SszDecode, SszEncode};
use storage::{
    ChainStore, Changes, Figures, Finalized, Keep, Loaded, Pruned, ReadChain, StorageError,
};

/// A store in a folder of fjall.
#[derive(Debug)]
pub(crate) struct FjallStore(FjallReader);

/// Its keyspaces, for any thread.
#[derive(Clone)]
pub(crate) struct FjallReader {
    database: Database,
    blocks: Keyspace,
    slots: Keyspace,
    chain: Keyspace,
    states: Keyspace,
    votes: Keyspace,
    meta: Keyspace,
}

impl std::fmt::Debug for FjallReader {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("FjallReader").finish_non_exhaustive()
    }
}

fn failed(error: fjall::Error) -> StorageError {
    let error = io::Error::other(error);
    StorageError::Failed { doing: "use", path: "fjall".into(), error }
}

fn key(slot: Slot, root: &Root) -> [u8; 40] {
    let mut key = [0; 40];
    key[..8].copy_from_slice(&slot.to_be_bytes());
    key[8..].copy_from_slice(root.as_bytes());
    key
}

fn slot_of(key: &[u8]) -> Slot {
    Slot::from_be_bytes(key[..8].try_into().expect("each key begins with a slot"))
}

fn root_of(bytes: &[u8]) -> Root {
    Root::new(bytes[bytes.len() - 32..].try_into().expect("each root has 32 bytes"))
}

fn decoded<T: SszDecode>(bytes: &[u8]) -> T {
    T::from_ssz_bytes(bytes).expect("only this program has written it")
}

impl FjallStore {
    pub(crate) fn open(folder: &Path) -> Self {
        let database = Database::builder(folder).open().expect("the folder has this chain");
        let table =
            |name| database.keyspace(name, KeyspaceCreateOptions::default).expect("the disk works");
        Self(FjallReader {
            blocks: table("blocks"),
            slots: table("slots"),
            chain: table("chain"),
            states: table("states"),
            votes: table("votes"),
            meta: table("meta"),
            database,
        })
    }
}

impl ChainStore for FjallStore {
    type Reader = FjallReader;

    fn reader(&self) -> FjallReader {
        self.0.clone()
    }

    fn write(&mut self, changes: &Changes) -> Result<Option<Checkpoint>, StorageError> {
        let store = &self.0;
        let mut batch = store.database.batch().durability(Some(PersistMode::SyncData));
        for (root, block) in &changes.blocks {
            let slot = block.block.slot;
            batch.insert(&store.slots, *root.as_bytes(), slot.to_be_bytes());
            batch.insert(&store.blocks, key(slot, root), block.to_ssz());
        }
        let mut finalized = store.finalized()?;
        if let Some(Finalized { checkpoint, state }) = &changes.finalized {
            let first = finalized.map_or(0, |stored| stored.slot + 1);
            let history = state.historical_block_hashes.iter();
            for (slot, root) in (0..checkpoint.slot).zip(history).skip(first as usize) {
                if !root.is_zero() {
                    batch.insert(&store.chain, slot.to_be_bytes(), *root.as_bytes());
                }
            }
            let slot = checkpoint.slot.to_be_bytes();
            batch.insert(&store.chain, slot, *checkpoint.root.as_bytes());
            if finalized.is_none() {
                batch.insert(&store.meta, "registry", state.validators.to_ssz());
            }
            let mut bytes = (state.historical_block_hashes.len() as u64).to_le_bytes().to_vec();
            let trimmed = State {
                validators: Validators::default(),
                historical_block_hashes: BlockRoots::default(),
                ..State::clone(state)
            };
            trimmed.ssz_append(&mut bytes);
            batch.insert(&store.states, slot, bytes);
            batch.insert(&store.meta, "finalized", key(checkpoint.slot, &checkpoint.root));
            for vote in store.votes.range(..key(checkpoint.slot + 1, &Root::ZERO)) {
                batch.remove(&store.votes, vote.key().map_err(failed)?);
            }
            finalized = Some(*checkpoint);
        }
        for vote in &changes.votes {
            batch.insert(&store.votes, key(vote.data.slot, &Root::of(&vote.data)), vote.to_ssz());
        }
        batch.commit().map_err(failed)?;
        Ok(finalized)
    }

    fn prune(&mut self, keep: Keep, most: usize) -> Result<Pruned, StorageError> {
        let store = &self.0;
        let Some(finalized) = store.finalized()? else {
            return Ok(Pruned { removed: 0, is_done: true });
        };
        let mut batch = store.database.batch().durability(Some(PersistMode::SyncData));
        let mut removed = 0;
        let end = key(keep.blocks_from.min(finalized.slot), &Root::ZERO);
        for block in store.blocks.range(..end).take(most) {
            let block = block.key().map_err(failed)?;
            batch.remove(&store.slots, *root_of(&block).as_bytes());
            batch.remove(&store.blocks, block);
            removed += 1;
        }
        let mut last_span = None;
        for state in store.states.iter() {
            if removed == most {
                break;
            }
            let state = state.key().map_err(failed)?;
            let slot = slot_of(&state);
            let span = slot / Keep::SPAN;
            let is_kept = slot == finalized.slot
                || (slot >= keep.states_from && last_span.replace(span) != Some(span));
            if !is_kept {
                batch.remove(&store.states, state);
                removed += 1;
            }
        }
        batch.commit().map_err(failed)?;
        Ok(Pruned { removed, is_done: removed < most })
    }
}

impl FjallReader {
    fn finalized(&self) -> Result<Option<Checkpoint>, StorageError> {
        let stored = self.meta.get("finalized").map_err(failed)?;
        Ok(stored.map(|key| Checkpoint { slot: slot_of(&key), root: root_of(&key) }))
    }

    fn block_at(&self, slot: Slot, root: &Root) -> Result<Option<Arc<SignedBlock>>, StorageError> {
        let bytes = self.blocks.get(key(slot, root)).map_err(failed)?;
        let block = bytes.map(|bytes| decoded::<SignedBlock>(&bytes));
        // The other store checks each root as well.
        Ok(block.filter(|block| Root::of(&block.block) == *root).map(Arc::new))
    }
}

impl ReadChain for FjallReader {
    fn load(&self) -> Result<Option<Loaded>, StorageError> {
        let Some(finalized) = self.finalized()? else { return Ok(None) };
        let anchor = self.block_at(finalized.slot, &finalized.root)?.expect("it is stored");
        let slot = finalized.slot.to_be_bytes();
        let bytes = self.states.get(slot).map_err(failed)?.expect("it is stored");
        let (length, bytes) = bytes.split_at(8);
        let length = u64::from_le_bytes(length.try_into().expect("eight bytes")) as usize;
        let mut history = vec![Root::ZERO; length];
        for entry in self.chain.range(..(length as u64).to_be_bytes()) {
            let (slot, root) = entry.into_inner().map_err(failed)?;
            history[slot_of(&slot) as usize] = root_of(&root);
        }
        let registry = self.meta.get("registry").map_err(failed)?.expect("it is stored");
        let state = State {
            validators: decoded(&registry),
            historical_block_hashes: BlockRoots::try_from(history).expect("it is a history"),
            ..decoded::<State>(bytes)
        };
        assert_eq!(Root::of(&state), anchor.block.state_root);
        let mut blocks = Vec::new();
        for entry in self.blocks.range(key(finalized.slot + 1, &Root::ZERO)..) {
            let (_, bytes) = entry.into_inner().map_err(failed)?;
            blocks.push(Arc::new(decoded::<SignedBlock>(&bytes)));
        }
        let mut votes = Vec::new();
        for entry in self.votes.iter() {
            let (_, bytes) = entry.into_inner().map_err(failed)?;
            votes.push(decoded::<AggregatedAttestation>(&bytes));
        }
        Ok(Some(Loaded { finalized, anchor, state, blocks, votes, peers: Vec::new() }))
    }

    fn block(&self, root: &Root) -> Result<Option<Arc<SignedBlock>>, StorageError> {
        match self.slots.get(root.as_bytes()).map_err(failed)? {
            Some(slot) => self.block_at(slot_of(&slot), root),
            None => Ok(None),
        }
    }

    fn blocks(
        &self,
        slots: Range<Slot>,
        most: usize,
    ) -> Result<Vec<Arc<SignedBlock>>, StorageError> {
        let mut found = Vec::new();
        for entry in self.chain.range(slots.start.to_be_bytes()..slots.end.to_be_bytes()) {
            if found.len() == most {
                break;
            }
            let (slot, root) = entry.into_inner().map_err(failed)?;
            found.extend(self.block_at(slot_of(&slot), &root_of(&root))?);
        }
        Ok(found)
    }

    fn figures(&self) -> Result<Figures, StorageError> {
        Ok(Figures { finalized: self.finalized()?, ..Figures::default() })
    }
}
