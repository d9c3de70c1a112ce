//! The contention command: every kind of dispatch ends on the same chain, without lost messages.

use std::process::{Command, Output};

use serde_json::Value;

/// Few validators and slots, so that a debug build processes the load in time. The tests do not
/// check speed.
const SMALL: [&str; 5] = ["contention", "--validators", "16", "--interval-ms", "100"];

fn contention(arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_node"));
    command.args(SMALL).args(arguments).output().expect("the program runs")
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// Returns the number of recorded calls per site. Answers to the node's own block requests are
/// excluded, because their number depends on the ticks.
fn calls(run: &Value) -> Vec<(String, u64)> {
    let lines = run["calls"].as_array().expect("a list of sites").iter();
    let calls = lines.map(|line| {
        let site = line["site"].as_str().expect("its name").to_owned();
        (site, line["on_network_thread"]["count"].as_u64().expect("a number"))
    });
    calls.filter(|(site, _)| site != "blocks_by_root_response").collect()
}

#[test]
fn every_kind_of_dispatch_ends_on_the_same_chain_and_no_control_message_is_lost() {
    let output = contention(&["--seconds", "2", "--json"]);
    assert!(output.status.success(), "{}", text(&output.stderr));
    let results: Value = serde_json::from_slice(&output.stdout).expect("one line of JSON");
    let runs = results["runs"].as_array().expect("a list of runs");
    let kinds: Vec<_> = runs.iter().map(|run| run["dispatch"].as_str()).collect();
    assert_eq!(kinds, [Some("mutex"), Some("actor"), Some("loop")]);
    let votes = ("gossip_vote".to_owned(), 4 * 16);
    for run in runs {
        for end in ["head", "justified", "finalized"] {
            assert_eq!(run[end], runs[0][end], "{end}");
            assert!(run[end]["root"].is_string() && run[end]["slot"].is_u64(), "{run}");
        }
        assert_eq!(run["is_as_recorded"], true, "{run}");
        // Four slots. The first one has no block. The blocks of the other three are imported,
        // including the fork's.
        assert_eq!(run["blocks_imported"], 3, "{run}");
        assert_eq!(run["requests_unanswered"], 0, "{run}");
        assert!(run["tick_lateness"]["count"].as_u64().is_some_and(|ticks| ticks > 0), "{run}");
        assert_eq!(calls(run), calls(&runs[0]));
        assert!(calls(run).contains(&votes), "{:?}", calls(run));
    }

    let (mutex, actors) = runs.split_first().expect("there are three");
    assert_eq!(mutex["lanes"], Value::Array(Vec::new()));
    for actor in actors {
        let lanes = actor["lanes"].as_array().expect("a list of lanes");
        let control = lanes
            .iter()
            .find(|lane| lane["name"] == "chain/control")
            .expect("the chain has a control lane");
        assert_eq!((&control["refused"], &control["evicted"]), (&0.into(), &0.into()));
        assert!(control["accepted"].as_u64().is_some_and(|accepted| accepted > 0), "{control}");
    }
}

#[test]
fn the_foreign_loop_serves_its_own_timer_and_socket_beside_the_owner() {
    let output = contention(&["--seconds", "1", "--dispatch", "loop", "--json"]);
    assert!(output.status.success(), "{}", text(&output.stderr));
    let results: Value = serde_json::from_slice(&output.stdout).expect("one line of JSON");
    let [run] = results["runs"].as_array().expect("a list of runs").as_slice() else {
        panic!("one run: {results}")
    };
    let host = &run["host"];
    let timer = host["timer_lateness"]["count"].as_u64().expect("a number");
    let datagrams = host["datagrams"].as_u64().expect("a number");
    assert!(timer > 0, "{host}");
    // The last datagram may be unread at the loop's end.
    assert!(datagrams + 1 >= timer && datagrams <= timer, "{host}");
}

#[test]
fn the_actor_with_a_store_on_disk_ends_on_the_same_chain_and_its_finality_is_durable() {
    let folder = tempfile::tempdir().expect("a temporary directory");
    let path = folder.path().to_str().expect("it is text");
    let output = contention(&["--seconds", "3", "--dispatch", "actor", "--store", path, "--json"]);
    assert!(output.status.success(), "{}", text(&output.stderr));
    let results: Value = serde_json::from_slice(&output.stdout).expect("one line of JSON");
    let [without, kept] = results["runs"].as_array().expect("a list of runs").as_slice() else {
        panic!("two runs: {results}")
    };
    assert_eq!(kept["dispatch"], "actor, kept");
    assert_eq!((&kept["head"], &kept["finalized"]), (&without["head"], &without["finalized"]));
    assert!(kept["store"]["commits"].as_u64().is_some_and(|commits| commits > 0), "{kept}");
    assert_eq!(without["store"], Value::Null);
    let left = folder.path().read_dir().expect("it is a folder").count();
    assert_eq!(left, 0, "the store's folder is removed");
}

#[test]
fn a_folder_that_exists_is_not_used_for_a_store() {
    let folder = tempfile::tempdir().expect("a temporary directory");
    std::fs::create_dir(folder.path().join("contention-0")).expect("the folder is writable");
    let path = folder.path().to_str().expect("it is text");
    let output = contention(&["--seconds", "1", "--dispatch", "actor", "--store", path]);
    assert_eq!(output.status.code(), Some(1), "{}", text(&output.stderr));
    assert!(text(&output.stderr).contains("contention-0"), "{}", text(&output.stderr));
}

#[test]
fn rounds_of_one_load_are_compared_by_their_medians() {
    let output = contention(&["--seconds", "1", "--dispatch", "loop", "--rounds", "2"]);
    assert!(output.status.success(), "{}", text(&output.stderr));
    let tables = text(&output.stdout);
    let runs =
        tables.lines().filter(|line| line.starts_with("through the actor in a foreign loop"));
    assert_eq!(runs.count(), 2, "{tables}");
    assert!(tables.contains("medians of 2 runs each"), "{tables}");
    let ends = "heads, justified and finalized checkpoints: equal\n";
    assert!(tables.ends_with(ends), "{tables}");
}

#[test]
fn a_single_dispatch_is_shown_as_a_table() {
    for (way, named) in [
        ("actor", "actor on smol"),
        ("mutex", "mutex"),
        ("loop", "actor in a foreign loop, the other actors on smol"),
    ] {
        let output = contention(&["--seconds", "1", "--dispatch", way, "--runtime", "smol"]);
        assert!(output.status.success(), "{}", text(&output.stderr));
        let table = text(&output.stdout);
        assert!(table.starts_with(&format!("through the {named}: ")), "{table}");
        for row in [
            "gossip block",
            "gossip vote",
            "gossip aggregate",
            "blocks_by_root request",
            "status request",
        ] {
            assert!(table.lines().any(|line| line.starts_with(row)), "{row}: {table}");
        }
        assert!(table.contains("tick: late") && table.contains(": as recorded"), "{table}");
    }
}

#[test]
fn an_impossible_run_is_refused_with_a_reason() {
    let refused = |arguments: &[&str], why: &str| {
        let output = contention(arguments);
        let error = text(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{error}");
        assert!(error.contains(why), "{error}");
        assert!(output.stdout.is_empty());
    };
    refused(&["--seconds", "600"], "keys sign in 256");
    refused(&["--seconds", "0"], "--seconds");
    refused(&["--dispatch", "channel"], "[possible values: mutex, actor, loop]");
    refused(&["--runtime", "none"], "no runtime \"none\"");
    let output = Command::new(env!("CARGO_BIN_EXE_node"))
        .args(["contention", "--seconds", "1", "--interval-ms", "1000"])
        .output()
        .expect("the program runs");
    assert_eq!(output.status.code(), Some(2));
    assert!(text(&output.stderr).contains("a slot lasts 5000 ms"), "{}", text(&output.stderr));
}
