//! Tests of mistakes in a node's files: each error names the file and states the remedy.

use std::fs;
use std::net::{Ipv4Addr, SocketAddr};
use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;

use devnet::{Identities, NetworkPlan};
use keys::FileProblem;
use keys::SchemeName;
use lean_node::config::{ConfigError, KeyRole, NodeConfig};
use tempfile::TempDir;

/// The files of a network of two nodes and three validators.
struct Network {
    directory: TempDir,
    configs: Vec<PathBuf>,
}

impl Network {
    fn new() -> Self {
        let directory = tempfile::tempdir().expect("a temporary directory");
        let identities = Identities::generate(2, 3, SchemeName::Test, 2).expect("possible numbers");
        let address = |port| SocketAddr::new(Ipv4Addr::LOCALHOST.into(), port);
        let plan = NetworkPlan {
            genesis_time: 1_800_000_000,
            interval_ms: 100,
            runtime: None,
            addresses: vec![address(9000), address(9001)],
        };
        let configs = plan.write(&identities, directory.path()).expect("an empty directory");
        Self { directory, configs }
    }

    fn path(&self, file: &str) -> PathBuf {
        self.directory.path().join(file)
    }

    fn replace(&self, file: &str, from: &str, to: &str) {
        let text = fs::read_to_string(self.path(file)).expect("the file was written");
        assert!(text.contains(from), "{file} has no {from}:\n{text}");
        fs::write(self.path(file), text.replacen(from, to, 1)).expect("the file can be written");
    }

    fn error(&self) -> ConfigError {
        NodeConfig::load(&self.configs[0]).expect_err("the files were spoilt")
    }
}

#[track_caller]
fn assert_says(error: &ConfigError, parts: &[&str]) {
    let message = error.to_string();
    for part in parts {
        assert!(message.contains(part), "the message does not say {part:?}: {message}");
    }
}

#[test]
fn written_files_load_with_the_same_values() {
    let network = Network::new();
    let first = NodeConfig::load(&network.configs[0]).expect("nothing was spoilt");
    let second = NodeConfig::load(&network.configs[1]).expect("nothing was spoilt");

    assert_eq!((first.name.as_str(), second.name.as_str()), ("node-0", "node-1"));
    assert_eq!(first.listen_socket(), "127.0.0.1:9000".parse().expect("an address"));
    assert_eq!(first.genesis, second.genesis);
    assert_eq!(first.genesis.genesis_time, 1_800_000_000);
    assert_eq!(first.genesis.interval_ms, 100);
    assert_eq!(first.genesis.registry().len(), 3);
    let owned =
        |config: &NodeConfig| config.validators.iter().map(|keys| keys.index).collect::<Vec<_>>();
    assert_eq!(
        (owned(&first), owned(&second)),
        (vec![0, 2], vec![1]),
        "validators are dealt out in turn"
    );
    let expected = format!("/ip4/127.0.0.1/udp/9001/quic-v1/p2p/{}", second.network_key.peer_id());
    assert_eq!(first.peers, [expected.parse().expect("an address")]);
}

#[test]
fn secrets_are_for_their_owner_only() {
    let network = Network::new();
    for file in [
        "keys/validator-0-attestation.toml",
        "keys/validator-2-proposal.toml",
        "keys/node-0-network.hex",
    ] {
        let mode =
            fs::metadata(network.path(file)).expect("the file was written").permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{file}");
    }
}

#[test]
fn secrets_do_not_reach_a_log() {
    let network = Network::new();
    let shown = format!("{:?}", NodeConfig::load(&network.configs[0]).expect("nothing was spoilt"));
    let secret =
        fs::read_to_string(network.path("keys/node-0-network.hex")).expect("the file was written");
    let key = fs::read_to_string(network.path("keys/validator-0-proposal.toml"))
        .expect("the file was written");
    let seed =
        key.lines().find_map(|line| line.strip_prefix("seed = ")).expect("a key file has a seed");
    assert!(!shown.contains(secret.trim()) && !shown.contains(seed.trim_matches('"')), "{shown}");
}

#[test]
fn an_address_may_be_an_ip_and_a_port() {
    let network = Network::new();
    network.replace("node-0.toml", "/ip4/127.0.0.1/udp/9000/quic-v1", "127.0.0.1:9007");
    let config = NodeConfig::load(&network.configs[0]).expect("the address is one");
    assert_eq!(config.listen, "/ip4/127.0.0.1/udp/9007/quic-v1".parse().expect("an address"));
}

#[test]
fn a_missing_configuration() {
    let network = Network::new();
    fs::remove_file(&network.configs[0]).expect("it is there");
    assert_says(&network.error(), &["no configuration file", "node-0.toml", "node genesis --dir"]);
}

#[test]
fn malformed_toml_is_shown_with_its_line() {
    let network = Network::new();
    fs::write(&network.configs[0], "name = \"a\"\nlisten = \n").expect("the file can be written");
    assert_says(&network.error(), &["node-0.toml", "malformed", "line 2"]);
}

