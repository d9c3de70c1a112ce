//! Valid files, written by the node's own code.

use std::fs;
use std::net::{Ipv4Addr, SocketAddrV4};
use std::path::{Path, PathBuf};

use keys::genesis_file::{GenesisFile, GenesisValidator};
use keys::{KeyFile, NetworkKey, SchemeName, Seed as KeySeed, generate_trees};
use lean_node::config::{ConfigFile, ValidatorEntry};
use lean_node::lean_files::LeanPlan;

use crate::encodings::{Seed, seed};

/// Returns the valid files for a target.
pub(crate) fn of(target: &str) -> Vec<Seed> {
    match target {
        "node_config" => vec![saved("full", |path| full_config().save(path).expect("a new file"))],
        "genesis_file" => vec![saved("two", |path| genesis().save(path).expect("a new file"))],
        "key_file" => vec![saved("test", |path| key_file(5).save(path).expect("a new file"))],
        "network_key" => {
            let digits = "0b".repeat(32);
            vec![
                saved("digits", |path| network_key().save(path).expect("a new file")),
                seed("prefixed", format!("0x{digits}")),
            ]
        }
        "chain_config" => vec![lean("plain", "config.yaml"), seed("older", OLDER)],
        "node_validators" => {
            vec![
                lean("plain", "validators.yaml"),
                lean("annotated", "annotated_validators.yaml"),
                seed("none", "a: []\nb:\n"),
            ]
        }
        "node_list" => vec![lean("records", "nodes.yaml"), seed("addresses", ADDRESSES)],
        "key_manifest" => vec![lean("two", "hash-sig-keys/validator-keys-manifest.yaml")],
        other => panic!("nothing is made for {other}"),
    }
}

/// The older form, with one key per validator. It is refused with an error message of its own.
const OLDER: &str = "GENESIS_TIME: 1\nGENESIS_VALIDATORS: [\"0x00\"]\n";

const ADDRESSES: &str =
    "- /ip4/127.0.0.1/udp/9000/quic-v1/p2p/16Uiu2HAmSH2XVgZqYHWucap5kuPzLnt2TsNQkoppVxB5eJGvaXwm\n";

/// Saves a file and returns its contents as a seed.
fn saved(name: &'static str, save: impl FnOnce(&Path)) -> Seed {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let path = directory.path().join("file");
    save(&path);
    seed(name, fs::read(&path).expect("it was just written"))
}

/// Returns one file of a genesis folder as a seed.
fn lean(name: &'static str, file: &str) -> Seed {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let plan = LeanPlan {
        genesis_time: 1_800_000_000,
        names: vec!["ours_0".to_owned(), "spec_0".to_owned()],
        addresses: [9000, 9001].map(|port| SocketAddrV4::new(Ipv4Addr::LOCALHOST, port)).to_vec(),
    };
    let seeds = [1, 2].map(|n| (KeySeed::new([n; 32]), KeySeed::new([100 + n; 32])));
    let validators = generate_trees(SchemeName::Test, &seeds, 32).expect("two bottom trees");
    let nodes =
        [network_key(), NetworkKey::from_secret([2; 32]).expect("a small number is a secret")];
    plan.write(&nodes, &validators, directory.path()).expect("an empty directory");
    seed(name, fs::read(directory.path().join(file)).expect("it was just written"))
}

fn network_key() -> NetworkKey {
    NetworkKey::from_secret([1; 32]).expect("a small number is a secret")
}

fn key_file(n: u8) -> KeyFile {
    KeyFile::generate(SchemeName::Test, KeySeed::new([n; 32]), 0, 8).expect("eight slots")
}

fn genesis() -> GenesisFile {
    let key = |n| key_file(n).public_key;
    let validators = [0, 1].map(|n| GenesisValidator {
        attestation_public_key: key(n),
        proposal_public_key: key(100 + n),
    });
    GenesisFile {
        genesis_time: 1_800_000_000,
        interval_ms: 800,
        scheme: SchemeName::Test,
        fork_digest: "12345678".to_owned(),
        validators: validators.to_vec(),
    }
}

fn full_config() -> ConfigFile {
    let entry = |index| ValidatorEntry {
        index,
        attestation_key: PathBuf::from(format!("validator-{index}-attestation.key")),
        proposal_key: PathBuf::from(format!("validator-{index}-proposal.key")),
    };
    ConfigFile {
        name: "node-0".to_owned(),
        listen: "/ip4/127.0.0.1/udp/9000/quic-v1".to_owned(),
        network_key: "node-0.network".into(),
        genesis: "genesis.toml".into(),
        peers: vec![ADDRESSES.trim_start_matches("- ").trim_end().to_owned()],
        aggregator: true,
        runtime: Some("smol".to_owned()),
        chain_core: Some(1),
        verifiers: Some(2),
        identify: true,
        ping: false,
        gossip_heartbeat_ms: 700,
        http: Some("127.0.0.1:5052".to_owned()),
        data_dir: Some("node-0-chain".into()),
        validators: vec![entry(0), entry(1)],
    }
}
