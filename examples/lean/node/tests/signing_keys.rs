//! Tests of the keys that a node signs with: one key for each duty, files for their owner only, and
//! one history for each key.

use std::fs;
use std::net::{Ipv4Addr, SocketAddrV4};
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use keys::KeyRole::Attestation;
use keys::genesis_file::{GenesisFile, GenesisValidator, specified_fork_digest};
use keys::signing_history::HistoryError;
use keys::{KeyFile, NetworkKey, SchemeName, Seed, generate, generate_trees};
use lean_node::config::{ConfigFile, NodeConfig, SigningConfig, ValidatorEntry};
use lean_node::lean_files::{AnnotatedValidators, KeyManifest, LeanFolder, LeanOptions, LeanPlan};
use tempfile::TempDir;

const NAMES: [&str; 2] = ["ours_0", "ours_1"];

/// Writes the genesis folder of two nodes with two validators.
fn lean_folder() -> TempDir {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let seeds: Vec<_> = (0..2).map(|n| (Seed::new([n; 32]), Seed::new([100 + n; 32]))).collect();
    let validators = generate_trees(SchemeName::Test, &seeds, 32).expect("two bottom trees");
    let nodes = [1, 2].map(|n| NetworkKey::from_secret([n; 32]).expect("a secret"));
    let address = |port| SocketAddrV4::new(Ipv4Addr::LOCALHOST, port);
    LeanPlan {
        genesis_time: 1_770_407_233,
        names: NAMES.map(str::to_owned).to_vec(),
        addresses: vec![address(9001), address(9002)],
    }
    .write(&nodes, &validators, directory.path())
    .expect("the directory is empty");
    directory
}

fn load(folder: &Path, node: &str) -> NodeConfig {
    let options = LeanOptions { node_id: node.to_owned(), ..LeanOptions::default() };
    LeanFolder::new(folder).load(&options).expect("the folder is complete")
}

fn failure(folder: &Path) -> String {
    let options = LeanOptions { node_id: NAMES[0].to_owned(), ..LeanOptions::default() };
    LeanFolder::new(folder).load(&options).expect_err("two keys are the same").to_string()
}

/// Replaces the first text after `before` up to the next quotation mark with the text after
/// `source`.
fn copy_key(path: &Path, source: &str, target: &str) {
    let text = fs::read_to_string(path).expect("it was written");
    let after = |label: &str| {
        let begin = text.find(label).expect("the label is there") + label.len();
        (begin, begin + text[begin..].find('"').expect("the key ends"))
    };
    let ((from, to), (begin, end)) = (after(source), after(target));
    let changed = format!("{}{}{}", &text[..begin], &text[from..to], &text[end..]);
    fs::write(path, changed).expect("the folder is writable");
}

#[test]
fn a_validator_with_one_key_for_both_duties_is_refused_in_every_file() {
    let is_explained = |message: &str| {
        assert!(message.contains("of validator 0 are the same"), "{message}");
    };
    let (votes, proposals) = ("attestation_public_key: \"", "proposal_public_key: \"");

    let folder = lean_folder();
    copy_key(&folder.path().join("config.yaml"), votes, proposals);
    is_explained(&failure(folder.path()));

    let folder = lean_folder();
    let annotated = folder.path().join("annotated_validators.yaml");
    let text = fs::read_to_string(&annotated).expect("it was written");
    let keys: Vec<_> = text.split("pubkey_hex: \"").skip(1).map(|key| &key[..104]).collect();
    fs::write(&annotated, text.replace(keys[1], keys[0])).expect("the folder is writable");
    AnnotatedValidators::load(&annotated).expect("its form is right");
    is_explained(&failure(folder.path()));

    let folder = lean_folder();
    fs::remove_file(folder.path().join("annotated_validators.yaml")).expect("it was written");
    let manifest = folder.path().join("hash-sig-keys/validator-keys-manifest.yaml");
    copy_key(&manifest, "attestation_public_key_hex: \"", "proposal_public_key_hex: \"");
    is_explained(&KeyManifest::load(&manifest).expect_err("two keys are the same").to_string());
    is_explained(&failure(folder.path()));

    let key = KeyFile::generate(SchemeName::Test, Seed::new([1; 32]), 0, 2).expect("two slots");
    let genesis = GenesisFile {
        genesis_time: 1,
        interval_ms: 100,
        scheme: SchemeName::Test,
        fork_digest: specified_fork_digest(),
        validators: vec![GenesisValidator {
            attestation_public_key: key.public_key,
            proposal_public_key: key.public_key,
        }],
    };
    let path = folder.path().join("genesis.toml");
    is_explained(&genesis.save(&path).expect_err("two keys are the same").to_string());
    fs::write(&path, toml::to_string(&genesis).expect("it is TOML")).expect("there is room");
    is_explained(&GenesisFile::load(&path).expect_err("two keys are the same").to_string());
}

#[test]
fn no_keys_are_made_or_grown_for_a_validator_with_one_key_for_both_duties() {
    let same = [(Seed::new([1; 32]), Seed::new([1; 32]))];
    let error = generate(SchemeName::Test, &same, 2).expect_err("the seeds are the same");
    assert!(error.to_string().contains("validator 0: the attestation key and"), "{error}");
    assert!(generate_trees(SchemeName::Test, &same, 32).is_err());

    let different = [(Seed::new([1; 32]), Seed::new([2; 32]))];
    let mut files = generate(SchemeName::Test, &different, 2).expect("the seeds differ");
    files[0].proposal = files[0].attestation.clone();
    assert!(keys::regenerate(&files).is_err());
}

