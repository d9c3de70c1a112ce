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

use std::thread;
use std::time::{Duration, Instant};

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

/// The most attempts in a row to download a matching block and state. They do not match if the
/// source's finality advances between the two downloads; another attempt then succeeds.
const ATTEMPTS: usize = 3;

/// The pauses between attempts, and their end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Patience {
    /// The time from the first attempt after which no other begins.
    pub deadline: Duration,
    /// The first pause. Each pause is twice the one before.
    pub first_pause: Duration,
    /// The longest pause.
    pub longest_pause: Duration,
}

impl Patience {
    /// The default deadline.
    pub const DEADLINE: Duration = Duration::from_secs(300);

    /// Returns a patience with this deadline, and pauses of 1 to 30 seconds.
    #[must_use]
    pub const fn until(deadline: Duration) -> Self {
        let (first_pause, longest_pause) = (Duration::from_secs(1), Duration::from_secs(30));
        Self { deadline, first_pause, longest_pause }
    }
}

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
/// A failure that can mend itself is tried again with growing pauses until the deadline: the source
/// is not reachable, does not answer in time, or is not ready. Any other failure is returned at
/// once. `current_slot` returns the slot by this machine's clock.
///
/// Blocks while waiting for the answers: at most a minute per answer, and until the deadline for
/// all attempts.
///
/// # Errors
///
/// Returns [`CheckpointError`] with instructions for the operator in its message.
pub fn fetch_anchor(
    url: &str,
    genesis: &GenesisFile,
    current_slot: impl Fn() -> Slot,
    patience: Patience,
) -> Result<Anchor, CheckpointError> {
    let source = Source::at(url)?;
    #[expect(clippy::disallowed_methods, reason = "the caller's thread has no executor to ask")]
    let now = Instant::now;
    let deadline = now() + patience.deadline;
    let mut pause = patience.first_pause;
    loop {
        let error = match fetch_matching(url, &source, genesis, &current_slot) {
            Ok(anchor) => return Ok(anchor),
            Err(error) => error,
        };
        let left = deadline.saturating_duration_since(now());
        if !error.may_mend_itself() || left.is_zero() {
            return Err(error);
        }
        let wait = pause.min(left);
        tracing::warn!(%error, next_attempt_in = ?wait, "no checkpoint yet");
        // Nothing unparks this thread. A spurious wake-up only shortens the pause.
        thread::park_timeout(wait);
        pause = (pause * 2).min(patience.longest_pause);
    }
}

/// Downloads until block and state match, a few times.
fn fetch_matching(
    url: &str,
    source: &Source,
    genesis: &GenesisFile,
    current_slot: impl Fn() -> Slot,
) -> Result<Anchor, CheckpointError> {
    let mut attempt = 1;
    loop {
        let anchor = fetch(source)?;
        match verify_anchor(&anchor, genesis, current_slot()) {
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
