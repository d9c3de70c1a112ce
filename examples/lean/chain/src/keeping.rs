//! What the store on disk must be sent, and the finality that is on it.

use std::collections::VecDeque;
use std::sync::Arc;

use consensus::{AggregatedAttestation, Block, Checkpoint, Root, SignedBlock, State, Store};
use storage::{Changes, Finalized};

/// The largest number of finalized blocks remembered until they are durable. Of more, the oldest
/// are announced together with a later one.
const MOST_UNANNOUNCED: usize = 64;

/// The changes not sent yet, and the finalized blocks not durable yet.
///
/// Without a store on disk, nothing is collected, and all finality may be announced.
#[derive(Debug, Default)]
pub(super) struct Keeping {
    is_on: bool,
    /// The changes since the last ones sent, and those refused by a full lane.
    changes: Changes,
    announced: Option<Final>,
    /// In the order of slots.
    unannounced: VecDeque<Final>,
}

/// A finalized block, and the state after it.
#[derive(Clone, Debug)]
pub(super) struct Final {
    pub(super) checkpoint: Checkpoint,
    pub(super) state: Arc<State>,
    pub(super) block: Arc<Block>,
}

impl Final {
    fn at(checkpoint: Checkpoint, store: &Store) -> Option<Self> {
        let state = Arc::clone(store.state(&checkpoint.root)?);
        Some(Self { checkpoint, state, block: Arc::clone(store.block(&checkpoint.root)?) })
    }
}

impl Keeping {
    /// Begins to collect changes. The finality of `anchor` is durable. The store may have finalized
    /// a later block, because it has counted all votes of the earlier run.
    pub(super) fn turn_on(&mut self, anchor: Checkpoint, store: &Store) {
        self.is_on = true;
        self.announced = Final::at(anchor, store);
        self.finalized(store);
    }

    /// Returns whether there is a store on disk.
    pub(super) fn is_on(&self) -> bool {
        self.is_on
    }

    /// Returns whether there is something to send.
    pub(super) fn has_changes(&self) -> bool {
        !self.changes.is_empty()
    }

    /// Returns the number of blocks not sent yet.
    pub(super) fn waiting_blocks(&self) -> usize {
        self.changes.blocks.len()
    }

    pub(super) fn block(&mut self, root: Root, block: &Arc<SignedBlock>) {
        if self.is_on {
            self.changes.blocks.push((root, Arc::clone(block)));
        }
    }

    pub(super) fn votes(&mut self, votes: Vec<AggregatedAttestation>) {
        if self.is_on && !votes.is_empty() {
            self.changes.join(Changes { votes, ..Changes::default() });
        }
    }

    /// Notes the finalized block, if it is later than the last one noted.
    pub(super) fn finalized(&mut self, store: &Store) {
        let last = self.unannounced.back().or(self.announced.as_ref());
        let slot = store.latest_finalized().slot;
        if !self.is_on || last.is_some_and(|last| last.checkpoint.slot >= slot) {
            return;
        }
        let Some(new) = Final::at(store.latest_finalized(), store) else { return };
        let state = Arc::clone(&new.state);
        self.changes.finalized = Some(Finalized { checkpoint: new.checkpoint, state });
        if self.unannounced.len() == MOST_UNANNOUNCED {
            self.unannounced.pop_front();
        }
        self.unannounced.push_back(new);
    }

    /// Takes the changes to be sent.
    pub(super) fn take(&mut self) -> Option<Box<Changes>> {
        self.has_changes().then(|| Box::new(std::mem::take(&mut self.changes)))
    }

    /// Puts back changes that were refused. They are sent with the next ones.
    pub(super) fn refused(&mut self, mut refused: Changes) {
        refused.join(std::mem::take(&mut self.changes));
        self.changes = refused;
    }

    /// Returns the newest finalized block that is on the disk.
    pub(super) fn durable(&mut self, on_disk: Option<Checkpoint>) -> Option<&Final> {
        let is_durable =
            |new: &Final| on_disk.is_some_and(|on_disk| new.checkpoint.slot <= on_disk.slot);
        while self.unannounced.front().is_some_and(is_durable) {
            self.announced = self.unannounced.pop_front();
        }
        self.announced.as_ref()
    }
}
