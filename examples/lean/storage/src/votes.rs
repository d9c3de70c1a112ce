//! Kept votes: which of them, and how two of the same data become one.

use consensus::{AggregatedAttestation, Root, Slot, aggregation_bits, validator_indices};

/// The largest number of kept votes, as in a pool of fork choice.
pub const MOST_VOTES: usize = 1_024;

/// A vote's place in the order: its slot, then the root of its data.
pub(crate) type VoteKey = (Slot, Root);

pub(crate) fn key_of(vote: &AggregatedAttestation) -> VoteKey {
    (vote.data.slot, Root::of(&vote.data))
}

/// Returns the vote of both sets of voters. Both must have the same data.
pub(crate) fn union(
    kept: &AggregatedAttestation,
    new: &AggregatedAttestation,
) -> AggregatedAttestation {
    let voters = [kept, new].into_iter().flat_map(|vote| validator_indices(&vote.aggregation_bits));
    match aggregation_bits(voters) {
        Some(aggregation_bits) => AggregatedAttestation { aggregation_bits, data: kept.data },
        // Neither has a voter.
        None => kept.clone(),
    }
}
