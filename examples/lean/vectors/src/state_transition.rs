//! Runs blocks on a state.

use crate::container::{bits, block, root, roots, state, validators};
use crate::field::{Field, Malformed};
use crate::trial::Trial;
use crate::verdict::Findings;
use consensus::{
    Block, Rejection, Root, State, process_block, process_slots, proposer_for_slot,
    state_transition,
};

/// A chain's state after the vector's blocks so far.
pub(super) struct Chain {
    state: State,
    blocks: usize,
    skips_slots: bool,
    /// The position of the rejected block, and the reason.
    refused: Option<(usize, Rejection)>,
}

pub(super) fn open(vector: &Field<'_>) -> Result<Chain, Malformed> {
    let reason = reason(vector)?;
    Ok(Chain {
        state: state(&vector.at("pre")?)?,
        blocks: vector.at("blocks")?.list()?.len(),
        skips_slots: reason.is_some_and(|reason| NEEDS_UNPROCESSED_SLOTS.contains(&reason)),
        refused: None,
    })
}

/// Rejections that occur only without slot processing. Slot processing advances a state to the slot
/// of its block, so it rules them out. The generator gets them by a direct call of `process_block`
/// on the unchanged state.
const NEEDS_UNPROCESSED_SLOTS: [&str; 2] =
    ["BLOCK_SLOT_MISMATCH", "BLOCK_OLDER_THAN_LATEST_HEADER"];

fn reason<'a>(vector: &Field<'a>) -> Result<Option<&'a str>, Malformed> {
    vector.maybe("rejectionReason").map(|reason| reason.text()).transpose()
}

impl Trial for Chain {
    /// Each block is a step. The last step is the comparison of the result.
    fn steps(&self) -> usize {
        self.blocks + 1
    }

    fn take(
        &mut self,
        step: usize,
        vector: Field<'_>,
        findings: &mut Findings,
    ) -> Result<(), Malformed> {
        if let Some(next) = vector.at("blocks")?.list()?.get(step) {
            if self.refused.is_none() {
                match self.apply(&block(next)?) {
                    Ok(state) => self.state = state,
                    Err(rejection) => self.refused = Some((step, rejection)),
                }
            }
            return Ok(());
        }
        let reason = reason(&vector)?;
        let unbuilt = || {
            reason
                .and_then(|reason| self.try_to_build(reason))
                .map(|rejection| (self.blocks, rejection))
        };
        let refused = self.refused.or_else(unbuilt);
        findings.same_rejection(refused.map(|(_, rejection)| rejection.to_string()), reason);
        if let Some((place, _)) = refused {
            // The rejected block must be the last one of the vector.
            if place + 1 < self.blocks {
                findings.differ(
                    "refused block",
                    format!("block {place}"),
                    format!("block {}", self.blocks - 1),
                );
            }
            return Ok(());
        }
        if let Some(post) = vector.maybe("post") {
            for (field, expected) in post.entries()? {
                check_field(&self.state, field, &expected, findings)?;
            }
        }
        if let Some(expected) = vector.maybe("postStateRoot") {
            findings.same("postStateRoot", Root::of(&self.state), root(&expected)?);
        }
        Ok(())
    }
}

impl Chain {
    fn apply(&self, block: &Block) -> Result<State, Rejection> {
        if self.skips_slots {
            let mut state = self.state.clone();
            process_block(&mut state, block).map(|()| state)
        } else {
            state_transition(&self.state, block)
        }
    }

    /// Runs the checks of a proposer before there is a block. A block that could not be built is
    /// missing from the vector. Rejections of the build itself are therefore checked on the parent
    /// state.
    fn try_to_build(&self, reason: &str) -> Option<Rejection> {
        match reason {
            "EMPTY_VALIDATOR_REGISTRY" => {
                proposer_for_slot(self.state.slot + 1, self.state.validators.len())
                    .is_none()
                    .then_some(Rejection::EmptyValidatorRegistry)
            }
            "JUSTIFICATION_VOTES_LENGTH_MISMATCH" | "ZERO_HASH_JUSTIFICATION_ROOT" => {
                self.state.check_justification_votes().err()
            }
            "BLOCK_SLOT_NOT_IN_FUTURE" => process_slots(&self.state, self.state.slot).err(),
            _ => None,
        }
    }
}

/// The reason for not comparing some fields.
const UNKNOWN_LABEL: &str =
    "a label of a block, which the vector's blocks do not carry; the state root covers it";

fn check_field(
    post: &State,
    field: &str,
    expected: &Field<'_>,
    findings: &mut Findings,
) -> Result<(), Malformed> {
    let header = &post.latest_block_header;
    let number = |got: u64, findings: &mut Findings| {
        findings.same(field, got, expected.uint()?);
        Ok(())
    };
    let is_root = |got: Root, findings: &mut Findings| {
        findings.same(field, got, root(expected)?);
        Ok(())
    };
    match field {
        "slot" => number(post.slot, findings)?,
        "latestJustifiedSlot" => number(post.latest_justified.slot, findings)?,
        "latestJustifiedRoot" => is_root(post.latest_justified.root, findings)?,
        "latestFinalizedSlot" => number(post.latest_finalized.slot, findings)?,
        "latestFinalizedRoot" => is_root(post.latest_finalized.root, findings)?,
        "latestBlockHeaderSlot" => number(header.slot, findings)?,
        "latestBlockHeaderProposerIndex" => number(header.proposer_index, findings)?,
        "latestBlockHeaderParentRoot" => is_root(header.parent_root, findings)?,
        "latestBlockHeaderStateRoot" => is_root(header.state_root, findings)?,
        "latestBlockHeaderBodyRoot" => is_root(header.body_root, findings)?,
        "configGenesisTime" => number(post.config.genesis_time, findings)?,
        "validatorCount" => number(post.validators.len() as u64, findings)?,
        "validators" => {
            findings.same(field, post.validators.to_vec(), validators(expected)?.to_vec())
        }
        "historicalBlockHashesCount" => {
            number(post.historical_block_hashes.len() as u64, findings)?
        }
        "historicalBlockHashes" => {
            findings.same(field, &post.historical_block_hashes, &roots(expected)?)
        }
        "justifiedSlots" => findings.same(field, &post.justified_slots, &bits(expected)?),
        "justificationsRootsCount" => number(post.justifications_roots.len() as u64, findings)?,
        "justificationsRoots" => {
            findings.same(field, &post.justifications_roots, &roots(expected)?)
        }
        "justificationsValidatorsCount" => {
            number(post.justifications_validators.len() as u64, findings)?
        }
        "justificationsValidators" => {
            findings.same(field, &post.justifications_validators, &bits(expected)?)
        }
        "latestJustifiedRootLabel" | "latestFinalizedRootLabel" | "justificationsRootsLabels" => {
            findings.not_compared(field, UNKNOWN_LABEL);
        }
        _ => return Err(expected.malformed("no such field of a state is known here")),
    }
    Ok(())
}
