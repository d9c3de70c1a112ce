//! Building a block: selection of its votes.

use std::cmp::Reverse;
use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use indexmap::IndexMap;

use crate::attestation::{AggregatedAttestation, SingleMessageAggregate};
use crate::block::{AggregatedAttestations, Block, BlockBody};
use crate::block_roots::BlockRoots;
use crate::checkpoint::{AttestationData, Checkpoint};
use crate::constants::MAX_ATTESTATIONS_DATA;
use crate::coverage::{Proofs, select_proofs};
use crate::proof::{ChildProof, ProofScheme};
use crate::rejection::Rejection;
use crate::root::Root;
use crate::slot::{Slot, ValidatorIndex};
use crate::state::State;
use crate::transition::{advance, extend_history, extend_to_slot, process_block};
use crate::validator::Validators;
use crate::voters::Voters;

/// A block, the state after it, and one proof per vote, in the order of the body.
#[derive(Debug)]
pub(crate) struct BuiltBlock {
    pub(crate) block: Block,
    pub(crate) state: State,
    pub(crate) proofs: Proofs,
}

/// The position of a new block in the chain.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Proposal<'a> {
    /// The state after the parent.
    pub(crate) state: &'a State,
    /// The root of `state`.
    pub(crate) state_root: Root,
    pub(crate) parent_root: Root,
    pub(crate) slot: Slot,
    pub(crate) proposer_index: ValidatorIndex,
}

/// Builds a block from the votes usable on its chain (`build_block`).
///
/// A vote builds on a justified source, and counting votes justifies new sources. Votes are
/// therefore selected in rounds. Each round uses the checkpoints justified by the previous one. The
/// last round is the first one to change nothing.
///
/// If more votes are usable than fit, the specification selects those with the lowest targets, and
/// selects them again for the next block. Eight votes without a majority would then fill every
/// block forever: after nine slots without a majority, finality would not resume when the
/// validators return. And a few validators with many votes could keep all others out. Therefore, if
/// votes do not fit, those are selected that add the most voters to the chain's counts.
pub(crate) fn build_block<'a>(
    proposal: Proposal<'_>,
    is_known: impl Fn(&Root) -> bool,
    votes: impl Iterator<Item = (&'a AttestationData, &'a Proofs)>,
    prover: &dyn ProofScheme,
) -> Result<BuiltBlock, Rejection> {
    let advanced = advance(proposal.state, proposal.slot, || proposal.state_root)?;
    // A vote seen only in a block has no proofs. It must not take the place of another one.
    let mut candidates: Vec<_> = votes.filter(|(_, proofs)| !proofs.is_empty()).collect();
    candidates.sort_by_key(|(data, _)| data.target.slot);

    let mut chosen = Vec::new();
    let mut seen = HashSet::new();
    let mut anchor = Anchor::new(&proposal)?;
    loop {
        let mut usable = Vec::new();
        for (data, proofs) in &candidates {
            if !seen.contains(*data) && is_known(&data.head.root) && anchor.can_use(data)? {
                usable.push((*data, *proofs));
            }
        }
        let room = MAX_ATTESTATIONS_DATA.saturating_sub(seen.len());
        if usable.len() > room {
            usable = anchor.most_useful(usable, room);
        }
        if usable.is_empty() {
            break;
        }
        for (data, proofs) in usable {
            seen.insert(*data);
            let (selected, _) = select_proofs(&[proofs]);
            chosen.extend(selected.into_iter().map(|proof| (*data, proof)));
        }
        let mut trial = advanced.clone();
        process_block(&mut trial, &proposal.block(unmerged(&chosen))?)?;
        if !anchor.move_to(trial) {
            break;
        }
    }

    let merged = merge(&chosen, &proposal.state.validators, prover);
    let attestations = merged.iter().map(|(data, proof)| attestation(data, proof)).collect();
    let mut block = proposal.block(attestations)?;
    let mut state = advanced;
    process_block(&mut state, &block)?;
    block.state_root = Root::of(&state);
    Ok(BuiltBlock { block, state, proofs: merged.into_iter().map(|(_, proof)| proof).collect() })
}

impl Proposal<'_> {
    fn block(&self, attestations: Vec<AggregatedAttestation>) -> Result<Block, Rejection> {
        let attestations = AggregatedAttestations::try_from(attestations)
            .map_err(|_| Rejection::TooManyAttestationData)?;
        Ok(Block {
            slot: self.slot,
            proposer_index: self.proposer_index,
            parent_root: self.parent_root,
            state_root: Root::ZERO,
            body: BlockBody { attestations },
        })
    }
}

/// The checkpoints justified by the selected votes so far. The next votes must build on them.
struct Anchor {
    justified: Checkpoint,
    /// The state for looking up justified slots.
    view: State,
    /// The history of the chain below the new block.
    history: BlockRoots,
}

