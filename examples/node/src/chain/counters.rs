//! What the chain counts.
//!
//! | counter | its owner | shown as |
//! |---|---|---|
//! | blocks and votes refused, and duties missed, by reason | [`Counters::dropped`] | `dropped` |
//! | blocks and votes evicted while they wait for a block | `PendingBlocks`, `PendingVotes` | `dropped`: `PENDING_…_FULL` |
//! | blocks that no peer returned | `sync::Backfill` | `dropped`: `FETCH_GIVEN_UP` |
//! | imports, intervals left out | [`Counters`] | `blocks_imported`, `missed_intervals` |
//! | valid and invalid votes, reorganisations, time by lane | [`Meters`] | `/metrics` |
//! | the duration of verifications | `verifier::WorkMeters`, because verifiers write it | `/metrics` |
//! | inputs with invalid SSZ | `decoder::Undecodable`, because the decoder writes it | `gossip not SSZ` |
//! | messages refused or evicted by a full lane | the lane of the mailbox | `actor/lane refused`, `evicted` |
//! | gossip too large or not snappy, failed publications | `network::NetworkCounters` | `gossip …`, `publish failed` |
//!
//! Each number has one writer. The snapshot collects the chain's own, and the reporter adds those
//! of other threads.

use std::collections::BTreeMap;

use crate::chain::Meters;

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
