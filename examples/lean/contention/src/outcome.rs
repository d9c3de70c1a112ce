//! What one run has come to.

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

/// One run of the load: what it cost the network thread and the ticks, and where the chain stood in the end.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Outcome {
    /// How the network thread reached the chain.
    pub(super) dispatch: String,
    /// The runtime of the actors, if there were any.
    pub(super) runtime: Option<String>,
    /// The network thread's calls, by site.
    pub(super) calls: Vec<CallLine>,
    /// How long after it was due each tick's handler began.
    pub(super) tick_lateness: Spread,
    /// How long each tick's handler ran.
    pub(super) tick_handled: Spread,
    /// Intervals that were left out because ticks came more than a slot late.
    pub(super) missed_intervals: u64,
    /// Blocks imported.
    pub(super) blocks_imported: u64,
    /// The lanes on the way, the chain's as `chain/…`; none where there are none.
    pub(super) lanes: Vec<LaneLine>,
    /// What was dropped on the way or refused by the chain, by reason.
    pub(super) dropped: BTreeMap<String, u64>,
    /// Peers' requests for blocks that nobody answered.
    pub(super) requests_unanswered: u64,
    /// The head in the end.
    pub(super) head: Place,
    /// The latest justified checkpoint in the end.
    pub(super) justified: Place,
    /// The latest finalized checkpoint in the end.
    pub(super) finalized: Place,
    /// Whether the three are those of a node that has seen everything at its time.
    pub(super) is_as_recorded: bool,
}

/// The calls at one site.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct CallLine {
    /// Where the calls are made.
    pub(super) site: Site,
    /// What they cost the network thread.
    pub(super) on_network_thread: Spread,
    /// How much of that was spent on waiting for a lock.
    pub(super) waited: Spread,
    /// How long what came had lain in its socket before the call, because the network thread was in those before.
    pub(super) lay: Spread,
}

/// A block by slot and root.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Place {
    /// Its slot.
    pub(super) slot: Slot,
    /// Its root.
    pub(super) root: Root,
}

/// How ticks came, and how long the chain was busy with them.
#[derive(Debug, Default)]
pub(super) struct Ticks {
    /// How long after it was due each tick's handler began.
    pub(super) lateness: Vec<Duration>,
    /// How long each tick's handler ran.
    pub(super) handled: Vec<Duration>,
}

/// How a node stands when the load has been worked off.
pub(super) struct End {
    pub(super) head: ChainHead,
    pub(super) snapshot: Arc<Snapshot>,
    pub(super) lanes: Vec<LaneLine>,
    pub(super) undecodable: u64,
    pub(super) requests_unanswered: u64,
}

impl Outcome {
    /// Puts together what was measured and what was reached.
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

    /// Counts the messages that a control lane did not deliver.
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
