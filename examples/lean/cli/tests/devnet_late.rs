//! A node that starts hundreds of slots after the others.

use std::fs;
use std::time::Duration;

use devnet::{Devnet, DevnetOptions};
use keys::SchemeName;

/// Far more than necessary, to allow for a busy machine.
const ENOUGH: Duration = Duration::from_secs(400);

/// The lead of the other nodes at the start of the late node, in slots.
const AHEAD: u64 = 300;

/// The maximum distance in slots to the others' head for a node to count as caught up. A node in
/// sync can have this distance for a moment.
const NEAR: u64 = 4;

const LATE: usize = 3;

#[test]
fn a_node_that_joins_300_slots_late_catches_up_by_range_and_finalizes_with_the_others() {
    let options = DevnetOptions {
        interval_ms: 50,
        scheme: SchemeName::Long,
        key_slots: 2048,
        node_arguments: vec!["--in-memory".to_owned()],
        ..DevnetOptions::new(env!("CARGO_BIN_EXE_node"))
    };
    let head = |devnet: &Devnet, node: usize| {
        devnet.view(node).status.as_ref().map_or(0, |status| status.head_slot)
    };
    let mut devnet = Devnet::start(options).unwrap_or_else(|error| panic!("{error}"));
    // Without a folder, a restarted node equals one started for the first time.
    devnet.kill(LATE).unwrap_or_else(|error| panic!("{error}"));
    devnet
        .wait_until("the others did not come far enough", ENOUGH, |devnet| head(devnet, 0) >= AHEAD)
        .unwrap_or_else(|error| panic!("{error}"));

    devnet.restart(LATE).unwrap_or_else(|error| panic!("{error}"));
    devnet
        .wait_until("the late node did not catch up", ENOUGH, |devnet| {
            head(devnet, LATE) + NEAR >= head(devnet, 0)
        })
        .unwrap_or_else(|error| panic!("{error}"));
    let goal = devnet.agreement().finalized(0).unwrap_or(0) + 2;
    devnet
        .wait_until("it did not finalize with the others", ENOUGH, |devnet| {
            devnet.agreement().is_reached(goal)
        })
        .unwrap_or_else(|error| panic!("{error}"));
    let late = devnet.view(LATE).status.clone().expect("it has reported");
    assert!(
        late.blocks_imported >= AHEAD / 2,
        "it has the blocks that were made before it began: {late:#?}"
    );
    assert_eq!(late.dropped.get("INVALID_BLOCK_PROOF"), None, "{:?}", late.dropped);
    let log =
        fs::read_to_string(devnet.directory().join("node-3.log")).expect("a node writes a log");
    assert!(log.contains("catching up by range"), "{log}");
    devnet.stop().unwrap_or_else(|error| panic!("{error}"));
}
