//! The pools of proofs, counted and uncounted, with the latest votes proved by them.

use std::cmp::Reverse;
use std::sync::Arc;

use crate::attestation::SingleMessageAggregate;
use crate::checkpoint::AttestationData;
use crate::coverage::Proofs;
use crate::store::latest_votes::LatestVotes;
use crate::store::pool::{Held, Pool, Precedence};
use crate::store::tree::BlockTree;
use crate::voters::Voters;

/// The largest number of proofs for one vote.
const MOST_PROOFS: usize = 128;

/// The largest size of the proofs for one vote, in bytes. One proof can have half a megabyte.
const MOST_VOTE_BYTES: usize = 4 << 20;

/// The largest size of all proofs in a pool, in bytes.
const MOST_PROOF_BYTES: usize = 256 << 20;

/// A pool of proofs, and the latest votes proved by all proofs that were ever added and not pruned.
///
/// Proofs serve aggregation and proposals, and may be dropped if there are too many. Fork choice
/// reads the latest votes.
///
/// Invariants: a vote has at most 128 proofs of together 4 MiB, no proof twice. All proofs together
/// have at most 256 MiB.
#[derive(Clone, Debug)]
pub(super) struct ProofPool {
    pool: Pool<Gathered>,
    latest: LatestVotes,
}

/// The proofs of a vote, and the union of their voters.
#[derive(Clone, Debug, Default)]
pub(super) struct Gathered {
    proofs: Proofs,
    voters: Voters,
    bytes: usize,
}

impl Held for Gathered {
    fn voters(&self) -> &Voters {
        &self.voters
    }

    fn bytes(&self) -> usize {
        self.bytes
    }
}

impl Gathered {
    /// Adds a proof, unless it is there already. Returns whether it was added.
    fn add(&mut self, proof: Arc<SingleMessageAggregate>) -> bool {
        if self.proofs.contains(&proof) {
            return false;
        }
        self.push(Arc::clone(&proof));
        while self.proofs.len() > MOST_PROOFS || self.bytes > MOST_VOTE_BYTES {
            let least = least_useful(&self.proofs);
            let kept = self.proofs.iter().enumerate().filter(|(place, _)| *place != least);
            *self = Self::of(kept.map(|(_, proof)| Arc::clone(proof)).collect());
        }
        self.proofs.last() == Some(&proof)
    }

    fn of(proofs: Proofs) -> Self {
        let mut gathered = Self::default();
        proofs.into_iter().for_each(|proof| gathered.push(proof));
        gathered
    }

    fn push(&mut self, proof: Arc<SingleMessageAggregate>) {
        self.voters.join(&Voters::of(&proof.participants));
        self.bytes += proof.proof.len();
        self.proofs.push(proof);
    }
}

/// Returns the place of the proof with the fewest voters that no other proof has. Of several, takes
/// the one with the fewest voters, then the largest one, then the newest one.
fn least_useful(proofs: &Proofs) -> usize {
    let sets: Vec<_> = proofs.iter().map(|proof| Voters::of(&proof.participants)).collect();
    let (mut once, mut twice) = (Voters::default(), Voters::default());
    for voters in &sets {
        twice.join(&voters.common(&once));
        once.join(voters);
    }
    once.remove(&twice);
    let usefulness = |place: &usize| {
        let (voters, size) = (&sets[*place], proofs[*place].proof.len());
        (voters.common(&once).len(), voters.len(), Reverse(size), Reverse(*place))
    };
    (0..proofs.len()).min_by_key(usefulness).unwrap_or(0)
}

impl Default for ProofPool {
    fn default() -> Self {
        Self { pool: Pool::with_most_bytes(MOST_PROOF_BYTES), latest: LatestVotes::default() }
    }
}

impl ProofPool {
    /// Returns the latest votes.
    pub(super) fn latest(&self) -> &LatestVotes {
        &self.latest
    }

    /// Returns the votes.
    pub(super) fn votes(&self) -> impl Iterator<Item = &AttestationData> {
        self.pool.iter().map(|(data, _)| data)
    }

    /// Returns the proofs of a vote.
    pub(super) fn proofs(&self, data: &AttestationData) -> &[Arc<SingleMessageAggregate>] {
        self.pool.get(data).map_or(&[], |gathered| &gathered.proofs)
    }

    /// Returns the votes and their proofs.
    pub(super) fn all_proofs(&self) -> impl Iterator<Item = (&AttestationData, &Proofs)> {
        self.pool.iter().map(|(data, gathered)| (data, &gathered.proofs))
    }

