//! Systems of actors: executors as one value, names, a shutdown in phases with a report,
//! supervision and pools.
//!
//! Programs usually take it from the facade crate `actor-lanes`.

pub mod pool;
pub mod supervise;