#[test]
fn key_files_open_to_other_users_are_named_with_the_command_that_closes_them() {
    let folder = lean_folder();
    assert_eq!(load(folder.path(), NAMES[0]).signing.exposed_keys(), None);
    for (file, mode) in [
        ("hash-sig-keys/validator_0_attester_key_sk.ssz", 0o640),
        ("hash-sig-keys/validator_0_proposer_key_sk.ssz", 0o604),
        ("ours_0.key", 0o602),
    ] {
        let path = folder.path().join(file);
        let set = |mode| {
            fs::set_permissions(&path, fs::Permissions::from_mode(mode)).expect("it is ours");
        };
        set(mode);
        let warning = load(folder.path(), NAMES[0]).signing.exposed_keys().expect("it is open");
        assert!(warning.contains(&format!("chmod 600 {}", path.display())), "{warning}");
        assert!(load(folder.path(), NAMES[1]).signing.exposed_keys().is_none(), "not its keys");
        set(0o600);
    }
}

fn open(config: &NodeConfig) -> Result<keys::signing_history::SigningHistory, HistoryError> {
    config.signing.open(&config.name, &config.genesis, &config.validators)
}

#[test]
fn nodes_of_a_genesis_folder_share_it_and_a_second_process_of_one_is_refused() {
    let folder = lean_folder();
    let configs = NAMES.map(|name| load(folder.path(), name));
    let mut histories = configs.each_ref().map(|config| open(config).expect("other validators"));
    assert_eq!(histories[0].reserve(0, Attestation, 5), Ok(()));
    assert_eq!(histories[1].reserve(1, Attestation, 5), Ok(()));
    let error = open(&configs[1]).expect_err("it runs already");
    assert!(error.to_string().contains("node \"ours_1\""), "{error}");
    let mut renamed = configs[1].clone();
    renamed.name = "another name".to_owned();
    assert!(matches!(open(&renamed), Err(HistoryError::InUse { .. })), "the key decides");
    assert!(folder.path().join("hash-sig-keys/signing-history/ours_0.history").exists());
}

#[test]
fn the_same_keys_with_another_genesis_time_are_refused() {
    let folder = lean_folder();
    drop(open(&load(folder.path(), NAMES[0])).expect("the first process"));
    let mut later = load(folder.path(), NAMES[0]);
    later.genesis.genesis_time += 4;
    assert!(matches!(open(&later), Err(HistoryError::OtherGenesis { .. })));
}

/// Writes the files of a node with this program's own configuration.
fn own_files(directory: &Path) -> NodeConfig {
    let seeds = [(Seed::new([1; 32]), Seed::new([2; 32]))];
    let files = generate(SchemeName::Test, &seeds, 2).expect("two slots");
    let (attestation, proposal) = (&files[0].attestation, &files[0].proposal);
    attestation.save(&directory.join("votes.toml")).expect("the directory is empty");
    proposal.save(&directory.join("proposals.toml")).expect("the directory is empty");
    let network_key = NetworkKey::from_secret([1; 32]).expect("a secret");
    network_key.save(&directory.join("network.hex")).expect("the directory is empty");
    let genesis = GenesisFile {
        genesis_time: 1,
        interval_ms: 100,
        scheme: SchemeName::Test,
        fork_digest: specified_fork_digest(),
        validators: vec![GenesisValidator {
            attestation_public_key: attestation.public_key(),
            proposal_public_key: proposal.public_key(),
        }],
    };
    genesis.save(&directory.join("genesis.toml")).expect("the directory is empty");
    let text =
        "name = 'a'\nlisten = '127.0.0.1:9'\nnetwork_key = 'network.hex'\ngenesis = 'genesis.toml'";
    let mut config: ConfigFile = toml::from_str(text).expect("the other fields have defaults");
    config.validators.push(ValidatorEntry {
        index: 0,
        attestation_key: "votes.toml".into(),
        proposal_key: "proposals.toml".into(),
    });
    let path = directory.join("node.toml");
    config.save(&path).expect("the directory is empty");
    NodeConfig::load(&path).expect("the files belong together")
}

#[test]
fn a_node_keeps_its_history_beside_its_keys_or_in_the_configured_folder() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let mut config = own_files(directory.path());
    let mut history = open(&config).expect("the first process");
    assert_eq!(history.reserve(0, Attestation, 7), Ok(()));
    assert!(directory.path().join("signing-history/a.history").exists());
    config.signing.folder = Some(directory.path().join("data/history"));
    assert!(matches!(open(&config), Err(HistoryError::InUse { .. })), "the keys are in use");
    drop(history);
    let mut history = open(&config).expect("nobody has the keys");
    assert!(directory.path().join("data/history/a.history").exists());
    assert!(history.reserve(0, Attestation, 7).is_err(), "the other folder is read as well");
}

#[test]
fn keys_of_no_file_have_a_history_that_ends_with_the_process() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let mut config = own_files(directory.path());
    config.signing = SigningConfig::default();
    let mut history = open(&config).expect("no file is needed");
    assert_eq!(history.reserve(0, Attestation, 7), Ok(()));
    assert!(history.reserve(0, Attestation, 6).is_err());
    assert!(!directory.path().join("signing-history").exists());
}
