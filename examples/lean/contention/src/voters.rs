//! The validators of the recorded network. Their keys create real signatures.

use std::thread;

use consensus::{
    AttestationData, MockProofs, ProducedBlock, ProofScheme, RawSignature, Root,
    SignedAggregatedAttestation, SignedAttestation, SignedBlock, Slot, ValidatorIndex, Validators,
};
use keys::all_cores;
use xmss::{GenerateError, Scheme, SecretKey};

use super::RecordError;

/// The signature scheme of the recorded network.
pub(super) const SCHEME: Scheme = Scheme::TEST;

/// All validators of a network, by index.
pub(super) struct Voters {
    keys: Vec<VoterKeys>,
}

struct VoterKeys {
    attestation: SecretKey,
    proposal: SecretKey,
}

impl Voters {
    /// Generates keys for `validators` validators and `slots` slots. The keys are the same in every
    /// run.
    pub(super) fn grow(validators: u64, slots: u64) -> Result<Self, GenerateError> {
        let active = slots.next_power_of_two();
        let indices: Vec<ValidatorIndex> = (0..validators).collect();
        let keys = all_cores::map(&indices, |&index| {
            // A validator without a turn to propose still needs a proposal key in the registry. One
            // slot suffices for it.
            let proposal_slots = if index < slots { active } else { 1 };
            Ok(VoterKeys {
                attestation: SecretKey::generate(SCHEME, seed(index, 1), 0, active)?,
                proposal: SecretKey::generate(SCHEME, seed(index, 2), 0, proposal_slots)?,
            })
        });
        Ok(Self { keys: keys.into_iter().collect::<Result<_, _>>()? })
    }

    /// Returns the registry of all validators.
    pub(super) fn registry(&self) -> Option<Validators> {
        Validators::new(
            self.keys
                .iter()
                .map(|keys| (*keys.attestation.public_key(), *keys.proposal.public_key())),
        )
    }

    /// Signs the vote of every validator, on all CPU cores. `data` returns the vote of each
    /// validator.
    pub(super) fn vote(
        &mut self,
        slot: Slot,
        data: impl Fn(ValidatorIndex) -> AttestationData + Sync,
    ) -> Result<Vec<SignedAttestation>, RecordError> {
        let threads = thread::available_parallelism().map_or(1, usize::from);
        let share = self.keys.len().div_ceil(threads).max(1);
        let sign = |index: ValidatorIndex, keys: &mut VoterKeys| {
            let data = data(index);
            let signature = keys.attestation.sign(slot, Root::of(&data).as_bytes())?;
            Ok(SignedAttestation { validator_index: index, data, signature })
        };
        let signed: Vec<Result<SignedAttestation, RecordError>> = thread::scope(|scope| {
            let shares = (0..).step_by(share).zip(self.keys.chunks_mut(share));
            let running: Vec<_> = shares
                .map(|(first, keys)| {
                    scope.spawn(move || {
                        (first..)
                            .zip(keys)
                            .map(|(index, keys)| sign(index, keys))
                            .collect::<Vec<_>>()
                    })
                })
                .collect();
            running
                .into_iter()
                .flat_map(|thread| {
                    thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
                })
                .collect()
        });
        signed.into_iter().collect()
    }

    /// Signs a block with its proposer's key.
    pub(super) fn sign_block(
        &mut self,
        produced: &ProducedBlock,
    ) -> Result<SignedBlock, RecordError> {
        let block = produced.block();
        let keys =
            usize::try_from(block.proposer_index).ok().and_then(|place| self.keys.get_mut(place));
        let keys = keys.expect("whoever's turn it is to propose is in the registry");
        let signature = keys.proposal.sign(block.slot, produced.root().as_bytes())?;
        Ok(produced.sign(signature, &MockProofs::default())?)
    }

    /// Aggregates votes in parts, one part per aggregator. There is one aggregate per distinct vote
    /// and part.
    pub(super) fn aggregate(
        &self,
        votes: &[SignedAttestation],
        parts: usize,
    ) -> Result<Vec<SignedAggregatedAttestation>, RecordError> {
        let mut heard: Vec<(AttestationData, Vec<RawSignature>)> = Vec::new();
        for part in votes.chunks(votes.len().div_ceil(parts).max(1)) {
            let begin = heard.len();
            for vote in part {
                let place = heard[begin..]
                    .iter()
                    .position(|(data, _)| *data == vote.data)
                    .map(|at| begin + at);
                let place = place.unwrap_or_else(|| {
                    heard.push((vote.data, Vec::new()));
                    heard.len() - 1
                });
                heard[place].1.push(self.raw(vote));
            }
        }
        let proved = all_cores::map(&heard, |(data, signatures)| {
            let proof =
                MockProofs::default().aggregate(&[], signatures, Root::of(data), data.slot)?;
            Ok(SignedAggregatedAttestation { data: *data, proof })
        });
        proved.into_iter().collect()
    }

    fn raw(&self, vote: &SignedAttestation) -> RawSignature {
        let keys =
            usize::try_from(vote.validator_index).ok().and_then(|place| self.keys.get(place));
        let keys = keys.expect("only these validators have voted");
        RawSignature {
            validator_index: vote.validator_index,
            public_key: *keys.attestation.public_key(),
            signature: vote.signature.clone(),
        }
    }
}

fn seed(index: ValidatorIndex, role: u8) -> [u8; 32] {
    let mut seed = [role; 32];
    seed[..8].copy_from_slice(&index.to_le_bytes());
    seed
}
