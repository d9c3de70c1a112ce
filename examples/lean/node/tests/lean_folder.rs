//! Tests of genesis folders: reading a written folder, and mistakes. Each error names the file and
//! states the remedy.

use std::fs;
use std::net::{Ipv4Addr, SocketAddrV4};
use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;

use consensus::MockProofs;
use keys::{NetworkKey, SchemeName, Seed, generate_trees};
use lean_node::config::NodeConfig;
use lean_node::lean_files::{
    AnnotatedValidators, ChainConfig, KeyManifest, LeanFilesError, LeanFolder, LeanOptions,
    LeanPlan, NodeValidators,
};
use proptest::prelude::proptest;
use tempfile::TempDir;

/// The genesis folder of two nodes and three validators.
struct Folder {
    directory: TempDir,
    options: LeanOptions,
}

impl Folder {
    fn new() -> Self {
        let directory = tempfile::tempdir().expect("a temporary directory");
        let seeds: Vec<_> =
            (0..3).map(|n| (Seed::new([n; 32]), Seed::new([100 + n; 32]))).collect();
        let validators = generate_trees(SchemeName::Test, &seeds, 32).expect("two bottom trees");
        let nodes = [key(1), key(2)];
        plan(&["ours_0", "spec_0"])
            .write(&nodes, &validators, directory.path())
            .expect("an empty directory");
        Self {
            directory,
            options: LeanOptions { node_id: "ours_0".to_owned(), ..LeanOptions::default() },
        }
    }

    /// Creates the same folder without the preferred file, so the manifest is read.
    fn with_manifest() -> Self {
        let folder = Self::new();
        folder.remove("annotated_validators.yaml");
        folder
    }

    fn path(&self, file: &str) -> PathBuf {
        self.directory.path().join(file)
    }

    fn write(&self, file: &str, text: impl AsRef<[u8]>) {
        fs::write(self.path(file), text).expect("the file can be written");
    }

    fn remove(&self, file: &str) {
        fs::remove_file(self.path(file)).expect("the file is there");
    }

    fn replace(&self, file: &str, from: &str, to: &str) {
        let text = fs::read_to_string(self.path(file)).expect("the file was written");
        assert!(text.contains(from), "{file} has no {from}:\n{text}");
        self.write(file, text.replacen(from, to, 1));
    }

    fn load(&self) -> Result<NodeConfig, LeanFilesError> {
        LeanFolder::new(self.directory.path()).load(&self.options)
    }

    #[track_caller]
    fn assert_says(&self, parts: &[&str]) {
        let message = self.load().expect_err("the folder was spoilt").to_string();
        for part in parts {
            assert!(message.contains(part), "the message does not say {part:?}: {message}");
        }
    }
}

fn key(secret: u8) -> NetworkKey {
    NetworkKey::from_secret([secret; 32]).expect("a small number is a secret")
}

fn plan(names: &[&str]) -> LeanPlan {
    LeanPlan {
        genesis_time: 1_800_000_000,
        names: names.iter().map(ToString::to_string).collect(),
        addresses: (0..names.len())
            .map(|n| SocketAddrV4::new(Ipv4Addr::LOCALHOST, 9000 + n as u16))
            .collect(),
    }
}

const MANIFEST: &str = "hash-sig-keys/validator-keys-manifest.yaml";

#[test]
fn a_written_folder_loads_with_the_same_values() {
    for folder in [Folder::new(), Folder::with_manifest()] {
        let config = folder.load().expect("nothing was spoilt");
        assert_eq!(config.name, "ours_0");
        assert_eq!((config.genesis.genesis_time, config.genesis.interval_ms), (1_800_000_000, 800));
        assert_eq!(
            (config.genesis.scheme, config.genesis.fork_digest.as_str()),
            (SchemeName::Test, "12345678")
        );
        assert_eq!(config.genesis.registry().len(), 3);
        assert_eq!(config.validators.iter().map(|keys| keys.index).collect::<Vec<_>>(), [0, 2]);
        assert_eq!(config.network_key, key(1));
        assert_eq!(
            config.listen_socket(),
            "127.0.0.1:9000".parse().expect("an address"),
            "the own record says so"
        );
        let other = format!("/ip4/127.0.0.1/udp/9001/quic-v1/p2p/{}", key(2).peer_id());
        assert_eq!(config.peers, [other.parse().expect("an address")], "nobody dials itself");
        assert_eq!(
            (config.proofs, config.identify, config.ping),
            (MockProofs::Bound, false, false)
        );
    }
}

