//! The chain's state on a single thread, without verifiers.

use std::collections::VecDeque;
use std::sync::Arc;

use crate::effect::Effect;
use crate::state::ChainState;
use crate::verifier::Done;

impl ChainState {
    /// Runs the jobs among these effects on the calling thread, and all jobs resulting from them.
    /// Returns the other effects.
    ///
    /// The result equals an actor's with infinitely fast verifiers.
    pub fn at_once(&mut self, effects: Vec<Effect>) -> Vec<Effect> {
        let proofs = Arc::clone(&self.base.proofs);
        let mut open = VecDeque::from(effects);
        let mut left = Vec::new();
        while let Some(effect) = open.pop_front() {
            match effect {
                Effect::Job(id, job) => {
                    open.extend(self.jobs_done(vec![Done { id, outcome: Ok(job.run(&*proofs)) }]));
                }
                Effect::Synchronize => open.extend(self.synchronize()),
                effect => left.push(effect),
            }
        }
        left
    }
}
