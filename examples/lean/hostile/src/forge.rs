//! False blocks, votes and aggregates: well-formed, of the present slot, and on the victim's chain.

use consensus::{
    AggregatedAttestation, AggregatedAttestations, AttestationData, Block, BlockBody, Checkpoint,
    MockProofs, MultiMessageAggregate, ProofBytes, ProofScheme, RawSignature, Root,
    SignedAggregatedAttestation, SignedAttestation, SignedBlock, SingleMessageAggregate, Slot,
    ValidatorIndex, aggregation_bits,
};
use libssz::SszEncode;
use wire::topic::TopicKind;
use xmss::{Scheme, SecretKey, Signature};

use crate::chain_view::ChainView;
use crate::dice::Dice;

/// A gossip message before its compression.
pub type Content = (TopicKind, Vec<u8>);

/// The prefix of a mock proof.
const MARKER: &[u8] = b"\x00MOCKED-AGGREGATION-PROOF\x00";

/// The topic of votes.
const VOTES: TopicKind = TopicKind::Attestation { subnet: 0 };

/// The most attestation data of a valid block.
const FULL: usize = consensus::MAX_ATTESTATIONS_DATA;

/// The number of attestations of a block that is far too long.
const HUGE: usize = 2048;

/// Creates false messages for one identity.
#[derive(Debug)]
pub struct Forge {
    /// The source of randomness.
    pub dice: Dice,
    /// A signature of a key that no validator has.
    signature: Signature,
}

impl Forge {
    /// Creates a forge for this number of an identity.
    ///
    /// # Panics
    ///
    /// Never: the key has an unused slot.
    pub fn new(number: usize) -> Self {
        let mut key = SecretKey::generate(Scheme::TEST, [0x66; 32], 0, 2).expect("two slots");
        let signature = key.sign(0, &[0; 32]).expect("the slot is unused");
        Self { dice: Dice::new(number), signature }
    }

    /// Returns a block of the present slot on the head, with a false proof.
    pub fn block(&mut self, view: &ChainView) -> Content {
        let block = self.unsigned(view, view.current_slot(), Vec::new());
        self.signed(block)
    }

    /// Returns such a block with as many votes as a block can have.
    pub fn full_block(&mut self, view: &ChainView) -> Content {
        let votes = (0..FULL).map(|place| self.aggregated(view, place)).collect();
        let block = self.unsigned(view, view.current_slot(), votes);
        self.signed(block)
    }

    /// Returns a block of a slot far in the future.
    pub fn future_block(&mut self, view: &ChainView) -> Content {
        let slot = view.current_slot() + 3 + (self.dice.roll() >> self.dice.below(60));
        let block = self.unsigned(view, slot, Vec::new());
        self.signed(block)
    }

    /// Returns a block of one of the next two slots.
    pub fn early_block(&mut self, view: &ChainView) -> Content {
        let slot = view.current_slot() + 1 + self.dice.below(2) as u64;
        let block = self.unsigned(view, slot, Vec::new());
        self.signed(block)
    }

    /// Returns a block with an unknown parent.
    pub fn orphan_block(&mut self, view: &ChainView) -> Content {
        let slot =
            view.current_slot() - self.dice.below(3).min(view.current_slot() as usize) as u64;
        let block = self.unsigned(view, slot, Vec::new());
        let parent_root = Root::new(self.dice.root());
        self.signed(Block { parent_root, ..block })
    }

    /// Returns a block of a validator whose turn it is not.
    pub fn block_out_of_turn(&mut self, view: &ChainView) -> Content {
        let block = self.unsigned(view, view.current_slot(), Vec::new());
        let proposer_index = (block.proposer_index + 1) % view.validators().max(1) as u64;
        self.signed(Block { proposer_index, ..block })
    }

    /// Returns a block with far more attestations than are permitted.
    pub fn huge_block(&mut self, view: &ChainView) -> Content {
        let votes = (0..HUGE).map(|place| self.aggregated(view, place)).collect();
        let block = self.unsigned(view, view.current_slot(), votes);
        self.signed(block)
    }

    /// Returns a block with one attestation data several times.
    pub fn repeating_block(&mut self, view: &ChainView) -> Content {
        let votes = vec![self.aggregated(view, 0); FULL];
        let block = self.unsigned(view, view.current_slot(), votes);
        self.signed(block)
    }

    /// Returns a vote with a false signature.
    pub fn vote(&mut self, view: &ChainView) -> Content {
        let data = self.data(view, view.head);
        let validator_index = self.dice.below(view.validators()) as ValidatorIndex;
        let vote = SignedAttestation { validator_index, data, signature: self.false_signature() };
        (VOTES, vote.to_ssz())
    }

    /// Returns an aggregate with a false proof.
    pub fn aggregate(&mut self, view: &ChainView) -> Content {
        let data = self.data(view, view.head);
        let participants = aggregation_bits(0..view.validators() as u64).unwrap_or_default();
        let proof = SingleMessageAggregate { participants, proof: self.false_proof() };
        (TopicKind::Aggregation, SignedAggregatedAttestation { data, proof }.to_ssz())
    }