    /// Adds a proof. Its votes count in any case. Returns whether the proof was added: it is new,
    /// and within the bounds.
    pub(super) fn add(
        &mut self,
        tree: &BlockTree,
        data: AttestationData,
        proof: Arc<SingleMessageAggregate>,
    ) -> bool {
        let voters = Voters::of(&proof.participants);
        let (is_added, precedence) = self.pool.change(data, |gathered| gathered.add(proof));
        self.latest.insert(tree, precedence, &data, &voters);
        is_added
    }

    /// Counts a vote of an earlier run. It has no proof.
    pub(super) fn restore(
        &mut self,
        tree: &BlockTree,
        precedence: Precedence,
        data: &AttestationData,
        voters: &Voters,
    ) {
        self.latest.insert(tree, precedence, data, voters);
    }

    /// Adds votes without proofs, and so without voters. They are dropped first.
    pub(super) fn note(&mut self, votes: impl Iterator<Item = AttestationData>) {
        for data in votes.filter(|data| self.pool.get(data).is_none()).collect::<Vec<_>>() {
            self.pool.change(data, |_| ());
        }
    }

    /// Moves all proofs and votes of another pool to this one.
    pub(super) fn absorb(&mut self, tree: &BlockTree, other: &mut Self) {
        self.latest.absorb(tree, &mut other.latest);
        for (data, gathered) in other.pool.take() {
            self.pool.change(data, |known| {
                for proof in gathered.proofs {
                    known.add(proof);
                }
            });
        }
    }

    /// Keeps only the votes accepted by `keep`.
    pub(super) fn retain(&mut self, keep: impl Fn(&AttestationData) -> bool) {
        self.pool.retain(&keep);
        self.latest.retain(keep);
    }

    /// Removes the proofs of `old`, and adds one proof for each of the new votes. A voter without a
    /// proof left has no vote in this pool any more.
    pub(super) fn replace(
        &mut self,
        tree: &BlockTree,
        old: &[(AttestationData, Proofs)],
        proofs: impl Iterator<Item = (AttestationData, Arc<SingleMessageAggregate>)>,
    ) {
        for (data, proofs) in old {
            self.remove_proofs(data, proofs);
        }
        for (data, proof) in proofs {
            self.pool.change(data, |gathered| gathered.add(proof));
        }
        self.latest = LatestVotes::default();
        for (precedence, data, gathered) in self.pool.ranked() {
            self.latest.insert(tree, precedence, data, &gathered.voters);
        }
    }

    /// Replaces some proofs of a vote with one that has all of their voters.
    pub(super) fn fold(
        &mut self,
        tree: &BlockTree,
        data: AttestationData,
        old: &[Arc<SingleMessageAggregate>],
        proof: Arc<SingleMessageAggregate>,
    ) {
        self.remove_proofs(&data, old);
        self.add(tree, data, proof);
    }

