//! Each validator's latest vote, kept beside the pools: no full pool can change fork choice.

use std::collections::BTreeMap;
use std::collections::HashMap;
use std::ops::Bound;

use crate::checkpoint::{AttestationData, Checkpoint};
use crate::root::Root;
use crate::slot::Slot;
use crate::store::pool::Precedence;
use crate::store::tree::BlockTree;
use crate::voters::Voters;

/// The largest number of votes kept for one validator.
const MOST_OF_VALIDATOR: u8 = 16;

/// The number of validators whose latest vote is for each head.
pub(super) type HeadVotes = HashMap<Root, u64>;

/// The votes of each validator that can become its latest one.
///
/// Usually that is one vote for each validator: the one with the highest [`Precedence`]. An older
/// vote counts again if finality excludes the newer one's head: its slot is final, or finality has
/// cut off its branch. The older one's head is excluded as well if it is an ancestor of the newer
/// one's. So a vote is kept until its validator has a newer one for the same head or a descendant.
///
/// The specification looks for these votes among all votes of a pool. The result is the same as
/// long as a validator has at most 16 votes that no newer one makes superfluous. An honest
/// validator has one for each branch on which it has voted. Of a validator with more, the newest 16
/// are kept.
#[derive(Clone, Debug, Default)]
pub(super) struct LatestVotes {
    votes: BTreeMap<Precedence, Latest>,
    /// The number of votes kept for each validator.
    counts: Vec<u8>,
}

/// A vote, and the validators that it is kept for.
#[derive(Clone, Debug)]
struct Latest {
    data: AttestationData,
    voters: Voters,
}

impl LatestVotes {
    /// Counts each validator's vote with the highest slot, and of several in one slot the one with
    /// the largest root. Skips votes for heads at or below the finalized slot
    /// (`extract_attestations_from_aggregated_payloads`).
    pub(super) fn heads(&self, finalized: Slot) -> HeadVotes {
        let mut heads = HeadVotes::new();
        let mut decided = Voters::default();
        for Latest { data, voters } in self.votes.values().rev() {
            if data.head.slot <= finalized {
                continue;
            }
            let latest = decided.join(voters) as u64;
            if latest > 0 {
                *heads.entry(data.head.root).or_default() += latest;
            }
        }
        heads
    }

    /// Adds a vote of these validators, unless newer ones make it superfluous.
    pub(super) fn insert(
        &mut self,
        tree: &BlockTree,
        precedence: Precedence,
        data: &AttestationData,
        voters: &Voters,
    ) {
        let mut voters = voters.clone();
        if let Some(same) = self.votes.get(&precedence) {
            voters.remove(&same.voters);
        }
        let newer = self.votes.range((Bound::Excluded(precedence), Bound::Unbounded));
        for (_, newer) in newer {
            if newer.voters.intersects(&voters) && includes(tree, newer.data.head, data.head) {
                voters.remove(&newer.voters);
            }
        }
        if voters.is_empty() {
            return;
        }
        for older in self.votes.range_mut(..precedence).map(|(_, older)| older) {
            if older.voters.intersects(&voters) && includes(tree, data.head, older.data.head) {
                for voter in older.voters.iter().filter(|voter| voters.contains(*voter)) {
                    self.counts[voter as usize] -= 1;
                }
                older.voters.remove(&voters);
            }
        }
        let entry = self.votes.entry(precedence);
        let latest = entry.or_insert_with(|| Latest { data: *data, voters: Voters::default() });
        latest.voters.join(&voters);
        for voter in voters.iter() {
            self.count(voter);
        }
        self.votes.retain(|_, latest| !latest.voters.is_empty());
    }

    /// Adds all votes of another store of latest votes.
    pub(super) fn absorb(&mut self, tree: &BlockTree, other: &mut Self) {
        for (precedence, latest) in std::mem::take(other).votes {
            self.insert(tree, precedence, &latest.data, &latest.voters);
        }
    }

    /// Keeps only the votes accepted by `keep`.
    pub(super) fn retain(&mut self, keep: impl Fn(&AttestationData) -> bool) {
        for latest in self.votes.values().filter(|latest| !keep(&latest.data)) {
            for voter in latest.voters.iter() {
                self.counts[voter as usize] -= 1;
            }
        }
        self.votes.retain(|_, latest| keep(&latest.data));
    }

    /// Returns the number of distinct votes.
    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.votes.len()
    }

    /// Counts a further vote of a validator, and drops its oldest one if there are too many.
    fn count(&mut self, voter: u64) {
        let place = voter as usize;
        if self.counts.len() <= place {
            self.counts.resize(place + 1, 0);
        }
        self.counts[place] += 1;
        if self.counts[place] > MOST_OF_VALIDATOR {
            let mut oldest_first = self.votes.values_mut();
            if let Some(oldest) = oldest_first.find(|latest| latest.voters.contains(voter)) {
                oldest.voters.remove_one(voter);
                self.counts[place] -= 1;
            }
        }
    }
}

/// Returns whether a head is another head or its descendant, so that finality excludes it only
/// together with the other one.
fn includes(tree: &BlockTree, head: Checkpoint, other: Checkpoint) -> bool {
    head.root == other.root || tree.is_ancestor(other, head)
}
