//! The beginning of a node's chain: its own earlier run, a checkpoint, or genesis.

use std::path::Path;
use std::sync::Arc;

use actor_lanes::Mailbox;

use crate::checkpoint_sync::{Anchor, CheckpointError, Patience, fetch_anchor};
use crate::config::NodeConfig;
use crate::node::StartError;
use consensus::{
    Checkpoint, MultiMessageAggregate, Root, SignedBlock, Slot, Store, ValidatorIndex, genesis,
};
use storage::{
    ChainIdentity, ChainStore as _, Changes, Finalized, Loaded, ReadChain as _, RedbStore, Storage,
    StorageActor, StorageError, StorageMessage,
};
use wire::MIN_SLOTS_FOR_BLOCK_REQUESTS;

/// Blocks are kept for this many slots below the finalized one.
pub(crate) const HORIZON: Slot = MIN_SLOTS_FOR_BLOCK_REQUESTS;

/// The chain at the start of a node.
pub(crate) struct Beginning {
    pub(crate) store: Store,
    /// The store on disk, if the configuration names a folder.
    pub(crate) kept: Option<Kept>,
}

/// An open store on disk, with its actor.
pub(crate) struct Kept {
    pub(crate) storage: Storage,
    pub(crate) actor: StorageActor<RedbStore>,
    pub(crate) mailbox: Mailbox<StorageMessage>,
    /// The finalized block on the disk: the first block of the chain.
    pub(crate) anchor: Arc<SignedBlock>,
    /// The unfinalized blocks on the disk. They are in the chain already.
    pub(crate) blocks: Vec<Arc<SignedBlock>>,
    /// The addresses of peers that were good in the earlier run, best first.
    pub(crate) peers: Vec<String>,
}

/// Returns the beginning of a node's chain. Its anchor is durable then.
pub(crate) fn beginning(
    config: &NodeConfig,
    current_slot: impl Fn() -> Slot,
    validator: Option<ValidatorIndex>,
) -> Result<Beginning, StartError> {
    let Some(folder) = &config.data_dir else {
        let Anchor { state, block } = anchor(config, current_slot)?;
        let store = Store::new(state, block, validator)?;
        return Ok(Beginning { store, kept: None });
    };
    // Fetched before the folder is written: a failed fetch leaves no empty chain, which a later
    // start would begin at genesis.
    let fetched = match &config.checkpoint_sync_url {
        Some(_) if !RedbStore::check(folder, &identity(config))? => {
            Some(anchor(config, &current_slot)?)
        }
        _ => None,
    };
    let mut disk = RedbStore::open(folder, &identity(config))?;
    let mut peers = Vec::new();
    let (store, anchor, blocks) = match disk.reader().load()? {
        Some(mut loaded) => {
            peers = std::mem::take(&mut loaded.peers);
            restored(loaded, config, folder, validator)?
        }
        None => {
            let Anchor { state, block } =
                fetched.map_or_else(|| anchor(config, &current_slot), Ok)?;
            tracing::info!(
                folder = %folder.display(),
                slot = block.slot,
                "a new chain begins, and is kept in this folder"
            );
            let store = Store::new(state, block, validator)?;
            let anchor = keep_anchor(&mut disk, &store)?;
            (store, anchor, Vec::new())
        }
    };
    let (storage, actor, mailbox) = Storage::new(disk, HORIZON)?;
    let kept = Kept { storage, actor, mailbox, anchor, blocks, peers };
    Ok(Beginning { store, kept: Some(kept) })
}

/// Returns the network that a folder must belong to.
pub(crate) fn identity(config: &NodeConfig) -> ChainIdentity {
    ChainIdentity {
        genesis_time: config.genesis.genesis_time,
        validators_root: Root::of(&config.genesis.registry()),
        fork: config.genesis.fork_digest.clone(),
        scheme: config.genesis.scheme.to_string(),
    }
}

/// A store, its first block, and the unfinalized blocks in it.
type Restored = (Store, Arc<SignedBlock>, Vec<Arc<SignedBlock>>);

/// Puts the chain of an earlier run together.
fn restored(
    loaded: Loaded,
    config: &NodeConfig,
    folder: &Path,
    validator: Option<ValidatorIndex>,
) -> Result<Restored, StartError> {
    let Loaded { finalized, anchor, state, blocks, votes, peers: _ } = loaded;
    if let Some(url) = &config.checkpoint_sync_url {
        tracing::warn!(
            url,
            folder = %folder.display(),
            "the checkpoint is not used: the folder has a chain. To begin at the checkpoint, name an empty folder"
        );
    }
    let mut store = Store::new(state, anchor.block.clone(), validator)?;
    let mut known = Vec::with_capacity(blocks.len());
    for block in blocks {
        match store.restore_block(&block) {
            Ok(_) => known.push(block),
            // Peers have the block, if it is of their chain.
            Err(rejection) => {
                tracing::warn!(slot = block.block.slot, %rejection, "a kept block was left out");
            }
        }
    }
    let votes = store.restore_votes(&votes);
    tracing::info!(
        folder = %folder.display(),
        finalized = finalized.slot,
        head = store.head_slot(),
        blocks = known.len(),
        votes,
        "the chain of the earlier run goes on"
    );
    Ok((store, anchor, known))
}

/// Writes the anchor of a new chain, and returns it.
fn keep_anchor(disk: &mut RedbStore, store: &Store) -> Result<Arc<SignedBlock>, StorageError> {
    let Checkpoint { root, slot } = store.latest_finalized();
    let block = (**store.head_block()).clone();
    let anchor = Arc::new(SignedBlock { block, proof: MultiMessageAggregate::default() });
    let state = Arc::clone(store.head_state());
    disk.write(&Changes {
        blocks: vec![(root, Arc::clone(&anchor))],
        finalized: Some(Finalized { checkpoint: Checkpoint { root, slot }, state }),
        ..Changes::default()
    })?;
    Ok(anchor)
}

/// Returns the block and the state at the beginning of a new chain.
fn anchor(config: &NodeConfig, current_slot: impl Fn() -> Slot) -> Result<Anchor, CheckpointError> {
    match &config.checkpoint_sync_url {
        Some(url) => {
            tracing::info!(%url, "fetching the checkpoint to begin at");
            let patience = Patience::until(config.checkpoint_sync_deadline);
            fetch_anchor(url, &config.genesis, current_slot, patience)
        }
        None => {
            let (state, block) = genesis(config.genesis.genesis_time, config.genesis.registry());
            Ok(Anchor { state, block })
        }
    }
}