    /// Drops these proofs of a vote, and the vote if no proof is left.
    fn remove_proofs(&mut self, data: &AttestationData, proofs: &[Arc<SingleMessageAggregate>]) {
        let Some(gathered) = self.pool.get_mut(data) else { return };
        let left = gathered.proofs.iter().filter(|proof| !proofs.contains(proof));
        *gathered = Gathered::of(left.cloned().collect());
        if gathered.proofs.is_empty() {
            self.pool.remove(data);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Arc, AttestationData, BlockTree, ProofPool, SingleMessageAggregate};
    use super::{MOST_PROOFS, MOST_VOTE_BYTES};
    use crate::attestation::{ProofBytes, aggregation_bits, validator_indices};
    use crate::block::Block;
    use crate::checkpoint::Checkpoint;
    use crate::root::Root;
    use crate::slot::{Slot, ValidatorIndex};
    use crate::store::pool::{MOST_VOTES, MOST_VOTES_IN_SLOT};

    /// The validator with many votes. The others have one vote each.
    const FLOODER: ValidatorIndex = 9;

    fn tree() -> BlockTree {
        BlockTree::new(Root::ZERO, Arc::new(Block::default()))
    }

    /// Returns one of many votes of a slot.
    fn vote(slot: Slot, number: u64) -> AttestationData {
        let source = Checkpoint { slot: number, ..Checkpoint::default() };
        AttestationData { slot, source, ..AttestationData::default() }
    }

    fn proof(voters: &[ValidatorIndex], bytes: usize) -> Arc<SingleMessageAggregate> {
        numbered_proof(voters, bytes, 0)
    }

    fn numbered_proof(
        voters: &[ValidatorIndex],
        bytes: usize,
        number: u64,
    ) -> Arc<SingleMessageAggregate> {
        let mut proof = vec![0; bytes.max(8)];
        proof[..8].copy_from_slice(&number.to_le_bytes());
        Arc::new(SingleMessageAggregate {
            participants: aggregation_bits(voters.iter().copied()).expect("some voters"),
            proof: ProofBytes::try_from(proof).expect("short"),
        })
    }

    fn votes_of(pool: &ProofPool, voter: ValidatorIndex) -> usize {
        pool.pool.iter().filter(|(_, gathered)| gathered.voters.contains(voter)).count()
    }

    #[test]
    fn a_validator_keeps_few_votes_of_one_slot_and_those_of_others_stay() {
        let (tree, mut pool) = (tree(), ProofPool::default());
        for (number, voters) in [(0, &[0, 1][..]), (1, &[2]), (2, &[FLOODER, 3])] {
            pool.add(&tree, vote(5, number), proof(voters, 1));
        }
        for number in 3..2_000 {
            pool.add(&tree, vote(5, number), proof(&[FLOODER], 1));
        }
        assert!(votes_of(&pool, FLOODER) <= MOST_VOTES_IN_SLOT + 1);
        for number in 0..3 {
            assert_eq!(pool.proofs(&vote(5, number)).len(), 1, "vote {number} of others");
        }
    }

    #[test]
    fn a_validator_with_votes_of_many_slots_displaces_only_votes_older_by_as_many() {
        let (tree, mut pool) = (tree(), ProofPool::default());
        // The vote of all others in each of 100 slots, before the flood.
        for slot in 0..100 {
            pool.add(&tree, vote(slot, 0), proof(&[0, 1, 2], 1));
        }
        for slot in 100..2_000 {
            pool.add(&tree, vote(slot, 1), proof(&[FLOODER], 1));
            assert!(pool.pool.iter().count() <= MOST_VOTES);
        }
        assert_eq!(votes_of(&pool, 0), 100, "each has a smaller rank than the flooder's oldest");
        assert!(votes_of(&pool, FLOODER) > MOST_VOTES / 2);
    }

    #[test]
    fn votes_without_voters_give_way_first() {
        let (tree, mut pool) = (tree(), ProofPool::default());
        pool.add(&tree, vote(0, 0), proof(&[0], 1));
        for slot in 1..3_000 {
            pool.note([vote(slot, 0), vote(slot, 1)].into_iter());
        }
        assert!(pool.pool.iter().count() <= MOST_VOTES);
        assert_eq!(pool.proofs(&vote(0, 0)).len(), 1);
    }

    #[test]
    fn useless_proofs_give_way_to_a_proof_with_more_voters() {
        let (tree, mut pool) = (tree(), ProofPool::default());
        let data = vote(1, 0);
        assert!(pool.add(&tree, data, proof(&[0, FLOODER], 1)));
        for number in 1..500 {
            pool.add(&tree, data, numbered_proof(&[FLOODER], 1, number));
        }
        assert_eq!(pool.proofs(&data).len(), MOST_PROOFS);
        assert!(!pool.add(&tree, data, numbered_proof(&[FLOODER], 1, 999)));
        assert!(pool.add(&tree, data, proof(&[1, 2, 3], 1)));
        assert_eq!(pool.proofs(&data).len(), MOST_PROOFS);
        let voters: Vec<_> = pool
            .proofs(&data)
            .iter()
            .flat_map(|proof| validator_indices(&proof.participants))
            .filter(|voter| *voter != FLOODER)
            .collect();
        assert_eq!(voters, [0, 1, 2, 3]);
    }

    #[test]
    fn large_proofs_of_one_vote_displace_only_each_other() {
        let (tree, mut pool) = (tree(), ProofPool::default());
        pool.add(&tree, vote(1, 0), proof(&[0], 1_000));
        for slot in 2..80 {
            for number in 0..10 {
                pool.add(&tree, vote(slot, 0), numbered_proof(&[FLOODER], 500_000, number));
            }
        }
        let bytes = |gathered: &super::Gathered| gathered.bytes;
        assert!(pool.pool.iter().all(|(_, gathered)| bytes(gathered) <= MOST_VOTE_BYTES));
        let all: usize = pool.pool.iter().map(|(_, gathered)| bytes(gathered)).sum();
        assert!(all <= super::MOST_PROOF_BYTES, "{all}");
        assert_eq!(pool.proofs(&vote(1, 0)).len(), 1, "the only vote of its validator");
    }

    #[test]
    fn latest_votes_stay_few_whatever_a_validator_casts() {
        let (tree, mut pool) = (tree(), ProofPool::default());
        for number in 0..1_000 {
            let head = Checkpoint { root: Root::new([number as u8; 32]), slot: number };
            let data = AttestationData { head, ..vote(1_000 - number, 0) };
            pool.add(&tree, data, proof(&[FLOODER], 1));
        }
        assert!(pool.latest().len() <= 16);
    }
}
