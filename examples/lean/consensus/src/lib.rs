//! The rules of Lean consensus (fork "lstar"), as pure functions of their inputs.
//!
//! Names follow the specification. Nothing here waits, reads a clock, does input or output, writes
//! logs, or depends on anything except its arguments. Reading order: the containers ([`Checkpoint`]
//! to [`State`]), [`state_transition`], [`Store`] with the fork choice, and [`ProofScheme`], the
//! interface for aggregation proofs.

mod attestation;
mod bits;
mod block;
mod block_roots;
mod builder;
mod checkpoint;
mod clock;
mod constants;
mod coverage;
mod duty_gate;
mod fork_choice_view;
mod mock_proof;
mod proof;
mod rejection;
mod root;
mod rooted_block;
mod slot;
mod state;
mod store;
mod tally;
mod transition;
mod validator;
mod voters;

pub use attestation::{
    AggregatedAttestation, AggregationBits, Attestation, MultiMessageAggregate, ProofBytes,
    SignedAggregatedAttestation, SignedAttestation, SingleMessageAggregate, aggregation_bits,
    validator_indices,
};
pub use block::{AggregatedAttestations, Block, BlockBody, BlockHeader, SignedBlock};
pub use block_roots::BlockRoots;
pub use checkpoint::{AttestationData, Checkpoint};
pub use clock::{SlotClock, interval_from_slot};
pub use constants::{
    ATTESTATION_COMMITTEE_COUNT, GOSSIP_DISPARITY_INTERVALS, HISTORICAL_ROOTS_LIMIT,
    HYSTERESIS_BAND, IMMEDIATE_JUSTIFICATION_WINDOW, INTERVALS_PER_SLOT,
    JUSTIFICATION_LOOKBACK_SLOTS, JUSTIFICATION_VALIDATORS_LIMIT, MAX_ATTESTATIONS_DATA,
    MILLISECONDS_PER_INTERVAL, NETWORK_STALL_THRESHOLD, PROOF_BYTES_LIMIT, SECONDS_PER_SLOT,
    SYNC_LAG_THRESHOLD, VALIDATOR_REGISTRY_LIMIT,
};
pub use coverage::Proofs;
pub use duty_gate::DutyGate;
pub use fork_choice_view::{ForkChoiceNode, ForkChoiceView, ForkChoiceViewer};
pub use mock_proof::MockProofs;
pub use proof::{ChildProof, ProofError, ProofScheme, RawSignature, Statement};
pub use rejection::Rejection;
pub use root::Root;
pub use rooted_block::RootedBlock;
pub use slot::{
    Interval, Slot, ValidatorIndex, is_justifiable_after, justified_index_after, proposer_for_slot,
};
pub use state::{GenesisConfig, JustificationsValidators, JustifiedSlots, State, genesis};
pub use store::{
    AggregationPlan, AggregationRound, AggregationTask, BlockCandidate, BlockCheck, BlockImport,
    BlockTree, HeadChange, ProducedBlock, RecoveredVotes, RecoveryPlan, Store, VerifiedBlock,
    VoteClaim, VotePools, block_statements,
};
pub use transition::{Stage, process_block, process_slots, state_transition};
pub use validator::{EqualKeys, Validator, Validators};
