//! The bodies of answers: JSON fields in the specification's order (`node/api/responses.py`), and
//! SSZ.

use std::cell::RefCell;

use hyper::body::Bytes;
use libssz::SszEncode;
use serde::Serialize;

use chain::Snapshot;
use consensus::{
    Block, Checkpoint, ForkChoiceNode, MultiMessageAggregate, Root, SignedBlock, Slot,
    ValidatorIndex,
};

/// The constant answer of the health endpoint.
#[derive(Debug, Serialize)]
pub(super) struct HealthBody {
    status: &'static str,
    service: &'static str,
}

/// A checkpoint.
#[derive(Debug, Serialize)]
pub(super) struct CheckpointBody {
    slot: Slot,
    root: Root,
}

/// The blocks of the fork choice, and its results.
#[derive(Debug, Serialize)]
pub(super) struct ForkChoiceBody {
    nodes: Vec<NodeBody>,
    head: Root,
    justified: CheckpointBody,
    finalized: CheckpointBody,
    safe_target: Root,
    validator_count: usize,
}

/// One block of the fork choice.
#[derive(Debug, Serialize)]
struct NodeBody {
    root: Root,
    slot: Slot,
    parent_root: Root,
    proposer_index: ValidatorIndex,
    weight: u64,
}

/// Whether the node aggregates votes.
#[derive(Debug, Serialize)]
pub(super) struct AggregatorStatusBody {
    pub(super) is_aggregator: bool,
}

/// The result of a change of the aggregator's role.
#[derive(Debug, Serialize)]
pub(super) struct AggregatorToggleBody {
    pub(super) is_aggregator: bool,
    pub(super) previous: bool,
}

impl HealthBody {
    pub(super) const HEALTHY: Self = Self { status: "healthy", service: "lean-rpc-api" };
}

impl From<Checkpoint> for CheckpointBody {
    fn from(checkpoint: Checkpoint) -> Self {
        Self { slot: checkpoint.slot, root: checkpoint.root }
    }
}

impl From<&ForkChoiceNode> for NodeBody {
    fn from(node: &ForkChoiceNode) -> Self {
        let ForkChoiceNode { root, slot, parent_root, proposer_index, weight } = *node;
        Self { root, slot, parent_root, proposer_index, weight }
    }
}

impl From<&Snapshot> for ForkChoiceBody {
    fn from(chain: &Snapshot) -> Self {
        Self {
            nodes: chain.fork_choice.nodes.iter().map(NodeBody::from).collect(),
            head: chain.head.root,
            justified: chain.justified.into(),
            finalized: chain.finalized.into(),
            safe_target: chain.safe_target,
            validator_count: chain.validator_count,
        }
    }
}

/// Encodes a block as a signed block with an empty proof. A client beginning at this block trusts
/// it without a proof, and this node may never have received the block's own proof.
pub(super) fn unproven(block: &Block) -> Vec<u8> {
    SignedBlock { block: block.clone(), proof: MultiMessageAggregate::default() }.to_ssz()
}

/// A body created once per root and shared by all answers with that root.
#[derive(Debug, Default)]
pub(super) struct Cached(RefCell<Option<(Root, Bytes)>>);

impl Cached {
    /// Returns the body of `root`. Calls `make` unless the previous call had the same root.
    pub(super) fn get(&self, root: Root, make: impl FnOnce() -> Vec<u8>) -> Bytes {
        let mut cached = self.0.borrow_mut();
        if let Some((of, body)) = cached.as_ref()
            && *of == root
        {
            return body.clone();
        }
        let body = Bytes::from(make());
        *cached = Some((root, body.clone()));
        body
    }
}
