//! Tests with requests that a browser sends on behalf of another web site.

use std::io::Write as _;

use crate::api::Limits;
use crate::api::tests::Served;
use crate::api::tests::client::{Answer, ask, connect, read_to_close};

/// Sends a request with headers that a browser adds, to a node at `127.0.0.1:5052`.
fn ask_with(served: &Served, request: &str, headers: &[&str]) -> Answer {
    let host = headers.iter().any(|line| line.starts_with("host:"));
    let host = if host { "" } else { "host: 127.0.0.1:5052\r\n" };
    let lines: String = headers.iter().map(|line| format!("{line}\r\n")).collect();
    let body = r#"{"enabled":true}"#;
    let body = if request.starts_with("POST") { body } else { "" };
    let length = body.len();
    let head = format!(
        "{request} HTTP/1.1\r\n{host}{lines}connection: close\r\ncontent-length: {length}\r\n\r\n"
    );
    ask(&mut connect(served.address()), &format!("{head}{body}"))
}

const CHANGE: &str = "POST /lean/v0/admin/aggregator";

#[test]
fn a_site_whose_name_leads_to_this_machine_gets_nothing() {
    let served = Served::start(Limits::default());
    for path in ["GET /", "GET /events", "GET /metrics", "GET /lean/v0/fork_choice", CHANGE] {
        for host in ["host: attacker.example:5052", "host: 127.0.0.1.attacker.example"] {
            let answer = ask_with(&served, path, &[host]);
            assert!(answer.status.starts_with("421 "), "{path} {host}: {}", answer.status);
            assert!(answer.text().contains("localhost"), "it says what to do: {}", answer.text());
        }
        let two = ["host: 127.0.0.1", "host: attacker.example"];
        assert!(ask_with(&served, path, &two).status.starts_with("421 "), "{path}");
    }
    assert!(!served.owner.published.get().is_aggregator);
    served.stop();
}

#[test]
fn a_page_of_another_site_can_neither_read_nor_change_the_node_nor_hold_a_stream() {
    let served = Served::start(Limits::default());
    for path in ["GET /events", "GET /lean/v0/fork_choice", "GET /metrics", CHANGE] {
        for foreign in [
            &["origin: https://attacker.example"][..],
            &["origin: http://127.0.0.1:8080"],
            &["origin: null"],
            &["origin: http://127.0.0.1:5052", "origin: https://attacker.example"],
            // An image, a script, and a hidden frame have no origin.
            &["sec-fetch-site: cross-site", "sec-fetch-mode: no-cors", "sec-fetch-dest: image"],
            &["sec-fetch-site: same-site", "sec-fetch-mode: no-cors", "sec-fetch-dest: script"],
            &["sec-fetch-site: cross-site", "sec-fetch-mode: navigate", "sec-fetch-dest: iframe"],
        ] {
            let answer = ask_with(&served, path, foreign);
            assert!(answer.status.starts_with("403 "), "{path} {foreign:?}: {}", answer.status);
            assert_eq!(answer.header("access-control-allow-origin"), None);
        }
    }
    // A form of another site that opens a tab of its own.
    let form =
        ["sec-fetch-site: cross-site", "sec-fetch-mode: navigate", "sec-fetch-dest: document"];
    assert!(ask_with(&served, CHANGE, &form).status.starts_with("403 "));
    assert!(ask_with(&served, "OPTIONS /events", &["origin: null"]).status.starts_with("403 "));
    assert!(!served.owner.published.get().is_aggregator);
    served.stop();
}

#[test]
fn the_page_itself_a_link_to_it_and_programs_are_answered() {
    let served = Served::start(Limits::default());
    let link =
        ["sec-fetch-site: cross-site", "sec-fetch-mode: navigate", "sec-fetch-dest: document"];
    let own = ["sec-fetch-site: same-origin", "sec-fetch-mode: cors", "sec-fetch-dest: empty"];
    for headers in [&link[..], &own, &["sec-fetch-site: none"], &["host: LocalHost:5052"], &[]] {
        for path in ["GET /", "GET /metrics", "GET /lean/v0/fork_choice"] {
            let answer = ask_with(&served, path, headers);
            assert_eq!(answer.status, "200 OK", "{path} {headers:?}");
            assert_eq!(answer.header("x-content-type-options"), Some("nosniff"), "{path}");
            assert_eq!(answer.header("cross-origin-resource-policy"), Some("same-origin"));
        }
    }
    let own = ["origin: http://127.0.0.1:5052", "sec-fetch-site: same-origin"];
    assert_eq!(ask_with(&served, CHANGE, &own).status, "200 OK");
    // HTTP 1.0 needs no host, and a request of 1.0 is none of a browser.
    let mut old = connect(served.address());
    old.write_all(b"GET /lean/v0/health HTTP/1.0\r\n\r\n").expect("the server reads");
    assert!(read_to_close(&mut old).starts_with(b"HTTP/1.0 200 OK\r\n"));
    served.stop();
}
