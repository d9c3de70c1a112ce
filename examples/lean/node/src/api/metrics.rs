//! The page at `/metrics`: the leanMetrics under the specification's names
//! (`node/metrics/registry.py`), and this node's own metrics: actors' lanes, ticks, dropped
//! messages with reasons, and the network.

use actor_lanes::mailbox::LaneStats;

use crate::api::ApiSources;
use crate::api::exposition::Kind::{Counter, Gauge};
use crate::api::exposition::{Exposition, Kind};
use crate::api::meters::Meters;
use chain::Snapshot;

/// Times are stored in nanoseconds and shown in seconds.
const NANOSECONDS: f64 = 1e9;

/// The sections of the reports on the votes covered by aggregates. The specification declares these
/// metrics and never sets them, so this node shows 0 as well.
const COVERAGE_SECTIONS: [&str; 8] = [
    "timely",
    "late",
    "block",
    "combined",
    "aggregate_start_new",
    "proposal_payloads",
    "proposal_gossip",
    "proposal_combined",
];

/// One statistic of a lane: its metric's name and type, its description, and the function to read
/// it.
type LaneMetric = (&'static str, Kind, &'static str, fn(&LaneStats) -> u64);

const LANE_METRICS: &[LaneMetric] = &[
    ("actor_lane_depth", Gauge, "Messages accepted and not finished.", |lane| lane.depth),
    ("actor_lane_capacity", Gauge, "Messages that may wait in the lane.", |lane| {
        lane.capacity as u64
    }),
    ("actor_lane_high_water", Gauge, "The most messages seen waiting at once.", |lane| {
        lane.high_water
    }),
    ("actor_lane_accepted_total", Counter, "Messages taken in.", |lane| lane.accepted),
    ("actor_lane_handled_total", Counter, "Messages whose handling has ended.", |lane| {
        lane.handled
    }),
    (
        "actor_lane_refused_total",
        Counter,
        "Messages handed back because the lane was full.",
        |lane| lane.refused,
    ),
    (
        "actor_lane_evicted_total",
        Counter,
        "Messages dropped to make room for newer ones.",
        |lane| lane.evicted,
    ),
    ("actor_lane_cancelled_total", Counter, "Asks whose asker had given up.", |lane| {
        lane.cancelled
    }),
    (
        "actor_lane_undelivered_total",
        Counter,
        "Messages still queued when the actor ended.",
        |lane| lane.undelivered,
    ),
];

/// Returns the page for the data published now.
pub(super) fn page(sources: &ApiSources, api: &Meters) -> String {
    let chain = sources.published.latest();
    let mut page = Exposition::default();
    node(&mut page, sources);
    fork_choice(&mut page, sources, &chain);
    coverage(&mut page);
    rest_of_lean_metrics(&mut page, sources, &chain);
    owner(&mut page, &chain);
    lanes(&mut page, sources, &chain);
    network(&mut page, sources);
    places(&mut page, sources);
    api.write(&mut page);
    page.into_text()
}

fn node(page: &mut Exposition, sources: &ApiSources) {
    page.metric("lean_node_info", Gauge, "Node information (always 1).").with(
        &[
            ("name", &sources.name),
            ("version", env!("CARGO_PKG_VERSION")),
            ("runtime", sources.runtime),
        ],
        1,
    );
    page.figure(
        "lean_node_start_time_seconds",
        Gauge,
        "Start timestamp.",
        sources.started_at as f64 / 1000.0,
    );
}