#[test]
fn secrets_are_for_their_owner_only() {
    let folder = Folder::new();
    for file in ["ours_0.key", "hash-sig-keys/validator_0_attester_key_sk.ssz"] {
        let mode =
            fs::metadata(folder.path(file)).expect("the file was written").permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{file}");
    }
}

#[test]
fn the_command_line_overrides_the_folder() {
    let mut folder = Folder::new();
    folder.write("other.key", hex::encode([7; 32]));
    folder.options.node_key = Some(folder.path("other.key"));
    folder.options.listen = Some("0.0.0.0:9100".to_owned());
    folder.options.peers = vec![format!("/ip4/10.0.0.1/udp/9000/quic-v1/p2p/{}", key(3).peer_id())];
    folder.options.aggregator = true;
    let config = folder.load().expect("nothing was spoilt");
    assert_eq!(config.network_key, key(7));
    assert_eq!(config.listen_socket(), "0.0.0.0:9100".parse().expect("an address"));
    assert_eq!(
        config.peers.len(),
        3,
        "the folder's two, neither of which is this key's, and the one named"
    );
    assert!(config.aggregator);
}

#[test]
fn a_node_without_validators_follows_the_chain() {
    let mut folder = Folder::new();
    folder.replace("annotated_validators.yaml", "\"spec_0\":", "watcher: []\n\"spec_0\":");
    folder.options.node_id = "watcher".to_owned();
    let config = folder.load().expect("nothing was spoilt");
    assert!(config.validators.is_empty());
    assert_eq!(config.genesis.scheme, SchemeName::Test, "the manifest says so");
    assert_eq!(
        config.listen_socket(),
        "0.0.0.0:9000".parse().expect("an address"),
        "nothing says otherwise"
    );
    assert_ne!(
        config.network_key,
        folder.load().expect("nothing was spoilt").network_key,
        "a new key at each start"
    );
}

#[test]
fn what_other_generators_add_is_ignored() {
    let folder = Folder::with_manifest();
    folder.replace(
        "config.yaml",
        "GENESIS_TIME",
        "# Key settings\nACTIVE_EPOCH: 18\nVALIDATOR_COUNT: 3\nGENESIS_TIME",
    );
    folder.replace("config.yaml", "attestation_public_key", "attestation_pubkey");
    folder.replace("config.yaml", "proposal_public_key: \"0x", "proposal_pubkey: \"");
    folder.replace(MANIFEST, "  - index: 0", "  - created: today\n    index: 0");
    assert_eq!(
        folder.load().expect("both forms are read").genesis.validators,
        Folder::new().load().expect("it is whole").genesis.validators
    );
}

#[test]
fn an_absent_folder() {
    let folder = LeanFolder::new("/nowhere/at/all").load(&LeanOptions::default());
    let message = folder.expect_err("there is none").to_string();
    assert!(
        message.contains("/nowhere/at/all") && message.contains("node genesis --lean"),
        "{message}"
    );
}

#[test]
fn the_error_for_a_partial_folder_lists_every_missing_file() {
    let folder = Folder::new();
    for file in ["config.yaml", "validators.yaml", "annotated_validators.yaml", "nodes.yaml"] {
        folder.remove(file);
    }
    folder.assert_says(&[
        "config.yaml (",
        "annotated_validators.yaml or validators.yaml (",
        "nodes.yaml (",
    ]);
}

#[test]
fn the_error_for_an_unknown_node_lists_the_known_nodes() {
    for mut folder in [Folder::new(), Folder::with_manifest()] {
        folder.options.node_id = "ours_7".to_owned();
        folder.assert_says(&[
            "validators.yaml",
            "no node \"ours_7\"",
            "ours_0, spec_0",
            "--node-id",
            "ours_7: []",
        ]);
    }
}

#[test]
fn malformed_yaml_is_shown_with_its_line() {
    for file in ["config.yaml", "annotated_validators.yaml", "nodes.yaml"] {
        let folder = Folder::new();
        folder.write(file, "one: [1\ntwo: 2\n");
        folder.assert_says(&[file, "malformed", "line"]);
    }
    let folder = Folder::with_manifest();
    folder.write(MANIFEST, "validators:\n  - index: many\n");
    folder.assert_says(&["validator-keys-manifest.yaml", "malformed", "line 2"]);
}

#[test]
fn a_repeated_yaml_key_is_an_error() {
    let folder = Folder::new();
    folder.replace(
        "config.yaml",
        "GENESIS_TIME: 1800000000",
        "GENESIS_TIME: 1800000000\nGENESIS_TIME: 1800000001",
    );
    folder.assert_says(&["config.yaml", "GENESIS_TIME"]);
}

