//! The slot clock: conversion between Unix time, slots and intervals. Pure arithmetic; it never
//! reads a clock.

use crate::constants::{INTERVALS_PER_SLOT, MILLISECONDS_PER_INTERVAL};
use crate::slot::{Interval, Slot};

/// Converts between Unix time in milliseconds and the slots and intervals of a chain.
///
/// A network may run faster than the specification's 800 ms intervals
/// ([`SlotClock::with_interval`]). A slot always has 5 intervals. Times before genesis count as
/// genesis.
///
/// # Examples
///
/// ```
/// use consensus::SlotClock;
///
/// let clock = SlotClock::new(1_700_000_000);
/// assert_eq!(clock.current_slot(1_700_000_004_000), 1);
/// assert_eq!(clock.current_interval(1_700_000_003_200), 4);
/// assert_eq!(clock.total_intervals(1_700_000_004_000), 5);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SlotClock {
    genesis_milliseconds: u64,
    milliseconds_per_interval: u64,
}

impl SlotClock {
    /// Creates the clock of a chain. Slot 0 begins at `genesis_time`, in Unix seconds.
    pub const fn new(genesis_time: u64) -> Self {
        Self {
            genesis_milliseconds: genesis_time.saturating_mul(1000),
            milliseconds_per_interval: MILLISECONDS_PER_INTERVAL,
        }
    }

    /// Returns this clock with another interval length, at least 1 ms.
    pub const fn with_interval(self, milliseconds: u64) -> Self {
        Self { milliseconds_per_interval: if milliseconds == 0 { 1 } else { milliseconds }, ..self }
    }

    /// Returns the length of an interval in milliseconds.
    pub const fn milliseconds_per_interval(self) -> u64 {
        self.milliseconds_per_interval
    }

    /// Returns the slot at a Unix time in milliseconds, or 0 before genesis.
    pub const fn current_slot(self, unix_milliseconds: u64) -> Slot {
        self.total_intervals(unix_milliseconds) / INTERVALS_PER_SLOT
    }

    /// Returns the interval within its slot, 0 to 4, at a Unix time in milliseconds; 0 before
    /// genesis.
    pub const fn current_interval(self, unix_milliseconds: u64) -> Interval {
        self.total_intervals(unix_milliseconds) % INTERVALS_PER_SLOT
    }

    /// Returns the number of intervals since genesis at a Unix time in milliseconds; 0 before
    /// genesis.
    pub const fn total_intervals(self, unix_milliseconds: u64) -> Interval {
        unix_milliseconds.saturating_sub(self.genesis_milliseconds) / self.milliseconds_per_interval
    }

    /// Returns the start of an interval in Unix milliseconds. Intervals are counted from genesis.
    pub const fn interval_start(self, interval: Interval) -> u64 {
        self.genesis_milliseconds
            .saturating_add(interval.saturating_mul(self.milliseconds_per_interval))
    }

    /// Returns the start of a slot in Unix milliseconds.
    pub const fn slot_start(self, slot: Slot) -> u64 {
        self.interval_start(interval_from_slot(slot))
    }

    /// Returns the number of milliseconds until the next interval begins.
    ///
    /// At the start of an interval, the result is the length of a whole interval. Before genesis,
    /// it is the time until genesis.
    pub const fn milliseconds_until_next_interval(self, unix_milliseconds: u64) -> u64 {
        if unix_milliseconds < self.genesis_milliseconds {
            return self.genesis_milliseconds - unix_milliseconds;
        }
        let since = unix_milliseconds - self.genesis_milliseconds;
        self.milliseconds_per_interval - since % self.milliseconds_per_interval
    }
}

/// Returns the first interval of a slot (`Interval.from_slot`).
pub const fn interval_from_slot(slot: Slot) -> Interval {
    slot.saturating_mul(INTERVALS_PER_SLOT)
}
