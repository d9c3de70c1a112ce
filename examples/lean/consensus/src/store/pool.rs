//! A bounded pool of votes: signatures or proofs, by the data of their vote.

use std::cmp::Reverse;
use std::collections::HashSet;

use indexmap::IndexMap;

use crate::checkpoint::AttestationData;
use crate::root::Root;
use crate::slot::Slot;
use crate::store::share::{Rank, ranks};
use crate::voters::Voters;

/// The largest number of distinct votes in a pool.
pub(super) const MOST_VOTES: usize = 1_024;

/// The largest number of distinct votes of one slot kept for one validator. An honest validator
/// casts one. It is twice the number of votes in a block.
pub(super) const MOST_VOTES_IN_SLOT: usize = 16;

/// The precedence of votes: a validator's vote with the highest slot counts, and of several in one
/// slot the one with the largest root.
pub(super) type Precedence = (Slot, Root);

/// What a pool holds of one vote.
pub(super) trait Held: Default {
    /// Returns the validators with this vote.
    fn voters(&self) -> &Voters;

    /// Returns the size, in bytes, to be bounded.
    fn bytes(&self) -> usize;
}

/// Entries by vote. No result depends on their order.
///
/// Invariants, after each change:
///
/// * There are at most 1,024 votes, with at most `most_bytes` bytes.
/// * Each vote of a slot is among the 16 votes with the largest roots of one of its voters in this
///   slot, or has no voters.
/// * A full pool drops the votes with the highest [ranks](ranks) first. So one validator cannot
///   displace the newest votes of others.
#[derive(Clone, Debug)]
pub(super) struct Pool<E> {
    entries: IndexMap<AttestationData, Entry<E>>,
    most_bytes: usize,
}

#[derive(Clone, Debug)]
struct Entry<E> {
    root: Root,
    held: E,
}

impl<E: Held> Pool<E> {
    pub(super) fn with_most_bytes(most_bytes: usize) -> Self {
        Self { entries: IndexMap::new(), most_bytes }
    }

    pub(super) fn get(&self, data: &AttestationData) -> Option<&E> {
        self.entries.get(data).map(|entry| &entry.held)
    }

    pub(super) fn get_mut(&mut self, data: &AttestationData) -> Option<&mut E> {
        self.entries.get_mut(data).map(|entry| &mut entry.held)
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (&AttestationData, &E)> {
        self.entries.iter().map(|(data, entry)| (data, &entry.held))
    }

    /// Returns the votes with their precedence.
    pub(super) fn ranked(&self) -> impl Iterator<Item = (Precedence, &AttestationData, &E)> {
        self.entries.iter().map(|(data, entry)| ((data.slot, entry.root), data, &entry.held))
    }

    /// Removes a vote.
    pub(super) fn remove(&mut self, data: &AttestationData) {
        self.entries.swap_remove(data);
    }

    /// Removes all votes, and returns them.
    pub(super) fn take(&mut self) -> impl Iterator<Item = (AttestationData, E)> + use<E> {
        std::mem::take(&mut self.entries).into_iter().map(|(data, entry)| (data, entry.held))
    }

    /// Keeps only the votes accepted by `keep`.
    pub(super) fn retain(&mut self, keep: impl Fn(&AttestationData) -> bool) {
        self.entries.retain(|data, _| keep(data));
    }

    /// Changes the entry of a vote, after its creation if there is none. Then drops what exceeds a
    /// bound, possibly this vote. Returns the change's result, and the vote's precedence.
    pub(super) fn change<R>(
        &mut self,
        data: AttestationData,
        change: impl FnOnce(&mut E) -> R,
    ) -> (R, Precedence) {
        let entry = self
            .entries
            .entry(data)
            .or_insert_with(|| Entry { root: Root::of(&data), held: E::default() });
        let (result, root) = (change(&mut entry.held), entry.root);
        self.keep_shares(data.slot);
        self.keep_bounds();
        (result, (data.slot, root))
    }

    /// Drops the votes of a slot that are above the share of each of their voters.
    fn keep_shares(&mut self, slot: Slot) {
        let in_slot = |(data, _): &(&AttestationData, &Entry<E>)| data.slot == slot;
        if self.entries.iter().filter(in_slot).count() <= MOST_VOTES_IN_SLOT {
            return;
        }
        let is_above = |rank: &Rank| rank.voters > 0 && rank.newer >= MOST_VOTES_IN_SLOT;
        let dropped: HashSet<_> = self
            .standings(|data| data.slot == slot)
            .into_iter()
            .filter_map(|(data, _, rank)| is_above(&rank).then_some(data))
            .collect();
        self.entries.retain(|data, _| !dropped.contains(data));
    }

    /// Drops votes until there are not too many, nor too many bytes. Makes room for more at once,
    /// so that the ranks are not computed for each new vote.
    fn keep_bounds(&mut self) {
        let bytes: usize = self.entries.values().map(|entry| entry.held.bytes()).sum();
        if self.entries.len() <= MOST_VOTES && bytes <= self.most_bytes {
            return;
        }
        let (most_votes, most_bytes) = (MOST_VOTES / 8 * 7, self.most_bytes / 8 * 7);
        let mut standings = self.standings(|_| true);
        standings.sort_by_key(|(_, precedence, rank)| {
            (rank.newer, Reverse(rank.voters), Reverse(*precedence))
        });
        let (mut votes, mut bytes) = (0, 0);
        let kept: HashSet<_> = standings
            .into_iter()
            .map(|(data, ..)| data)
            .take_while(|data| {
                votes += 1;
                bytes += self.get(data).map_or(0, E::bytes);
                votes <= most_votes && bytes <= most_bytes
            })
            .collect();
        self.entries.retain(|data, _| kept.contains(data));
    }

    /// Returns some of the votes with their precedence and rank, newest first.
    fn standings(
        &self,
        is_included: impl Fn(&AttestationData) -> bool,
    ) -> Vec<(AttestationData, Precedence, Rank)> {
        let mut votes: Vec<_> = self.ranked().filter(|(_, data, _)| is_included(data)).collect();
        votes.sort_by_key(|(precedence, ..)| Reverse(*precedence));
        let ranks = ranks(votes.iter().map(|(.., held)| held.voters()));
        let ranked = votes.iter().zip(ranks);
        ranked.map(|((precedence, data, _), rank)| (**data, *precedence, rank)).collect()
    }
}
