//! The messages of one key or one source.

use std::cmp::Reverse;
use std::collections::BTreeSet;

/// A message's rank in an eviction: its worth, then its age. The first one leaves first.
pub(super) type Rank = (u64, u64);

/// Messages with a property in common.
#[derive(Debug, Default)]
pub(super) struct Group {
    ranks: BTreeSet<Rank>,
    weight: usize,
}

impl Group {
    pub(super) fn insert(&mut self, rank: Rank, weight: usize) {
        self.ranks.insert(rank);
        self.weight += weight;
    }

    pub(super) fn remove(&mut self, rank: Rank, weight: usize) {
        if self.ranks.remove(&rank) {
            self.weight -= weight;
        }
    }

    pub(super) fn len(&self) -> usize {
        self.ranks.len()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.ranks.is_empty()
    }

    /// Returns the message to evict.
    pub(super) fn first(&self) -> Option<u64> {
        self.ranks.first().map(|(_, id)| *id)
    }

    /// Returns the messages in the order of their arrival.
    pub(super) fn by_age(&self) -> Vec<u64> {
        let mut ids: Vec<u64> = self.ranks.iter().map(|(_, id)| *id).collect();
        // In order already, unless a message has a worth.
        ids.sort_unstable();
        ids
    }

    /// Returns the group's claims to lose a message: by its number of messages, and by its weight.
    /// The greatest claim loses. Of equal ones, it is the claim of the first message to evict.
    pub(super) fn claims(&self) -> Option<[Claim; 2]> {
        let first = Reverse(*self.ranks.first()?);
        Some([(self.len(), first), (self.weight, first)])
    }
}

/// A size, and the first message to evict.
pub(super) type Claim = (usize, Reverse<Rank>);
