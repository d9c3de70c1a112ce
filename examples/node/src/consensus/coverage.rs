//! Choosing proofs: as many voters as possible with few proofs.

use std::collections::BTreeSet;
use std::sync::Arc;

use libssz::SszEncode;

use crate::consensus::attestation::{SingleMessageAggregate, validator_indices};
use crate::consensus::slot::ValidatorIndex;

/// Proofs for one vote, in the order in which they came, none twice.
pub type Proofs = Vec<Arc<SingleMessageAggregate>>;

/// Picks proofs greedily, from the first pool until it adds nothing, then from the next
/// (`select_proofs_for_coverage`).
///
/// Gives back the proofs in the order picked, and whom they cover. Among proofs that add as many voters, the one with
/// the largest encoding is picked, so that all nodes pick alike.
pub(crate) fn select_proofs(pools: &[&[Arc<SingleMessageAggregate>]]) -> (Proofs, BTreeSet<ValidatorIndex>) {
    let mut selected = Proofs::new();
    let mut covered = BTreeSet::new();
    for pool in pools {
        let mut candidates: Vec<_> = pool
            .iter()
            .map(|proof| (validator_indices(&proof.participants).collect::<BTreeSet<_>>(), proof.to_ssz(), proof))
            .collect();
        loop {
            let best = candidates
                .iter()
                .enumerate()
                .map(|(place, (voters, encoding, _))| ((voters.difference(&covered).count(), encoding), place))
                .max()
                .filter(|((added, _), _)| *added > 0)
                .map(|(_, place)| place);
            let Some(place) = best else {
                break;
            };
            let (voters, _, proof) = candidates.swap_remove(place);
            selected.push(Arc::clone(proof));
            covered.extend(voters);
        }
    }
    (selected, covered)
}

#[cfg(test)]
mod tests {
    use super::{Arc, Proofs, SingleMessageAggregate, ValidatorIndex, select_proofs, validator_indices};
    use crate::consensus::attestation::{ProofBytes, aggregation_bits};

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
        assert!(voters.iter().flatten().all(|voter| covered.contains(voter)));
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
}
