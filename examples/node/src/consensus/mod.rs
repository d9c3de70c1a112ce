//! The rules of Lean consensus (fork "lstar"), as pure functions of their inputs.

mod attestation;
mod block;
mod checkpoint;
mod constants;
mod rejection;
mod root;
mod slot;
mod state;
mod validator;

pub use attestation::{
    AggregatedAttestation, AggregationBits, Attestation, MultiMessageAggregate, ProofBytes,
    SignedAggregatedAttestation, SignedAttestation, SingleMessageAggregate, aggregation_bits,
    validator_indices,
};
pub use block::{AggregatedAttestations, Block, BlockBody, BlockHeader, SignedBlock};
pub use checkpoint::{AttestationData, Checkpoint};
pub use constants::{
    ATTESTATION_COMMITTEE_COUNT, GOSSIP_DISPARITY_INTERVALS, HISTORICAL_ROOTS_LIMIT,
    HYSTERESIS_BAND, IMMEDIATE_JUSTIFICATION_WINDOW, INTERVALS_PER_SLOT,
    JUSTIFICATION_LOOKBACK_SLOTS, JUSTIFICATION_VALIDATORS_LIMIT, MAX_ATTESTATIONS_DATA,
    MILLISECONDS_PER_INTERVAL, NETWORK_STALL_THRESHOLD, PROOF_BYTES_LIMIT, SECONDS_PER_SLOT,
    SYNC_LAG_THRESHOLD, VALIDATOR_REGISTRY_LIMIT,
};
pub use rejection::Rejection;
pub use root::Root;
pub use slot::{
    Interval, Slot, ValidatorIndex, is_justifiable_after, justified_index_after, proposer_for_slot,
};
pub use state::{
    BlockRoots, GenesisConfig, JustificationsValidators, JustifiedSlots, State, genesis,
};
pub use validator::{Validator, Validators};
