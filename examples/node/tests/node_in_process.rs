//! Whole nodes in this process: real QUIC on loopback, and the chain's rules the same on every runtime.

mod support;

use std::sync::Arc;
use std::time::Duration;

use support::{finalized, network, start};

#[test]
fn four_nodes_finalize_three_slots_behind_the_head_on_every_runtime_at_once() {
    let runtimes = actor::runtimes();
    let nodes: Vec<_> = network(4, 8, 4)
        .into_iter()
        .enumerate()
        .map(|(index, config)| start(config, Arc::clone(&runtimes[index % runtimes.len()])))
        .collect();
    let lines: Vec<_> = nodes.iter().map(|(_, reports)| finalized(reports, 8)).collect();
    for line in &lines {
        if line.finalized_slot == lines[0].finalized_slot {
            assert_eq!(line.finalized_root, lines[0].finalized_root, "nodes agree on what is final");
        }
    }
    for (node, _) in nodes {
        assert!(node.head(Duration::from_secs(10)).is_some(), "the owner answers");
        assert_eq!(node.stop(Duration::from_secs(10)), Vec::<String>::new());
    }
}
