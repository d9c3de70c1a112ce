//! Each validator's latest vote, kept beside the pools: no full pool can change fork choice.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use crate::checkpoint::{AttestationData, Checkpoint};
use crate::root::Root;
use crate::slot::{Slot, ValidatorIndex};
use crate::store::pool::Precedence;
use crate::store::tree::BlockTree;
use crate::voters::Voters;

/// The largest number of votes kept for one validator.
const MOST_OF_VALIDATOR: usize = 16;

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
///
/// Invariant: a validator's list has the precedence of a vote exactly if the validator is among the
/// vote's voters. A new vote is compared only with the votes in the lists of its voters. So a few
/// validators with many votes do not make the votes of the others slow.
#[derive(Clone, Debug, Default)]
pub(super) struct LatestVotes {
    votes: BTreeMap<Precedence, Latest>,
    /// The votes kept for each validator.
    by_validator: Vec<Vec<Precedence>>,
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
        let others: BTreeSet<Precedence> =
            voters.iter().flat_map(|voter| self.of(voter)).copied().collect();
        for other in others.range(precedence..) {
            let newer = &self.votes[other];
            if *other == precedence || includes(tree, newer.data.head, data.head) {
                voters.remove(&newer.voters);
            }
        }
        if voters.is_empty() {
            return;
        }
        for other in others.range(..precedence) {
            let older = &self.votes[other];
            if includes(tree, data.head, older.data.head) {
                self.remove(*other, &older.voters.common(&voters));
            }
        }
        let entry = self.votes.entry(precedence);
        let latest = entry.or_insert_with(|| Latest { data: *data, voters: Voters::default() });
        latest.voters.join(&voters);
        for voter in voters.iter() {
            self.keep(voter, precedence);
        }
    }

    /// Returns the votes with their voters, in the order of precedence.
    pub(super) fn iter(&self) -> impl Iterator<Item = (&AttestationData, &Voters)> {
        self.votes.values().map(|latest| (&latest.data, &latest.voters))
    }

    /// Adds all votes of another store of latest votes.
    pub(super) fn absorb(&mut self, tree: &BlockTree, other: &mut Self) {
        for (precedence, latest) in std::mem::take(other).votes {
            self.insert(tree, precedence, &latest.data, &latest.voters);
        }
    }

    /// Keeps only the votes accepted by `keep`.
    pub(super) fn retain(&mut self, keep: impl Fn(&AttestationData) -> bool) {
        self.votes.retain(|_, latest| keep(&latest.data));
        for votes in &mut self.by_validator {
            votes.retain(|precedence| self.votes.contains_key(precedence));
        }
    }

    /// Returns the number of distinct votes.
    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.votes.len()
    }

    fn of(&self, voter: ValidatorIndex) -> &[Precedence] {
        self.by_validator.get(voter as usize).map_or(&[], Vec::as_slice)
    }

    /// Adds a vote to a validator's list, and drops the validator's oldest vote if there are too
    /// many.
    fn keep(&mut self, voter: ValidatorIndex, precedence: Precedence) {
        let place = voter as usize;
        if self.by_validator.len() <= place {
            self.by_validator.resize_with(place + 1, Vec::new);
        }
        self.by_validator[place].push(precedence);
        if self.of(voter).len() > MOST_OF_VALIDATOR
            && let Some(oldest) = self.of(voter).iter().min().copied()
        {
            let mut one = Voters::default();
            one.insert(voter);
            self.remove(oldest, &one);
        }
    }

    /// Removes some voters of a vote, and the vote if no voter is left.
    fn remove(&mut self, precedence: Precedence, voters: &Voters) {
        for voter in voters.iter() {
            self.by_validator[voter as usize].retain(|vote| *vote != precedence);
        }
        if let Some(latest) = self.votes.get_mut(&precedence) {
            latest.voters.remove(voters);
            if latest.voters.is_empty() {
                self.votes.remove(&precedence);
            }
        }
    }
}

/// Returns whether a head is another head or its descendant, so that finality excludes it only
/// together with the other one.
fn includes(tree: &BlockTree, head: Checkpoint, other: Checkpoint) -> bool {
    head.root == other.root || tree.is_ancestor(other, head)
}
