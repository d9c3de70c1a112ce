//! The leanMetrics, with the names, labels and buckets of `leanEthereum/leanMetrics`, and two
//! metrics of the specification's own registry (`node/metrics/registry.py`).

use crate::api::ApiSources;
use crate::api::exposition::Exposition;
use crate::api::exposition::Kind::{self, Counter, Gauge};
use crate::sync_state::SyncStatus;
use chain::decoder::{Position, TopicMeters};
use chain::{Histogram, Snapshot};
use consensus::ATTESTATION_COMMITTEE_COUNT;
use network::{ConnectionCounters, ConnectionResult, Direction, Disconnection, NetworkCounters};

/// Times are stored in nanoseconds and shown in seconds.
const NANOSECONDS: f64 = 1e9;

/// The client of a peer, for the metrics that ask for it. Peers have no names in the protocol, and
/// this node does not ask for their programs.
const UNKNOWN_CLIENT: [(&str, &str); 1] = [("client", "unknown")];

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

/// Writes the leanMetrics.
pub(super) fn write(page: &mut Exposition, sources: &ApiSources, chain: &Snapshot) {
    node(page, sources);
    signatures(page, sources, chain);
    production(page, chain);
    fork_choice(page, sources, chain);
    pools(page, sources, chain);
    coverage(page);
    transition(page, sources, chain);
    validators(page, chain);
    network(page, chain, &sources.network);
    gossip(page, "block", &sources.gossip.blocks);
    gossip(page, "attestation", &sources.gossip.votes);
    gossip(page, "aggregation", &sources.gossip.aggregates);
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
    let status = sources.sync_state().status;
    let mut metric = page.metric("lean_node_sync_status", Gauge, "Node sync status.");
    for possible in SyncStatus::ALL {
        metric = metric.with(&[("status", possible.name())], u8::from(possible == status));
    }
}

fn signatures(page: &mut Exposition, sources: &ApiSources, chain: &Snapshot) {
    let (work, meters) = (&sources.work, &chain.meters);
    let (valid, invalid) = work.vote_results.read();
    let (valid_aggregates, invalid_aggregates) = work.aggregates.read();
    let building = work.aggregate_building.read();
    for (name, help, value) in [
        (
            "attestation_signatures",
            "individual attestation signatures",
            meters.own_vote_signing.count(),
        ),
        ("attestation_signatures_valid", "valid individual attestation signatures", valid),
        ("attestation_signatures_invalid", "invalid individual attestation signatures", invalid),
        ("aggregated_signatures", "aggregated signatures", building.count()),
        ("aggregated_signatures_valid", "valid aggregated signatures", valid_aggregates),
        ("aggregated_signatures_invalid", "invalid aggregated signatures", invalid_aggregates),
        (
            "attestations_in_aggregated_signatures",
            "attestations included into aggregated signatures",
            work.aggregated_votes.get(),
        ),
    ] {
        let name = format!("lean_pq_sig_{name}_total");
        page.figure(&name, Counter, &format!("Total number of {help}."), value);
    }
    for (name, help, histogram) in [
        ("attestation_signing", "sign an attestation", &meters.own_vote_signing),
        ("attestation_verification", "verify an attestation signature", &work.votes.read()),
        ("aggregated_signatures_building", "build an aggregated attestation signature", &building),
        (
            "aggregated_signatures_verification",
            "verify an aggregated attestation signature",
            &work.aggregate_verification.read(),
        ),
    ] {
        seconds(page, &format!("lean_pq_sig_{name}_time_seconds"), help, histogram);
    }
}

fn production(page: &mut Exposition, chain: &Snapshot) {
    let meters = &chain.meters;
    page.histogram(
        "lean_block_aggregated_payloads",
        "Number of aggregated_payloads in a block.",
        &meters.block_payloads,
        1.0,
    );
    seconds(
        page,
        "lean_block_building_payload_aggregation_time_seconds",
        "build aggregated_payloads during block building",
        &meters.payload_aggregation,
    );
    seconds(page, "lean_block_building_time_seconds", "build a block", &meters.block_building);
    page.figure(
        "lean_block_building_success_total",
        Counter,
        "Successful block builds.",
        meters.blocks_built,
    );
    page.figure(
        "lean_block_building_failures_total",
        Counter,
        "Failed block builds.",
        meters.blocks_not_built,
    );
    seconds(
        page,
        "lean_attestations_production_time_seconds",
        "produce attestation",
        &meters.own_vote_production,
    );
}

