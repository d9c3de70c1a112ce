//! Fair shares of a pool: which votes give way when validators cast more than there is room for.
//!
//! Each validator ranks its own votes, the newest first. A vote's rank is the smallest one given to
//! it by its voters. So the newest vote of each validator has rank 0, and a validator with a
//! thousand votes of its own has one of each rank. Room goes to the smallest ranks: a validator can
//! only displace its own older votes, and votes of others that are older by as many.

use crate::slot::ValidatorIndex;
use crate::voters::Voters;

/// The rank of a vote in a pool.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Rank {
    /// The smallest number of newer votes of one of its voters. The largest number possible for a
    /// vote without voters, because it adds nothing.
    pub(super) newer: usize,
    /// The number of voters with this number of newer votes.
    pub(super) voters: usize,
}

/// Returns the rank of each vote, given the voters of each, the newest vote first.
pub(super) fn ranks<'a>(newest_first: impl Iterator<Item = &'a Voters>) -> Vec<Rank> {
    let mut counts: Vec<usize> = Vec::new();
    let mut rank = |voters: &'a Voters| {
        let mut rank = Rank { newer: usize::MAX, voters: 0 };
        for voter in voters.iter() {
            let count = count_of(&mut counts, voter);
            if *count < rank.newer {
                rank = Rank { newer: *count, voters: 1 };
            } else if *count == rank.newer {
                rank.voters += 1;
            }
            *count += 1;
        }
        rank
    };
    newest_first.map(&mut rank).collect()
}

fn count_of(counts: &mut Vec<usize>, voter: ValidatorIndex) -> &mut usize {
    let place = voter as usize;
    if counts.len() <= place {
        counts.resize(place + 1, 0);
    }
    &mut counts[place]
}

#[cfg(test)]
mod tests {
    use super::{Rank, ranks};
    use crate::slot::ValidatorIndex;
    use crate::voters::Voters;

    fn voters(members: &[ValidatorIndex]) -> Voters {
        let mut voters = Voters::default();
        members.iter().for_each(|member| voters.insert(*member));
        voters
    }

    #[test]
    fn a_vote_has_the_rank_of_the_voter_with_the_fewest_newer_votes() {
        let votes = [&[1, 2][..], &[1], &[1, 2, 9], &[1], &[]].map(voters);
        let expected = [(0, 2), (1, 1), (0, 1), (3, 1), (usize::MAX, 0)]
            .map(|(newer, voters)| Rank { newer, voters });
        assert_eq!(ranks(votes.iter()), expected);
    }
}
