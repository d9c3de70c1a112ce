//! The chain's jobs on the calling thread, for a chain without verifiers.

use std::collections::VecDeque;

use chain::verifier::Done;
use chain::{ChainState, Effect};
use consensus::ProofScheme;

/// Runs the jobs among these effects, and all jobs resulting from them. Returns the other effects.
///
/// The result equals that of an actor with infinitely fast verifiers.
pub(super) fn run_jobs(
    chain: &mut ChainState,
    effects: Vec<Effect>,
    proofs: &dyn ProofScheme,
) -> Vec<Effect> {
    let mut open = VecDeque::from(effects);
    let mut left = Vec::new();
    while let Some(effect) = open.pop_front() {
        match effect {
            Effect::Job(id, job, _) => {
                open.extend(chain.jobs_done(vec![Done { id, outcome: Ok(job.run(proofs)) }]))
            }
            Effect::Synchronize => open.extend(chain.synchronize()),
            effect => left.push(effect),
        }
    }
    left
}
