//! This node's own metrics: the chain's owner, the lanes of all mailboxes, the network, warnings.

use actor_lanes::observe::Exporter;

use crate::api::exposition::Exposition;
use crate::api::exposition::Kind::{Counter, Gauge};
use crate::api::{ApiSources, Watched};
use crate::health::Condition;
use crate::warnings;
use chain::Snapshot;
use network::{NetworkCounters, Offence};
use storage::Durable;

/// Writes this node's own metrics.
pub(super) fn write(page: &mut Exposition, sources: &ApiSources, chain: &Snapshot) {
    condition(page, sources);
    owner(page, chain);
    actors(page, sources);
    network(page, sources);
    peers(page, sources);
    if let Some(stored) = &sources.supervision.stored {
        storage(page, &stored.get());
    }
}

/// Writes the condition of the store on disk.
fn storage(page: &mut Exposition, durable: &Durable) {
    let Durable { finalized, figures, commits, pruned, last_commit, longest_commit, failure } =
        durable;
    let slot = finalized.map_or(0, |finalized| finalized.slot);
    page.figure("storage_finalized_slot", Gauge, "Finalized slot on the disk.", slot);
    let bytes = figures.file_bytes;
    page.figure("storage_file_bytes", Gauge, "Size of the file of the chain.", bytes);
    page.figure("storage_blocks", Gauge, "Blocks on the disk.", figures.blocks);
    page.figure("storage_states", Gauge, "States on the disk.", figures.states);
    page.figure("storage_votes", Gauge, "Votes on the disk.", figures.votes);
    let oldest = figures.oldest_block.unwrap_or(0);
    page.figure("storage_oldest_block_slot", Gauge, "Slot of the oldest block.", oldest);
    page.figure("storage_commits_total", Counter, "Commits of changes.", commits);
    page.figure("storage_pruned_total", Counter, "Blocks and states pruned.", pruned);
    let (last, longest) = (last_commit.as_secs_f64(), longest_commit.as_secs_f64());
    page.figure("storage_commit_seconds", Gauge, "Time of the last commit.", last);
    page.figure("storage_longest_commit_seconds", Gauge, "Time of the longest commit.", longest);
    let has_failed = u8::from(failure.is_some());
    page.figure("storage_failed", Gauge, "1 after a fault of the disk.", has_failed);
}

fn condition(page: &mut Exposition, sources: &ApiSources) {
    let is_healthy = sources.condition() == Condition::Healthy;
    page.figure(
        "node_healthy",
        Gauge,
        "1 while all parts run and the chain's owner keeps up with the clock.",
        u8::from(is_healthy),
    );
    let readiness = u8::from(sources.readiness().is_ready());
    page.figure("node_ready", Gauge, "1 while the node follows the chain.", readiness);
    page.figure(
        "node_sync_distance_slots",
        Gauge,
        "Slots from the head to the clock.",
        sources.sync_state().distance(),
    );
    let alerts = &sources.supervision.alerts;
    let mut in_force = page.metric("node_warning", Gauge, "1 while a warning is in force.");
    for kind in warnings::Kind::ALL {
        in_force = in_force.with(&[("kind", kind.name())], u8::from(alerts.read(kind).0));
    }
    let mut begun = page.metric("node_warnings_total", Counter, "Warnings that have begun.");
    for kind in warnings::Kind::ALL {
        begun = begun.with(&[("kind", kind.name())], alerts.read(kind).1);
    }
    page.figure(
        "node_lost_lines_total",
        Counter,
        "Lines of log and report that could not be written.",
        sources.supervision.lost_lines.get(),
    );
}

fn owner(page: &mut Exposition, chain: &Snapshot) {
    page.figure("chain_blocks_imported_total", Counter, "Blocks imported.", chain.blocks_imported);
    page.figure(
        "chain_pending_blocks",
        Gauge,
        "Blocks that wait for their parent, their slot or their verification.",
        chain.pending_blocks,
    );
    page.figure("chain_pending_votes", Gauge, "Votes that wait for a block.", chain.pending_votes);
    let (last, worst) =
        (chain.tick_lateness.as_secs_f64(), chain.worst_tick_lateness.as_secs_f64());
    page.figure("chain_tick_lateness_seconds", Gauge, "Delay of the last tick.", last);
    page.figure("chain_worst_tick_lateness_seconds", Gauge, "Longest delay of all ticks.", worst);
    let missed = chain.missed_intervals;
    page.figure(
        "chain_missed_intervals_total",
        Counter,
        "Intervals left out because the node was too late.",
        missed,
    );
    let mut dropped =
        page.metric("chain_dropped_total", Counter, "Messages without effect, by reason.");
    for (reason, count) in &chain.dropped {
        dropped = dropped.with(&[("reason", reason)], count);
    }
}

/// Writes the figures of all actors, and of their lanes.
fn actors(page: &mut Exposition, sources: &ApiSources) {
    let chain = Exporter::new().actor("chain", sources.chain.gauge());
    let add = |all: Exporter, watched: &Watched| all.actor(&*watched.actor, watched.gauge.clone());
    page.append(&sources.watched.iter().fold(chain, add));
}