#[test]
fn a_file_not_in_utf8_is_an_error() {
    let folder = Folder::new();
    folder.write("config.yaml", [0x47, 0xff, 0x00]);
    folder.assert_says(&["config.yaml", "not UTF-8 text after 1 bytes"]);
}

#[test]
fn a_missing_genesis_time() {
    let folder = Folder::new();
    folder.replace("config.yaml", "GENESIS_TIME: 1800000000\n", "");
    folder.assert_says(&["config.yaml", "GENESIS_TIME"]);
}

#[test]
fn the_error_for_an_older_config_names_the_older_form() {
    let folder = Folder::new();
    folder.write("config.yaml", "GENESIS_TIME: 1759703713\nVALIDATOR_COUNT: 3\n");
    folder.assert_says(&["config.yaml", "GENESIS_VALIDATORS", "older form"]);
    folder.write("config.yaml", "GENESIS_TIME: 1759703713\nGENESIS_VALIDATORS:\n  - \"0xabcd\"\n");
    folder.assert_says(&["config.yaml", "older form", "line 3"]);
}

#[test]
fn a_chain_without_validators() {
    let folder = Folder::new();
    folder.write("config.yaml", "GENESIS_TIME: 1759703713\nGENESIS_VALIDATORS: []\n");
    folder.assert_says(&["config.yaml", "names no validators"]);
}

#[test]
fn a_public_key_of_another_length() {
    let folder = Folder::new();
    folder.replace("config.yaml", "attestation_public_key: \"0x", "attestation_public_key: \"0xab");
    folder.assert_says(&["config.yaml", "104 hexadecimal digits", "108 characters"]);
}

#[test]
fn a_key_file_name_without_a_role_is_an_error() {
    let folder = Folder::new();
    folder.replace(
        "annotated_validators.yaml",
        "validator_0_attester_key_sk.ssz",
        "validator_0_sk.ssz",
    );
    folder.assert_says(&[
        "annotated_validators.yaml",
        "validator_0_sk.ssz",
        "\"attester\" or \"proposer\"",
    ]);
}

#[test]
fn a_validator_with_one_key() {
    let folder = Folder::new();
    folder.write(
        "annotated_validators.yaml",
        "ours_0:\n  - {index: 0, privkey_file: validator_0_attester_key_sk.ssz}\n",
    );
    folder.assert_says(&["annotated_validators.yaml", "validator 0 has no proposal key"]);
}

#[test]
fn a_validator_that_is_named_twice() {
    let folder = Folder::new();
    folder.replace(
        "annotated_validators.yaml",
        "validator_0_proposer_key",
        "validator_0_attester_key",
    );
    folder.assert_says(&["annotated_validators.yaml", "validator 0 is named twice"]);
    let folder = Folder::with_manifest();
    folder.replace("validators.yaml", "[0, 2]", "[2, 2]");
    folder.assert_says(&["validators.yaml", "validator 2 is named twice"]);
}

#[test]
fn a_validator_that_the_chain_does_not_have() {
    let folder = Folder::new();
    folder.replace("annotated_validators.yaml", "index: 2", "index: 3");
    folder.replace("annotated_validators.yaml", "index: 2", "index: 3");
    folder.assert_says(&["annotated_validators.yaml", "no validator 3", "has 3, numbered from 0"]);
}

#[test]
fn a_validator_that_the_manifest_does_not_have() {
    let folder = Folder::with_manifest();
    folder.replace(MANIFEST, "index: 2", "index: 7");
    folder.assert_says(&["validator-keys-manifest.yaml", "no keys of validator 2"]);
}

#[test]
fn a_missing_manifest() {
    let folder = Folder::with_manifest();
    folder.remove(MANIFEST);
    folder.assert_says(&["validator-keys-manifest.yaml", "there is no", "node genesis --lean"]);
}

#[test]
fn a_key_of_another_validator() {
    let folder = Folder::new();
    let key = |name: &str| folder.path(&format!("hash-sig-keys/{name}"));
    fs::copy(key("validator_2_attester_key_sk.ssz"), key("validator_0_attester_key_sk.ssz"))
        .expect("both are there");
    folder.assert_says(&[
        "validator_0_attester_key_sk.ssz",
        "not the attestation key of validator 0",
        "config.yaml says",
    ]);
}

#[test]
fn a_missing_and_a_malformed_key_file() {
    let folder = Folder::new();
    folder.remove("hash-sig-keys/validator_0_proposer_key_sk.ssz");
    folder.assert_says(&["validator_0_proposer_key_sk.ssz", "there is no validator key file"]);
    folder.write("hash-sig-keys/validator_0_proposer_key_sk.ssz", "seed = 1");
    folder.assert_says(&["validator_0_proposer_key_sk.ssz", "malformed", "XMSS secret key"]);
}