fn fork_choice(page: &mut Exposition, sources: &ApiSources, chain: &Snapshot) {
    let meters = &chain.meters;
    page.figure("lean_head_slot", Gauge, "Latest slot of the lean chain.", chain.head.slot);
    let slot = sources.clock.current_slot((sources.wall)());
    page.figure("lean_current_slot", Gauge, "Current slot of the lean chain.", slot);
    page.figure("lean_safe_target_slot", Gauge, "Safe target slot.", chain.safe_target_slot);
    page.histogram(
        "lean_fork_choice_block_processing_time_seconds",
        "Time taken to process block in fork choice.",
        &sources.work.blocks.read(),
        NANOSECONDS,
    );
    page.metric("lean_attestations_valid_total", Counter, "Total number of valid attestations.")
        .with(&[("source", "gossip")], meters.valid_votes)
        .with(&[("source", "aggregation")], meters.valid_aggregates);
    page.metric(
        "lean_attestations_invalid_total",
        Counter,
        "Total number of invalid attestations.",
    )
    .with(&[("source", "gossip")], meters.invalid_votes)
    .with(&[("source", "aggregation")], meters.invalid_aggregates);
    page.histogram(
        "lean_attestation_validation_time_seconds",
        "Time taken to validate attestation.",
        &sources.work.votes.read(),
        NANOSECONDS,
    );
    let reorganisations = meters.reorg_depth.count();
    page.figure(
        "lean_fork_choice_reorgs_total",
        Counter,
        "Total number of fork choice reorgs.",
        reorganisations,
    );
    page.histogram(
        "lean_fork_choice_reorg_depth",
        "Depth of fork choice reorgs (in blocks).",
        &meters.reorg_depth,
        1.0,
    );
}

fn coverage(page: &mut Exposition) {
    let mut validators = page.metric(
        "lean_attestation_aggregate_coverage_validators",
        Gauge,
        "Validator coverage in attestation aggregate reports, labeled by section and subnet.",
    );
    for section in COVERAGE_SECTIONS {
        validators = validators.with(&[("section", section), ("subnet", "combined")], 0);
    }
    let mut subnets = page.metric(
        "lean_attestation_aggregate_coverage_subnets",
        Gauge,
        "Number of covered subnets in attestation aggregate reports, labeled by section.",
    );
    for section in COVERAGE_SECTIONS {
        subnets = subnets.with(&[("section", section)], 0);
    }
    page.metric(
        "lean_attestation_aggregate_coverage_diff_validators",
        Gauge,
        "Validator coverage delta between block payloads and timely pre-merge payloads, labeled by direction.",
    )
    .with(&[("direction", "block_only")], 0)
    .with(&[("direction", "timely_only")], 0);
}

fn rest_of_lean_metrics(page: &mut Exposition, sources: &ApiSources, chain: &Snapshot) {
    page.figure(
        "lean_latest_justified_slot",
        Gauge,
        "Latest justified slot.",
        chain.justified.slot,
    );
    page.figure(
        "lean_latest_finalized_slot",
        Gauge,
        "Latest finalized slot.",
        chain.finalized.slot,
    );
    page.histogram(
        "lean_state_transition_time_seconds",
        "Time to process state transition.",
        &sources.work.transitions.read(),
        NANOSECONDS,
    );
    page.figure(
        "lean_validators_count",
        Gauge,
        "Number of validators managed by a node.",
        chain.own_validators,
    );
    page.figure("lean_connected_peers", Gauge, "Number of connected peers.", chain.peers);
    let is_aggregator = u8::from(chain.is_aggregator);
    page.figure(
        "lean_is_aggregator",
        Gauge,
        "Whether the node aggregates attestations.",
        is_aggregator,
    );
}

fn owner(page: &mut Exposition, chain: &Snapshot) {
    page.figure("chain_blocks_imported_total", Counter, "Blocks imported.", chain.blocks_imported);
    page.figure(
        "chain_pending_blocks",
        Gauge,
        "Blocks that wait for their parent.",
        chain.pending_blocks,
    );
    page.figure("chain_pending_votes", Gauge, "Votes that wait for a block.", chain.pending_votes);
    let (last, worst) =
        (chain.tick_lateness.as_secs_f64(), chain.worst_tick_lateness.as_secs_f64());
    page.figure("chain_tick_lateness_seconds", Gauge, "How late the last tick was.", last);
    page.figure(
        "chain_worst_tick_lateness_seconds",
        Gauge,
        "How late the latest of all ticks was.",
        worst,
    );
    let missed = chain.missed_intervals;
    page.figure(
        "chain_missed_intervals_total",
        Counter,
        "Intervals left out because the node was too late.",
        missed,
    );
    let mut dropped =
        page.metric("chain_dropped_total", Counter, "Messages that came to nothing, by reason.");
    for (reason, count) in &chain.dropped {
        dropped = dropped.with(&[("reason", reason)], count);
    }
}

