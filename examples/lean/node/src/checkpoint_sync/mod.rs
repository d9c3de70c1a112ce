//! Checkpoint sync: begin at another node's finalized block instead of at genesis.
//!
//! The source is trusted for *which* block is final, and for nothing else: what it gives must be a state and a block
//! that belong together, of this network. A node that cannot have that does not start; it does not fall back to genesis.

mod download;
mod error;
mod verify;

pub use error::{CheckpointError, Mismatch};
pub use verify::{verify_anchor, verify_checkpoint_state};

use libssz::SszDecode;

use crate::checkpoint_sync::download::Source;
use consensus::{Block, SignedBlock, Slot, State};
use keys::genesis_file::GenesisFile;

/// Where a node's chain begins: a block, and the state after it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Anchor {
    /// The state after the block.
    pub state: State,
    /// The block.
    pub block: Block,
}

/// The largest block that is fetched, in bytes: as large as one may be on the network.
const LARGEST_BLOCK: u64 = 10 << 20;

/// The largest state that is fetched, in bytes. The specification speaks of tens of megabytes.
const LARGEST_STATE: u64 = 256 << 20;

/// How often a block and a state are fetched that do not belong together. They do not when the source's finality advances
/// in between, which fetching anew mends.
const ATTEMPTS: usize = 3;

/// Fetches the finalized block and state of the node whose HTTP API is at `url`, and verifies them.
///
/// `current_slot` is the slot by this machine's clock. Waits for two answers, each for at most a minute.
///
/// # Errors
///
/// [`CheckpointError`], whose message says what to do.
pub fn fetch_anchor(url: &str, genesis: &GenesisFile, current_slot: Slot) -> Result<Anchor, CheckpointError> {
    let source = Source::at(url)?;
    let mut attempt = 1;
    loop {
        let anchor = fetch(&source)?;
        match verify_anchor(&anchor, genesis, current_slot) {
            Ok(()) => {
                tracing::info!(slot = anchor.block.slot, from = url, "the chain begins at a checkpoint");
                return Ok(anchor);
            }
            Err(Mismatch::NotItsState) if attempt < ATTEMPTS => attempt += 1,
            Err(mismatch) => return Err(CheckpointError::Refused { url: url.to_owned(), mismatch }),
        }
    }
}

/// Fetches the block first, which is small: a source that has none is found out before the large state comes.
fn fetch(source: &Source) -> Result<Anchor, CheckpointError> {
    let block = source.get("/lean/v0/blocks/finalized", LARGEST_BLOCK)?;
    let block = SignedBlock::from_ssz_bytes(&block).map_err(|error| source.undecodable("block", &error))?.block;
    let state = source.get("/lean/v0/states/finalized", LARGEST_STATE)?;
    let state = State::from_ssz_bytes(&state).map_err(|error| source.undecodable("state", &error))?;
    Ok(Anchor { state, block })
}
