//! Dispatch through the actor, with a store on disk: the owner sends the changes of each turn to
//! the storage actor, which waits for the disk on a thread of its own.

use std::fs;
use std::io;
use std::path::Path;
use std::sync::Arc;

use actor_lanes::{Mailbox, Runtime, ThreadConfig};
use consensus::{Block, Checkpoint, MultiMessageAggregate, Root, SignedBlock, State};
use storage::{
    ChainIdentity, ChainStore as _, Changes, Finalized, RedbStore, Storage, StorageActor,
    StorageMessage,
};
use wire::MIN_SLOTS_FOR_BLOCK_REQUESTS;

use super::outcome::{Outcome, StoreLine};
use super::recording::Recording;
use super::{ContentionError, through_actor};

/// A new store on disk with the genesis of a recording, and its actor.
pub(super) struct Kept {
    pub(super) storage: Storage,
    pub(super) actor: StorageActor<RedbStore>,
    pub(super) mailbox: Mailbox<StorageMessage>,
    pub(super) anchor: Arc<SignedBlock>,
}

/// Replays the recording through actors on `runtime`, each on its own thread, with a store on disk
/// in a new folder. Removes the folder after success.
///
/// # Errors
///
/// As for [`through_actor::run`], and when the folder exists already or its disk fails.
pub(super) fn run(
    recording: &Recording,
    interval_ms: u64,
    runtime: &Arc<dyn Runtime>,
    folder: &Path,
) -> Result<Outcome, ContentionError> {
    let failed = |error: io::Error| ContentionError::Folder { path: folder.to_owned(), error };
    fs::create_dir(folder).map_err(failed)?;
    let owner = runtime.start_executor(ThreadConfig::named("chain"));
    let owner = owner.map_err(|error| ContentionError::Thread { name: "chain", error })?;
    let kept = Kept::begin(&recording.genesis, folder)?;
    let storage = kept.storage.clone();
    let outcome =
        through_actor::run("actor, kept", recording, interval_ms, runtime, owner, Some(kept))?;
    let durable = storage.durable();
    if let Some(failure) = &durable.failure {
        return Err(ContentionError::Store(failure.clone()));
    }
    let on_disk = durable.finalized.map(Into::into);
    if on_disk != Some(outcome.finalized) {
        let slot = on_disk.map_or(0, |on_disk| on_disk.slot);
        return Err(ContentionError::NotDurable { slot, finalized: outcome.finalized.slot });
    }
    fs::remove_dir_all(folder).map_err(failed)?;
    let longest_commit_us = durable.longest_commit.as_secs_f64() * 1e6;
    let store = Some(StoreLine { commits: durable.commits, longest_commit_us });
    Ok(Outcome { store, ..outcome })
}

impl Kept {
    fn begin((state, block): &(State, Block), folder: &Path) -> Result<Self, ContentionError> {
        let identity = ChainIdentity {
            genesis_time: state.config.genesis_time,
            validators_root: Root::of(&state.validators),
            fork: "contention".to_owned(),
            scheme: "test".to_owned(),
        };
        let failed = |error: storage::StorageError| ContentionError::Store(error.to_string());
        let mut store = RedbStore::open(folder, &identity).map_err(failed)?;
        let proof = MultiMessageAggregate::default();
        let anchor = Arc::new(SignedBlock { block: block.clone(), proof });
        let checkpoint = Checkpoint { root: Root::of(block), slot: block.slot };
        let finalized = Some(Finalized { checkpoint, state: Arc::new(state.clone()) });
        let blocks = vec![(checkpoint.root, Arc::clone(&anchor))];
        store.write(&Changes { blocks, finalized, ..Changes::default() }).map_err(failed)?;
        let opened = Storage::new(store, MIN_SLOTS_FOR_BLOCK_REQUESTS).map_err(failed)?;
        let (storage, actor, mailbox) = opened;
        Ok(Self { storage, actor, mailbox, anchor })
    }
}
