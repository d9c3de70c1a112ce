//! The reporter: reports the state of the node once in a slot.
//!
//! It has its own thread and reads only published data. So it also reports while the chain's actor
//! is stuck, and adds a note about it.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use actor_lanes::mailbox::LaneStats;
use actor_lanes::{Actor, Context, Handle, Message};

use crate::report::{LaneLine, StatusLine, TickLateness};
use chain::decoder::{DecoderMessage, Undecodable};
use chain::wall_clock::WallClock;
use chain::{Chain, Published, Snapshot};
use consensus::{INTERVALS_PER_SLOT, Interval, SlotClock};
use network::NetworkCounters;

/// The lag of the chain's time behind the clock, in intervals, above which the chain counts as
/// stuck.
const STUCK_AFTER: Interval = 2;

/// Reasons without a loss: the same block or vote arrived twice.
const NO_LOSS: &[&str] = &["DUPLICATE_BLOCK", "DUPLICATE_VOTE"];

/// The data read by the reporter.
pub(crate) struct Sources {
    pub(crate) name: String,
    pub(crate) runtime: &'static str,
    pub(crate) clock: SlotClock,
    pub(crate) wall: WallClock,
    pub(crate) published: Published,
    pub(crate) chain: Chain,
    pub(crate) decoder: Handle<DecoderMessage>,
    pub(crate) undecodable: Undecodable,
    pub(crate) network: Arc<NetworkCounters>,
}

/// Reports once in a slot, in the middle of its last interval.
pub(crate) struct Reporter<R> {
    sources: Sources,
    report: R,
}

/// From the reporter's own timer: a report is due.
#[derive(Debug)]
pub(crate) struct Due;

impl Message for Due {}

impl<R> Reporter<R> {
    pub(crate) fn new(sources: Sources, report: R) -> Self {
        Self { sources, report }
    }

    fn arm(&self, cx: &mut Context<Due>) {
        let now = (self.sources.wall)();
        let clock = self.sources.clock;
        let half = clock.milliseconds_per_interval() / 2;
        let in_slot = |slot| clock.interval_start((slot + 1) * INTERVALS_PER_SLOT - 1) + half;
        let slot = clock.current_slot(now);
        let next = if in_slot(slot) > now { in_slot(slot) } else { in_slot(slot + 1) };
        cx.after(Duration::from_millis(next - now), Due);
    }
}

impl Sources {
    fn line(&self) -> StatusLine {
        let chain = self.published.latest();
        let now = (self.wall)();
        let lanes = self.chain.stats();
        let dropped = self.dropped(&chain, &lanes);
        let drops = dropped
            .iter()
            .filter(|(reason, _)| !NO_LOSS.contains(&reason.as_str()))
            .map(|(_, n)| n)
            .sum();
        StatusLine {
            node: self.name.clone(),
            slot: self.clock.current_slot(now),
            interval: self.clock.current_interval(now),
            head_slot: chain.head.slot,
            head_root: chain.head.root,
            justified_slot: chain.justified.slot,
            justified_root: chain.justified.root,
            finalized_slot: chain.finalized.slot,
            finalized_root: chain.finalized.root,
            peers: chain.peers as u64,
            lanes: lanes.iter().map(LaneLine::from).collect(),
            drops,
            dropped,
            tick_lateness_ms: TickLateness {
                last: milliseconds(chain.tick_lateness),
                max: milliseconds(chain.worst_tick_lateness),
            },
            missed_intervals: chain.missed_intervals,
            blocks_imported: chain.blocks_imported,
            pending_blocks: chain.pending_blocks as u64,
            pending_votes: chain.pending_votes as u64,
            runtime: self.runtime.to_owned(),
            notes: self.notes(&chain, now),
        }
    }

    /// Returns everything lost in the node, by reason.
    fn dropped(&self, chain: &Snapshot, lanes: &[LaneStats]) -> BTreeMap<String, u64> {
        let mut dropped: BTreeMap<_, _> =
            chain.dropped.iter().map(|(reason, count)| ((*reason).to_owned(), *count)).collect();
        let decoder = self.decoder.stats();
        for (owner, lane) in lanes
            .iter()
            .map(|lane| ("chain", lane))
            .chain(decoder.iter().map(|lane| ("decoder", lane)))
        {
            dropped.insert(format!("{owner}/{} refused", lane.name), lane.refused);
            dropped.insert(format!("{owner}/{} evicted", lane.name), lane.evicted);
        }
        dropped.insert("gossip not SSZ".to_owned(), self.undecodable.get());
        let of_network = self.network.dropped();
        dropped.extend(of_network.map(|(reason, count)| (reason.to_owned(), count)));
        dropped.insert("publish failed".to_owned(), self.network.publish_failed.get());
        dropped.retain(|_, count| *count > 0);
        dropped
    }

    fn notes(&self, chain: &Snapshot, now: u64) -> Vec<String> {
        let clock = self.clock.total_intervals(now);
        let behind = clock.saturating_sub(chain.time);
        let stuck = (behind > STUCK_AFTER).then(|| {
            let lanes = self.chain.stats();
            let fullest = lanes.iter().filter(|lane| lane.depth > 0).max_by_key(|lane| lane.depth);
            let fullest = fullest.map_or_else(String::new, |lane| {
                format!(", most in lane {} ({})", lane.name, lane.depth)
            });
            format!("the chain's owner is {behind} intervals behind the clock{fullest}")
        });
        // The chain's time is an earlier reading of the same clock, so it is ahead only of a clock
        // set back.
        let ahead = chain.time.saturating_sub(clock);
        let set_back = (ahead > 0).then(|| {
            format!("the clock was set back: the chain is {ahead} intervals ahead of it and stands still until then")
        });
        chain.notes.iter().cloned().chain(stuck).chain(set_back).collect()
    }
}

impl<R: FnMut(StatusLine) + 'static> Actor for Reporter<R> {
    type Message = Due;

    async fn started(&mut self, cx: &mut Context<Due>) {
        self.arm(cx);
    }

    async fn handle(&mut self, Due: Due, cx: &mut Context<Due>) {
        (self.report)(self.sources.line());
        self.arm(cx);
    }
}

fn milliseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_set_back_is_noted_while_the_chain_stands_still() {
        let (chain, _chain_mailbox) = Chain::new();
        let (decoder, _decoder_mailbox) = actor_lanes::mailbox();
        let sources = Sources {
            name: "node-0".to_owned(),
            runtime: "none",
            clock: SlotClock::new(0),
            wall: || 8000,
            published: Published::default(),
            chain,
            decoder,
            undecodable: Undecodable::default(),
            network: Arc::default(),
        };
        let notes =
            |time| sources.notes(&Snapshot { time, ..Snapshot::default() }, (sources.wall)());
        assert_eq!(notes(10), Vec::<String>::new());
        assert_eq!(notes(8), Vec::<String>::new());
        assert!(notes(7)[0].contains("3 intervals behind the clock"), "{:?}", notes(7));
        assert!(
            notes(12)[0].contains("set back: the chain is 2 intervals ahead"),
            "{:?}",
            notes(12)
        );
    }
}
