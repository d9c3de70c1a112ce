//! The states accepted as a checkpoint.

use libssz::{SszDecode, SszEncode};

use crate::anchor::{TestKeys, build_anchor};
use crate::field::{Field, Malformed};
use crate::trial::Trial;
use crate::verdict::Findings;
use consensus::State;
use lean_node::checkpoint_sync::verify_checkpoint_state;

/// A state verified in the same way as a downloaded checkpoint.
pub(super) struct Verification {
    /// The keys for building the state a second time. Without them this comparison is left out.
    keys: Option<TestKeys>,
}

pub(super) fn open(keys: Option<TestKeys>) -> Verification {
    Verification { keys }
}

impl Trial for Verification {
    fn take(
        &mut self,
        _step: usize,
        vector: Field<'_>,
        findings: &mut Findings,
    ) -> Result<(), Malformed> {
        let (operation, output) = (vector.at("operation")?, vector.at("output")?);
        let kind = operation.at("kind")?;
        if kind.text()? != "verify_checkpoint" {
            return Err(kind.malformed("there is no such operation here"));
        }
        let bytes = output.at("stateBytes")?.bytes()?;
        let state = State::from_ssz_bytes(&bytes);
        let verified = state.as_ref().is_ok_and(|state| verify_checkpoint_state(state).is_ok());
        findings.same("valid", verified, output.at("valid")?.flag()?);
        match state {
            Ok(state) => {
                findings.same(
                    "validatorCount",
                    state.validators.len() as u64,
                    output.at("validatorCount")?.uint()?,
                );
                findings.same("anchorSlot", state.slot, output.at("anchorSlot")?.uint()?);
                findings.same(
                    "stateBytes encoded again",
                    hex::encode(state.to_ssz()),
                    hex::encode(&bytes),
                );
                self.rebuild(&operation, &state, findings)
            }
            Err(error) => {
                findings.differ("stateBytes", format!("{error:?}"), "a state");
                Ok(())
            }
        }
    }
}

impl Verification {
    fn rebuild(
        &self,
        operation: &Field<'_>,
        state: &State,
        findings: &mut Findings,
    ) -> Result<(), Malformed> {
        let validators = operation.at("numValidators")?;
        let count =
            usize::try_from(validators.uint()?).map_err(|error| validators.malformed(error))?;
        let slot = operation.at("anchorSlot")?.uint()?;
        let built = self
            .keys
            .as_ref()
            .and_then(|keys| build_anchor(keys, count, state.config.genesis_time, slot));
        match built {
            Some(Ok((built, _))) => findings.same("the state built from genesis", &built, state),
            Some(Err(rejection)) => {
                findings.differ("the state built from genesis", rejection.name(), "a state")
            }
            None => findings
                .not_compared("the state built from genesis", "the generator's keys are not there"),
        }
        Ok(())
    }
}
