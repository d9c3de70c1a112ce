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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::forest::{Chance, Forest};

    fn newest(seed: u64) -> State {
        let mut forest = Forest::new(seed);
        (0..20).for_each(|_| drop(forest.turn()));
        let newest = forest.trees.iter().max_by_key(|tree| tree.place.slot);
        State::clone(&newest.expect("there is an anchor").state)
    }

    #[test]
    fn a_state_is_put_together_as_it_was() {
        for seed in 0..8 {
            let state = newest(seed);
            let registry = Root::of(&state.validators);
            let stored = StoredState::decode(&encode(&state, &registry)).expect("it is intact");
            assert_eq!(stored.registry, registry);
            assert_eq!(stored.history, state.historical_block_hashes.len());
            let (validators, history) =
                (state.validators.clone(), state.historical_block_hashes.clone());
            assert_eq!(Root::of(&stored.with(validators, history)), Root::of(&state));
        }
    }

    #[test]
    fn a_damaged_state_is_refused_or_another_state_and_never_a_panic() {
        let state = newest(9);
        let (registry, mut chance) = (Root::of(&state.validators), Chance(9));
        let whole = encode(&state, &registry);
        for _ in 0..2_000 {
            let mut bytes = whole.clone();
            let place = chance.below(bytes.len());
            bytes[place] ^= 1 << chance.below(8);
            if chance.one_in(2) {
                bytes.truncate(chance.below(bytes.len()));
            }
            if let Ok(stored) = StoredState::decode(&bytes) {
                let history = state.historical_block_hashes.clone();
                let is_same_header = stored.registry == registry && stored.history == history.len();
                let damaged = stored.with(state.validators.clone(), history);
                assert!(!is_same_header || Root::of(&damaged) != Root::of(&state));
            }
        }
    }
}