impl Anchor {
    fn new(proposal: &Proposal<'_>) -> Result<Self, Rejection> {
        let parent = &proposal.state.latest_block_header;
        // Genesis is justified only when the first block after it is processed, so the parent's
        // state does not record it yet.
        let justified = if parent.slot == 0 {
            Checkpoint { root: proposal.parent_root, slot: 0 }
        } else {
            proposal.state.latest_justified
        };
        let empty_slots = (proposal.slot - 1).saturating_sub(parent.slot);
        let mut history = proposal.state.historical_block_hashes.clone();
        extend_history(&mut history, proposal.parent_root, empty_slots)?;
        let mut view = proposal.state.clone();
        extend_to_slot(&mut view, proposal.slot - 1)?;
        Ok(Self { justified, view, history })
    }

    fn can_use(&self, data: &AttestationData) -> Result<bool, Rejection> {
        if data.source.slot != self.justified.slot
            || !data.lies_on_chain(&self.history)
            || !self.view.is_slot_justified(data.source.slot)?
        {
            return Ok(false);
        }
        // Votes of genesis for itself justify nothing, but they add weight to the head.
        let is_genesis_self_vote = data.source.slot == 0 && data.target.slot == 0;
        Ok(is_genesis_self_vote || !self.view.is_slot_justified(data.target.slot)?)
    }

    /// Returns the votes that add the most voters to those counted by the chain for their targets,
    /// in the same order. Takes one vote after the other, at most `room`, and of equal ones the
    /// first. Leaves out votes whose voters the chain has all counted.
    fn most_useful<'v>(&self, mut votes: Vec<Candidate<'v>>, room: usize) -> Vec<Candidate<'v>> {
        let mut counted: HashMap<Root, Voters> = HashMap::new();
        let mut voters = Vec::new();
        votes.retain(|(data, proofs)| {
            let target = data.target.root;
            let counted = counted.entry(target).or_insert_with(|| self.counted(&target));
            let mut all = Voters::default();
            for proof in *proofs {
                all.join(&Voters::of(&proof.participants));
            }
            let is_useful = all.count_without(counted) > 0;
            if is_useful {
                voters.push((target, all));
            }
            is_useful
        });
        let mut is_chosen = vec![false; votes.len()];
        for _ in 0..room {
            let left = (0..votes.len()).filter(|place| !is_chosen[*place]);
            let added = |place: usize| voters[place].1.count_without(&counted[&voters[place].0]);
            let best = left.map(|place| (added(place), Reverse(place))).max();
            let Some((_, Reverse(best))) = best else { break };
            let (target, all) = &voters[best];
            counted.entry(*target).or_default().join(all);
            is_chosen[best] = true;
        }
        let mut is_chosen = is_chosen.into_iter();
        votes.retain(|_| is_chosen.next() == Some(true));
        votes
    }

    /// Returns the voters already counted by the chain for a target.
    fn counted(&self, target: &Root) -> Voters {
        let State { justifications_roots, justifications_validators, validators, .. } = &self.view;
        let (packed, width) = (justifications_validators.as_bytes(), validators.len());
        let tally = justifications_roots.iter().position(|root| root == target);
        tally.map(|place| Voters::of_bits(packed, place * width, width)).unwrap_or_default()
    }

    /// Moves to the checkpoints justified by a trial block. Returns whether any of them is new.
    fn move_to(&mut self, trial: State) -> bool {
        let moved = trial.latest_justified != self.justified
            || trial.latest_finalized.slot != self.view.latest_finalized.slot;
        if moved {
            self.justified = trial.latest_justified;
            self.view = trial;
        }
        moved
    }
}

/// A vote with its proofs.
type Candidate<'a> = (&'a AttestationData, &'a Proofs);

type Chosen = Vec<(AttestationData, Arc<SingleMessageAggregate>)>;

fn unmerged(chosen: &Chosen) -> Vec<AggregatedAttestation> {
    chosen.iter().map(|(data, proof)| attestation(data, proof)).collect()
}

fn attestation(data: &AttestationData, proof: &SingleMessageAggregate) -> AggregatedAttestation {
    AggregatedAttestation { aggregation_bits: proof.participants.clone(), data: *data }
}

/// Folds the proofs of each vote into one, because a block must not contain a vote twice.
///
/// If the prover fails, only the first proof of a vote is used. It covers the most voters.
fn merge(chosen: &Chosen, validators: &Validators, prover: &dyn ProofScheme) -> Chosen {
    let mut grouped: IndexMap<AttestationData, Proofs> = IndexMap::new();
    for (data, proof) in chosen {
        grouped.entry(*data).or_default().push(Arc::clone(proof));
    }
    let merged = grouped.into_iter().filter_map(|(data, proofs)| {
        let folded = if proofs.len() > 1 { fold(&data, &proofs, validators, prover) } else { None };
        folded.map(Arc::new).or_else(|| proofs.first().cloned()).map(|proof| (data, proof))
    });
    merged.collect()
}

fn fold(
    data: &AttestationData,
    proofs: &Proofs,
    validators: &Validators,
    prover: &dyn ProofScheme,
) -> Option<SingleMessageAggregate> {
    let children: Vec<_> = proofs
        .iter()
        .map(|proof| {
            Some(ChildProof {
                proof,
                public_keys: validators.attestation_keys(&proof.participants)?,
            })
        })
        .collect::<Option<_>>()?;
    prover.aggregate(&children, &[], Root::of(data), data.slot).ok()
}
