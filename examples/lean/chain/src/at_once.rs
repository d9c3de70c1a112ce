//! The chain's state without anybody beside it.

use std::collections::VecDeque;
use std::sync::Arc;

use crate::effect::Effect;
use crate::state::ChainState;
use crate::verifier::Done;

impl ChainState {
    /// Does on this thread what verifiers and a prover would do meanwhile, and all that follows from it, until nothing is
    /// under way. Gives back what is left to be done.
    ///
    /// For whoever has only one thread: it comes to what an owner with verifiers comes to that are infinitely fast.
    pub fn at_once(&mut self, effects: Vec<Effect>) -> Vec<Effect> {
        let proofs = Arc::clone(&self.proofs);
        let mut open = VecDeque::from(effects);
        let mut left = Vec::new();
        while let Some(effect) = open.pop_front() {
            match effect {
                Effect::Work(id, job) => {
                    open.extend(self.done(vec![Done { id, outcome: Ok(job.run(&*proofs)) }]));
                }
                Effect::Synchronize => open.extend(self.fetch()),
                effect => left.push(effect),
            }
        }
        left
    }
}
