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
