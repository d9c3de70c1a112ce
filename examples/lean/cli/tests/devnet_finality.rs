//! Networks of real node processes finalize one chain.

use std::thread;
use std::time::Duration;

use devnet::{Condition, Devnet, DevnetOptions};

/// Far more than necessary, to allow for a busy machine.
const ENOUGH: Duration = Duration::from_secs(180);

fn options() -> DevnetOptions {
    DevnetOptions { interval_ms: 100, ..DevnetOptions::new(env!("CARGO_BIN_EXE_node")) }
}

#[test]
fn four_nodes_finalize_slot_8_on_every_runtime() {
    let runtimes = lean_node::runtime::all();
    assert!(!runtimes.is_empty(), "a node needs a runtime");
    // The devnets wait most of the time, so they run at the same time.
    thread::scope(|threads| {
        for runtime in runtimes {
            threads.spawn(move || finalizes_slot_8_on(runtime.name()));
        }
    });
}

fn finalizes_slot_8_on(runtime: &str) {
    let options = DevnetOptions { runtime: Some(runtime.to_owned()), ..options() };
    let mut devnet = Devnet::start(options).unwrap_or_else(|error| panic!("{runtime}: {error}"));
    devnet
        .wait_until("not all nodes finalized slot 8", ENOUGH, |devnet| {
            devnet.agreement().is_reached(8)
        })
        .unwrap_or_else(|error| panic!("{runtime}: {error}"));
    for view in devnet.views() {
        let status = view.status.as_ref().expect("every node has reported");
        assert_eq!(status.runtime, runtime);
        assert!(
            status.head_slot >= status.justified_slot
                && status.justified_slot >= status.finalized_slot
        );
    }
    devnet.stop().unwrap_or_else(|error| panic!("{runtime}: {error}"));
}

#[test]
fn finality_goes_on_without_a_killed_node_which_then_catches_up() {
    const KILLED: usize = 2;
    const OTHERS: [usize; 3] = [0, 1, 3];
    let finalized_by_others = |devnet: &Devnet| {
        OTHERS
            .iter()
            .map(|node| devnet.agreement().finalized(*node).unwrap_or(0))
            .min()
            .expect("there are others")
    };

    let mut devnet = Devnet::start(options()).unwrap_or_else(|error| panic!("{error}"));
    devnet
        .wait_until("not all nodes finalized slot 3", ENOUGH, |devnet| {
            devnet.agreement().is_reached(3)
        })
        .unwrap_or_else(|error| panic!("{error}"));

    devnet.kill(KILLED).unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(devnet.view(KILLED).condition, Condition::Killed);
    let goal = finalized_by_others(&devnet) + 6;
    devnet
        .wait_until("the others did not go on finalizing", ENOUGH, |devnet| {
            finalized_by_others(devnet) >= goal
        })
        .unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(devnet.view(KILLED).status, None, "nobody reports for a dead node");

    devnet.restart(KILLED).unwrap_or_else(|error| panic!("{error}"));
    let goal = finalized_by_others(&devnet) + 2;
    devnet
        .wait_until("the killed node did not catch up", ENOUGH, |devnet| {
            devnet.agreement().is_reached(goal)
        })
        .unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(devnet.view(KILLED).condition, Condition::Running);
    devnet.stop().unwrap_or_else(|error| panic!("{error}"));
}
