//! Writing of a genesis folder for all nodes of a new network.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::fs;
use std::io;
use std::net::SocketAddrV4;
use std::path::{Path, PathBuf};

use crate::lean_files::LeanFilesError;
use crate::lean_files::node_record::signed_record;
use consensus::{VALIDATOR_REGISTRY_LIMIT, ValidatorIndex};
use keys::file::{self, FileError, FileKind, FileProblem};
use keys::{NetworkKey, StoredKey, ValidatorKeyFiles};

/// The genesis time and the nodes of a new network.
#[derive(Clone, Debug)]
pub struct LeanPlan {
    /// The start of slot 0, in seconds since 1970.
    pub genesis_time: u64,
    /// The nodes' names.
    pub names: Vec<String>,
    /// The listening address of each node. Node records contain only IPv4 addresses.
    pub addresses: Vec<SocketAddrV4>,
}

impl LeanPlan {
    /// Writes all files into an existing folder, without overwriting other files. Validators are
    /// assigned to the nodes in turn.
    ///
    /// `nodes` are the nodes' keys in the order of their names. `validators` must be numbered in
    /// order, and their keys must have trees.
    ///
    /// # Errors
    ///
    /// Returns [`LeanFilesError`] if the numbers contradict each other, a name is unsuitable, or a
    /// file already exists or cannot be written.
    pub fn write(
        &self,
        nodes: &[NetworkKey],
        validators: &[ValidatorKeyFiles],
        directory: &Path,
    ) -> Result<(), LeanFilesError> {
        self.check(nodes, validators)?;
        let keys = directory.join("hash-sig-keys");
        let made = fs::create_dir(&keys).or_else(|error| match error.kind() {
            io::ErrorKind::AlreadyExists => Ok(()),
            _ => Err(error),
        });
        made.map_err(|error| FileError {
            kind: FileKind::LeanKey,
            path: keys.clone(),
            problem: FileProblem::Write(error),
        })?;
        let write =
            |kind, name: &str, text: String| file::write(kind, &directory.join(name), &text);
        write(FileKind::LeanConfig, "config.yaml", self.config(validators))?;
        write(FileKind::LeanValidators, "validators.yaml", self.validators(validators))?;
        write(
            FileKind::LeanValidators,
            "annotated_validators.yaml",
            self.annotated_validators(validators),
        )?;
        write(FileKind::LeanNodes, "nodes.yaml", self.nodes(nodes)?)?;
        for (name, key) in self.names.iter().zip(nodes) {
            key.save(&directory.join(format!("{name}.key")))?;
        }
        file::write(
            FileKind::LeanManifest,
            &keys.join("validator-keys-manifest.yaml"),
            &manifest(validators),
        )?;
        for validator in validators {
            for (role, key) in
                [("attester", &validator.attestation), ("proposer", &validator.proposal)]
            {
                key.save(&keys.join(key_file(validator.index, role, "sk")))?;
                let public_key = keys.join(key_file(validator.index, role, "pk"));
                file::write_bytes(
                    FileKind::LeanPublicKey,
                    &public_key,
                    key.public_key().as_bytes(),
                )?;
            }
        }
        Ok(())
    }

    fn check(
        &self,
        nodes: &[NetworkKey],
        validators: &[ValidatorKeyFiles],
    ) -> Result<(), LeanFilesError> {
        let (addresses, count) = (self.addresses.len(), validators.len());
        let named = self.names.len();
        if named == 0
            || nodes.len() != named
            || addresses != named
            || !(1..=VALIDATOR_REGISTRY_LIMIT).contains(&count)
        {
            return Err(LeanFilesError::Size { nodes: named, addresses, validators: count });
        }
        let mut seen = BTreeSet::new();
        let is_plain = |name: &str| {
            !name.is_empty()
                && name
                    .bytes()
                    .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_')
        };
        match self.names.iter().find(|name| !is_plain(name) || !seen.insert(name.as_str())) {
            Some(name) => Err(LeanFilesError::Name(name.clone())),
            None => Ok(()),
        }
    }

    fn config(&self, validators: &[ValidatorKeyFiles]) -> String {
        let mut text = format!("GENESIS_TIME: {}\nGENESIS_VALIDATORS:\n", self.genesis_time);
        for validator in validators {
            let (attestation, proposal) =
                (validator.attestation.public_key(), validator.proposal.public_key());
            line(&mut text, format_args!("  - attestation_public_key: \"{attestation}\""));
            line(&mut text, format_args!("    proposal_public_key: \"{proposal}\""));
        }
        text
    }

