//! Events about the node itself: its state, its actors, its disk.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::report::TickLateness;
use consensus::{Root, Slot};

/// The node at one moment.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct NodeState {
    /// The node's name.
    pub name: String,
    /// The version of the program.
    pub version: String,
    /// The runtime of its actors.
    pub runtime: String,
    /// The time since the start, in seconds.
    pub uptime_s: u64,
    /// The phase of its life.
    pub phase: Phase,
    /// The reason for a phase other than running, for a person.
    pub reason: String,
    /// The time since the owner's next tick was due, in milliseconds. 0 while it is punctual.
    pub behind_ms: u64,
    /// The slot by the node's clock.
    pub slot: Slot,
    /// The interval within the slot.
    pub interval: u64,
    /// The duration of an interval, in milliseconds.
    pub interval_ms: u64,
    /// The head block.
    pub head: BlockName,
    /// The latest justified block.
    pub justified: BlockName,
    /// The latest finalized block.
    pub finalized: BlockName,
    /// Validators in the head's state.
    pub validators: u64,
    /// Validators of this node.
    pub own_validators: u64,
    /// Whether this node aggregates votes.
    pub is_aggregator: bool,
    /// Blocks imported since the start.
    pub blocks_imported: u64,
    /// Blocks that wait for their parent, their slot or their verification.
    pub pending_blocks: u64,
    /// Votes that wait for a block.
    pub pending_votes: u64,
    /// Intervals left out because a tick was too late.
    pub missed_intervals: u64,
    /// The lateness of ticks.
    pub tick_lateness_ms: TickLateness,
    /// The kinds of the warnings in force.
    pub warnings: Vec<String>,
    /// The chain's notes for a person.
    pub notes: Vec<String>,
    /// The findings of the watchdog that last.
    pub findings: Vec<Finding>,
}

/// The phases of a node's life.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Phase {
    /// The chain's owner has published nothing yet.
    #[default]
    Starting,
    /// Slot 0 has not begun.
    Waiting,
    /// Peers are configured, and none is connected.
    Alone,
    /// It fetches missing blocks.
    Syncing,
    /// It follows the chain.
    Running,
    /// The chain's owner does not keep up with the clock.
    Stuck,
    /// It stops in order.
    Stopping,
    /// A part has ended, and it stops.
    Failed,
}

impl Phase {
    /// Returns the phase in one word.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Starting => "starting",
            Self::Waiting => "waiting",
            Self::Alone => "alone",
            Self::Syncing => "syncing",
            Self::Running => "running",
            Self::Stuck => "stuck",
            Self::Stopping => "stopping",
            Self::Failed => "failed",
        }
    }
}

impl fmt::Display for Phase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// A block by its slot and root.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct BlockName {
    /// The block's slot.
    pub slot: Slot,
    /// The block's root.
    pub root: Root,
}

/// A finding of the watchdog.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Finding {
    /// One sentence about it.
    pub text: String,
    /// For how long it has lasted, in milliseconds.
    pub lasts_ms: u64,
}

/// The actors, and the network thread.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Actors {
    /// At most [`MOST_ACTORS`](crate::events::MOST_ACTORS) actors.
    pub actors: Vec<ActorRecord>,
    /// The number of actors left out.
    pub left_out: u64,
}

/// One actor.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct ActorRecord {
    /// The actor's name.
    pub name: String,
    /// Its work in few words. Empty for a thread that is no actor.
    pub doing: String,
    /// The time of its message in hand, as found by looks, in milliseconds.
    pub busy_ms: u64,
    /// How often it has been started again.
    pub restarts: u64,
    /// Its lanes.
    pub lanes: Vec<LaneRecord>,
}

/// One lane of an actor's mailbox. The counts are since the start.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct LaneRecord {
    /// The lane's name.
    pub name: String,
    /// Its capacity, in messages.
    pub capacity: u64,
    /// Messages accepted and not handled yet.
    pub depth: u64,
    /// The greatest depth so far.
    pub high_water: u64,
    /// Messages handled.
    pub handled: u64,
    /// Messages refused, evicted or expired.
    pub lost: u64,
}

/// Figures of the disk, published by the owner of the store.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Disk {
    /// The figures, in the order of their display.
    pub figures: Vec<DiskFigure>,
}

/// One figure of the disk.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct DiskFigure {
    /// The name, for a person.
    pub name: String,
    /// The value.
    pub value: u64,
    /// The unit: `B` for bytes, `ms` for milliseconds, otherwise a noun or nothing.
    pub unit: String,
}
