//! Errors of checkpoint sync, with instructions for the operator.

use consensus::{EqualKeys, Rejection, Slot};

/// The reason why there is no checkpoint to begin at.
#[derive(Debug, thiserror::Error)]
pub enum CheckpointError {
    /// The source's address is not valid.
    #[error(
        "\"{0}\" is no checkpoint source: write http://HOST:PORT or https://HOST, the address of a node's HTTP API"
    )]
    Url(String),
    /// The source could not be reached, did not answer in time, or did not answer in HTTP.
    #[error("cannot fetch {url}: {problem}: see that the node there runs and serves its HTTP API")]
    Unreachable {
        /// The requested URL.
        url: String,
        /// The problem.
        problem: String,
    },
    /// The source's address, its certificate or its redirections cannot be used.
    #[error("cannot fetch {url}: {problem}: choose another source, or another address of it")]
    Unusable {
        /// The requested URL.
        url: String,
        /// The problem.
        problem: String,
    },
    /// The source answered with a status other than success.
    #[error("{url} answered {status}: {text}")]
    Status {
        /// The requested URL.
        url: String,
        /// The answer's HTTP status.
        status: u16,
        /// The beginning of the answer's text.
        text: String,
    },
    /// The answer is over the size limit.
    #[error("the answer of {url} is larger than {limit} bytes: choose another source")]
    TooLarge {
        /// The requested URL.
        url: String,
        /// The size limit in bytes.
        limit: u64,
    },
    /// The answer is not SSZ of the expected type.
    #[error(
        "{url} gave no finalized {what} in SSZ ({problem}): choose a source of the same version of the protocol"
    )]
    Undecodable {
        /// The source.
        url: String,
        /// The expected type.
        what: &'static str,
        /// The decoder's error.
        problem: String,
    },
    /// The node cannot begin at the source's block and state.
    #[error("the checkpoint of {url} cannot be used: {mismatch}")]
    Refused {
        /// The source.
        url: String,
        /// The reason.
        mismatch: Mismatch,
    },
}

impl CheckpointError {
    /// Returns whether a later attempt may succeed without a change by the operator.
    #[must_use]
    pub fn may_mend_itself(&self) -> bool {
        match self {
            Self::Unreachable { .. } => true,
            // Request timeout, too many requests, and the errors of a server that is not ready.
            Self::Status { status, .. } => matches!(status, 408 | 429 | 500 | 502..=504),
            Self::Refused { mismatch, .. } => *mismatch == Mismatch::NotItsState,
            Self::Url(_)
            | Self::Unusable { .. }
            | Self::TooLarge { .. }
            | Self::Undecodable { .. } => false,
        }
    }
}

/// The reason why a chain cannot begin at a block and a state.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Mismatch {
    /// The state has no validators, so a block could never be proposed.
    #[error("its state has no validators")]
    NoValidators,
    /// The state has more validators than a registry can hold.
    #[error("its state has {0} validators, more than a registry can hold")]
    TooManyValidators(usize),
    /// A validator of the state has one key for votes and blocks.
    #[error("its state is not valid: {0}")]
    EqualKeys(EqualKeys),
    /// The tallies of votes in the state cannot be read.
    #[error("its state is not valid: {0}")]
    Tallies(Rejection),
    /// The chain began at a different time.
    #[error(
        "genesis time mismatch: the checkpoint's is {checkpoint}, this network's {local}: \
         choose a source of this network, or the right genesis file"
    )]
    GenesisTime {
        /// The state's genesis time, in Unix seconds.
        checkpoint: u64,
        /// The genesis time in the genesis file.
        local: u64,
    },
    /// The chain has different validators.
    #[error(
        "its validators are not those of this network's genesis file: choose a source of this network, or the right \
         genesis file"
    )]
    Validators,
    /// The block names a different state.
    #[error(
        "its block does not name its state: the source's finality may have advanced in between; try again"
    )]
    NotItsState,
    /// The state's latest block is a different one.
    #[error("its state is not the one after its block: choose another source")]
    NotItsBlock,
    /// The block's slot is in the future.
    #[error(
        "it is of slot {slot}, but by this machine's clock it is slot {current}: set the clock"
    )]
    Future {
        /// The block's slot.
        slot: Slot,
        /// The slot by this machine's clock.
        current: Slot,
    },
}
