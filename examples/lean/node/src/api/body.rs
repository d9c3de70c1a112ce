//! What the endpoints say: the JSON's fields in the specification's order (`node/api/responses.py`), and SSZ.

use std::cell::RefCell;

use hyper::body::Bytes;
use libssz::SszEncode;
use serde::Serialize;

use chain::Snapshot;
use consensus::{Block, Checkpoint, ForkChoiceNode, MultiMessageAggregate, Root, SignedBlock, Slot, ValidatorIndex};

/// Says that the node can be reached.
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

/// The fork choice's blocks, and what it has made of them.
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

/// What a change of the aggregator's role has come to.
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

/// Encodes a block as one that is signed, with an empty proof: whoever starts from it trusts it, and the proof that it
/// came with may never have been here.
pub(super) fn unproven(block: &Block) -> Vec<u8> {
    SignedBlock { block: block.clone(), proof: MultiMessageAggregate::default() }.to_ssz()
}

/// A body that is made once for each root, and shared by all who are answered with it.
#[derive(Debug, Default)]
pub(super) struct Cached(RefCell<Option<(Root, Bytes)>>);

impl Cached {
    /// Returns the body of `root`, made by `make` unless it was the last one asked for.
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