#[test]
fn an_unknown_field_is_shown_with_the_known_ones() {
    let network = Network::new();
    network.replace("node-0.toml", "aggregator =", "agregator =");
    assert_says(&network.error(), &["node-0.toml", "agregator", "aggregator", "line"]);
}

#[test]
fn a_missing_field() {
    let network = Network::new();
    network.replace("node-0.toml", "genesis = \"genesis.toml\"\n", "");
    assert_says(&network.error(), &["node-0.toml", "missing field `genesis`"]);
}

#[test]
fn an_invalid_listen_address_is_an_error() {
    let network = Network::new();
    network.replace("node-0.toml", "/ip4/127.0.0.1/udp/9000/quic-v1", "/ip4/127.0.0.1/tcp/9000");
    let error = network.error();
    assert!(matches!(error, ConfigError::Listen { .. }), "{error:?}");
    assert_says(&error, &["/ip4/127.0.0.1/tcp/9000", "ADDRESS:PORT"]);
}

#[test]
fn a_peer_without_an_identity() {
    let network = Network::new();
    network.replace(
        "node-0.toml",
        "/ip4/127.0.0.1/udp/9001/quic-v1/p2p/",
        "/ip4/127.0.0.1/udp/9001/quic-v1/x/",
    );
    let error = network.error();
    assert!(matches!(error, ConfigError::Peer { .. }), "{error:?}");
    assert_says(&error, &["PEER_ID"]);
}

#[test]
fn a_heartbeat_of_zero_is_an_error() {
    let network = Network::new();
    network.replace("node-0.toml", "gossip_heartbeat_ms = 100", "gossip_heartbeat_ms = 0");
    assert!(matches!(network.error(), ConfigError::Heartbeat { .. }));
}

#[test]
fn a_number_of_verifiers_out_of_range_is_an_error() {
    for count in [0, 65] {
        let network = Network::new();
        let verifiers = format!("verifiers = {count}\ngossip_heartbeat_ms = 100");
        network.replace("node-0.toml", "gossip_heartbeat_ms = 100", &verifiers);
        assert_says(
            &network.error(),
            &["node-0.toml", &format!("verifiers = {count}"), "1 to 64", "leave it out"],
        );
    }
}

#[test]
fn a_missing_key_file() {
    let network = Network::new();
    fs::remove_file(network.path("keys/validator-2-proposal.toml")).expect("it is there");
    assert_says(
        &network.error(),
        &["no validator key file", "validator-2-proposal.toml", "node genesis --dir"],
    );
}

#[test]
fn an_invalid_network_key_is_an_error() {
    let network = Network::new();
    fs::write(network.path("keys/node-0-network.hex"), "00".repeat(32))
        .expect("the file can be written");
    assert_says(&network.error(), &["network key file", "node-0-network.hex", "secp256k1"]);
}

#[test]
fn a_validator_outside_of_the_genesis() {
    let network = Network::new();
    network.replace("node-0.toml", "index = 2", "index = 3");
    let error = network.error();
    assert!(matches!(error, ConfigError::NoSuchValidator { index: 3, count: 3, .. }), "{error:?}");
}

#[test]
fn a_validator_named_twice() {
    let network = Network::new();
    network.replace("node-0.toml", "index = 2", "index = 0");
    assert!(matches!(network.error(), ConfigError::DuplicateValidator { index: 0, .. }));
}

#[test]
fn a_key_of_another_validator() {
    let network = Network::new();
    network.replace(
        "node-0.toml",
        "keys/validator-2-proposal.toml",
        "keys/validator-1-proposal.toml",
    );
    let error = network.error();
    assert!(
        matches!(error, ConfigError::WrongKey { index: 2, role: KeyRole::Proposal, .. }),
        "{error:?}"
    );
    assert_says(&error, &["not the proposal key of validator 2", "validator-1-proposal.toml"]);
}

#[test]
fn a_key_of_another_scheme() {
    let network = Network::new();
    network.replace("keys/validator-0-attestation.toml", "scheme = \"test\"", "scheme = \"long\"");
    let error = network.error();
    assert!(
        matches!(error, ConfigError::WrongScheme { index: 0, role: KeyRole::Attestation, .. }),
        "{error:?}"
    );
}

#[test]
fn an_invalid_genesis_file_is_an_error() {
    for (from, to, says) in [
        ("interval_ms = 100", "interval_ms = 1", "interval_ms is 1"),
        ("fork_digest = \"12345678\"", "fork_digest = \"1234567x\"", "8 hexadecimal digits"),
        ("scheme = \"test\"", "scheme = \"short\"", "unknown variant `short`"),
        ("attestation_public_key = \"0x", "attestation_public_key = \"0x0", "line"),
    ] {
        let network = Network::new();
        network.replace("genesis.toml", from, to);
        assert_says(&network.error(), &["genesis file", "genesis.toml", says]);
    }
}

#[test]
fn a_file_is_never_overwritten() {
    let network = Network::new();
    let config = NodeConfig::load(&network.configs[0]).expect("nothing was spoilt");
    let error = config.genesis.save(&network.path("genesis.toml")).expect_err("it exists");
    assert!(
        matches!(error.problem, FileProblem::Write(_))
            && error.to_string().contains("not overwritten"),
        "{error}"
    );
}
