//! Tests of the API's answers.

use std::time::Duration;

use libssz::{SszDecode, SszEncode};
use serde_json::json;

use crate::api::tests::client::{ask, connect, get, post};
use crate::api::tests::{ANY_PORT, ENOUGH, Served, sources, store};
use crate::api::{Api, Limits};
use chain::Chain;
use consensus::{SignedBlock, State};

const AGGREGATOR: &str = "/lean/v0/admin/aggregator";

const READABLE: [&str; 10] = [
    "/",
    "/lean/v0/health",
    "/lean/v0/ready",
    "/lean/v0/node/syncing",
    "/lean/v0/states/finalized",
    "/lean/v0/blocks/finalized",
    "/lean/v0/checkpoints/justified",
    "/lean/v0/fork_choice",
    AGGREGATOR,
    "/metrics",
];

#[test]
fn the_finalized_state_and_block_come_as_ssz_that_a_store_can_be_made_of() {
    let served = Served::start(Limits::default());
    let state = get(served.address(), "/lean/v0/states/finalized");
    let block = get(served.address(), "/lean/v0/blocks/finalized");
    assert_eq!((state.status.as_str(), block.status.as_str()), ("200 OK", "200 OK"));
    assert_eq!(state.header("content-type"), Some("application/octet-stream"));
    let expected = store(4);
    assert_eq!(state.body, expected.head_state().to_ssz());
    let state = State::from_ssz_bytes(&state.body).expect("a state");
    let signed = SignedBlock::from_ssz_bytes(&block.body).expect("a block");
    assert!(signed.proof.proof.is_empty(), "the proof is empty");
    assert!(consensus::Store::new(state, signed.block, None).is_ok());
    served.stop();
}

