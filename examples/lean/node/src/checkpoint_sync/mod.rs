//! Checkpoint sync: beginning at another node's finalized block instead of at genesis.
//!
//! The source is trusted for the *choice* of the finalized block, and for nothing else. Its state
//! and block must belong together and to this network. Otherwise the node does not start; it does
//! not fall back to genesis.

mod download;
mod error;
mod verify;

pub use error::{CheckpointError, Mismatch};
pub use verify::{verify_anchor, verify_checkpoint_state};

use libssz::SszDecode;

use crate::checkpoint_sync::download::Source;
use consensus::{Block, SignedBlock, Slot, State};
use keys::genesis_file::GenesisFile;

/// The beginning of a node's chain: a block, and the state after it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Anchor {
    /// The state after the block.
    pub state: State,
    /// The block.
    pub block: Block,
}

/// The largest accepted block in bytes, equal to the network's limit.
const LARGEST_BLOCK: u64 = 10 << 20;

/// The largest accepted state in bytes. The specification mentions tens of megabytes.
const LARGEST_STATE: u64 = 256 << 20;

/// The most attempts to download a matching block and state. They do not match if the source's
/// finality advances between the two downloads; another attempt then succeeds.
const ATTEMPTS: usize = 3;

/// Checks the form of a source's URL, without a download.
///
/// # Errors
///
/// Returns [`CheckpointError::Url`] unless it is an `http` or `https` URL with a host.
pub fn check_url(url: &str) -> Result<(), CheckpointError> {
    Source::at(url).map(|_| ())
}

/// Downloads and verifies the finalized block and state of the node with its HTTP API at `url`.
///
/// `current_slot` is the slot by this machine's clock. Blocks while waiting for the answers: up to
/// three attempts of two answers each, and at most a minute per answer.
///
/// # Errors
///
/// Returns [`CheckpointError`] with instructions for the operator in its message.
pub fn fetch_anchor(
    url: &str,
    genesis: &GenesisFile,
    current_slot: Slot,
) -> Result<Anchor, CheckpointError> {
    let source = Source::at(url)?;
    let mut attempt = 1;
    loop {
        let anchor = fetch(&source)?;
        match verify_anchor(&anchor, genesis, current_slot) {
            Ok(()) => {
                tracing::info!(
                    slot = anchor.block.slot,
                    from = url,
                    "the chain begins at a checkpoint"
                );
                return Ok(anchor);
            }
            Err(Mismatch::NotItsState) if attempt < ATTEMPTS => attempt += 1,
            Err(mismatch) => {
                return Err(CheckpointError::Refused { url: url.to_owned(), mismatch });
            }
        }
    }
}

/// Downloads the small block first: if the source has none, this is found before the large state is
/// transferred.
fn fetch(source: &Source) -> Result<Anchor, CheckpointError> {
    let block = source.get("/lean/v0/blocks/finalized", LARGEST_BLOCK)?;
    let block = SignedBlock::from_ssz_bytes(&block)
        .map_err(|error| source.undecodable("block", &error))?
        .block;
    let state = source.get("/lean/v0/states/finalized", LARGEST_STATE)?;
    let state =
        State::from_ssz_bytes(&state).map_err(|error| source.undecodable("state", &error))?;
    Ok(Anchor { state, block })
}
