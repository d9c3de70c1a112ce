//! What a running node reports, one JSON line at a time.

use std::collections::BTreeMap;
use std::net::SocketAddr;

use actor_lanes::mailbox::LaneStats;
use serde::{Deserialize, Serialize};

use consensus::{Root, Slot};

/// One line of a node's report on standard output, told apart by its field `kind`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum ReportLine {
    /// The node has started; printed once.
    Ready(ReadyLine),
    /// How the node is; printed once in a slot.
    Status(Box<StatusLine>),
    /// The node has stopped in order; printed last.
    Stopped(StoppedLine),
}

/// Says that a node listens and takes part.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReadyLine {
    /// The node's name.
    pub node: String,
    /// Where it listens, as its configuration says.
    pub listen: String,
    /// Its identity for peers.
    pub peer_id: String,
    /// The runtime that its actors run on.
    pub runtime: String,
    /// Where it serves the HTTP API, if it does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub http: Option<SocketAddr>,
}

/// Says that a node has stopped in order.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StoppedLine {
    /// The node's name.
    pub node: String,
    /// What had not come to its end in time; empty when all went well.
    pub left: Vec<String>,
}

/// How a node is at one moment of one slot.
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
    /// How many peers are connected.
    pub peers: u64,
    /// The lanes of the chain actor's mailbox.
    pub lanes: Vec<LaneLine>,
    /// How many messages were lost in any way: refused, evicted, undecodable.
    pub drops: u64,
    /// The same, and what is no loss, by reason.
    pub dropped: BTreeMap<String, u64>,
    /// How late ticks come.
    pub tick_lateness_ms: TickLateness,
    /// How many intervals were left out because the node was too late for them.
    pub missed_intervals: u64,
    /// How many blocks were imported since the node started.
    pub blocks_imported: u64,
    /// How many blocks wait for their parents.
    pub pending_blocks: u64,
    /// How many votes wait for their blocks.
    pub pending_votes: u64,
    /// The runtime that the node's actors run on.
    pub runtime: String,
    /// What a person should know, in plain words.
    pub notes: Vec<String>,
}

/// How one lane of a mailbox is; the counts are since the node started.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct LaneLine {
    /// The lane's name.
    pub name: String,
    /// How many messages were accepted and not handled yet.
    pub depth: u64,
    /// How many were accepted.
    pub accepted: u64,
    /// How many were handled.
    pub handled: u64,
    /// How many were handed back to their senders because the lane was full.
    pub refused: u64,
    /// How many were thrown away to make room for newer ones.
    pub evicted: u64,
    /// The greatest depth so far.
    pub high_water: u64,
}

/// How late ticks come, in milliseconds after the start of their interval.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct TickLateness {
    /// The latest tick's.
    pub last: u64,
    /// The worst since the node started.
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
