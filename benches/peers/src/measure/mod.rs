//! The measurements: time, allocations, voluntary context switches, and the summary of several
//! rounds.

mod allocation;
mod clock;
mod quartiles;
mod span;
mod switches;

pub(crate) use allocation::{counting, live_bytes};
pub(crate) use clock::{Moment, clock_cost, now};
pub(crate) use quartiles::{Quartiles, percentile};
pub(crate) use span::{Sample, Span};
