//! The files of lean clients. The node has no code to write the parsed values, so this file writes
//! them, with everything quoted.

use std::fmt::Write as _;

use consensus::VALIDATOR_REGISTRY_LIMIT;
use lean_node::lean_files::{
    AnnotatedValidators, ChainConfig, KeyManifest, MOST_NODES, NodeValidators, parse_node_list,
};

/// Checks `config.yaml`.
pub fn chain_config(bytes: &[u8]) {
    let Some(config) = parsed(bytes, ChainConfig::parse) else { return };
    assert!((1..=VALIDATOR_REGISTRY_LIMIT).contains(&config.validators.len()));
    let mut text = format!("GENESIS_TIME: {}\nGENESIS_VALIDATORS:\n", config.genesis_time);
    for validator in &config.validators {
        let (attestation, proposal) =
            (validator.attestation_public_key, validator.proposal_public_key);
        line(
            &mut text,
            &format!(
                "- attestation_public_key: \"{attestation}\"\n  proposal_public_key: \"{proposal}\""
            ),
        );
    }
    assert_eq!(ChainConfig::parse(&text), Ok(config), "another chain comes back:\n{text}");
}

/// Checks `validators.yaml` and `annotated_validators.yaml`.
pub fn node_validators(bytes: &[u8]) {
    if let Some(validators) = parsed(bytes, NodeValidators::parse) {
        let mut text = "{\n".to_owned();
        for node in validators.nodes() {
            line(
                &mut text,
                &format!("{}{:?},", key(node), validators.of(node).expect("it is named")),
            );
        }
        let again = NodeValidators::parse(&(text + "}")).expect("it was just written");
        assert!(validators.nodes().eq(again.nodes()), "other nodes come back");
        assert!(
            validators.nodes().all(|node| validators.of(node) == again.of(node)),
            "other validators come back"
        );
    }
    if let Some(validators) = parsed(bytes, AnnotatedValidators::parse) {
        let mut text = "{\n".to_owned();
        for node in validators.nodes() {
            line(&mut text, &format!("{}[", key(node)));
            for entry in validators.of(node).expect("it is named") {
                let file = quoted(&entry.file.to_string_lossy());
                let key = entry
                    .public_key
                    .map(|key| format!(", pubkey_hex: \"{key}\""))
                    .unwrap_or_default();
                line(&mut text, &format!("{{index: {}, privkey_file: {file}{key}}},", entry.index));
                let _ = entry.role();
            }
            line(&mut text, "],");
        }
        let again = AnnotatedValidators::parse(&(text + "}")).expect("it was just written");
        assert!(validators.nodes().eq(again.nodes()), "other nodes come back");
        assert!(
            validators.nodes().all(|node| validators.of(node) == again.of(node)),
            "other keys come back"
        );
    }
}

/// Checks `nodes.yaml`.
pub fn node_list(bytes: &[u8]) {
    let Some(addresses) = parsed(bytes, parse_node_list) else { return };
    assert!(addresses.len() <= MOST_NODES);
    let mut text = "[\n".to_owned();
    addresses
        .iter()
        .for_each(|address| line(&mut text, &format!("{},", quoted(&address.to_string()))));
    assert_eq!(parse_node_list(&(text + "]")), Ok(addresses), "other addresses come back");
}

/// Checks `validator-keys-manifest.yaml`.
pub fn key_manifest(bytes: &[u8]) {
    let Some(manifest) = parsed(bytes, KeyManifest::parse) else { return };
    let mut text =
        manifest.lifetime.map(|lifetime| format!("lifetime: {lifetime}\n")).unwrap_or_default();
    line(&mut text, "validators: [");
    for entry in &manifest.validators {
        let (attestation, proposal) = (entry.attestation_public_key, entry.proposal_public_key);
        let attestation_file = quoted(&entry.attestation_private_key_file.to_string_lossy());
        let proposal_file = quoted(&entry.proposal_private_key_file.to_string_lossy());
        line(
            &mut text,
            &format!("{{index: {}, attestation_public_key_hex: \"{attestation}\",", entry.index),
        );
        line(&mut text, &format!("proposal_public_key_hex: \"{proposal}\","));
        line(&mut text, &format!("attestation_private_key_file: {attestation_file},"));
        line(&mut text, &format!("proposal_private_key_file: {proposal_file}}},"));
        assert!(manifest.of(entry.index).is_some());
    }
    assert_eq!(KeyManifest::parse(&(text + "]")), Ok(manifest), "another manifest comes back");
}

/// Parses bytes as a text file.
fn parsed<T>(bytes: &[u8], parse: impl FnOnce(&str) -> Result<T, String>) -> Option<T> {
    parse(std::str::from_utf8(bytes).ok()?).ok()
}

fn line(text: &mut String, line: &str) {
    text.push_str(line);
    text.push('\n');
}

/// Formats a key. YAML requires the explicit `?` notation for keys of more than 1,024 characters.
fn key(text: &str) -> String {
    format!("? {}\n: ", quoted(text))
}

/// Formats a text in quotes, so that every YAML parser reads it as a string.
fn quoted(text: &str) -> String {
    let mut out = "\"".to_owned();
    for character in text.chars() {
        if character.is_ascii_alphanumeric() {
            out.push(character);
        } else {
            write!(out, "\\U{:08X}", u32::from(character))
                .expect("writing to a String does not fail");
        }
    }
    out.push('"');
    out
}
