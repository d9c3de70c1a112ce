//! A chain without finality. In each slot, five eighths of the validators vote, for two heads.

use std::ops::Range;

use consensus::{
    AggregatedAttestation, AggregatedAttestations, AttestationData, Block, BlockBody, BlockCheck,
    Checkpoint, MockProofs, MultiMessageAggregate, ProofBytes, Root, SignedAggregatedAttestation,
    SignedBlock, SingleMessageAggregate, Slot, Store, ValidatorIndex, Validators, aggregation_bits,
    genesis, interval_from_slot, process_block, process_slots,
};
use xmss::PublicKey;

use crate::live_bytes::live_bytes;

/// The number of aggregates per vote in a slot.
const AGGREGATES: u64 = 4;

/// The number of aggregates of the vote common to all validators.
const LAST_AGGREGATES: u64 = 16;

/// A store with a chain, and the input of the next slot.
pub(crate) struct Grown {
    /// All votes up to the newest block's slot are counted, and the next slot has begun.
    pub(crate) store: Store,
    pub(crate) validators: u64,
    /// The number of bytes held by the store.
    pub(crate) bytes: usize,
    /// The next slot's block, with eight votes.
    pub(crate) next: SignedBlock,
    /// The common vote of all validators in the next slot, for the head before `next`.
    pub(crate) vote: AttestationData,
    /// The votes of all validators in the next slot, as aggregates.
    pub(crate) aggregates: Vec<SignedAggregatedAttestation>,
}

impl Grown {
    pub(crate) fn new(validators: usize, blocks: Slot) -> Self {
        let before = live_bytes();
        let count = validators as u64;
        let mut store = genesis_store(count);
        let mut votes: Vec<(AttestationData, Range<ValidatorIndex>)> = Vec::new();
        for slot in 1..=blocks {
            store.on_tick(interval_from_slot(slot), true, false, &MockProofs::Marked);
            let recent = votes.len().saturating_sub(2);
            let block = block_on(&store, slot, &votes[recent..]);
            import(&mut store, &block);
            let cast = cast(&store, slot, count);
            for (data, voters) in &cast {
                insert(&mut store, aggregates(*data, voters.clone(), AGGREGATES));
            }
            votes.extend(cast);
        }
        store.on_tick(interval_from_slot(blocks + 1), true, false, &MockProofs::Marked);
        let bytes = live_bytes() - before;
        let recent = votes.len().saturating_sub(8);
        let next = signed(block_on(&store, blocks + 1, &votes[recent..]));
        let vote = store.produce_attestation_data(blocks + 1);
        let aggregates = aggregates(vote, 0..count, LAST_AGGREGATES);
        Self { store, validators: count, bytes, next, vote, aggregates }
    }

    /// Returns the store with the votes of all validators in the next slot, not yet counted.
    pub(crate) fn with_votes(&self) -> Store {
        let mut store = self.store.clone();
        insert(&mut store, self.aggregates.clone());
        store
    }
}

fn genesis_store(validators: u64) -> Store {
    let key = |index: u64, role: u8| {
        let mut bytes = [role; PublicKey::LENGTH];
        bytes[..8].copy_from_slice(&index.to_le_bytes());
        PublicKey::new(bytes)
    };
    let keys = (0..validators).map(|index| (key(index, 1), key(index, 2)));
    let (state, block) =
        genesis(0, Validators::new(keys).expect("a registry has at most 4,096 validators"));
    Store::new(state, block, None).expect("genesis names its state")
}

/// Returns a slot's votes: half of the validators vote for the head, and an eighth for its parent.
fn cast(
    store: &Store,
    slot: Slot,
    validators: u64,
) -> [(AttestationData, Range<ValidatorIndex>); 2] {
    let data = store.produce_attestation_data(slot);
    let parent_root = store.head_block().parent_root;
    let parent = store.block(&parent_root).expect("the parent is known");
    let head = Checkpoint { root: parent_root, slot: parent.slot };
    let behind = AttestationData {
        head: if head.slot < data.target.slot { data.target } else { head },
        ..data
    };
    [(data, 0..validators / 2), (behind, validators / 2..validators * 5 / 8)]
}

fn aggregates(
    data: AttestationData,
    voters: Range<ValidatorIndex>,
    parts: u64,
) -> Vec<SignedAggregatedAttestation> {
    let part = |part: u64| {
        let voters = voters.clone().filter(move |voter| voter % parts == part);
        Some(SignedAggregatedAttestation {
            data,
            proof: SingleMessageAggregate {
                participants: aggregation_bits(voters)?,
                proof: proof(),
            },
        })
    };
    (0..parts).filter_map(part).collect()
}

fn insert(store: &mut Store, aggregates: Vec<SignedAggregatedAttestation>) {
    for aggregate in aggregates {
        store.insert_aggregated_attestation(aggregate);
    }
}

fn block_on(
    store: &Store,
    slot: Slot,
    votes: &[(AttestationData, Range<ValidatorIndex>)],
) -> Block {
    let mut attestations: Vec<AggregatedAttestation> = Vec::new();
    for (data, voters) in votes {
        // The two votes of a slot are equal while there is no parent to vote for.
        if attestations.iter().all(|attestation| attestation.data != *data) {
            let aggregation_bits = aggregation_bits(voters.clone()).expect("some validators vote");
            attestations.push(AggregatedAttestation { aggregation_bits, data: *data });
        }
    }
    let parent = store.head_state();
    let mut block = Block {
        slot,
        proposer_index: slot % parent.validators.len() as u64,
        parent_root: store.head(),
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

fn import(store: &mut Store, block: &Block) {
    match store.check_block(&signed(block.clone())).expect("the block is valid") {
        BlockCheck::New(candidate) => {
            let verified = candidate.trust_proof().expect("the block is valid");
            store.import_block(verified);
        }
        BlockCheck::Known(root) => panic!("{root} was imported before"),
    }
}

fn signed(block: Block) -> SignedBlock {
    SignedBlock { block, proof: MultiMessageAggregate { proof: proof() } }
}

fn proof() -> ProofBytes {
    let bytes = [b"\x00MOCKED-AGGREGATION-PROOF\x00".as_slice(), &[0; 32]].concat();
    ProofBytes::try_from(bytes).expect("58 bytes are within the limit")
}
