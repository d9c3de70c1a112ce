//! The specification's constants: time, limits, and the thresholds of the duty gate.

/// How many seconds a slot lasts.
pub const SECONDS_PER_SLOT: u64 = 4;

/// How many intervals a slot has.
pub const INTERVALS_PER_SLOT: u64 = 5;

/// How many milliseconds an interval lasts.
pub const MILLISECONDS_PER_INTERVAL: u64 = SECONDS_PER_SLOT * 1000 / INTERVALS_PER_SLOT;

/// How many intervals ahead of this node's clock a vote's slot may begin.
pub const GOSSIP_DISPARITY_INTERVALS: u64 = 1;

/// How many blocks a vote's target may be walked back from the head towards the safe target.
pub const JUSTIFICATION_LOOKBACK_SLOTS: u64 = 3;

/// How many slots after the finalized one are always justifiable.
pub const IMMEDIATE_JUSTIFICATION_WINDOW: u64 = 5;

/// How many slots of history a state can hold.
pub const HISTORICAL_ROOTS_LIMIT: usize = 1 << 18;

/// How many validators a registry can hold.
pub const VALIDATOR_REGISTRY_LIMIT: usize = 1 << 12;

/// How many bits the tallies of a state can have: one for each historical root and validator.
pub const JUSTIFICATION_VALIDATORS_LIMIT: usize = HISTORICAL_ROOTS_LIMIT * VALIDATOR_REGISTRY_LIMIT;

/// How many bytes an aggregation proof can have.
pub const PROOF_BYTES_LIMIT: usize = 512 * 1024;

/// How many distinct attestation data a block may carry.
pub const MAX_ATTESTATIONS_DATA: usize = 8;

/// How many attestation subnets there are.
pub const ATTESTATION_COMMITTEE_COUNT: u64 = 1;

/// How many slots the head may lag behind the clock before validators fall silent.
pub const SYNC_LAG_THRESHOLD: u64 = 4;

/// How many slots without any new block make this the network's stall and not our lag.
pub const NETWORK_STALL_THRESHOLD: u64 = 8;

/// How far the lag must fall below its threshold before validators speak again, in slots.
pub const HYSTERESIS_BAND: u64 = 2;
