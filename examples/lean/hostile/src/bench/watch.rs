//! The observation of a devnet: the nodes' reports, their memory, and their counters.

use std::collections::BTreeMap;
use std::io;
use std::time::Duration;

use consensus::{Root, Slot};
use tokio::time::Instant;

use crate::attack::Setting;
use crate::bench::probe::{self, Figures, HttpProbe};
use crate::bench::process::{Event, Happening, Status};
use crate::bench::{BenchError, Devnet, NODES};
use crate::http;

/// The interval between two readings of the processes' memory.
const LOOK: Duration = Duration::from_millis(200);

/// The time limit for the metrics of a node.
const PATIENCE: Duration = Duration::from_secs(3);

/// The finalized slot of a devnet in its normal state.
const SETTLED: Slot = 4;

/// The slots between the clock and the finalized block in the normal state, at most.
const NORMAL: u64 = 4;

/// The slots without a report after which a node counts as silent.
const SILENT: u64 = 3;

/// The node that is restarted, and the parts of the attack before its end and its start.
const RESTARTED: usize = 3;
const KILL_AFTER: f64 = 0.3;
const START_AFTER: f64 = 0.4;

/// The line in a log for a ban, of programs without a metric for it.
const BAN_LINE: &str = "leaving a peer that misbehaves";

/// The reports of a devnet since the last clearing.
#[derive(Debug, Default)]
pub(super) struct Series {
    last: [Option<Status>; NODES],
    /// The worst distance of any node in each slot.
    behind: BTreeMap<Slot, u64>,
    fewest_peers: Option<u64>,
    fewest_configured: Option<u64>,
    rss_max: f64,
    finalized: BTreeMap<Slot, Root>,
    is_split: bool,
    ended: u64,
}

impl Series {
    /// Forgets the last report of a node that is killed.
    pub(super) fn forget(&mut self, node: usize) {
        self.last[node] = None;
    }

    fn take_in(&mut self, node: usize, status: Status) {
        self.last[node] = Some(status);
        self.note(status.slot, status.slot.saturating_sub(status.finalized_slot));
        self.fewest_peers =
            Some(self.fewest_peers.map_or(status.peers, |fewest| fewest.min(status.peers)));
        if !status.finalized_root.is_zero() {
            let known =
                self.finalized.entry(status.finalized_slot).or_insert(status.finalized_root);
            self.is_split |= *known != status.finalized_root;
        }
    }

    fn note(&mut self, slot: Slot, behind: u64) {
        let worst = self.behind.entry(slot).or_default();
        *worst = behind.max(*worst);
    }
}

impl Devnet {
    /// Waits until every node has finalized a block, and is not far behind.
    ///
    /// # Errors
    ///
    /// Returns an error if this takes longer than `patience`, or if a node ends.
    pub fn wait_until_normal(&mut self, patience: Duration) -> Result<(), BenchError> {
        let end = now() + patience;
        while now() < end {
            self.watch(LOOK);
            if self.series.ended > 0 {
                let logs: Vec<_> = (0..NODES).map(|node| self.log_of(node)).collect();
                return Err(BenchError::Node(format!("a node ended:\n{}", logs.join("\n"))));
            }
            let is_normal = |status: &Option<Status>| {
                status.is_some_and(|status| {
                    status.finalized_slot >= SETTLED
                        && status.slot.saturating_sub(status.finalized_slot) <= NORMAL
                })
            };
            if self.series.last.iter().all(is_normal) {
                return Ok(());
            }
        }
        Err(BenchError::Node(format!("not in a normal state in time: {:?}", self.series.last)))
    }

    /// Begins to measure the answers of the APIs.
    pub(super) fn probe(&mut self) -> io::Result<()> {
        self.http = HttpProbe::start(self.apis())?;
        Ok(())
    }

    /// Watches the devnet during an attack. In the setting with a restart, one node is killed and
    /// started again.
    pub(super) fn watch_attack(&mut self, setting: Setting, duration: Duration) {
        if setting == Setting::Restart {
            self.watch(duration.mul_f64(KILL_AFTER));
            self.kill(RESTARTED);
            self.watch(duration.mul_f64(START_AFTER - KILL_AFTER));
            if self.launch(RESTARTED).is_err() {
                self.series.ended += 1;
            }
            self.watch(duration.mul_f64(1.0 - START_AFTER));
        } else {
            self.watch(duration);
        }
    }

