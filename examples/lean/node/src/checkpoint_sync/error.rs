//! Why a node does not begin at a checkpoint, in words that say what to do.

use consensus::Slot;

/// Says why there is no checkpoint to begin at.
#[derive(Debug, thiserror::Error)]
pub enum CheckpointError {
    /// The source's address is none.
    #[error(
        "\"{0}\" is no checkpoint source: write http://HOST:PORT or https://HOST, the address of a node's HTTP API"
    )]
    Url(String),
    /// The source could not be reached, or did not answer in time or in HTTP.
    #[error("cannot fetch {url}: {problem}: see that the node there runs and serves its HTTP API")]
    Unreachable {
        /// What was asked for.
        url: String,
        /// What went wrong.
        problem: String,
    },
    /// The source answered, but not with what was asked for.
    #[error("{url} answered {status}: {text}")]
    Status {
        /// What was asked for.
        url: String,
        /// The answer's HTTP status.
        status: u16,
        /// How the answer's text begins.
        text: String,
    },
    /// The answer is larger than any should be.
    #[error("the answer of {url} is larger than {limit} bytes: choose another source")]
    TooLarge {
        /// What was asked for.
        url: String,
        /// The most that is taken, in bytes.
        limit: u64,
    },
    /// The answer is not SSZ of what was asked for.
    #[error("{url} gave no finalized {what} in SSZ ({problem}): choose a source of the same version of the protocol")]
    Undecodable {
        /// Which source.
        url: String,
        /// What was asked for.
        what: &'static str,
        /// What the decoder said.
        problem: String,
    },
    /// What the source gave cannot be begun at.
    #[error("the checkpoint of {url} cannot be used: {mismatch}")]
    Refused {
        /// Which source.
        url: String,
        /// Why not.
        mismatch: Mismatch,
    },
}

/// Says why a block and a state are nothing to begin at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Mismatch {
    /// The state has no validators, so that nobody could ever propose a block.
    #[error("its state has no validators")]
    NoValidators,
    /// The state has more validators than a registry can hold.
    #[error("its state has {0} validators, more than a registry can hold")]
    TooManyValidators(usize),
    /// The chain began at another time.
    #[error(
        "genesis time mismatch: the checkpoint's is {checkpoint}, this network's {local}: \
         choose a source of this network, or the right genesis file"
    )]
    GenesisTime {
        /// The state's genesis time, in Unix seconds.
        checkpoint: u64,
        /// The genesis file's.
        local: u64,
    },
    /// The chain has other validators.
    #[error(
        "its validators are not those of this network's genesis file: choose a source of this network, or the right \
         genesis file"
    )]
    Validators,
    /// The block names another state.
    #[error("its block does not name its state: the source's finality may have advanced in between; try again")]
    NotItsState,
    /// The state ends with another block.
    #[error("its state is not the one after its block: choose another source")]
    NotItsBlock,
    /// The block is of a slot that has not come.
    #[error("it is of slot {slot}, but by this machine's clock it is slot {current}: set the clock")]
    Future {
        /// The block's slot.
        slot: Slot,
        /// The slot by this machine's clock.
        current: Slot,
    },
}