    /// Returns an iterator over the nodes' names, each with its validators.
    fn dealt_out<'a>(
        &'a self,
        validators: &'a [ValidatorKeyFiles],
    ) -> impl Iterator<Item = (&'a str, Vec<&'a ValidatorKeyFiles>)> {
        let nodes = self.names.len();
        let of = move |node: usize| validators.iter().skip(node).step_by(nodes).collect();
        self.names.iter().enumerate().map(move |(node, name)| (name.as_str(), of(node)))
    }

    fn validators(&self, validators: &[ValidatorKeyFiles]) -> String {
        let mut text = String::new();
        for (name, validators) in self.dealt_out(validators) {
            let indices: Vec<_> =
                validators.iter().map(|validator| validator.index.to_string()).collect();
            line(&mut text, format_args!("\"{name}\": [{}]", indices.join(", ")));
        }
        text
    }

    fn annotated_validators(&self, validators: &[ValidatorKeyFiles]) -> String {
        let mut text = String::new();
        for (name, validators) in self.dealt_out(validators) {
            line(
                &mut text,
                format_args!("\"{name}\":{}", if validators.is_empty() { " []" } else { "" }),
            );
            for validator in validators {
                for (role, key) in
                    [("attester", &validator.attestation), ("proposer", &validator.proposal)]
                {
                    line(&mut text, format_args!("  - index: {}", validator.index));
                    line(&mut text, format_args!("    pubkey_hex: \"{}\"", digits(key)));
                    line(
                        &mut text,
                        format_args!(
                            "    privkey_file: {}",
                            key_file(validator.index, role, "sk").display()
                        ),
                    );
                }
            }
        }
        text
    }

    fn nodes(&self, nodes: &[NetworkKey]) -> Result<String, LeanFilesError> {
        let mut text = String::new();
        for (key, address) in nodes.iter().zip(&self.addresses) {
            line(&mut text, format_args!("- \"{}\"", signed_record(key, *address)?));
        }
        Ok(text)
    }
}

/// Returns the manifest in the format of the specification's `ValidatorManifest`.
fn manifest(validators: &[ValidatorKeyFiles]) -> String {
    let mut text = String::new();
    if let Some(first) = validators.first() {
        let scheme = first.attestation.scheme();
        let epochs = match &first.attestation {
            StoredKey::Seed(key) => key.active_slots,
            StoredKey::Trees(key) => key.active_epochs().end - key.active_epochs().start,
        };
        let log_lifetime = scheme.log_lifetime();
        let dimension = scheme.dimension();
        line(
            &mut text,
            format_args!(
                "key_scheme: SIGTopLevelTargetSumLifetime{log_lifetime}Dim{dimension}Base8"
            ),
        );
        line(&mut text, format_args!("hash_function: Poseidon1\nencoding: TargetSum"));
        line(&mut text, format_args!("lifetime: {}", scheme.lifetime()));
        line(&mut text, format_args!("log_num_active_epochs: {}", epochs.ilog2()));
        line(&mut text, format_args!("num_active_epochs: {epochs}"));
    }
    line(&mut text, format_args!("num_validators: {}\nvalidators:", validators.len()));
    for ValidatorKeyFiles { index, attestation, proposal } in validators {
        line(&mut text, format_args!("  - index: {index}"));
        line(
            &mut text,
            format_args!("    attestation_public_key_hex: \"0x{}\"", digits(attestation)),
        );
        line(&mut text, format_args!("    proposal_public_key_hex: \"0x{}\"", digits(proposal)));
        for (role, word) in [("attestation", "attester"), ("proposal", "proposer")] {
            let file = key_file(*index, word, "sk");
            line(&mut text, format_args!("    {role}_private_key_file: {}", file.display()));
        }
    }
    text
}

fn key_file(index: ValidatorIndex, role: &str, half: &str) -> PathBuf {
    format!("validator_{index}_{role}_key_{half}.ssz").into()
}

fn digits(key: &StoredKey) -> String {
    hex::encode(key.public_key().as_bytes())
}

fn line(text: &mut String, line: std::fmt::Arguments<'_>) {
    writeln!(text, "{line}").expect("writing to a String does not fail");
}
