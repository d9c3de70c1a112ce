//! The reporter: reports the state of the node once in a slot.
//!
//! It has its own thread and reads only published data. So it also reports while the chain's actor
//! is stuck, and adds a note about it. It also decides on the warnings, because it sees all data
//! once in a slot.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use actor_lanes::mailbox::LaneStats;
use actor_lanes::view::View;
use actor_lanes::{Actor, Context, Handle, Message};

use crate::report::{LaneLine, StatusLine, TickLateness};
use crate::stuck::Stuck;
use crate::sync_state::Peers;
use crate::warnings::{Alerts, Announcer, KeySlots, Kind, Observation, Warning, Warnings};
use chain::decoder::{DecoderMessage, Undecodable};
use chain::signer::NotSigned;
use chain::wall_clock::WallClock;
use chain::{Chain, Snapshot};
use consensus::{INTERVALS_PER_SLOT, SlotClock};
use network::NetworkCounters;

/// Reasons without a loss: the same block or vote arrived twice.
const NO_LOSS: &[&str] = &["DUPLICATE_BLOCK", "DUPLICATE_VOTE"];

/// The data read by the reporter.
pub(crate) struct Sources {
    pub(crate) name: String,
    pub(crate) runtime: &'static str,
    pub(crate) clock: SlotClock,
    pub(crate) wall: WallClock,
    pub(crate) published: View<Snapshot>,
    pub(crate) chain: Chain,
    pub(crate) decoder: Handle<DecoderMessage>,
    pub(crate) undecodable: Undecodable,
    pub(crate) network: Arc<NetworkCounters>,
    pub(crate) stuck: Stuck,
}

/// Reports once in a slot, in the middle of its last interval, and once in a slot's time before
/// genesis.
pub(crate) struct Reporter<R> {
    sources: Sources,
    warnings: Warnings,
    announcer: Announcer,
    /// The time of the first report, by the monotonic clock.
    begun: Option<Instant>,
    report: R,
}

/// From the reporter's own timer: a report is due.
#[derive(Debug, Message)]
pub(crate) struct Due;

impl<R> Reporter<R> {
    /// Creates a reporter with these keys of the node's validators.
    pub(crate) fn new(
        sources: Sources,
        keys: Option<KeySlots>,
        alerts: Arc<Alerts>,
        report: R,
    ) -> Self {
        let warnings = Warnings::new(sources.clock, keys);
        Self { sources, warnings, announcer: Announcer::new(alerts), begun: None, report }
    }

    fn arm(&self, cx: &mut Context<Due>) {
        let wait = until_next_report(self.sources.clock, self.sources.wall.now());
        cx.after(Duration::from_millis(wait), Due);
    }

    /// Returns the warnings in force now.
    fn warnings(&mut self, chain: &Snapshot, wall: u64, now: Instant) -> Vec<Warning> {
        let begun = *self.begun.get_or_insert(now);
        let peers = Peers::read(chain, &self.sources.network);
        self.warnings.observe(&Observation {
            wall,
            steady: now.saturating_duration_since(begun),
            chain_time: chain.time,
            finalized: chain.finalized.slot,
            is_alone: peers.is_alone(),
            unsigned: NotSigned::NAMES.iter().filter_map(|name| chain.dropped.get(name)).sum(),
            stuck: self.sources.stuck.lasting(),
        })
    }
}

/// Returns the time until the next report is due, in milliseconds.
pub(crate) fn until_next_report(clock: SlotClock, now: u64) -> u64 {
    let interval = clock.milliseconds_per_interval();
    let in_slot = |slot| clock.interval_start((slot + 1) * INTERVALS_PER_SLOT - 1) + interval / 2;
    let slot = clock.current_slot(now);
    let next = if in_slot(slot) > now { in_slot(slot) } else { in_slot(slot + 1) };
    // Long before genesis, the next report is not the one of slot 0.
    (next - now).min(interval * INTERVALS_PER_SLOT)
}

impl Sources {
    fn line(&self, chain: &Snapshot, now: u64, warnings: &[Warning]) -> StatusLine {
        let lanes = self.chain.stats();
        let dropped = self.dropped(chain, &lanes);
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
            notes: self.notes(chain, now, warnings),
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

    /// Returns the notes for the operator: the chain's own, the wait for genesis, the warnings.
    fn notes(&self, chain: &Snapshot, now: u64, warnings: &[Warning]) -> Vec<String> {
        let until_genesis = self.clock.slot_start(0).saturating_sub(now);
        let waiting = (until_genesis > 0)
            .then(|| format!("waiting for genesis, {} s", until_genesis.div_ceil(1000)));
        let warnings = warnings.iter().map(|warning| match warning.kind {
            Kind::OwnerBehind => warning.text.clone() + &self.fullest_lane(),
            _ => warning.text.clone(),
        });
        chain.notes.iter().cloned().chain(waiting).chain(warnings).collect()
    }

    fn fullest_lane(&self) -> String {
        let lanes = self.chain.stats();
        let fullest = lanes.iter().filter(|lane| lane.depth > 0).max_by_key(|lane| lane.depth);
        fullest.map_or_else(String::new, |lane| {
            format!(", most in lane {} ({})", lane.name, lane.depth)
        })
    }
}

impl<R: FnMut(StatusLine) + 'static> Actor for Reporter<R> {
    type Message = Due;

    async fn started(&mut self, cx: &mut Context<Due>) {
        self.arm(cx);
    }

    async fn handle(&mut self, Due: Due, cx: &mut Context<Due>) {
        let (chain, wall) = (self.sources.published.get(), self.sources.wall.now());
        let warnings = self.warnings(&chain, wall, cx.now());
        self.announcer.announce(&warnings, self.sources.clock.current_slot(wall));
        (self.report)(self.sources.line(&chain, wall, &warnings));
        self.arm(cx);
    }
}

fn milliseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sources(wall: WallClock, genesis_time: u64) -> Sources {
        let (chain, _chain_mailbox) = Chain::new();
        let (decoder, _decoder_mailbox) = actor_lanes::mailbox();
        Sources {
            name: "node-0".to_owned(),
            runtime: "none",
            clock: SlotClock::new(genesis_time),
            wall,
            published: actor_lanes::view::publisher(Snapshot::default()).1,
            chain,
            decoder,
            undecodable: Undecodable::default(),
            network: Arc::default(),
            stuck: Stuck::default(),
        }
    }

    #[test]
    fn warnings_and_the_wait_for_genesis_are_notes() {
        let waiting = sources(WallClock::stopped::<8000>(), 20);
        let notes = waiting.notes(&Snapshot::default(), 8000, &[]);
        assert_eq!(notes, ["waiting for genesis, 12 s"]);
        let running = sources(WallClock::stopped::<8000>(), 0);
        let text = "the chain's owner is 3 intervals behind the clock".to_owned();
        let warning = Warning { kind: Kind::OwnerBehind, text: text.clone() };
        assert_eq!(running.notes(&Snapshot::default(), 8000, &[warning]), [text]);
        assert_eq!(running.notes(&Snapshot::default(), 8000, &[]), Vec::<String>::new());
    }

    #[test]
    fn a_report_comes_in_each_slots_last_interval_and_once_a_slot_before_genesis() {
        let clock = SlotClock::new(100);
        assert_eq!(until_next_report(clock, 100_000), 3600);
        assert_eq!(until_next_report(clock, 103_600), 4000);
        assert_eq!(until_next_report(clock, 103_599), 1);
        assert_eq!(until_next_report(clock, 99_900), 3700);
        assert_eq!(until_next_report(clock, 10_000), 4000);
    }
}