    /// Reads reports for this time.
    pub(super) fn watch(&mut self, duration: Duration) {
        let end = now() + duration;
        let mut look = now();
        loop {
            let left = end.saturating_duration_since(now());
            if left.is_zero() {
                return;
            }
            if now() >= look {
                self.look();
                look = now() + LOOK;
            }
            if let Ok(event) = self.events.recv_timeout(left.min(LOOK)) {
                self.on_event(event);
            }
        }
    }

    fn on_event(&mut self, Event { node, run, what }: Event) {
        if self.nodes[node].as_ref().is_none_or(|process| process.run != run) {
            return;
        }
        match what {
            Happening::Status(status) => self.series.take_in(node, status),
            Happening::Ended => {
                self.series.ended += 1;
                self.nodes[node] = None;
            }
        }
    }

    fn look(&mut self) {
        let rss = self.nodes.iter().flatten().map(|process| probe::rss_mb(process.id()));
        self.series.rss_max = rss.fold(self.series.rss_max, f64::max);
        let slot = self.current_slot();
        let silent: Vec<_> = self.series.last.iter().flatten().copied().collect();
        for status in silent.iter().filter(|status| slot > status.slot + SILENT) {
            self.series.note(slot, slot - status.finalized_slot);
        }
    }

    /// Returns the counters of all nodes.
    pub(super) fn figures(&mut self) -> Figures {
        let mut figures = Figures::default();
        for process in self.nodes.iter().flatten() {
            figures.cpu_seconds += probe::cpu_seconds(process.id());
        }
        let pages =
            tokio::runtime::Builder::new_current_thread().enable_all().build().map(|runtime| {
                let pages = self.apis().iter().map(|api| http::get(*api, "/metrics", PATIENCE));
                runtime.block_on(futures::future::join_all(pages))
            });
        for page in pages.unwrap_or_default().into_iter().flatten() {
            probe::read_metrics(&String::from_utf8_lossy(&page), &mut figures);
        }
        let logged = (0..NODES).map(|node| self.log_of(node).matches(BAN_LINE).count() as u64);
        figures.bans = figures.bans.max(logged.sum());
        if let Some(configured) = figures.configured {
            let fewest = self.series.fewest_configured.unwrap_or(configured);
            self.series.fewest_configured = Some(fewest.min(configured));
        }
        figures
    }

    /// Forgets everything seen so far, the last reports excepted.
    pub(super) fn clear(&mut self) {
        self.clear_series();
        self.series.rss_max = 0.0;
        self.series.fewest_configured = None;
    }

    /// Forgets the distances and numbers of peers seen so far.
    pub(super) fn clear_series(&mut self) {
        self.series.behind.clear();
        self.series.fewest_peers = None;
    }

    /// Returns the most slots between the clock and the finalized block of any node.
    pub fn worst_behind(&self) -> u64 {
        self.series.behind.values().copied().max().unwrap_or_default()
    }

    /// Returns the slots after `start` until no node is farther behind than `normal`, or `None` if
    /// one is in the last slots.
    pub(super) fn slots_until(&self, normal: u64, start: Slot, last: u64) -> Option<u64> {
        let mut far = self.series.behind.iter().filter(|(_, behind)| **behind > normal);
        let Some((slot, _)) = far.next_back() else { return Some(0) };
        let is_over = slot + last <= self.current_slot();
        is_over.then(|| (slot + 1).saturating_sub(start))
    }

    pub(super) fn fewest_peers(&self) -> u64 {
        self.series.fewest_peers.unwrap_or_default()
    }

    pub(super) fn last_peers(&self) -> u64 {
        self.series
            .last
            .iter()
            .map(|status| status.map_or(0, |status| status.peers))
            .min()
            .unwrap_or(0)
    }

    pub(super) fn fewest_configured(&self) -> Option<u64> {
        self.series.fewest_configured
    }

    /// Returns the memory of the largest node, in MB.
    pub fn rss_max(&self) -> f64 {
        self.series.rss_max
    }

    pub(super) fn fewest_votes(&self) -> Option<u64> {
        self.http.fewest_votes()
    }

    pub(super) fn http_worst_ms(&self) -> u64 {
        self.http.worst_ms()
    }

    pub(super) fn http_failures(&self) -> u64 {
        self.http.failures()
    }

    pub(super) fn is_one_chain(&self) -> bool {
        !self.series.is_split
    }

    pub(super) fn ended_nodes(&self) -> u64 {
        self.series.ended
    }
}

fn now() -> Instant {
    Instant::now()
}
