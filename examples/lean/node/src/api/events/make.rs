//! The events about the node, its peers and its actors, made from published data.

use std::time::Duration;

use actor_lanes::inspect::{ActorView, Doing, InHand, Inspection, LaneView};
use actor_lanes::mailbox::LaneStats;
use tokio::time::Instant;

use crate::api::ApiSources;
use crate::api::events::history::Records;
use crate::events::{
    ActorRecord, Actors, Ban, BlockName, Disk, DiskFigure, Finding, LaneRecord, LossGroup, Losses,
    MOST_ACTORS, NodeState, PeerRecord, Peers, Phase, Votes,
};
use crate::health::Condition;
use crate::report::TickLateness;
use crate::sync_state::SyncStatus;
use crate::warnings;
use chain::Snapshot;
use consensus::Checkpoint;
use network::Offence;
use storage::Durable;

/// Returns the event about the disk.
pub(super) fn disk(durable: &Durable) -> Disk {
    let Durable { finalized, figures, commits, pruned, last_commit, longest_commit, failure } =
        durable;
    let figure = |name: &str, value, unit: &str| DiskFigure {
        name: name.to_owned(),
        value,
        unit: unit.to_owned(),
    };
    let mut all = vec![
        figure("finalized slot", finalized.map_or(0, |finalized| finalized.slot), ""),
        figure("size", figures.file_bytes, "B"),
        figure("blocks", figures.blocks, ""),
        figure("oldest block at slot", figures.oldest_block.unwrap_or(0), ""),
        figure("states", figures.states, ""),
        figure("votes", figures.votes, ""),
        figure("commits", *commits, ""),
        figure("last commit", milliseconds(*last_commit), "ms"),
        figure("longest commit", milliseconds(*longest_commit), "ms"),
        figure("pruned", *pruned, ""),
    ];
    all.extend(failure.is_some().then(|| figure("failed", 1, "")));
    Disk { figures: all }
}

