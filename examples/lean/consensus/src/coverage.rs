//! Selection of proofs: as many voters as possible with few proofs.

use std::cmp::Ordering;
use std::sync::Arc;

use libssz::SszEncode;

use crate::attestation::SingleMessageAggregate;
use crate::voters::Voters;

/// Proofs of one vote, in order of arrival, without duplicates.
pub type Proofs = Vec<Arc<SingleMessageAggregate>>;

/// Selects proofs greedily: from the first pool until no proof adds a voter, then from the next
/// pool (`select_proofs_for_coverage`).
///
/// Returns the proofs in the order of selection, and the voters covered by them. Among proofs
/// adding equally many voters, selects the one with the largest encoding, so all nodes select the
/// same proofs.
pub(crate) fn select_proofs(pools: &[&[Arc<SingleMessageAggregate>]]) -> (Proofs, Voters) {
    let mut selected = Proofs::new();
    let mut covered = Voters::default();
    for pool in pools {
        let mut candidates: Vec<_> =
            pool.iter().map(|proof| (Voters::of(&proof.participants), proof)).collect();
        loop {
            let best = candidates
                .iter()
                .enumerate()
                .map(|(place, (voters, proof))| (voters.count_without(&covered), *proof, place))
                .filter(|(added, ..)| *added > 0)
                .max_by(|one, other| {
                    one.0.cmp(&other.0).then_with(|| compare_encodings(one.1, other.1))
                });
            let Some((_, proof, place)) = best else {
                break;
            };
            let (voters, _) = candidates.swap_remove(place);
            selected.push(Arc::clone(proof));
            covered.join(&voters);
        }
    }
    (selected, covered)
}

/// Compares the encodings of two proofs byte by byte. Does not build them: each can take half a
/// megabyte.
fn compare_encodings(one: &SingleMessageAggregate, other: &SingleMessageAggregate) -> Ordering {
    // The first offset is the same in all encodings. The second is the end of the participants.
    let offset = |proof: &SingleMessageAggregate| {
        (8 + proof.participants.encoded_len() as u32).to_le_bytes()
    };
    let participants = |proof: &SingleMessageAggregate| proof.participants.to_ssz();
    offset(one)
        .cmp(&offset(other))
        .then_with(|| participants(one).cmp(&participants(other)))
        .then_with(|| one.proof[..].cmp(&other.proof[..]))
}

#[cfg(test)]
mod tests {
    use super::{Arc, Proofs, SingleMessageAggregate, SszEncode, compare_encodings, select_proofs};
    use crate::attestation::{ProofBytes, aggregation_bits, validator_indices};
    use crate::slot::ValidatorIndex;

    fn proofs(voters: &[&[ValidatorIndex]]) -> Proofs {
        let proof = |voters: &&[ValidatorIndex]| SingleMessageAggregate {
            participants: aggregation_bits(voters.iter().copied()).expect("some voters"),
            proof: ProofBytes::default(),
        };
        voters.iter().map(proof).map(Arc::new).collect()
    }

    fn selected(pools: &[&[Arc<SingleMessageAggregate>]]) -> Vec<Vec<ValidatorIndex>> {
        let (selected, covered) = select_proofs(pools);
        let voters: Vec<Vec<_>> =
            selected.iter().map(|proof| validator_indices(&proof.participants).collect()).collect();
        assert!(voters.iter().flatten().all(|voter| covered.contains(*voter)));
        voters
    }

    #[test]
    fn the_proof_that_adds_most_goes_first_and_one_that_adds_nothing_does_not_go() {
        let pool = proofs(&[&[0, 1], &[1, 2, 3], &[2, 3]]);
        assert_eq!(selected(&[&pool]), [vec![1, 2, 3], vec![0, 1]]);
    }

    #[test]
    fn among_equals_the_larger_encoding_goes_first_whatever_the_order() {
        let expected = [vec![1, 2], vec![0, 2]];
        assert_eq!(selected(&[&proofs(&[&[0, 1], &[1, 2], &[0, 2]])]), expected);
        assert_eq!(selected(&[&proofs(&[&[0, 2], &[0, 1], &[1, 2]])]), expected);
    }

    #[test]
    fn the_second_pool_only_fills_in() {
        let (first, second) = (proofs(&[&[0, 1]]), proofs(&[&[0, 1, 2, 3], &[1]]));
        assert_eq!(selected(&[&first, &second]), [vec![0, 1], vec![0, 1, 2, 3]]);
        assert!(selected(&[&[], &[]]).is_empty());
    }

    #[test]
    fn proofs_are_compared_as_their_encodings_are() {
        let proof = |voter, bytes: &[u8]| SingleMessageAggregate {
            participants: aggregation_bits([voter]).expect("a voter"),
            proof: ProofBytes::try_from(bytes.to_vec()).expect("a short proof"),
        };
        let voters = [0, 1, 7, 8, 30, 1_999, 2_000, 2_001, 4_095];
        let proofs: Vec<_> = voters
            .iter()
            .flat_map(|voter| [&[][..], &[1], &[1, 2], &[2]].map(|bytes| proof(*voter, bytes)))
            .collect();
        for one in &proofs {
            for other in &proofs {
                assert_eq!(compare_encodings(one, other), one.to_ssz().cmp(&other.to_ssz()));
            }
        }
    }
}
