//! The store on disk beside the store under test: what a node would keep of each step, and a
//! restart from it after each step.
//!
//! The votes of the generator come into the pool of known proofs on ways of its own. So all votes
//! of that pool are kept here, and not those of each acceptance, as in a node.

use std::collections::HashSet;
use std::path::Path;
use std::sync::Arc;

use consensus::{
    AggregatedAttestation, Block, Checkpoint, MultiMessageAggregate, Root, SignedBlock, State,
    Store, aggregation_bits, validator_indices,
};
use redb::backends::InMemoryBackend;
use storage::{
    ChainIdentity, ChainStore as _, Changes, Finalized, ReadChain as _, RedbStore, StorageError,
};

use crate::verdict::Findings;

/// A chain on a disk in memory.
pub(super) struct Kept {
    disk: RedbStore,
    blocks: HashSet<Root>,
    finalized: Checkpoint,
}

impl Kept {
    /// Keeps the anchor of a store.
    pub(super) fn new(store: &Store) -> Result<Self, StorageError> {
        let identity = ChainIdentity {
            genesis_time: store.config().genesis_time,
            validators_root: Root::of(&store.head_state().validators),
            fork: String::from("vectors"),
            scheme: String::from("test"),
        };
        let path = Path::new("the disk of a vector");
        let mut disk = RedbStore::in_backend(InMemoryBackend::new(), path, &identity)?;
        let finalized = Checkpoint { root: store.head(), slot: store.head_slot() };
        let state = Arc::clone(store.head_state());
        disk.write(&Changes {
            blocks: vec![(finalized.root, signed(store.head_block()))],
            finalized: Some(Finalized { checkpoint: finalized, state }),
            ..Changes::default()
        })?;
        Ok(Self { disk, blocks: HashSet::from([finalized.root]), finalized })
    }

    /// Keeps the changes of a step, and compares a store that starts from the disk.
    pub(super) fn follow(
        &mut self,
        store: &Store,
        block: Option<&Block>,
        findings: &mut Findings,
    ) -> Result<(), StorageError> {
        let block = block.map(|block| (Root::of(block), signed(block)));
        let new = block.filter(|(root, _)| store.contains_block(root) && self.blocks.insert(*root));
        let finalized = store.latest_finalized();
        let advanced = finalized.slot > self.finalized.slot;
        let state: Option<&Arc<State>> = store.state(&finalized.root).filter(|_| advanced);
        self.finalized = if advanced { finalized } else { self.finalized };
        let known = store.pools().known_proofs().filter_map(|(data, proofs)| {
            let voters: HashSet<_> =
                proofs.iter().flat_map(|proof| validator_indices(&proof.participants)).collect();
            Some(AggregatedAttestation { aggregation_bits: aggregation_bits(voters)?, data: *data })
        });
        self.disk.write(&Changes {
            blocks: new.into_iter().collect(),
            finalized: state
                .map(|state| Finalized { checkpoint: finalized, state: Arc::clone(state) }),
            votes: known.collect(),
            peers: None,
        })?;
        let restarted = self.restarted(findings)?;
        let Some(restarted) = restarted else { return Ok(()) };
        findings.same("head after a restart", restarted.head(), store.head());
        let justified = restarted.latest_justified();
        findings.same("justified after a restart", justified, store.latest_justified());
        findings.same("finalized after a restart", restarted.latest_finalized(), finalized);
        Ok(())
    }

    /// Starts a store from the disk, as a node does.
    fn restarted(&self, findings: &mut Findings) -> Result<Option<Store>, StorageError> {
        let Some(loaded) = self.disk.reader().load()? else {
            findings.differ("the chain on disk", "nothing", "a chain");
            return Ok(None);
        };
        let mut store = match Store::new(loaded.state, loaded.anchor.block.clone(), Some(0)) {
            Ok(store) => store,
            Err(rejection) => {
                findings.differ("the anchor on disk", rejection.to_string(), "an anchor");
                return Ok(None);
            }
        };
        for block in &loaded.blocks {
            if let Err(rejection) = store.restore_block(block) {
                findings.differ("a block on disk", rejection.to_string(), "no rejection");
            }
        }
        store.restore_votes(&loaded.votes);
        Ok(Some(store))
    }
}

fn signed(block: &Block) -> Arc<SignedBlock> {
    Arc::new(SignedBlock { block: block.clone(), proof: MultiMessageAggregate::default() })
}
