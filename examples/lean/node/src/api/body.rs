//! The bodies of answers: JSON fields in the specification's order (`node/api/responses.py`), and
//! SSZ.

use std::cell::RefCell;

use hyper::body::Bytes;
use libssz::SszEncode;
use serde::Serialize;

use crate::health::Condition;
use crate::sync_state::{Readiness, SyncState, SyncStatus};
use chain::Snapshot;
use consensus::{
    Block, Checkpoint, ForkChoiceNode, MultiMessageAggregate, Root, SignedBlock, Slot,
    ValidatorIndex,
};

/// The answer of the health endpoint. A healthy node's is the specification's constant one.
#[derive(Debug, Serialize)]
pub(super) struct HealthBody {
    status: &'static str,
    service: &'static str,
    /// Why the node is not healthy.
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
}

/// The answer of the readiness endpoint.
#[derive(Debug, Serialize)]
pub(super) struct ReadyBody {
    status: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
}

/// The node's progress along the chain.
#[derive(Debug, Serialize)]
pub(super) struct SyncBody {
    status: &'static str,
    is_syncing: bool,
    head_slot: Slot,
    current_slot: Slot,
    sync_distance: Slot,
    finalized_slot: Slot,
    peers: u64,
    configured_peers: u64,
    configured_peers_connected: u64,
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

impl From<&Condition> for HealthBody {
    fn from(condition: &Condition) -> Self {
        let (status, reason) = match condition {
            Condition::Healthy => ("healthy", None),
            Condition::Stuck(_) => ("stuck", Some(condition.to_string())),
            Condition::Stopping => ("stopping", Some(condition.to_string())),
            Condition::Failed(_) => ("failed", Some(condition.to_string())),
        };
        Self { status, service: "lean-rpc-api", reason }
    }
}

impl From<&Readiness> for ReadyBody {
    fn from(readiness: &Readiness) -> Self {
        let (status, reason) = match readiness {
            Readiness::Ready => ("ready", None),
            Readiness::Syncing(sync) => ("syncing", Some(sync.to_string())),
            Readiness::NotReady(reason) => ("not ready", Some(reason.clone())),
        };
        Self { status, reason }
    }
}

impl From<&SyncState> for SyncBody {
    fn from(sync: &SyncState) -> Self {
        Self {
            status: sync.status.name(),
            is_syncing: sync.status == SyncStatus::Syncing,
            head_slot: sync.head_slot,
            current_slot: sync.current_slot,
            sync_distance: sync.distance(),
            finalized_slot: sync.finalized_slot,
            peers: sync.peers.connected,
            configured_peers: sync.peers.configured,
            configured_peers_connected: sync.peers.configured_connected,
        }
    }
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
