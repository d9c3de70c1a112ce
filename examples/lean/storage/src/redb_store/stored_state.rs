//! A state in bytes, without the parts shared by all states of its chain.
//!
//! ```text
//! offset  bytes  content
//!      0     32  root of the registry
//!     32      8  number of roots in the history
//!     40      …  the state in SSZ, with an empty registry and an empty history
//! ```

use consensus::{BlockRoots, Root, State, Validators};
use libssz::{SszDecode as _, SszEncode as _};

use super::fault::Fault;

const HEADER: usize = 40;

/// A state to be put together.
#[derive(Debug)]
pub(super) struct StoredState {
    pub(super) registry: Root,
    /// The number of roots in the history: one for each slot from 0 on.
    pub(super) history: usize,
    rest: State,
}

pub(super) fn encode(state: &State, registry: &Root) -> Vec<u8> {
    let history = state.historical_block_hashes.len() as u64;
    let rest = State {
        config: state.config,
        slot: state.slot,
        latest_block_header: state.latest_block_header,
        latest_justified: state.latest_justified,
        latest_finalized: state.latest_finalized,
        historical_block_hashes: BlockRoots::default(),
        justified_slots: state.justified_slots.clone(),
        validators: Validators::default(),
        justifications_roots: state.justifications_roots.clone(),
        justifications_validators: state.justifications_validators.clone(),
    };
    let mut bytes = Vec::with_capacity(HEADER + rest.encoded_len());
    bytes.extend_from_slice(registry.as_bytes());
    bytes.extend_from_slice(&history.to_le_bytes());
    rest.ssz_append(&mut bytes);
    bytes
}

impl StoredState {
    pub(super) fn decode(bytes: &[u8]) -> Result<Self, Fault> {
        let cut = || Fault::damaged("a state is shorter than its header");
        let (registry, bytes) = bytes.split_first_chunk::<32>().ok_or_else(cut)?;
        let (history, bytes) = bytes.split_first_chunk::<8>().ok_or_else(cut)?;
        let history = usize::try_from(u64::from_le_bytes(*history)).map_err(|_| cut())?;
        let rest = State::from_ssz_bytes(bytes)
            .map_err(|error| Fault::damaged(format!("a state cannot be read: {error:?}")))?;
        Ok(Self { registry: Root::new(*registry), history, rest })
    }

    /// Puts the state together.
    pub(super) fn with(self, validators: Validators, historical_block_hashes: BlockRoots) -> State {
        State { validators, historical_block_hashes, ..self.rest }
    }
}
