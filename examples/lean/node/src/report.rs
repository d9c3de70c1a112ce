//! The report of a running node: JSON, one line at a time.

use std::collections::BTreeMap;
use std::net::SocketAddr;

use actor_lanes::mailbox::LaneStats;
use serde::{Deserialize, Serialize};

use consensus::{Root, Slot};

/// One line of a node's report on standard output. The field `kind` names its variant.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum ReportLine {
    /// The node has started. Printed once.
    Ready(ReadyLine),
    /// The state of the node. Printed once in a slot.
    Status(Box<StatusLine>),
    /// A part of the node has ended abnormally, and the node stops. Printed at most once.
    Failed(FailedLine),
    /// The node has stopped in order. Printed last.
    Stopped(StoppedLine),
}

/// A part of the node has ended abnormally.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FailedLine {
    /// The node's name.
    pub node: String,
    /// The part: an actor's or a thread's name.
    pub part: String,
    /// The reason, in one line.
    pub reason: String,
}

/// A node has started: it listens and takes part in the network.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReadyLine {
    /// The node's name.
    pub node: String,
    /// Its listen address, as configured.
    pub listen: String,
    /// Its identity for peers.
    pub peer_id: String,
    /// The runtime of its actors.
    pub runtime: String,
    /// The address of its HTTP API, if it serves one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub http: Option<SocketAddr>,
}

/// A node has stopped in order.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StoppedLine {
    /// The node's name.
    pub node: String,
    /// The parts still running at the deadline. Empty after a complete stop.
    pub left: Vec<String>,
}

/// The state of a node at one moment of a slot.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct StatusLine {
    /// The node's name.
    pub node: String,
    /// The slot by the node's clock.
    pub slot: Slot,
    /// The interval within the slot, 0 to 4.
    pub interval: u64,
    /// The slot of the head block.
    pub head_slot: Slot,
    /// The head block.
    pub head_root: Root,
    /// The slot of the latest justified block.
    pub justified_slot: Slot,
    /// The latest justified block.
    pub justified_root: Root,
    /// The slot of the latest finalized block.
    pub finalized_slot: Slot,
    /// The latest finalized block.
    pub finalized_root: Root,
    /// The number of connected peers.
    pub peers: u64,
    /// The lanes of the chain actor's mailbox.
    pub lanes: Vec<LaneLine>,
    /// The number of messages lost in any way: refused, evicted or undecodable.
    pub drops: u64,
    /// The same by reason, and also duplicates, without a loss.
    pub dropped: BTreeMap<String, u64>,
    /// The lateness of ticks.
    pub tick_lateness_ms: TickLateness,
    /// The number of intervals left out because a tick was too late.
    pub missed_intervals: u64,
    /// The number of blocks imported since the start.
    pub blocks_imported: u64,
    /// The number of blocks waiting for their parent, their slot or their verification.
    pub pending_blocks: u64,
    /// The number of votes waiting for a block.
    pub pending_votes: u64,
    /// The runtime of the node's actors.
    pub runtime: String,
    /// Notes for a person.
    pub notes: Vec<String>,
}

/// The state of one lane of a mailbox. The counts are since the start.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct LaneLine {
    /// The lane's name.
    pub name: String,
    /// Messages accepted and not handled yet.
    pub depth: u64,
    /// Messages accepted.
    pub accepted: u64,
    /// Messages handled.
    pub handled: u64,
    /// Messages returned to their senders because the lane was full.
    pub refused: u64,
    /// Messages evicted to make room for newer ones.
    pub evicted: u64,
    /// The greatest depth so far.
    pub high_water: u64,
}

/// The lateness of ticks, in milliseconds after the start of their interval.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct TickLateness {
    /// Of the latest tick.
    pub last: u64,
    /// The largest since the start.
    pub max: u64,
}

impl From<&LaneStats> for LaneLine {
    fn from(stats: &LaneStats) -> Self {
        Self {
            name: stats.name.to_owned(),
            depth: stats.depth,
            accepted: stats.accepted,
            handled: stats.handled,
            refused: stats.refused,
            evicted: stats.evicted,
            high_water: stats.high_water,
        }
    }
}
