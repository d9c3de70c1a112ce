//! The model of a store: plain maps in memory. Nothing is durable.

use std::collections::{BTreeMap, HashSet};
use std::ops::Range;
use std::sync::Arc;

use arc_swap::ArcSwap;
use consensus::{AggregatedAttestation, Checkpoint, Root, SignedBlock, Slot, State};

use crate::MOST_PEERS;
use crate::changes::{Changes, Finalized};
use crate::error::StorageError;
use crate::store::{ChainStore, Figures, Keep, Loaded, Pruned, ReadChain, has_no_proof};
use crate::votes::{self, MOST_VOTES, VoteKey};

/// A store in memory. Each commit publishes a copy of its maps, so readers never wait.
#[derive(Debug, Default)]
pub struct MemoryStore {
    content: Content,
    published: Arc<ArcSwap<Content>>,
}

/// A reader of a [`MemoryStore`].
#[derive(Clone, Debug)]
pub struct MemoryReader(Arc<ArcSwap<Content>>);

#[derive(Clone, Debug, Default)]
struct Content {
    finalized: Option<Checkpoint>,
    blocks: BTreeMap<(Slot, Root), Arc<SignedBlock>>,
    chain: BTreeMap<Slot, Root>,
    states: BTreeMap<Slot, Arc<State>>,
    votes: BTreeMap<VoteKey, AggregatedAttestation>,
    peers: Vec<String>,
}

impl MemoryStore {
    /// Creates an empty store.
    pub fn new() -> Self {
        Self::default()
    }

    /// Returns a store with the same content and other readers.
    #[cfg(test)]
    pub(crate) fn copy(&self) -> Self {
        let content = self.content.clone();
        Self { published: Arc::new(ArcSwap::from_pointee(content.clone())), content }
    }

    fn publish(&self) {
        self.published.store(Arc::new(self.content.clone()));
    }
}

impl ChainStore for MemoryStore {
    type Reader = MemoryReader;

    fn reader(&self) -> MemoryReader {
        MemoryReader(Arc::clone(&self.published))
    }

    fn write(&mut self, changes: &Changes) -> Result<Option<Checkpoint>, StorageError> {
        let mut next = self.content.clone();
        for (root, block) in &changes.blocks {
            let place = next.blocks.entry((block.block.slot, *root));
            let stored = place.or_insert_with(|| Arc::clone(block));
            if has_no_proof(stored) {
                *stored = Arc::clone(block);
            }
        }
        if let Some(finalized) = &changes.finalized {
            next.finalize(finalized)?;
        }
        next.count(&changes.votes);
        if let Some(peers) = &changes.peers {
            next.peers = peers.iter().take(MOST_PEERS).cloned().collect();
        }
        self.content = next;
        self.publish();
        Ok(self.content.finalized)
    }

    fn prune(&mut self, keep: Keep, most: usize) -> Result<Pruned, StorageError> {
        let superfluous = self.content.superfluous(keep);
        let is_done = superfluous.len() <= most;
        let mut removed = 0;
        for entry in superfluous.into_iter().take(most) {
            removed += 1;
            match entry {
                Entry::Block(key) => drop(self.content.blocks.remove(&key)),
                Entry::State(slot) => drop(self.content.states.remove(&slot)),
            }
        }
        self.publish();
        Ok(Pruned { removed, is_done })
    }
}

enum Entry {
    Block((Slot, Root)),
    State(Slot),
}

impl Content {
    fn finalize(&mut self, new: &Finalized) -> Result<(), StorageError> {
        let Finalized { checkpoint, state } = new;
        let history = &state.historical_block_hashes;
        let root_at = |slot: Slot| usize::try_from(slot).ok().and_then(|slot| history.get(slot));
        if let Some(stored) = self.finalized {
            let is_below = root_at(stored.slot) == Some(&stored.root);
            if checkpoint.slot < stored.slot || *checkpoint == stored {
                return Ok(());
            }
            if checkpoint.slot == stored.slot || !is_below {
                return Err(StorageError::Contradiction { stored, new: *checkpoint });
            }
        }
        if !self.blocks.contains_key(&(checkpoint.slot, checkpoint.root)) {
            return Err(StorageError::UnknownBlock { root: checkpoint.root });
        }
        for (slot, root) in (0..checkpoint.slot).zip(history.iter()) {
            if !root.is_zero() {
                self.chain.insert(slot, *root);
            }
        }
        self.chain.insert(checkpoint.slot, checkpoint.root);
        self.states.insert(checkpoint.slot, Arc::clone(state));
        self.votes.retain(|(slot, _), _| *slot > checkpoint.slot);
        self.finalized = Some(*checkpoint);
        Ok(())
    }

