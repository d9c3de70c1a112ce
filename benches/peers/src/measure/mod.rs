//! What is measured: time, allocations, voluntary context switches, and what to make of several rounds.

mod allocation;
mod clock;
mod quartiles;
mod span;
mod switches;

pub(crate) use allocation::{counting, live_bytes};
pub(crate) use clock::{Moment, clock_cost, now};
pub(crate) use quartiles::{Quartiles, percentile};
pub(crate) use span::{Sample, Span};