#[test]
fn an_invalid_network_key_is_an_error() {
    let mut folder = Folder::new();
    folder.write("ours_0.key", "zz");
    folder.assert_says(&["ours_0.key", "not a secp256k1 secret key"]);
    folder.options.node_key = Some("/nowhere/node.key".into());
    folder.assert_says(&["/nowhere/node.key", "there is no network key file"]);
}

#[test]
fn an_invalid_node_record_is_an_error() {
    for (text, says) in [
        ("- enr:-nonsense", "entry 1"),
        ("- \"enr:\"", "entry 1"),
        ("- /ip4/127.0.0.1/udp/9000/quic-v1", "write a node record"),
        ("- hello", "hello"),
    ] {
        let folder = Folder::new();
        folder.write("nodes.yaml", text);
        folder.assert_says(&["nodes.yaml", says]);
    }
}

#[test]
fn a_record_whose_signature_is_wrong() {
    let folder = Folder::new();
    let text = fs::read_to_string(folder.path("nodes.yaml")).expect("the file was written");
    let at = text.find("enr:").expect("a record") + 20;
    let other = if &text[at..=at] == "A" { "B" } else { "A" };
    folder.write("nodes.yaml", format!("{}{other}{}", &text[..at], &text[at + 1..]));
    folder.assert_says(&["nodes.yaml", "entry 1"]);
}

#[test]
fn an_empty_node_list_means_no_peers() {
    let folder = Folder::new();
    for text in ["[]\n", "# nobody yet\n"] {
        folder.write("nodes.yaml", text);
        assert!(folder.load().expect("it is a list of nobody").peers.is_empty());
    }
}

#[test]
fn invalid_addresses_on_the_command_line_are_errors() {
    let mut folder = Folder::new();
    folder.options.listen = Some("everywhere".to_owned());
    folder.assert_says(&["--listen everywhere", "ADDRESS:PORT"]);
    folder.options.listen = None;
    folder.options.peers = vec!["somebody".to_owned()];
    folder.assert_says(&["--peer", "somebody"]);
}

#[test]
fn a_folder_is_not_overwritten() {
    let folder = Folder::new();
    let validators = folder.load().expect("it is whole").validators;
    let error = plan(&["a", "b"]).write(&[key(1), key(2)], &validators, folder.directory.path());
    let message = error.expect_err("config.yaml is there").to_string();
    assert!(message.contains("config.yaml") && message.contains("exists already"), "{message}");
}

#[test]
fn unsuitable_names_and_numbers_are_errors() {
    let validators = Folder::new().load().expect("it is whole").validators;
    let directory = tempfile::tempdir().expect("a temporary directory");
    for names in [["a", "a"], ["a/b", "c"], ["", "c"], ["a", "b: c"]] {
        let error = plan(&names).write(&[key(1), key(2)], &validators, directory.path());
        assert!(matches!(error, Err(LeanFilesError::Name(_))), "{names:?}");
    }
    let error = plan(&["a"]).write(&[key(1), key(2)], &validators, directory.path());
    assert!(matches!(error, Err(LeanFilesError::Size { .. })));
    let error = plan(&["a"]).write(&[key(1)], &[], directory.path());
    assert!(matches!(error, Err(LeanFilesError::Size { .. })));
}

proptest! {
    #[test]
    fn no_text_makes_a_reader_panic(text: String) {
        let _ = ChainConfig::parse(&text);
        let _ = NodeValidators::parse(&text);
        let _ = AnnotatedValidators::parse(&text);
        let _ = KeyManifest::parse(&text);
    }

    #[test]
    fn no_field_value_makes_a_reader_panic(value in "[ -~\\n]{0,40}") {
        let _ = ChainConfig::parse(&format!("GENESIS_TIME: {value}\nGENESIS_VALIDATORS: {value}\n"));
        let keys = format!("attestation_public_key: {value}, proposal_public_key: {value}");
        let _ = ChainConfig::parse(&format!("GENESIS_TIME: 1\nGENESIS_VALIDATORS: [{{{keys}}}]\n"));
        let _ = NodeValidators::parse(&format!("node: {value}\n"));
        let _ = AnnotatedValidators::parse(&format!("node: [{{index: {value}, privkey_file: {value}}}]\n"));
        let _ = KeyManifest::parse(&format!("lifetime: {value}\nvalidators: {value}\n"));
    }
}