    fn count(&mut self, new: &[AggregatedAttestation]) {
        for vote in new {
            let key = votes::key_of(vote);
            if self.finalized.is_some_and(|finalized| key.0 <= finalized.slot) {
                continue;
            }
            let kept = self.votes.entry(key).or_insert_with(|| vote.clone());
            *kept = votes::union(kept, vote);
        }
        while self.votes.len() > MOST_VOTES {
            self.votes.pop_first();
        }
    }

    fn superfluous(&self, keep: Keep) -> Vec<Entry> {
        let Some(finalized) = self.finalized else { return Vec::new() };
        let is_final = |(slot, root): &(Slot, Root)| self.chain.get(slot) == Some(root);
        let blocks = self.blocks.keys().filter(|key| {
            let is_old = key.0 < keep.blocks_from && key.0 < finalized.slot;
            is_old || (key.0 <= finalized.slot && !is_final(key))
        });
        let mut spans = HashSet::new();
        let states = self.states.keys().filter(|slot| {
            let is_kept = **slot == finalized.slot
                || (**slot >= keep.states_from && spans.insert(**slot / Keep::SPAN));
            !is_kept
        });
        blocks.copied().map(Entry::Block).chain(states.copied().map(Entry::State)).collect()
    }
}

impl ReadChain for MemoryReader {
    fn load(&self) -> Result<Option<Loaded>, StorageError> {
        let content = self.0.load_full();
        let Some(finalized) = content.finalized else { return Ok(None) };
        let mut known = HashSet::from([finalized.root]);
        let mut blocks = Vec::new();
        for ((_, root), block) in content.blocks.range((finalized.slot + 1, Root::ZERO)..) {
            if known.contains(&block.block.parent_root) {
                known.insert(*root);
                blocks.push(Arc::clone(block));
            }
        }
        Ok(Some(Loaded {
            finalized,
            anchor: Arc::clone(&content.blocks[&(finalized.slot, finalized.root)]),
            state: State::clone(&content.states[&finalized.slot]),
            blocks,
            votes: content.votes.values().cloned().collect(),
            peers: content.peers.clone(),
        }))
    }

    fn block(&self, root: &Root) -> Result<Option<Arc<SignedBlock>>, StorageError> {
        let content = self.0.load_full();
        let found = content.blocks.iter().find(|((_, key), _)| key == root);
        Ok(found.map(|(_, block)| Arc::clone(block)))
    }

    fn blocks(
        &self,
        slots: Range<Slot>,
        most: usize,
    ) -> Result<Vec<Arc<SignedBlock>>, StorageError> {
        let content = self.0.load_full();
        if slots.is_empty() {
            return Ok(Vec::new());
        }
        let found = content
            .chain
            .range(slots)
            .filter_map(|(slot, root)| content.blocks.get(&(*slot, *root)).map(Arc::clone));
        Ok(found.take(most).collect())
    }

    fn gaps(&self, slots: Range<Slot>, most: usize) -> Result<Vec<Checkpoint>, StorageError> {
        let content = self.0.load_full();
        let slots = slots.start.max(1)..slots.end;
        if slots.is_empty() {
            return Ok(Vec::new());
        }
        let is_gap = |place: &Checkpoint| {
            content.blocks.get(&(place.slot, place.root)).is_none_or(|block| has_no_proof(block))
        };
        let chain = content.chain.range(slots).rev();
        let places = chain.map(|(slot, root)| Checkpoint { root: *root, slot: *slot });
        Ok(places.filter(is_gap).take(most).collect())
    }

    fn figures(&self) -> Result<Figures, StorageError> {
        let content = self.0.load_full();
        Ok(Figures {
            file_bytes: 0,
            blocks: content.blocks.len() as u64,
            states: content.states.len() as u64,
            votes: content.votes.len() as u64,
            oldest_block: content.blocks.keys().next().map(|(slot, _)| *slot),
            finalized: content.finalized,
        })
    }
}
