//! The figures of processes and of HTTP APIs.

use std::fs;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use tokio::time::{Instant, sleep};

use crate::http;
use crate::tally::Count;
use crate::target::HttpTarget;

/// The interval between two requests to one API.
const INTERVAL: Duration = Duration::from_millis(250);

/// The time limit of an answer.
const PATIENCE: Duration = Duration::from_secs(3);

/// The clock ticks a second of `/proc`, the same on every usual Linux.
const TICKS: f64 = 100.0;

/// The counters of all nodes together, as shown by their metrics.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Figures {
    /// The CPU seconds of the processes.
    pub(super) cpu_seconds: f64,
    /// Messages without effect, all reasons together.
    pub(super) dropped: u64,
    /// Messages refused or evicted by lanes.
    pub(super) refused: u64,
    /// Bans.
    pub(super) bans: u64,
    /// The fewest connected configured peers of a node, if the program shows them.
    pub(super) configured: Option<u64>,
}

/// Returns the CPU seconds of a process so far, or 0 if it has ended.
pub(super) fn cpu_seconds(process: u32) -> f64 {
    let stat = fs::read_to_string(format!("/proc/{process}/stat")).unwrap_or_default();
    // The name in parentheses may have spaces. User and system time are fields 14 and 15.
    let fields = stat.rsplit_once(')').map(|(_, rest)| rest).unwrap_or_default();
    let ticks = fields.split_whitespace().skip(11).take(2).filter_map(|ticks| ticks.parse().ok());
    ticks.map(|ticks: u64| ticks as f64).sum::<f64>() / TICKS
}

/// Returns the resident memory of a process in megabytes, or 0 if it has ended.
pub(super) fn rss_mb(process: u32) -> f64 {
    let status = fs::read_to_string(format!("/proc/{process}/status")).unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kilobytes = line.and_then(|line| line.split_whitespace().next()?.parse().ok());
    kilobytes.map_or(0.0, |kilobytes: u64| kilobytes as f64 / 1024.0)
}

/// Adds the counters of one node's metrics.
pub(super) fn read_metrics(page: &str, figures: &mut Figures) {
    let samples = page.lines().filter(|line| !line.starts_with('#'));
    for (name, value) in samples.filter_map(|line| line.rsplit_once(' ')) {
        let Ok(value) = value.parse::<f64>() else { continue };
        let (name, _labels) = name.split_once('{').unwrap_or((name, ""));
        let value = value as u64;
        match name {
            "chain_dropped_total" => figures.dropped += value,
            "actor_lane_refused_total" | "actor_lane_evicted_total" => figures.refused += value,
            _ if name.contains("banned") && name.ends_with("_total") => figures.bans += value,
            _ if name.contains("configured") && name.contains("connected") => {
                figures.configured =
                    Some(figures.configured.map_or(value, |fewest| fewest.min(value)));
            }
            _ => {}
        }
    }
}

/// Requests the health and the fork choice of every API again and again, from a thread of its own.
#[derive(Debug)]
pub(super) struct HttpProbe {
    seen: Arc<HttpSeen>,
    thread: Option<JoinHandle<()>>,
}

/// The figures written by the probe's thread. `Relaxed` suffices: they order no other memory.
#[derive(Debug)]
struct HttpSeen {
    /// Set once to end the thread.
    is_over: AtomicBool,
    /// The longest answer so far, in milliseconds, kept as the sum of its increases.
    worst: Count,
    failures: Count,
    /// The fewest votes counted for any block, by the API of any node.
    fewest_votes: AtomicU64,
}

impl HttpProbe {
    /// Starts the requests.
    pub(super) fn start(apis: &[HttpTarget]) -> std::io::Result<Self> {
        let seen = Arc::new(HttpSeen {
            is_over: AtomicBool::new(false),
            worst: Count::default(),
            failures: Count::default(),
            fewest_votes: AtomicU64::new(u64::MAX),
        });
        let (shared, apis) = (Arc::clone(&seen), apis.to_vec());
        let reactor = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let thread = thread::Builder::new().name("http-probe".to_owned()).spawn(move || {
            reactor.block_on(async {
                futures::future::join_all(apis.iter().map(|api| look(*api, &shared))).await;
            });
        })?;
        Ok(Self { seen, thread: Some(thread) })
    }

    /// Returns the longest answer in milliseconds.
    pub(super) fn worst_ms(&self) -> u64 {
        self.seen.worst.get()
    }

    /// Returns the number of requests without an answer.
    pub(super) fn failures(&self) -> u64 {
        self.seen.failures.get()
    }
}

impl HttpProbe {
    /// Returns the fewest votes that the heaviest block of a node had, or `None` without an answer.
    pub(super) fn fewest_votes(&self) -> Option<u64> {
        Some(self.seen.fewest_votes.load(Ordering::Relaxed)).filter(|votes| *votes != u64::MAX)
    }
}

impl Drop for HttpProbe {
    fn drop(&mut self) {
        self.seen.is_over.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            // The thread has nothing to report.
            let _ = thread.join();
        }
    }
}

async fn look(api: HttpTarget, seen: &HttpSeen) {
    while !seen.is_over.load(Ordering::Relaxed) {
        sleep(INTERVAL).await;
        let start = Instant::now();
        match http::get(api, "/lean/v0/health", PATIENCE).await {
            Ok(_) => {
                let took = start.elapsed().as_millis() as u64;
                seen.worst.add(took.saturating_sub(seen.worst.get()));
            }
            Err(_) => seen.failures.add(1),
        }
        if let Ok(tree) = http::get(api, "/lean/v0/fork_choice", PATIENCE).await
            && let Some(votes) = heaviest(&tree)
        {
            seen.fewest_votes.fetch_min(votes, Ordering::Relaxed);
        }
    }
}

/// Returns the weight of the heaviest block of a fork choice.
fn heaviest(body: &[u8]) -> Option<u64> {
    let tree: serde_json::Value = serde_json::from_slice(body).ok()?;
    tree.get("nodes")?.as_array()?.iter().filter_map(|node| node.get("weight")?.as_u64()).max()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counters_of_all_labels_are_added() {
        let page = "# TYPE chain_dropped_total counter\nchain_dropped_total{reason=\"a b\"} 2\n\
                    chain_dropped_total{reason=\"c\"} 3\nnetwork_peers_banned_total 4\n\
                    actor_lane_evicted_total{actor=\"chain\",lane=\"votes\"} 5\n";
        let mut figures = Figures::default();
        read_metrics(page, &mut figures);
        assert_eq!((figures.dropped, figures.bans, figures.refused), (5, 4, 5));
    }
}
