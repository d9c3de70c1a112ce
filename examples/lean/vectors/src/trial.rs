//! The common interface of all formats: create a subject from a vector, and run it through steps.

use std::sync::Arc;

use actor_lanes::Runtime;

use crate::Format;
use crate::anchor::test_keys;
use crate::case::Case;
use crate::field::{Field, Malformed};
use crate::proof_setting::UNVERIFIABLE;
use crate::verdict::Findings;
use crate::{
    api_endpoint, fork_choice, justifiability, networking_codec, poseidon_permutation, slot_clock,
    ssz, state_transition, sync, verify_signatures,
};

/// A vector in progress: the subject under test, and the code of each step.
///
/// A trial stays on its owner's thread and need not be `Send`.
pub(super) trait Trial {
    /// Returns the number of steps. Each step is taken once, in order.
    fn steps(&self) -> usize {
        1
    }

    /// Takes one step, and adds each difference from the vector to `findings`.
    ///
    /// # Errors
    ///
    /// [`Malformed`] when the vector does not have the form of its format.
    fn take(
        &mut self,
        step: usize,
        vector: Field<'_>,
        findings: &mut Findings,
    ) -> Result<(), Malformed>;
}

/// The decision to run or skip a vector.
pub(super) enum Opened {
    /// The vector is run.
    Trial(Box<dyn Trial>),
    /// The vector is skipped, for this reason.
    Skipped(String),
}

impl Opened {
    fn trial(trial: impl Trial + 'static) -> Self {
        Self::Trial(Box::new(trial))
    }

    fn skipped(reason: &str) -> Self {
        Self::Skipped(reason.to_owned())
    }
}

/// A format with a single function call per vector.
pub(super) struct OneStep(pub(super) fn(&Field<'_>, &mut Findings) -> Result<(), Malformed>);

impl Trial for OneStep {
    fn take(
        &mut self,
        _step: usize,
        vector: Field<'_>,
        findings: &mut Findings,
    ) -> Result<(), Malformed> {
        (self.0)(&vector, findings)
    }
}

/// Creates the subject of a vector.
///
/// # Errors
///
/// [`Malformed`] when the vector does not have the form of its format.
pub(super) fn open(case: &Case, runtime: &Arc<dyn Runtime>) -> Result<Opened, Malformed> {
    let vector = Field::top(&case.vector);
    Ok(match case.format {
        Format::StateTransition => Opened::trial(state_transition::open(&vector)?),
        Format::ForkChoice => match fork_choice::cannot_run(&vector)? {
            Some(reason) => Opened::skipped(reason),
            None => Opened::trial(fork_choice::open(&vector)?),
        },
        Format::Ssz => Opened::trial(OneStep(ssz::check)),
        Format::NetworkingCodec => Opened::trial(OneStep(networking_codec::check)),
        Format::Justifiability => Opened::trial(OneStep(justifiability::check)),
        Format::SlotClock => Opened::trial(OneStep(slot_clock::check)),
        Format::PoseidonPermutation => Opened::trial(OneStep(poseidon_permutation::check)),
        Format::ApiEndpoint => match test_keys(&case.folder) {
            Ok(keys) => Opened::trial(api_endpoint::open(keys, Arc::clone(runtime))),
            Err(missing) => Opened::Skipped(missing.to_string()),
        },
        Format::Sync => Opened::trial(sync::open(test_keys(&case.folder).ok())),
        Format::GossipsubHandler => Opened::skipped(
            "the mesh is libp2p's own: its handlers cannot be called with a state of ours",
        ),
        Format::VerifySignatures => match verify_signatures::cannot_run(&vector)? {
            Some(reason) => Opened::skipped(reason),
            None => Opened::trial(OneStep(verify_signatures::check)),
        },
        Format::VerifySingleMessageProofs
        | Format::VerifyMultiMessageProofs
        | Format::Reaggregation => Opened::skipped(UNVERIFIABLE),
    })
}