fn fork_choice(page: &mut Exposition, sources: &ApiSources, chain: &Snapshot) {
    let meters = &chain.meters;
    page.figure("lean_head_slot", Gauge, "Latest slot of the lean chain.", chain.head.slot);
    let slot = sources.clock.current_slot(sources.wall.now());
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

fn pools(page: &mut Exposition, sources: &ApiSources, chain: &Snapshot) {
    for (name, help, value) in [
        (
            "lean_gossip_signatures",
            "Number of gossip signatures in fork-choice store.",
            chain.signatures,
        ),
        (
            "lean_latest_new_aggregated_payloads",
            "Number of new aggregated payload items.",
            chain.uncounted_proofs,
        ),
        (
            "lean_latest_known_aggregated_payloads",
            "Number of known aggregated payload items.",
            chain.counted_proofs,
        ),
    ] {
        page.figure(name, Gauge, help, value);
    }
    seconds(
        page,
        "lean_committee_signatures_aggregation_time_seconds",
        "aggregate committee signatures",
        &sources.work.rounds.read(),
    );
    page.histogram(
        "lean_tick_interval_duration_seconds",
        "Elapsed time between clock ticks.",
        &chain.meters.tick_interval,
        NANOSECONDS,
    );
    let meters = &chain.meters;
    let mut skipped = page.metric(
        "lean_aggregator_skipped_total",
        Counter,
        "Total number of aggregation submissions skipped.",
    );
    for (reason, count) in [
        ("not_aggregator", meters.rounds_not_aggregator),
        ("not_synced", 0),
        ("missing_state", 0),
        ("spawn_failed", meters.rounds_still_busy),
        ("other", 0),
    ] {
        skipped = skipped.with(&[("reason", reason)], count);
    }
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

fn transition(page: &mut Exposition, sources: &ApiSources, chain: &Snapshot) {
    let meters = &chain.meters;
    let figures: [(&str, Kind, &str, u64); 6] = [
        ("lean_latest_justified_slot", Gauge, "Latest justified slot.", chain.justified.slot),
        ("lean_latest_finalized_slot", Gauge, "Latest finalized slot.", chain.finalized.slot),
        ("lean_justified_slot", Gauge, "Current justified slot.", chain.head_justified.slot),
        ("lean_finalized_slot", Gauge, "Current finalized slot.", chain.head_finalized.slot),
        (
            "lean_state_transition_slots_processed_total",
            Counter,
            "Total number of processed slots.",
            meters.slots_processed,
        ),
        (
            "lean_state_transition_attestations_processed_total",
            Counter,
            "Total number of processed attestations.",
            meters.attestations_processed,
        ),
    ];
    for (name, kind, help, value) in figures {
        page.figure(name, kind, help, value);
    }
    page.metric("lean_finalizations_total", Counter, "Total number of finalization attempts.")
        .with(&[("result", "success")], meters.finalizations)
        .with(&[("result", "error")], 0);
    let work = &sources.work;
    for (name, what, histogram) in [
        ("", "process state transition", &work.transitions),
        ("slots_processing_", "process slots", &work.slots),
        ("block_processing_", "process block", &work.block_processing),
        ("attestations_processing_", "process attestations", &work.attestations),
    ] {
        let name = format!("lean_state_transition_{name}time_seconds");
        seconds(page, &name, what, &histogram.read());
    }
}

fn validators(page: &mut Exposition, chain: &Snapshot) {
    page.figure(
        "lean_validators_count",
        Gauge,
        "Number of validators managed by a node.",
        chain.own_validators,
    );
    page.figure(
        "lean_is_aggregator",
        Gauge,
        "Whether the node aggregates attestations.",
        u8::from(chain.is_aggregator),
    );
}

fn connections(page: &mut Exposition, connections: &ConnectionCounters) {
    let mut begun = page.metric(
        "lean_peer_connection_events_total",
        Counter,
        "Total number of peer connection events.",
    );
    for direction in Direction::ALL {
        for result in ConnectionResult::ALL {
            let labels = [("direction", direction.name()), ("result", result.name())];
            begun = begun.with(&labels, connections.begun(direction, result));
        }
    }
    let mut ended = page.metric(
        "lean_peer_disconnection_events_total",
        Counter,
        "Total number of peer disconnection events.",
    );
    for direction in Direction::ALL {
        for reason in Disconnection::ALL {
            let labels = [("direction", direction.name()), ("reason", reason.name())];
            ended = ended.with(&labels, connections.ended(direction, reason));
        }
    }
}

fn network(page: &mut Exposition, chain: &Snapshot, network: &NetworkCounters) {
    page.metric("lean_connected_peers", Gauge, "Number of connected peers.")
        .with(&UNKNOWN_CLIENT, chain.peers);
    page.metric("lean_gossip_mesh_peers", Gauge, "Number of peers in the gossipsub mesh.")
        .with(&UNKNOWN_CLIENT, network.mesh_peers.get());
    connections(page, &network.connections);
    page.figure(
        "lean_attestation_committee_subnet",
        Gauge,
        "Node's attestation committee subnet.",
        0,
    );
    page.figure(
        "lean_attestation_committee_count",
        Gauge,
        "Number of attestation committees.",
        ATTESTATION_COMMITTEE_COUNT,
    );
}

fn gossip(page: &mut Exposition, name: &str, meters: &TopicMeters) {
    page.histogram(
        &format!("lean_gossip_{name}_size_bytes"),
        &format!("Bytes size of a gossip {name} message."),
        &meters.size(),
        1.0,
    );
    page.histogram(
        &format!("lean_gossip_{name}_arrival_delay_seconds"),
        &format!("Absolute delay between the arrival of a gossip {name} and its due interval."),
        &meters.delay(),
        NANOSECONDS,
    );
    let total = format!("lean_gossip_{name}_arrival_total");
    let help = format!("Arrivals of gossip {name} messages by position to their due interval.");
    let mut arrivals = page.metric(&total, Counter, &help);
    for position in Position::ALL {
        // An aggregate's delay counts from the interval before it, so none is early.
        if position != Position::Before || name != "aggregation" {
            arrivals = arrivals.with(&[("position", position.name())], meters.count(position));
        }
    }
}

/// Writes a histogram of times.
fn seconds(page: &mut Exposition, name: &str, what: &str, histogram: &Histogram) {
    page.histogram(name, &format!("Time taken to {what}."), histogram, NANOSECONDS);
}
