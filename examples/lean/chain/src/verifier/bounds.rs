//! The bounds on jobs in flight.

/// The largest number of votes in flight: those of two slots of a full registry.
pub const VOTES: usize = 8192;

/// The largest number of aggregates in flight.
pub const AGGREGATES: usize = 1024;

/// The largest number of blocks in flight.
pub const BLOCKS: usize = 64;

/// The largest number of votes of strangers in flight.
pub const STRANGER_VOTES: usize = 2048;

/// The largest number of aggregates of strangers in flight.
pub const STRANGER_AGGREGATES: usize = 256;

/// The largest number of blocks with recoveries of their votes in flight.
pub const RECOVERIES: usize = 64;

/// The largest number of jobs in flight, and so of results waiting for the chain's actor. The 1 is
/// the round of aggregation.
pub const IN_FLIGHT: usize =
    VOTES + STRANGER_VOTES + AGGREGATES + STRANGER_AGGREGATES + BLOCKS + RECOVERIES + 1;