/// One counter of the network: its metric's name, its description, and the function to read it.
type NetworkMetric = (&'static str, &'static str, fn(&NetworkCounters) -> u64);

const NETWORK_METRICS: &[NetworkMetric] = &[
    ("network_gossip_received_total", "New gossip messages.", |network| network.received.get()),
    ("network_gossip_published_total", "Gossip messages sent.", |network| network.published.get()),
    (
        "network_refused_by_lane_total",
        "Events of the network refused by the node's lanes.",
        |network| network.refused_by_lane.get(),
    ),
    ("network_requests_in_total", "Requests received.", |network| network.requests_in.get()),
    ("network_requests_in_failed_total", "Requests received that failed.", |network| {
        network.requests_in_failed.get()
    }),
    (
        "network_requests_over_allowance_total",
        "Requests refused because their peer was over its allowance.",
        |network| network.requests_over_allowance.get(),
    ),
    ("network_requests_out_total", "Requests sent.", |network| network.requests_out.get()),
    ("network_requests_out_failed_total", "Requests sent that failed.", |network| {
        network.requests_out_failed.get()
    }),
    ("network_dials_failed_total", "Dials that failed.", |network| network.dials_failed.get()),
    ("network_gossip_mutes_total", "Times gossip of a peer was muted for a while.", |network| {
        network.gossip_mutes.get()
    }),
    ("network_gossip_late_verdicts_total", "Verdicts on messages already forgotten.", |network| {
        network.late_verdicts.get()
    }),
    ("network_gossip_publish_failed_total", "Gossip messages that could not be sent.", |network| {
        network.publish_failed.get()
    }),
];

/// A reason as a label of a metric, and the function to read its counter.
type NetworkReason = (&'static str, fn(&NetworkCounters) -> u64);

/// The reasons for gossip dropped by the network thread.
const GOSSIP_DROPS: &[NetworkReason] = &[
    ("bad_snappy", |network| network.bad_snappy.get()),
    ("too_large", |network| network.too_large.get()),
    ("not_anonymous", |network| network.not_anonymous.get()),
    ("other_topic", |network| network.other_topic.get()),
    ("frame_over_allowance", |network| network.frames_over_allowance.get()),
    ("control_over_allowance", |network| network.control_over_allowance.get()),
    ("message_over_allowance", |network| network.gossip_over_allowance.get()),
    ("repeated", |network| network.gossip_repeated.get()),
    ("over_undecided", |network| network.gossip_over_undecided.get()),
    ("muted", |network| network.gossip_muted.get()),
    ("rejected", |network| network.gossip_rejected.get()),
];

/// The reasons for own messages that reached no peer.
const UNPUBLISHED: &[NetworkReason] = &[
    ("alone", |network| network.published_alone.get()),
    ("duplicate", |network| network.published_duplicate.get()),
    ("failed", |network| network.publish_failed.get()),
];

fn network(page: &mut Exposition, sources: &ApiSources) {
    let network = &*sources.network;
    for (name, help, read) in NETWORK_METRICS {
        page.figure(name, Counter, help, read(network));
    }
    let mut drops = page.metric(
        "network_gossip_dropped_total",
        Counter,
        "Gossip dropped by the network thread, by reason.",
    );
    for (reason, read) in GOSSIP_DROPS {
        drops = drops.with(&[("reason", reason)], read(network));
    }
    let mut unpublished = page.metric(
        "network_gossip_unpublished_total",
        Counter,
        "Own gossip messages that were sent to no peer, by reason.",
    );
    for (reason, read) in UNPUBLISHED {
        unpublished = unpublished.with(&[("reason", reason)], read(network));
    }
}

fn peers(page: &mut Exposition, sources: &ApiSources) {
    let network = &*sources.network;
    let mut offences =
        page.metric("network_offences_total", Counter, "Offences of peers, by kind.");
    for offence in Offence::ALL {
        offences =
            offences.with(&[("kind", &format!("{offence:?}"))], network.offences_of(offence));
    }
    let mut bans =
        page.metric("network_bans_total", Counter, "Bans of peers, by the last offence's kind.");
    for offence in Offence::ALL {
        bans = bans.with(&[("kind", &format!("{offence:?}"))], network.bans_for(offence));
    }
    let mut refused = page.metric(
        "network_places_refused_total",
        Counter,
        "Connections and handshakes refused, by reason.",
    );
    for (reason, count) in network.refused_places.by_reason() {
        refused = refused.with(&[("reason", reason)], count);
    }
    page.figure(
        "network_strangers_replaced_total",
        Counter,
        "Connections of strangers closed for a stranger from another address range.",
        network.strangers_replaced.get(),
    );
    page.metric("network_strangers", Gauge, "Connections of peers that are not configured.")
        .with(&[("direction", "inbound")], network.strangers_inbound.get())
        .with(&[("direction", "outbound")], network.strangers_outbound.get());
    let peers = sources.sync_state().peers;
    page.figure(
        "network_configured_peers",
        Gauge,
        "Peers named in the configuration.",
        peers.configured,
    );
    page.figure(
        "network_configured_peers_connected",
        Gauge,
        "Connected peers of those named in the configuration.",
        peers.configured_connected,
    );
}
