//! The traits of a store and of its readers, and their answers.

use std::fmt::Debug;
use std::ops::Range;
use std::sync::Arc;

use consensus::{AggregatedAttestation, Checkpoint, Root, SignedBlock, Slot, State};

use crate::changes::Changes;
use crate::error::StorageError;

/// A store of a chain, with one owner.
///
/// After an error of [`write`](Self::write) or [`prune`](Self::prune), the store may refuse
/// everything. Drop it and its readers, and open it again.
pub trait ChainStore: Debug + Send + 'static {
    /// The readers of the store.
    type Reader: ReadChain + Clone;

    /// Returns a reader, for any thread.
    fn reader(&self) -> Self::Reader;

    /// Writes changes: all of them or none. They are durable when this returns. Returns the
    /// finalized block of the store.
    ///
    /// # Errors
    ///
    /// [`StorageError::Contradiction`] if the finalized block is not a descendant of the stored
    /// one, [`StorageError::UnknownBlock`] if it is not known, [`StorageError::Full`] or
    /// [`StorageError::Failed`] if the disk does not take the changes.
    fn write(&mut self, changes: &Changes) -> Result<Option<Checkpoint>, StorageError>;

    /// Removes at most `most` old entries.
    ///
    /// Never removes the finalized block, its state, its descendants, or the list of roots of the
    /// finalized chain.
    ///
    /// # Errors
    ///
    /// [`StorageError::Full`] or [`StorageError::Failed`] if the disk does not take the change.
    fn prune(&mut self, keep: Keep, most: usize) -> Result<Pruned, StorageError>;
}

/// A reader of a store. It reads from the last commit at the time of each call.
pub trait ReadChain: Debug + Send + Sync + 'static {
    /// Returns what a start begins with, or `None` if the store is empty.
    ///
    /// # Errors
    ///
    /// [`StorageError::Damaged`] if the stored bytes do not match their roots.
    fn load(&self) -> Result<Option<Loaded>, StorageError>;

    /// Returns a block, of any branch.
    ///
    /// # Errors
    ///
    /// [`StorageError::Damaged`] if the stored bytes are not the block with this root.
    fn block(&self, root: &Root) -> Result<Option<Arc<SignedBlock>>, StorageError>;

    /// Returns the blocks of the finalized chain in these slots, in ascending order: the first
    /// `most` of them. Pruned blocks are left out.
    ///
    /// # Errors
    ///
    /// [`StorageError::Damaged`] if the stored bytes of one do not match its root.
    fn blocks(
        &self,
        slots: Range<Slot>,
        most: usize,
    ) -> Result<Vec<Arc<SignedBlock>>, StorageError>;

    /// Returns the blocks of the finalized chain in these slots that are not stored, or stored without
    /// their proof: the newest first, at most `most`. Genesis has no proof and is left out.
    ///
    /// # Errors
    ///
    /// [`StorageError::Damaged`] if the stored bytes of a block are not a block.
    fn gaps(&self, slots: Range<Slot>, most: usize) -> Result<Vec<Checkpoint>, StorageError>;

    /// Returns the sizes of the store.
    ///
    /// # Errors
    ///
    /// [`StorageError::Failed`] if the store cannot be read.
    fn figures(&self) -> Result<Figures, StorageError>;
}

/// The content of a store at a start.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Loaded {
    /// The newest finalized block.
    pub finalized: Checkpoint,
    /// That block. An anchor from elsewhere has an empty proof.
    pub anchor: Arc<SignedBlock>,
    /// The state after it.
    pub state: State,
    /// The descendants of the finalized block: parents before their children, in the order of
    /// slots.
    pub blocks: Vec<Arc<SignedBlock>>,
    /// The votes after the finalized slot, in the order of slots.
    pub votes: Vec<AggregatedAttestation>,
    /// The addresses of good peers, best first.
    pub peers: Vec<String>,
}

/// The limits of pruning.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Keep {
    /// Blocks before this slot are removed.
    pub blocks_from: Slot,
    /// States before this slot are removed.
    pub states_from: Slot,
}

impl Keep {
    /// The number of slots with one kept state, besides the newest one.
    pub const SPAN: Slot = 32;

    /// States further below the finalized slot than this are removed, as in memory.
    const STATES: Slot = 64;

    /// Returns the limits for a finalized slot, and for blocks that are kept `horizon` slots below.
    pub fn below(finalized: Slot, horizon: Slot) -> Self {
        Self {
            blocks_from: finalized.saturating_sub(horizon),
            // Each kept state has its block.
            states_from: finalized.saturating_sub(Self::STATES.min(horizon)),
        }
    }
}

/// The result of a step of pruning.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pruned {
    /// The number of removed blocks and states.
    pub removed: usize,
    /// Whether nothing is left to remove.
    pub is_done: bool,
}

/// The sizes of a store.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Figures {
    /// The size of the file in bytes, or 0 without a file.
    pub file_bytes: u64,
    /// The number of blocks.
    pub blocks: u64,
    /// The number of states.
    pub states: u64,
    /// The number of votes: distinct data, each with its voters.
    pub votes: u64,
    /// The slot of the oldest block.
    pub oldest_block: Option<Slot>,
    /// The newest finalized block.
    pub finalized: Option<Checkpoint>,
}

/// Returns whether a block has no proof. The anchor of a checkpoint has none.
pub(crate) fn has_no_proof(block: &SignedBlock) -> bool {
    block.proof.proof.is_empty()
}
