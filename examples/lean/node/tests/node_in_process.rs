//! Tests of whole nodes in this process: real QUIC on loopback, and the same chain rules on every
//! runtime.

mod support;

use std::net::{Ipv4Addr, SocketAddr, SocketAddrV4, UdpSocket};
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use keys::{NetworkKey, SchemeName, Seed, generate_trees};
use lean_node::config::NodeConfig;
use lean_node::lean_files::{LeanFolder, LeanOptions, LeanPlan};
use support::{finalized, network, start};

#[test]
fn four_nodes_finalize_three_slots_behind_the_head_on_every_runtime_at_once() {
    let runtimes = lean_node::runtime::all();
    let nodes: Vec<_> = network(4, 8, 4)
        .into_iter()
        .enumerate()
        .map(|(index, config)| start(config, Arc::clone(&runtimes[index % runtimes.len()])))
        .collect();
    let lines: Vec<_> = nodes.iter().map(|(_, reports)| finalized(reports, 8)).collect();
    for line in &lines {
        if line.finalized_slot == lines[0].finalized_slot {
            assert_eq!(
                line.finalized_root, lines[0].finalized_root,
                "nodes agree on what is final"
            );
        }
    }
    for (node, _) in nodes {
        assert!(node.head(Duration::from_secs(10)).is_some(), "the owner answers");
        assert_eq!(node.stop(Duration::from_secs(10)), Vec::<String>::new());
    }
}

/// Writes a genesis folder for three nodes of two validators each, and reads it once per node.
fn from_one_folder() -> Vec<NodeConfig> {
    let seeds: Vec<_> = (0..6).map(|n| (Seed::new([n; 32]), Seed::new([100 + n; 32]))).collect();
    let validators =
        generate_trees(SchemeName::Test, &seeds, 256).expect("the test scheme has 256 slots");
    let keys: Vec<_> = (0..3).map(|_| NetworkKey::random().expect("randomness")).collect();
    // All sockets stay open until all ports are chosen, so no port is assigned twice.
    let sockets: Vec<_> =
        (0..3).map(|_| UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free port")).collect();
    let address = |socket: &UdpSocket| match socket.local_addr().expect("it is bound") {
        SocketAddr::V4(address) => address,
        SocketAddr::V6(address) => SocketAddrV4::new(Ipv4Addr::LOCALHOST, address.port()),
    };
    #[expect(clippy::disallowed_methods, reason = "a test has no executor to ask")]
    let now = SystemTime::now().duration_since(UNIX_EPOCH).expect("it is after 1970");
    let plan = LeanPlan {
        genesis_time: now.as_secs() + 4,
        names: (0..3).map(|n| format!("node_{n}")).collect(),
        addresses: sockets.iter().map(address).collect(),
    };
    let directory = tempfile::tempdir().expect("a temporary directory");
    plan.write(&keys, &validators, directory.path()).expect("an empty directory");
    let read = |name: &String| {
        let options =
            LeanOptions { node_id: name.clone(), aggregator: true, ..LeanOptions::default() };
        let mut config =
            LeanFolder::new(directory.path()).load(&options).expect("it was just written");
        // Only the intervals are different, an eighth of the specification's.
        config.genesis.interval_ms = 100;
        config.gossip_heartbeat = Duration::from_millis(100);
        config
    };
    plan.names.iter().map(read).collect()
}

#[test]
fn nodes_of_one_genesis_folder_sign_with_its_keys_and_finalize() {
    let runtimes = lean_node::runtime::all();
    let nodes: Vec<_> = from_one_folder()
        .into_iter()
        .enumerate()
        .map(|(index, config)| start(config, Arc::clone(&runtimes[index % runtimes.len()])))
        .collect();
    // Slots from 32 on need trees missing from the key files; the signer generates them.
    let lines: Vec<_> = nodes.iter().map(|(_, reports)| finalized(reports, 34)).collect();
    for line in &lines {
        if line.finalized_slot == lines[0].finalized_slot {
            assert_eq!(
                line.finalized_root, lines[0].finalized_root,
                "nodes agree on what is final"
            );
        }
    }
    for (node, _) in nodes {
        assert_eq!(node.stop(Duration::from_secs(10)), Vec::<String>::new());
    }
}
