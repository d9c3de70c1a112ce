//! What the chain counts.
//!
//! | counter | its owner | shown as |
//! |---|---|---|
//! | blocks, votes and duties dropped, by reason | [`Counters`] | `dropped` |
//! | blocks and votes evicted while held | `PendingBlocks`, `PendingVotes` | `PENDING_…_FULL` |
//! | blocks not returned by any peer | `sync::Backfill` | `FETCH_GIVEN_UP` |
//! | blocks imported, intervals left out | [`Counters`] | `blocks_imported`, `missed_intervals` |
//! | valid and invalid votes, reorganisations | [`Meters`] | `/metrics` |
//! | duration of verifications | `verifier::WorkMeters` | `/metrics` |
//! | inputs with invalid SSZ | `decoder::Undecodable` | `gossip not SSZ` |
//! | messages refused or evicted by a full lane | the mailbox | `LANE refused`, `LANE evicted` |
//! | time of handlers and of waiting, by lane | the mailbox | `/metrics` |
//! | oversized or undecodable gossip | `NetworkCounters` | `gossip …` |
//!
//! Each number has one writer. The snapshot collects the chain's own, and the reporter adds those
//! of other threads.

use std::collections::BTreeMap;

use crate::meters::Meters;

/// The counters owned by the chain's actor.
#[derive(Debug, Default)]
pub(super) struct Counters {
    /// Dropped inputs and missed duties, by reason.
    pub(super) dropped: BTreeMap<&'static str, u64>,
    /// Blocks imported, and our own blocks.
    pub(super) blocks_imported: u64,
    /// Intervals left out because a tick was too late.
    pub(super) missed_intervals: u64,
    pub(super) meters: Meters,
}

impl Counters {
    /// Counts one dropped input or missed duty.
    pub(super) fn drop_for(&mut self, reason: &'static str) {
        *self.dropped.entry(reason).or_default() += 1;
    }
}
