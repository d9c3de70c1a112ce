//! A chain with finality: in each slot a block with the votes of all validators, by the rules of
//! consensus. It returns what a node would keep of each slot.

use std::sync::Arc;

use consensus::{
    AggregatedAttestation, AggregatedAttestations, AttestationData, Block, BlockBody, Checkpoint,
    MockProofs, MultiMessageAggregate, ProofBytes, Root, SignedAggregatedAttestation, SignedBlock,
    SingleMessageAggregate, Slot, Store, Validators, aggregation_bits, genesis, interval_from_slot,
    process_block, process_slots,
};
use storage::{ChainIdentity, Changes, Finalized};
use xmss::PublicKey;

/// A growing chain.
pub(crate) struct Chain {
    store: Store,
    validators: u64,
    proof: ProofBytes,
    slot: Slot,
    last_vote: Option<AttestationData>,
}

impl Chain {
    /// Begins a chain with proofs of some size.
    pub(crate) fn new(validators: usize, proof_bytes: usize) -> Self {
        let key = |index: u64, role: u8| {
            let mut bytes = [role; PublicKey::LENGTH];
            bytes[..8].copy_from_slice(&index.to_le_bytes());
            PublicKey::new(bytes)
        };
        let keys = (0..validators as u64).map(|index| (key(index, 1), key(index, 2)));
        let registry = Validators::new(keys).expect("a registry has at most 4,096 validators");
        let (state, block) = genesis(0, registry);
        // No two proofs of a real chain are alike, so these bytes should not compress either.
        let noise =
            (0..proof_bytes as u64).map(|n| (n.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 56) as u8);
        let marked =
            b"\x00MOCKED-AGGREGATION-PROOF\x00".iter().copied().chain(noise).collect::<Vec<_>>();
        Self {
            store: Store::new(state, block, None).expect("genesis names its state"),
            validators: validators as u64,
            proof: ProofBytes::try_from(marked).expect("a proof has at most 512 KiB"),
            slot: 0,
            last_vote: None,
        }
    }

    pub(crate) fn identity(&self) -> ChainIdentity {
        ChainIdentity {
            genesis_time: 0,
            validators_root: Root::of(&self.store.head_state().validators),
            fork: "bench".to_owned(),
            scheme: "test".to_owned(),
        }
    }

    /// Returns the anchor.
    pub(crate) fn anchor(&self) -> Changes {
        let checkpoint = self.store.latest_finalized();
        let block = Block::clone(self.store.head_block());
        let signed = SignedBlock { block, proof: MultiMessageAggregate::default() };
        let state = Arc::clone(self.store.head_state());
        Changes {
            blocks: vec![(checkpoint.root, Arc::new(signed))],
            finalized: Some(Finalized { checkpoint, state }),
            ..Changes::default()
        }
    }

    pub(crate) fn finalized(&self) -> Checkpoint {
        self.store.latest_finalized()
    }

    /// Grows by a slot: its block, and the votes of all validators.
    pub(crate) fn grow(&mut self) -> Changes {
        self.slot += 1;
        let time = interval_from_slot(self.slot);
        self.store.on_tick(time, true, false, &MockProofs::Marked);
        let block = Arc::new(self.block());
        let import = self.store.on_block(&*block, &MockProofs::Marked).expect("the block is valid");
        let data = self.store.produce_attestation_data(self.slot);
        self.last_vote = Some(data);
        let participants = aggregation_bits(0..self.validators).expect("all validators vote");
        self.store.insert_aggregated_attestation(SignedAggregatedAttestation {
            data,
            proof: SingleMessageAggregate {
                participants: participants.clone(),
                proof: self.proof.clone(),
            },
        });
        let finalized = import.finalized.map(|checkpoint| {
            self.store.forget_states(64);
            let state = self.store.state(&checkpoint.root).expect("it is pinned");
            Finalized { checkpoint, state: Arc::clone(state) }
        });
        Changes {
            blocks: vec![(import.root, block)],
            finalized,
            votes: vec![AggregatedAttestation { aggregation_bits: participants, data }],
            peers: None,
        }
    }

    fn block(&self) -> SignedBlock {
        let vote = self.last_vote.map(|data| AggregatedAttestation {
            aggregation_bits: aggregation_bits(0..self.validators).expect("all validators vote"),
            data,
        });
        let attestations: Vec<_> = vote.into_iter().collect();
        let parent = self.store.head_state();
        let mut block = Block {
            slot: self.slot,
            proposer_index: self.slot % self.validators,
            parent_root: self.store.head(),
            state_root: Root::ZERO,
            body: BlockBody {
                attestations: AggregatedAttestations::try_from(attestations).expect("one vote"),
            },
        };
        let mut state = process_slots(parent, self.slot).expect("the block is after its parent");
        process_block(&mut state, &block).expect("the block is valid");
        block.state_root = Root::of(&state);
        SignedBlock { block, proof: MultiMessageAggregate { proof: self.proof.clone() } }
    }
}
