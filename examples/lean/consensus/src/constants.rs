//! The specification's constants: time, limits, and the thresholds of the duty gate.

/// The length of a slot, in seconds.
pub const SECONDS_PER_SLOT: u64 = 4;

/// The number of intervals in a slot.
pub const INTERVALS_PER_SLOT: u64 = 5;

/// The length of an interval, in milliseconds.
pub const MILLISECONDS_PER_INTERVAL: u64 = SECONDS_PER_SLOT * 1000 / INTERVALS_PER_SLOT;

/// The maximum number of intervals by which a vote's slot may begin ahead of this node's clock.
pub const GOSSIP_DISPARITY_INTERVALS: u64 = 1;

/// The maximum number of blocks to walk back from the head towards the safe target, when a
/// validator chooses a vote's target.
pub const JUSTIFICATION_LOOKBACK_SLOTS: u64 = 3;

/// The number of slots after the finalized one that are always justifiable.
pub const IMMEDIATE_JUSTIFICATION_WINDOW: u64 = 5;

/// The maximum number of slots of history in a state.
pub const HISTORICAL_ROOTS_LIMIT: usize = 1 << 18;

/// The maximum number of validators in a registry.
pub const VALIDATOR_REGISTRY_LIMIT: usize = 1 << 12;

/// The maximum number of bits in the tallies of a state: one per historical root and validator.
pub const JUSTIFICATION_VALIDATORS_LIMIT: usize = HISTORICAL_ROOTS_LIMIT * VALIDATOR_REGISTRY_LIMIT;

/// The maximum size of an aggregation proof, in bytes.
pub const PROOF_BYTES_LIMIT: usize = 512 * 1024;

/// The maximum number of distinct attestation data in a block.
pub const MAX_ATTESTATIONS_DATA: usize = 8;

/// The number of attestation subnets.
pub const ATTESTATION_COMMITTEE_COUNT: u64 = 1;

/// The maximum lag of the head behind the clock, in slots. Beyond it, validators do no duties.
pub const SYNC_LAG_THRESHOLD: u64 = 4;

/// The maximum age of the newest known block, in slots. Beyond it, the network has stalled, and the
/// lag is not this node's own.
pub const NETWORK_STALL_THRESHOLD: u64 = 8;

/// The distance in slots by which the lag must fall below its threshold before validators resume
/// their duties.
pub const HYSTERESIS_BAND: u64 = 2;
