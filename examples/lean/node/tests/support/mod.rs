//! Whole nodes in this process, for integration tests.

use std::net::{Ipv4Addr, UdpSocket};
use std::sync::Arc;
use std::sync::mpsc::{self, Receiver};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use actor_lanes::Runtime;
use consensus::{MockProofs, Slot};
use keys::genesis_file::{GenesisFile, GenesisValidator};
use keys::{KeyFile, NetworkKey, SchemeName, Seed, ValidatorKeyFiles};
use lean_node::config::{HttpAddress, NodeConfig, SigningConfig};
use lean_node::node::Node;
use lean_node::report::StatusLine;
use libp2p::Multiaddr;

const INTERVAL_MS: u64 = 100;
const ENOUGH: Duration = Duration::from_secs(120);

/// Returns the configurations of `nodes` nodes. Each node dials the nodes before it, and
/// `validators` validators are assigned in turn.
pub(crate) fn network(nodes: usize, validators: u64, delay_s: u64) -> Vec<NodeConfig> {
    let key = |validator: u64, role: u8| {
        let mut seed = [role; 32];
        seed[..8].copy_from_slice(&validator.to_le_bytes());
        KeyFile::generate(SchemeName::Test, Seed::new(seed), 0, 256)
            .expect("the test scheme has 256 slots")
    };
    let keys: Vec<_> = (0..validators)
        .map(|index| ValidatorKeyFiles {
            index,
            attestation: key(index, 1).into(),
            proposal: key(index, 2).into(),
        })
        .collect();
    #[expect(clippy::disallowed_methods, reason = "a test has no executor to ask")]
    let now = SystemTime::now().duration_since(UNIX_EPOCH).expect("it is after 1970");
    let genesis = GenesisFile {
        genesis_time: now.as_secs() + delay_s,
        interval_ms: INTERVAL_MS,
        scheme: SchemeName::Test,
        fork_digest: "12345678".to_owned(),
        validators: keys
            .iter()
            .map(|keys| GenesisValidator {
                attestation_public_key: keys.attestation.public_key(),
                proposal_public_key: keys.proposal.public_key(),
            })
            .collect(),
    };
    // All sockets stay open until all ports are chosen, so no port is assigned twice.
    let sockets: Vec<_> = (0..nodes)
        .map(|_| UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free port"))
        .collect();
    let addresses: Vec<Multiaddr> = sockets
        .iter()
        .map(|socket| {
            let port = socket.local_addr().expect("it is bound").port();
            format!("/ip4/127.0.0.1/udp/{port}/quic-v1").parse().expect("a QUIC address")
        })
        .collect();
    let network_keys: Vec<_> =
        (0..nodes).map(|_| NetworkKey::random().expect("randomness")).collect();
    let peer = |other: usize| {
        let id = network_keys[other].peer_id();
        addresses[other].clone().with_p2p(id).expect("the address names no peer yet")
    };
    (0..nodes)
        .map(|index| NodeConfig {
            name: format!("node-{index}"),
            listen: addresses[index].clone(),
            peers: (0..index).map(peer).collect(),
            network_key: network_keys[index].clone(),
            genesis: genesis.clone(),
            validators: keys
                .iter()
                .filter(|keys| keys.index % nodes as u64 == index as u64)
                .cloned()
                .collect(),
            signing: SigningConfig::default(),
            aggregator: true,
            runtime: None,
            chain_core: None,
            verifiers: None,
            identify: false,
            ping: false,
            gossip_heartbeat: Duration::from_millis(100),
            http: HttpAddress::Off,
            checkpoint_sync_url: None,
            checkpoint_sync_deadline: Duration::ZERO,
            data_dir: None,
            backfill: false,
            proofs: MockProofs::default(),
        })
        .collect()
}

pub(crate) fn start(config: NodeConfig, runtime: Arc<dyn Runtime>) -> (Node, Receiver<StatusLine>) {
    let (report, reports) = mpsc::sync_channel(1024);
    let node = Node::start(config, runtime, move |line| drop(report.try_send(line)))
        .expect("the node starts");
    (node, reports)
}

/// Waits until the node has finalized `slot`.
pub(crate) fn finalized(reports: &Receiver<StatusLine>, slot: Slot) -> StatusLine {
    loop {
        let line = reports.recv_timeout(ENOUGH).expect("the node reports every slot");
        if line.finalized_slot >= slot {
            return line;
        }
        assert!(line.slot < 200, "far too late, and not finalized: {line:#?}");
    }
}
