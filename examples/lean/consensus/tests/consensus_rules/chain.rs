//! Chains for the tests.

use consensus::{
    AggregatedAttestation, AggregatedAttestations, AttestationData, Block, BlockBody, BlockCheck,
    BlockImport, Checkpoint, MockProofs, MultiMessageAggregate, ProofBytes, Rejection, Root,
    SignedAggregatedAttestation, SignedAttestation, SignedBlock, SingleMessageAggregate, Slot,
    Store, ValidatorIndex, Validators, aggregation_bits, genesis, interval_from_slot,
    process_block, process_slots,
};
use xmss::{PublicKey, Scheme, SecretKey};

/// Returns a store starting from genesis. Its validators have public keys but no secret keys.
pub(crate) fn unsigned_store(validators: u8) -> Store {
    let key = |tag: u8| PublicKey::new([tag; PublicKey::LENGTH]);
    let keys = (0..validators).map(|index| (key(index), key(index + 100)));
    let (state, block) = genesis(0, Validators::new(keys).expect("few validators"));
    Store::new(state, block, None).expect("genesis names its state")
}

/// Returns a valid block on any known block, with the given votes and voters.
pub(crate) fn block_on(
    store: &Store,
    parent_root: Root,
    slot: Slot,
    votes: &[(AttestationData, &[ValidatorIndex])],
) -> Block {
    let parent = store.state(&parent_root).expect("the parent's state is known");
    let attestations: Vec<_> =
        votes.iter().map(|(data, voters)| attestation(*data, voters)).collect();
    let mut block = Block {
        slot,
        proposer_index: slot % parent.validators.len() as u64,
        parent_root,
        state_root: Root::ZERO,
        body: BlockBody {
            attestations: AggregatedAttestations::try_from(attestations).expect("few votes"),
        },
    };
    let mut state = process_slots(parent, slot).expect("the block is after its parent");
    process_block(&mut state, &block).expect("the block is valid");
    block.state_root = Root::of(&state);
    block
}

/// Imports a block without a proof, in the slot before the block's or later.
pub(crate) fn import(store: &mut Store, block: Block) -> Result<BlockImport, Rejection> {
    store.skip_to(interval_from_slot(block.slot.saturating_sub(1)));
    import_now(store, block)
}

/// Imports a block without a proof, at the store's time.
pub(crate) fn import_now(store: &mut Store, block: Block) -> Result<BlockImport, Rejection> {
    let signed = SignedBlock { block, proof: MultiMessageAggregate::default() };
    match store.check_block(&signed)? {
        BlockCheck::Known(root) => panic!("{root} is known already"),
        BlockCheck::New(candidate) => Ok(store.import_block(candidate.trust_proof()?)),
    }
}

/// Builds and imports a block. Returns its checkpoint.
pub(crate) fn extend(
    store: &mut Store,
    parent: Root,
    slot: Slot,
    votes: &[(AttestationData, &[ValidatorIndex])],
) -> Checkpoint {
    let block = block_on(store, parent, slot, votes);
    let root = import(store, block).expect("the block is valid").root;
    Checkpoint { root, slot }
}

pub(crate) fn attestation(
    data: AttestationData,
    voters: &[ValidatorIndex],
) -> AggregatedAttestation {
    let aggregation_bits = aggregation_bits(voters.iter().copied()).expect("some voters");
    AggregatedAttestation { aggregation_bits, data }
}

/// Returns a vote with the head as its target.
pub(crate) fn vote(slot: Slot, source: Checkpoint, head: Checkpoint) -> AttestationData {
    AttestationData { slot, head, target: head, source }
}

/// Returns an aggregate with a mock proof. Only the marker of the proof is valid.
pub(crate) fn aggregate(
    data: AttestationData,
    voters: &[ValidatorIndex],
) -> SignedAggregatedAttestation {
    let bytes = [b"\x00MOCKED-AGGREGATION-PROOF\x00".as_slice(), &[7; 32]].concat();
    let proof = SingleMessageAggregate {
        participants: aggregation_bits(voters.iter().copied()).expect("some voters"),
        proof: ProofBytes::try_from(bytes).expect("a short proof"),
    };
    SignedAggregatedAttestation { data, proof }
}

/// Passes an aggregate to the store as gossip. Only the marker of its proof is valid.
pub(crate) fn gossip(store: &mut Store, data: AttestationData, voters: &[ValidatorIndex]) {
    let is_new =
        store.on_gossip_aggregated_attestation(aggregate(data, voters), &MockProofs::Marked);
    assert_eq!(is_new, Ok(true));
}

/// Advances to the first interval of a slot.
pub(crate) fn tick_to_slot(store: &mut Store, slot: Slot) {
    store.on_tick(interval_from_slot(slot), false, false, &MockProofs::Marked);
}

pub(crate) fn anchor(store: &Store) -> Checkpoint {
    store.latest_finalized()
}

/// Validators with two secret keys each, of the test scheme.
pub(crate) struct Signers {
    keys: Vec<(SecretKey, SecretKey)>,
}

impl Signers {
    /// Creates keys for `count` validators, active for 32 slots.
    pub(crate) fn new(count: u8) -> Self {
        let key =
            |tag: u8| SecretKey::generate(Scheme::TEST, [tag; 32], 0, 32).expect("the range fits");
        Self { keys: (0..count).map(|index| (key(index), key(index + 100))).collect() }
    }

    pub(crate) fn store(&self) -> Store {
        let keys = self
            .keys
            .iter()
            .map(|(attestation, proposal)| (*attestation.public_key(), *proposal.public_key()));
        let (state, block) = genesis(0, Validators::new(keys).expect("few validators"));
        Store::new(state, block, None).expect("genesis names its state")
    }

    pub(crate) fn propose(&mut self, store: &mut Store, slot: Slot) -> SignedBlock {
        let proposer = slot % self.keys.len() as u64;
        let produced = store
            .produce_block(slot, proposer, &MockProofs::Bound)
            .expect("it is the proposer's turn");
        let (_, key) = &mut self.keys[proposer as usize];
        let signature = key.sign(slot, produced.root().as_bytes()).expect("the slot is unused");
        produced.sign(signature, &MockProofs::Bound).expect("the signature is the proposer's")
    }

    pub(crate) fn attest(
        &mut self,
        validator: ValidatorIndex,
        data: AttestationData,
    ) -> SignedAttestation {
        let (key, _) = &mut self.keys[validator as usize];
        let signature =
            key.sign(data.slot, Root::of(&data).as_bytes()).expect("the slot is unused");
        SignedAttestation { validator_index: validator, data, signature }
    }
}