    /// Returns bytes without any meaning, on one of the topics.
    pub fn noise(&mut self) -> Content {
        let kind = [TopicKind::Block, TopicKind::Aggregation, VOTES][self.dice.below(3)];
        let size = self.dice.below(2048);
        (kind, self.dice.bytes(size))
    }

    /// Returns an aggregate of one validator's vote that a node with mocked proofs accepts. Each
    /// number results in other attestation data, as long as the chain has enough blocks.
    pub fn vote_of_one(
        &mut self,
        view: &ChainView,
        validator: ValidatorIndex,
        number: usize,
    ) -> Option<Content> {
        let data = different_data(view, number)?;
        let proof = self.accepted_proof(view, &[validator], Root::of(&data), data.slot)?;
        Some((TopicKind::Aggregation, SignedAggregatedAttestation { data, proof }.to_ssz()))
    }

    /// Returns a proof of these validators' signatures that a node with mocked proofs accepts. It
    /// needs no signature: a mock proves nothing.
    pub fn accepted_proof(
        &self,
        view: &ChainView,
        validators: &[ValidatorIndex],
        message: Root,
        slot: Slot,
    ) -> Option<SingleMessageAggregate> {
        let signature = |index: &ValidatorIndex| {
            let validator = view.anchor.validators.at(*index)?;
            Some(RawSignature {
                validator_index: *index,
                public_key: validator.attestation_public_key,
                signature: self.signature.clone(),
            })
        };
        let signatures: Vec<_> = validators.iter().map(signature).collect::<Option<_>>()?;
        MockProofs::Marked.aggregate(&[], &signatures, message, slot).ok()
    }

    /// Returns a proof of a proposer's signature that a node with mocked proofs accepts.
    pub fn accepted_proposal(
        &self,
        view: &ChainView,
        proposer: ValidatorIndex,
        message: Root,
        slot: Slot,
    ) -> Option<SingleMessageAggregate> {
        let signature = RawSignature {
            validator_index: proposer,
            public_key: view.anchor.validators.at(proposer)?.proposal_public_key,
            signature: self.signature.clone(),
        };
        MockProofs::Marked.aggregate(&[], &[signature], message, slot).ok()
    }

    /// Returns attestation data of the present slot for a head, with a random older target.
    pub fn data(&mut self, view: &ChainView, head: Checkpoint) -> AttestationData {
        let slot = view.current_slot().max(head.slot);
        AttestationData { slot, head, target: head, source: view.justified }
    }

    fn unsigned(
        &mut self,
        view: &ChainView,
        slot: Slot,
        votes: Vec<AggregatedAttestation>,
    ) -> Block {
        // A second block of the present slot has the same parent as the first one.
        let known = view.blocks.iter().find(|block| block.root == view.head.root);
        let parent_root = match known {
            Some(head) if head.slot >= slot => head.parent_root,
            _ => view.head.root,
        };
        Block {
            slot,
            proposer_index: slot % view.validators().max(1) as u64,
            parent_root,
            state_root: Root::new(self.dice.root()),
            body: BlockBody {
                attestations: AggregatedAttestations::try_from(votes).unwrap_or_default(),
            },
        }
    }

    fn signed(&mut self, block: Block) -> Content {
        let proof = MultiMessageAggregate { proof: self.false_proof() };
        (TopicKind::Block, SignedBlock { block, proof }.to_ssz())
    }

    fn aggregated(&mut self, view: &ChainView, place: usize) -> AggregatedAttestation {
        let voters = 0..view.validators() as u64;
        let mut data = self.data(view, view.head);
        data.slot = data.slot.saturating_sub(place as u64);
        AggregatedAttestation {
            aggregation_bits: aggregation_bits(voters).unwrap_or_default(),
            data,
        }
    }

    fn false_proof(&mut self) -> ProofBytes {
        let bytes = [MARKER, &self.dice.root()].concat();
        ProofBytes::try_from(bytes).unwrap_or_default()
    }

    /// Returns the known signature with one byte changed, so that no two messages are equal.
    fn false_signature(&mut self) -> Signature {
        let mut bytes = self.signature.as_bytes().to_vec();
        let hashes = bytes.len() / 2;
        // The lowest byte of an element. The element can leave its field, and is then left alone.
        let at = hashes / 4 * 4 + 4 * self.dice.below(hashes / 4);
        if let Some(byte) = bytes.get_mut(at) {
            *byte = self.dice.roll() as u8;
        }
        Signature::from_bytes(&bytes).unwrap_or_else(|_| self.signature.clone())
    }
}

/// Returns the attestation data with this number among all valid ones of the present slots.
pub(crate) fn different_data(view: &ChainView, number: usize) -> Option<AttestationData> {
    let known = view.checkpoints();
    let recent = known.iter().rposition(|block| block.slot <= view.finalized.slot).unwrap_or(0);
    // Heads are above the finalized block; older votes have no effect.
    let heads = &known[recent..];
    let (number, head) = (number / heads.len(), heads.len() - 1 - number % heads.len());
    let head = recent + head;
    let (number, target) = (number / (head + 1), head - number % (head + 1));
    let (number, source) = (number / (target + 1), target - number % (target + 1));
    let newest = view.current_slot();
    let slot = newest.checked_sub(number as u64).filter(|slot| *slot >= known[head].slot)?;
    Some(AttestationData { slot, head: known[head], target: known[target], source: known[source] })
}
