//! The checks of a node's start, without the start.

use std::io;

use actor_lanes::ThreadConfig;

use crate::beginning::identity;
use crate::checkpoint_sync::check_url;
use crate::config::NodeConfig;
use crate::node::StartError;
use consensus::{Store, genesis};
use keys::{ValidatorKeys, regenerate};
use network::HostKey;
use storage::{RedbStore, StorageError};

/// Makes everything that [`Node::start`](crate::node::Node::start) makes of its configuration
/// alone, and returns the keys of the validators. Opens no socket, writes no file, and downloads
/// nothing.
///
/// Takes as long as the growth of the keys: about 40 ms of one core for a key of 256 slots.
///
/// # Errors
///
/// Returns the [`StartError`] of the start, for the first fault found.
pub fn check(config: &NodeConfig) -> Result<Vec<ValidatorKeys>, StartError> {
    HostKey::from_secret(*config.network_key.secret())?;
    if let Some(url) = &config.checkpoint_sync_url {
        check_url(url)?;
    }
    if let Some(core) = config.chain_core {
        check_core(core).map_err(|error| StartError::Thread("chain", error))?;
    }
    let (state, block) = genesis(config.genesis.genesis_time, config.genesis.registry());
    Store::new(state, block, config.validators.first().map(|keys| keys.index))?;
    Ok(regenerate(&config.validators)?)
}

/// Checks whether the node can use its folder for the chain, if it has one. Writes nothing.
///
/// # Errors
///
/// [`StorageError::InUse`] while a node uses the folder, and otherwise the error of the start.
pub fn check_folder(config: &NodeConfig) -> Result<(), StorageError> {
    match &config.data_dir {
        Some(folder) => RedbStore::check(folder, &identity(config)).map(drop),
        None => Ok(()),
    }
}

/// Checks that this machine has a CPU core with this number, with a thread that ends at once.
fn check_core(core: usize) -> io::Result<()> {
    let thread = ThreadConfig::named("check").on_core(core);
    thread.start(|| Ok(((), ())), |()| {}).map(|_| ())
}