#[test]
fn json_is_the_specifications_field_by_field() {
    let served = Served::start(Limits::default());
    let root = store(4).head();
    for (path, body) in [
        ("/lean/v0/health", r#"{"status":"healthy","service":"lean-rpc-api"}"#.to_owned()),
        ("/lean/v0/checkpoints/justified", format!(r#"{{"slot":0,"root":"{root}"}}"#)),
        (
            "/lean/v0/fork_choice",
            format!(
                "{{\"nodes\":[{{\"root\":\"{root}\",\"slot\":0,\
                 \"parent_root\":\"0x0000000000000000000000000000000000000000000000000000000000000000\",\
                 \"proposer_index\":0,\"weight\":0}}],\"head\":\"{root}\",\
                 \"justified\":{{\"slot\":0,\"root\":\"{root}\"}},\"finalized\":{{\"slot\":0,\"root\":\"{root}\"}},\
                 \"safe_target\":\"{root}\",\"validator_count\":4}}"
            ),
        ),
        (AGGREGATOR, r#"{"is_aggregator":false}"#.to_owned()),
    ] {
        let answer = get(served.address(), path);
        assert_eq!(
            (answer.status.as_str(), answer.header("content-type")),
            ("200 OK", Some("application/json"))
        );
        assert_eq!(answer.text(), body, "{path}");
    }
    served.stop();
}

#[test]
fn before_the_owner_has_published_only_health_and_metrics_are_there() {
    let (chain, _mailbox) = Chain::new();
    let api = Api::start(ANY_PORT, sources(chain, super::unpublished()), Limits::default())
        .expect("a port is free");
    for path in READABLE {
        let answer = get(api.address(), path);
        let expected = match path {
            "/" | "/lean/v0/health" | "/lean/v0/node/syncing" | "/metrics" => "200 OK",
            "/lean/v0/ready" => "503 Service Unavailable",
            _ => "503 Store not initialized",
        };
        assert_eq!(answer.status, expected, "{path}");
    }
    assert_eq!(api.stop(ENOUGH), None);
}

#[test]
fn a_change_of_role_is_seen_by_whoever_asks_after_its_answer() {
    let served = Served::start(Limits::default());
    let address = served.address();
    for (enabled, previous) in [(true, false), (true, true), (false, true), (false, false)] {
        let answer = post(address, AGGREGATOR, &json!({ "enabled": enabled }).to_string());
        assert_eq!(answer.header("content-type"), Some("application/json"));
        assert_eq!(
            answer.text(),
            format!(r#"{{"is_aggregator":{enabled},"previous":{previous}}}"#)
        );
        assert_eq!(get(address, AGGREGATOR).json(), json!({ "is_aggregator": enabled }));
        let metrics = get(address, "/metrics");
        assert!(metrics.text().contains(&format!("\nlean_is_aggregator {}\n", u8::from(enabled))));
    }
    served.stop();
}

#[test]
fn a_role_that_is_not_said_is_asked_for_in_the_status_line() {
    let served = Served::start(Limits::default());
    for (body, status) in [
        ("", "400 Invalid JSON body"),
        ("{", "400 Invalid JSON body"),
        ("{\"enabled\":true} more", "400 Invalid JSON body"),
        ("null", "400 Missing 'enabled' field in body"),
        ("[true]", "400 Missing 'enabled' field in body"),
        ("{}", "400 Missing 'enabled' field in body"),
        ("{\"enabled\":1}", "400 'enabled' must be a boolean"),
        ("{\"enabled\":\"yes\"}", "400 'enabled' must be a boolean"),
        ("{\"enabled\":null}", "400 'enabled' must be a boolean"),
    ] {
        let answer = post(served.address(), AGGREGATOR, body);
        assert_eq!(answer.status, status, "{body}");
        assert_eq!(answer.text(), status.replacen("400 ", "400: ", 1));
    }
    assert_eq!(get(served.address(), AGGREGATOR).json(), json!({ "is_aggregator": false }));
    served.stop();
}

#[test]
fn other_paths_are_not_found_and_other_methods_not_allowed() {
    let served = Served::start(Limits::default());
    let address = served.address();
    for path in
        ["/unknown", "/lean/v0/unknown", "/lean/v0/health/", "/lean/v0/Health", "/lean//v0/health"]
    {
        assert_eq!(get(address, path).status, "404 Not Found", "{path}");
    }
    assert_eq!(
        get(address, "/lean/v0/health?verbose=1").status,
        "200 OK",
        "a query changes nothing"
    );
    for path in READABLE {
        let allowed = if path == AGGREGATOR { "GET,HEAD,POST" } else { "GET,HEAD" };
        for method in ["DELETE", "PUT", "PATCH", "OPTIONS", "BREW"] {
            let request =
                format!("{method} {path} HTTP/1.1\r\nhost: node\r\nconnection: close\r\n\r\n");
            let answer = ask(&mut connect(address), &request);
            assert_eq!(answer.status, "405 Method Not Allowed", "{method} {path}");
            assert_eq!(answer.header("allow"), Some(allowed));
        }
    }
    assert_eq!(post(address, "/lean/v0/health", "{}").status, "405 Method Not Allowed");
    served.stop();
}

#[test]
fn a_head_request_has_the_length_of_the_body_and_not_the_body() {
    let served = Served::start(Limits::default());
    let mut stream = connect(served.address());
    for path in ["/lean/v0/states/finalized", "/lean/v0/fork_choice"] {
        let whole = ask(&mut stream, &format!("GET {path} HTTP/1.1\r\nhost: node\r\n\r\n"));
        let head = ask(&mut stream, &format!("HEAD {path} HTTP/1.1\r\nhost: node\r\n\r\n"));
        assert_eq!(head.status, "200 OK");
        assert_eq!(head.header("content-length"), whole.header("content-length"));
    }
    served.stop();
}

#[test]
fn everything_but_a_change_of_role_is_answered_while_the_owner_is_busy() {
    let limits = Limits { owner_patience: Duration::from_millis(50), ..Limits::default() };
    let served = Served::start(limits);
    let release = served.block_owner();

    for path in READABLE {
        assert_eq!(get(served.address(), path).status, "200 OK", "{path}");
    }
    let refused = post(served.address(), AGGREGATOR, r#"{"enabled":true}"#);
    assert_eq!(refused.status, "503 Chain is busy, try again");

    drop(release);
    assert!(served.owner.has_begun(), "the owner answers again");
    let role = get(served.address(), AGGREGATOR).json();
    assert_eq!(role, json!({ "is_aggregator": false }), "what was given up has no effect any more");
    served.stop();
}