fn lanes(page: &mut Exposition, sources: &ApiSources, chain: &Snapshot) {
    let owners: Vec<_> = std::iter::once(("chain", sources.chain.stats()))
        .chain(sources.watched.iter().map(|watched| (watched.actor, watched.stats())))
        .collect();
    for (name, kind, help, read) in LANE_METRICS {
        let mut metric = page.metric(name, *kind, help);
        for (actor, lanes) in &owners {
            for lane in lanes {
                metric = metric.with(&[("actor", actor), ("lane", lane.name)], read(lane));
            }
        }
    }
    let chain_lanes = || owners[0].1.iter().zip(&chain.meters.busy);
    let mut messages =
        page.metric("actor_lane_handlers_total", Counter, "Handlers that were timed.");
    for (lane, busy) in chain_lanes() {
        messages = messages.with(&[("actor", "chain"), ("lane", lane.name)], busy.messages);
    }
    let mut time =
        page.metric("actor_lane_handling_seconds_total", Counter, "Time spent in handlers.");
    for (lane, busy) in chain_lanes() {
        time = time.with(&[("actor", "chain"), ("lane", lane.name)], busy.time.as_secs_f64());
    }
    let mut longest = page.metric(
        "actor_lane_longest_handler_seconds",
        Gauge,
        "The longest time spent in a handler.",
    );
    for (lane, busy) in chain_lanes() {
        longest =
            longest.with(&[("actor", "chain"), ("lane", lane.name)], busy.longest.as_secs_f64());
    }
}

fn network(page: &mut Exposition, sources: &ApiSources) {
    let network = &sources.network;
    for (name, help, counter) in [
        ("network_gossip_received_total", "New gossip messages.", &network.received),
        (
            "network_gossip_bad_snappy_total",
            "Gossip payloads that were not snappy.",
            &network.bad_snappy,
        ),
        (
            "network_gossip_too_large_total",
            "Gossip payloads larger than any may be.",
            &network.too_large,
        ),
        ("network_gossip_published_total", "Gossip messages sent.", &network.published),
        (
            "network_gossip_publish_failed_total",
            "Gossip messages that could not be sent.",
            &network.publish_failed,
        ),
        (
            "network_refused_by_lane_total",
            "Things told to the node that its lanes refused.",
            &network.refused_by_lane,
        ),
        ("network_requests_in_total", "Requests received.", &network.requests_in),
        (
            "network_requests_in_failed_total",
            "Requests received and not answered well.",
            &network.requests_in_failed,
        ),
        ("network_requests_out_total", "Requests sent.", &network.requests_out),
        (
            "network_requests_out_failed_total",
            "Requests sent that failed.",
            &network.requests_out_failed,
        ),
        ("network_dials_failed_total", "Dials that failed.", &network.dials_failed),
    ] {
        page.figure(name, Counter, help, counter.get());
    }
}

/// The places for connections with peers.
fn places(page: &mut Exposition, sources: &ApiSources) {
    let network = &sources.network;
    for (name, help, gauge) in [
        ("network_configured_peers", "Configured addresses.", &network.configured_total),
        (
            "network_configured_peers_connected",
            "Configured addresses whose peer is connected.",
            &network.configured_connected,
        ),
    ] {
        page.figure(name, Gauge, help, gauge.get());
    }
    page.metric("network_stranger_connections", Gauge, "Connections of strangers, by direction.")
        .with(&[("direction", "inbound")], network.strangers_inbound.get())
        .with(&[("direction", "outbound")], network.strangers_outbound.get());
    page.figure(
        "network_strangers_replaced_total",
        Counter,
        "Strangers' connections closed for strangers from smaller address ranges.",
        network.strangers_replaced.get(),
    );
    let mut refused = page.metric(
        "network_places_refused_total",
        Counter,
        "Connections and handshakes refused, by reason.",
    );
    for (reason, count) in network.refused_places.by_reason() {
        refused = refused.with(&[("reason", reason)], count);
    }
}
