//! The result of one run.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use chain::{ChainHead, Snapshot};
use consensus::{Checkpoint, Root, Slot};
use lean_node::report::LaneLine;

use super::network_thread::{Call, Calls};
use super::recording::Recording;
use super::site::Site;
use super::spread::Spread;

/// The result of one run: the costs for the network thread and the ticks, and the final chain.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Outcome {
    /// The kind of dispatch: mutex, actor, loop, or `actor, kept`.
    pub(super) dispatch: String,
    /// The runtime of the actors. `None` in a run without actors.
    pub(super) runtime: Option<String>,
    /// The network thread's calls, by site.
    pub(super) calls: Vec<CallLine>,
    /// The delay from the due time of each tick to the start of its handler.
    pub(super) tick_lateness: Spread,
    /// The running time of each tick's handler.
    pub(super) tick_handled: Spread,
    /// The service of the foreign loop for its own descriptors. `None` without such a loop.
    pub(super) host: Option<HostLine>,
    /// The store on disk. `None` without one.
    pub(super) store: Option<StoreLine>,
    /// The number of intervals skipped because a tick was more than a slot late.
    pub(super) missed_intervals: u64,
    /// The number of imported blocks.
    pub(super) blocks_imported: u64,
    /// The statistics of all lanes. Those of the chain are named `chain/…`. Empty in a run without
    /// lanes.
    pub(super) lanes: Vec<LaneLine>,
    /// The number of messages dropped before the chain or refused by it, by reason.
    pub(super) dropped: BTreeMap<String, u64>,
    /// The number of peers' block requests without an answer.
    pub(super) requests_unanswered: u64,
    /// The head at the end.
    pub(super) head: Place,
    /// The latest justified checkpoint at the end.
    pub(super) justified: Place,
    /// The latest finalized checkpoint at the end.
    pub(super) finalized: Place,
    /// Whether these three equal those of a node with no delay in its input.
    pub(super) is_as_recorded: bool,
}

/// The calls at one site.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct CallLine {
    /// The call site.
    pub(super) site: Site,
    /// The cost for the network thread.
    pub(super) on_network_thread: Spread,
    /// The part of it spent waiting for a lock.
    pub(super) waited: Spread,
    /// The delay of the input in its socket before the call, caused by earlier calls of the network
    /// thread.
    pub(super) lay: Spread,
}

/// The service of a foreign loop for its own descriptors, beside the chain's owner.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct HostLine {
    /// The delay from the due time of the loop's timer to its service.
    pub(super) timer_lateness: Spread,
    /// The number of datagrams read from the loop's socket.
    pub(super) datagrams: u64,
}

/// The commits of a store on disk.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct StoreLine {
    /// The number of commits.
    pub(super) commits: u64,
    /// The time of the longest commit.
    pub(super) longest_commit_us: f64,
}

/// A block, by slot and root.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Place {
    /// The slot of the block.
    pub(super) slot: Slot,
    /// The root of the block.
    pub(super) root: Root,
}

/// The lateness and the running time of the ticks.
#[derive(Debug, Default)]
pub(super) struct Ticks {
    /// The delay from the due time of each tick to the start of its handler.
    pub(super) lateness: Vec<Duration>,
    /// The running time of each tick's handler.
    pub(super) handled: Vec<Duration>,
}

/// The state of a node after it has processed its load.
pub(super) struct End {
    pub(super) head: ChainHead,
    pub(super) snapshot: Arc<Snapshot>,
    pub(super) lanes: Vec<LaneLine>,
    pub(super) undecodable: u64,
    pub(super) requests_unanswered: u64,
}

impl Outcome {
    /// Creates the result from the measurements and the final state.
    pub(super) fn new(
        dispatch: &str,
        runtime: Option<&str>,
        recording: &Recording,
        calls: Calls,
        ticks: Ticks,
        end: End,
    ) -> Self {
        let End { head, snapshot, lanes, undecodable, requests_unanswered } = end;
        let mut dropped: BTreeMap<String, u64> =
            snapshot.dropped.iter().map(|(reason, count)| ((*reason).to_owned(), *count)).collect();
        dropped.insert("gossip not SSZ".to_owned(), undecodable);
        dropped.retain(|_, count| *count > 0);
        Self {
            dispatch: dispatch.to_owned(),
            runtime: runtime.map(str::to_owned),
            calls: calls.iter().map(|(site, calls)| CallLine::new(*site, calls)).collect(),
            tick_lateness: Spread::of(ticks.lateness),
            tick_handled: Spread::of(ticks.handled),
            host: None,
            store: None,
            missed_intervals: snapshot.missed_intervals,
            blocks_imported: snapshot.blocks_imported,
            lanes,
            dropped,
            requests_unanswered,
            head: head.head.into(),
            justified: head.justified.into(),
            finalized: head.finalized.into(),
            is_as_recorded: head == recording.head,
        }
    }

    /// Returns the number of control messages lost in the chain's control lane.
    pub(super) fn control_lost(&self) -> u64 {
        let control = self.lanes.iter().filter(|lane| lane.name == "chain/control");
        control.map(|lane| lane.refused + lane.evicted).sum()
    }
}

impl CallLine {
    fn new(site: Site, calls: &[Call]) -> Self {
        let of = |part: fn(&Call) -> Duration| Spread::of(calls.iter().map(part).collect());
        Self {
            site,
            on_network_thread: of(|call| call.cost.total),
            waited: of(|call| call.cost.waited),
            lay: of(|call| call.lay),
        }
    }
}

impl From<Checkpoint> for Place {
    fn from(checkpoint: Checkpoint) -> Self {
        Self { slot: checkpoint.slot, root: checkpoint.root }
    }
}
