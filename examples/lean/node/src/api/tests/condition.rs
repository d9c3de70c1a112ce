//! Tests of health, readiness, progress and metrics, as an operator sees them.

use std::collections::BTreeSet;

use serde_json::json;

use crate::api::tests::client::{ask, connect, get};
use crate::api::tests::{ANY_PORT, ENOUGH, Served, sources};
use crate::api::{Api, Limits, Supervision};
use crate::health::Failure;
use chain::Chain;

#[test]
fn a_stopping_or_failed_node_is_neither_healthy_nor_ready() {
    let (chain, _mailbox) = Chain::new();
    let supervision = Supervision::default();
    let mut sources = sources(chain, super::unpublished());
    sources.supervision = supervision.clone();
    let api = Api::start(ANY_PORT, sources, Limits::default()).expect("a port is free");
    let health = || get(api.address(), "/lean/v0/health");
    assert_eq!(health().status, "200 OK");
    assert!(supervision.lifecycle.fail(Failure::new("chain", "panicked: \"why\"")));
    let failed = health();
    assert_eq!(failed.status, "503 Service Unavailable");
    assert_eq!(failed.header("content-type"), Some("application/json"));
    let reason = "a part has ended, and the node stops: chain: panicked: \"why\"";
    assert_eq!(
        failed.json(),
        json!({ "status": "failed", "service": "lean-rpc-api", "reason": reason })
    );
    let ready = get(api.address(), "/lean/v0/ready");
    assert_eq!(ready.status, "503 Service Unavailable");
    assert_eq!(ready.json(), json!({ "status": "not ready", "reason": reason }));
    let metrics = get(api.address(), "/metrics");
    assert!(metrics.text().contains("\nnode_healthy 0\n"));
    assert_eq!(api.stop(ENOUGH), None);

    let (chain, _mailbox) = Chain::new();
    let sources = super::sources(chain, super::unpublished());
    sources.supervision.lifecycle.stop();
    let api = Api::start(ANY_PORT, sources, Limits::default()).expect("a port is free");
    let stopping = get(api.address(), "/lean/v0/health");
    assert_eq!(stopping.status, "503 Service Unavailable");
    assert_eq!(stopping.json()["status"], "stopping");
    assert_eq!(api.stop(ENOUGH), None);
}

#[test]
fn a_running_node_is_ready_and_states_its_progress() {
    let served = Served::start(Limits::default());
    let ready = get(served.address(), "/lean/v0/ready");
    assert_eq!((ready.status.as_str(), ready.json()), ("200 OK", json!({ "status": "ready" })));
    assert_eq!(
        get(served.address(), "/lean/v0/node/syncing").json(),
        json!({
            "status": "idle",
            "is_syncing": false,
            "head_slot": 0,
            "current_slot": 0,
            "sync_distance": 0,
            "finalized_slot": 0,
            "peers": 0,
            "configured_peers": 0,
            "configured_peers_connected": 0,
        })
    );
    served.stop();
}

#[test]
fn a_status_for_a_synchronizing_node_must_be_one() {
    let served = Served::start(Limits::default());
    for (query, status) in [
        ("", "200 OK"),
        ("?syncing_status=503", "200 OK"),
        ("?syncing_status=99", "400 syncing_status is not a status"),
        ("?syncing_status=", "400 syncing_status is not a status"),
        ("?verbose=1&syncing_status=600", "400 syncing_status is not a status"),
    ] {
        let answer = get(served.address(), &format!("/lean/v0/ready{query}"));
        assert_eq!(answer.status, status, "{query}");
    }
    let head = "HEAD /lean/v0/ready HTTP/1.1\r\nhost: node\r\n\r\n";
    assert_eq!(ask(&mut connect(served.address()), head).status, "200 OK");
    served.stop();
}

#[test]
fn every_metric_has_one_type_and_every_sample_a_number() {
    let served = Served::start(Limits::default());
    let page = get(served.address(), "/metrics");
    let mut names = BTreeSet::new();
    for line in page.text().lines() {
        if let Some(rest) = line.strip_prefix("# TYPE ") {
            let (name, kind) = rest.split_once(' ').expect("a name and a type");
            assert!(["counter", "gauge", "histogram"].contains(&kind), "{line}");
            assert!(names.insert(name.to_owned()), "{name} comes twice");
            assert_eq!(name.ends_with("_total"), kind == "counter", "{line}");
        } else if !line.starts_with("# HELP ") {
            let (sample, value) = line.rsplit_once(' ').expect("a sample has a value");
            assert!(value.parse::<f64>().is_ok(), "{line}");
            let name = sample.split('{').next().unwrap_or_default();
            let parts = ["", "_bucket", "_sum", "_count"];
            let is_known = parts
                .iter()
                .filter_map(|part| name.strip_suffix(part))
                .any(|name| names.contains(name));
            assert!(is_known, "{name} has no type");
        }
    }
    served.stop();
}

/// Returns the names in the documentation's tables of leanMetrics.
fn documented() -> BTreeSet<String> {
    let text = include_str!("../../../../docs/metrics.md");
    let rows = text.lines().filter_map(|line| line.strip_prefix("| `"));
    let named = rows.filter_map(|row| row.split_once("` |"));
    let chosen = named.filter(|(_, rest)| rest.trim_start().starts_with("served"));
    chosen.map(|(name, _)| name.to_owned()).collect()
}

#[test]
fn the_table_of_the_documentation_lists_exactly_the_lean_metrics_that_are_served() {
    let served = Served::start(Limits::default());
    let page = get(served.address(), "/metrics");
    let found: BTreeSet<_> = page
        .text()
        .lines()
        .filter_map(|line| line.strip_prefix("# TYPE lean_"))
        .filter_map(|line| line.split(' ').next())
        .map(|name| format!("lean_{name}"))
        .collect();
    assert_eq!(found, documented());
    served.stop();
}
