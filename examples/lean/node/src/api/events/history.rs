//! The records of the last slots.

use std::collections::VecDeque;

use crate::api::ApiSources;
use crate::api::events::make;
use crate::events::{History, MOST_SLOTS, SlotRecord};

/// The records of the last slots, and the counts at the last one.
#[derive(Debug, Default)]
pub(super) struct Records {
    slots: VecDeque<SlotRecord>,
    votes: u64,
    losses: u64,
}

impl Records {
    /// Adds a record of this moment. A slot has one record: a second one replaces it.
    pub(super) fn add(&mut self, sources: &ApiSources) {
        let chain = sources.published.get();
        let votes = make::votes_received(sources);
        let losses = make::losses(sources, &chain).groups.iter().map(|group| group.total).sum();
        let mut record = SlotRecord {
            slot: sources.clock.current_slot(sources.wall.now()),
            head: chain.head.slot,
            justified: chain.justified.slot,
            finalized: chain.finalized.slot,
            votes: self.votes_since(votes),
            losses: u64::saturating_sub(losses, self.losses),
            peers: chain.peers as u64,
        };
        match self.slots.back_mut() {
            Some(last) if last.slot == record.slot => {
                record.votes += last.votes;
                record.losses += last.losses;
                *last = record;
            }
            _ => self.slots.push_back(record),
        }
        if self.slots.len() > MOST_SLOTS {
            self.slots.pop_front();
        }
        (self.votes, self.losses) = (votes, losses);
    }

    /// Returns the number of votes since the last record.
    pub(super) fn votes_since(&self, votes: u64) -> u64 {
        votes.saturating_sub(self.votes)
    }

    pub(super) fn history(&self) -> History {
        History { slots: self.slots.iter().copied().collect() }
    }
}