/// Returns the event about the node.
pub(super) fn node(sources: &ApiSources, chain: &Snapshot, seen: &Inspection) -> NodeState {
    let (clock, now) = (sources.clock, sources.wall.now());
    let (phase, reason) = phase(sources, chain, now);
    // Nothing is due before the first publication, nor before genesis.
    let behind = match phase {
        Phase::Starting | Phase::Waiting => 0,
        _ => now.saturating_sub(clock.interval_start(chain.time.saturating_add(1))),
    };
    let alerts = &sources.supervision.alerts;
    let warnings = warnings::Kind::ALL.into_iter().filter(|kind| alerts.read(*kind).0);
    NodeState {
        name: sources.name.clone(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        runtime: sources.runtime.to_owned(),
        uptime_s: now.saturating_sub(sources.started_at) / 1000,
        phase,
        reason,
        behind_ms: behind,
        slot: clock.current_slot(now),
        interval: clock.current_interval(now),
        interval_ms: clock.milliseconds_per_interval(),
        head: block(chain.head),
        justified: block(chain.justified),
        finalized: block(chain.finalized),
        validators: chain.validator_count as u64,
        own_validators: chain.own_validators as u64,
        is_aggregator: chain.is_aggregator,
        blocks_imported: chain.blocks_imported,
        pending_blocks: chain.pending_blocks as u64,
        pending_votes: chain.pending_votes as u64,
        missed_intervals: chain.missed_intervals,
        tick_lateness_ms: TickLateness {
            last: milliseconds(chain.tick_lateness),
            max: milliseconds(chain.worst_tick_lateness),
        },
        warnings: warnings.map(|kind| kind.name().to_owned()).collect(),
        notes: chain.notes.clone(),
        findings: findings(seen),
    }
}

fn phase(sources: &ApiSources, chain: &Snapshot, now: u64) -> (Phase, String) {
    let condition = sources.condition();
    let phase = match condition {
        Condition::Stuck(_) => Phase::Stuck,
        Condition::Stopping => Phase::Stopping,
        Condition::Failed(_) => Phase::Failed,
        Condition::Healthy => return healthy(sources, chain, now),
    };
    (phase, condition.to_string())
}

fn healthy(sources: &ApiSources, chain: &Snapshot, now: u64) -> (Phase, String) {
    let to_genesis = sources.clock.slot_start(0).saturating_sub(now).div_ceil(1000);
    let sync = sources.sync_state();
    if chain.finalized_state.is_none() {
        (Phase::Starting, "the chain's owner is starting".to_owned())
    } else if to_genesis > 0 {
        (Phase::Waiting, format!("waiting for genesis, {to_genesis} s"))
    } else if sync.peers.is_alone() {
        (Phase::Alone, "no configured peer is connected".to_owned())
    } else if sync.status == SyncStatus::Syncing {
        (Phase::Syncing, sync.to_string())
    } else {
        (Phase::Running, String::new())
    }
}

/// The most findings in an event.
const MOST_FINDINGS: usize = 8;

fn findings(seen: &Inspection) -> Vec<Finding> {
    let findings = seen.findings.iter().take(MOST_FINDINGS);
    let finding = |finding: &actor_lanes::inspect::FindingView| Finding {
        text: finding.text.clone(),
        lasts_ms: milliseconds(finding.lasts),
    };
    findings.map(finding).collect()
}

fn block(checkpoint: Checkpoint) -> BlockName {
    BlockName { slot: checkpoint.slot, root: checkpoint.root }
}

/// Returns the number of votes received from peers since the start.
pub(super) fn votes_received(sources: &ApiSources) -> u64 {
    sources.gossip.votes.size().count()
}

/// Returns the event about votes.
pub(super) fn votes(sources: &ApiSources, chain: &Snapshot, records: &Records) -> Votes {
    let received = votes_received(sources);
    Votes {
        received,
        received_now: records.votes_since(received),
        aggregates: sources.gossip.aggregates.size().count(),
        valid: chain.meters.valid_votes,
        invalid: chain.meters.invalid_votes,
        signatures: chain.signatures as u64,
        uncounted: chain.uncounted_proofs as u64,
        counted: chain.counted_proofs as u64,
    }
}

/// Returns the event about peers.
pub(super) fn peers(sources: &ApiSources, now: Instant) -> Peers {
    let (sync, network, table) =
        (sources.sync_state(), &sources.network, sources.shown.peers.get());
    let minutes = |time: Duration| time.as_secs() / 60;
    let peers = table.connected.iter().map(|peer| PeerRecord {
        id: peer.peer.to_string(),
        is_configured: peer.is_configured,
        is_inbound: peer.is_inbound,
        connected_min: minutes(now.saturating_duration_since(peer.since)),
        points: u64::from(peer.points),
    });
    let banned = table.banned.iter().map(|ban| Ban {
        id: ban.peer.to_string(),
        left_min: ban.until.saturating_duration_since(now).as_secs().div_ceil(60),
    });
    Peers {
        connected: sync.peers.connected,
        configured: sync.peers.configured,
        configured_connected: sync.peers.configured_connected,
        strangers_inbound: network.strangers_inbound.get(),
        strangers_outbound: network.strangers_outbound.get(),
        in_mesh: network.mesh_peers.get(),
        bans: network.peers_banned.get(),
        peers: peers.collect(),
        peers_left_out: table.connected_left_out as u64,
        banned: banned.collect(),
        banned_left_out: table.banned_left_out as u64,
    }
}

/// Returns the event about actors: the chain's owner first, then those with a mailbox that others
/// send to, then those that run on timers alone.
pub(super) fn actors(sources: &ApiSources, seen: &Inspection) -> Actors {
    let mailboxes = std::iter::once(("chain".to_owned(), sources.chain.gauge().figures()))
        .chain(sources.watched.iter().map(|it| (it.actor.clone(), it.gauge.figures())))
        .map(|(name, figures)| {
            let of = seen.actor(&format!("/{name}"));
            let lanes = figures.lanes.iter().map(|lane| LaneRecord::from(&lane.stats)).collect();
            record(name, of, lanes, figures.restarts)
        });
    let mut actors: Vec<_> = mailboxes.collect();
    for actor in &seen.actors {
        let name = actor.path.trim_start_matches('/');
        if !actors.iter().any(|known| known.name == name) {
            let lanes = actor.lanes.iter().map(LaneRecord::from).collect();
            actors.push(record(name.to_owned(), Some(actor), lanes, actor.restarts));
        }
    }
    let left_out = actors.len().saturating_sub(MOST_ACTORS) as u64;
    actors.truncate(MOST_ACTORS);
    Actors { actors, left_out }
}

fn record(
    name: String,
    actor: Option<&ActorView>,
    lanes: Vec<LaneRecord>,
    restarts: u64,
) -> ActorRecord {
    let (doing, busy) = actor.map(|actor| work(&actor.doing)).unwrap_or_default();
    ActorRecord { name, doing, busy_ms: milliseconds(busy), restarts, lanes }
}

/// Returns the work of an actor in few words, and the time of its message in hand.
fn work(doing: &Doing) -> (String, Duration) {
    let kind = |message: &InHand| message.kind.clone().unwrap_or_else(|| message.lane.clone());
    let simple = |text: &str| (text.to_owned(), Duration::ZERO);
    match doing {
        Doing::Idle => simple("idle"),
        Doing::Ready => simple("ready"),
        Doing::Turning => simple("turn"),
        Doing::Handling { message, at_least } => (kind(message), *at_least),
        Doing::Awaiting { message, at_least } => (format!("awaits {}", kind(message)), *at_least),
        Doing::Starting => simple("starting"),
        Doing::Resting => simple("resting"),
        Doing::Stopping => simple("stopping"),
        other => (other.to_string(), Duration::ZERO),
    }
}

impl From<&LaneStats> for LaneRecord {
    fn from(lane: &LaneStats) -> Self {
        Self::from(&LaneView::from(*lane))
    }
}

impl From<&LaneView> for LaneRecord {
    fn from(lane: &LaneView) -> Self {
        Self {
            name: lane.name.clone(),
            capacity: lane.capacity as u64,
            depth: lane.depth,
            high_water: lane.high_water,
            handled: lane.handled,
            lost: lane.lost(),
        }
    }
}

/// Returns the event about losses and attacks.
pub(super) fn losses(sources: &ApiSources, chain: &Snapshot) -> Losses {
    let network = &*sources.network;
    let owned = |(reason, count): (&str, u64)| (reason.to_owned(), count);
    let by_chain = chain.dropped.iter().map(|(reason, count)| owned((*reason, *count)));
    let chain_lanes = ("chain", sources.chain.gauge().figures());
    let watched = sources.watched.iter().map(|it| (it.actor.as_str(), it.gauge.figures()));
    let in_lanes = std::iter::once(chain_lanes).chain(watched).flat_map(|(actor, figures)| {
        let lost = |stats: &LaneStats| {
            (format!("{actor}, lane {}", stats.name), LaneView::from(*stats).lost())
        };
        figures.lanes.iter().map(|lane| lost(&lane.stats)).collect::<Vec<_>>()
    });
    let undecodable = ("gossip not SSZ", sources.shown.undecodable.get());
    let unpublished = ("own gossip not sent", network.publish_failed.get());
    let by_network = network.dropped().into_iter().chain([undecodable, unpublished]).map(owned);
    let kind = |offence: Offence| format!("{offence:?}");
    let offences = Offence::ALL.map(|offence| (kind(offence), network.offences_of(offence)));
    let bans = Offence::ALL.map(|offence| (kind(offence), network.bans_for(offence)));
    let places =
        network.refused_places.by_reason().map(|(reason, count)| (reason.replace('_', " "), count));
    let replaced = ("replaced by another stranger".to_owned(), network.strangers_replaced.get());
    Losses {
        groups: vec![
            LossGroup::new("dropped by the chain", by_chain),
            LossGroup::new("lost in lanes", in_lanes),
            LossGroup::new("dropped by the network", by_network),
            LossGroup::new("offences of peers", offences),
            LossGroup::new("bans", bans),
            LossGroup::new("refused connections", places.chain([replaced])),
        ],
    }
}

fn milliseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
