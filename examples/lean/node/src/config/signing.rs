//! The files of a node's keys, and the place of the signing history.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use consensus::ValidatorIndex;
use keys::ValidatorKeyFiles;
use keys::genesis_file::GenesisFile;
use keys::signing_history::{GenesisIdentity, HeldKey, HistoryError, HistoryPlan, SigningHistory};

/// The folder of histories beside the key files.
const FOLDER: &str = "signing-history";

/// The permission bits of all users but the owner.
const OTHERS: u32 = 0o077;

/// The files of one validator's two keys.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyPaths {
    /// The validator's index.
    pub index: ValidatorIndex,
    /// The file of the key for signing votes.
    pub attestation: PathBuf,
    /// The file of the key for signing proposals.
    pub proposal: PathBuf,
}

/// The place of the signing history, and the operator's options for it. The default is for keys
/// that exist in this process only: their history ends with the process.
#[derive(Clone, Debug, Default)]
pub struct SigningConfig {
    /// The files of all keys, or `None` if the keys are on no disk.
    key_paths: Option<Vec<KeyPaths>>,
    /// The file of the node's network key, if there is one.
    pub network_key: Option<PathBuf>,
    /// The folder of the histories, instead of a folder beside the key files.
    pub folder: Option<PathBuf>,
    /// Whether to accept a history that is the copy of another file.
    pub accept_copy: bool,
    /// An exported history, to be imported first.
    pub import: Option<PathBuf>,
}

impl SigningConfig {
    /// Returns the configuration for keys in these files.
    pub fn on_disk(key_paths: Vec<KeyPaths>) -> Self {
        Self { key_paths: Some(key_paths), ..Self::default() }
    }

    /// Opens the history of a node's keys.
    ///
    /// # Errors
    ///
    /// Returns [`HistoryError`] if another process holds one of the keys, or if the files on disk
    /// cannot be used. No key may sign then.
    ///
    /// # Panics
    ///
    /// Panics if the paths are not those of `validators`.
    pub fn open(
        &self,
        node: &str,
        genesis: &GenesisFile,
        validators: &[ValidatorKeyFiles],
    ) -> Result<SigningHistory, HistoryError> {
        let identity = GenesisIdentity {
            time: genesis.genesis_time,
            validators_root: consensus::Root::of(&genesis.registry()),
        };
        let Some(key_paths) = &self.key_paths else {
            return Ok(SigningHistory::volatile(identity, validators));
        };
        let mut folders: BTreeMap<PathBuf, Vec<HeldKey>> = BTreeMap::new();
        let mut also_read = Vec::new();
        assert_eq!(key_paths.len(), validators.len(), "each validator has its key files");
        for (paths, keys) in key_paths.iter().zip(validators) {
            assert_eq!(paths.index, keys.index, "the paths are in the order of the validators");
            for (path, key) in
                [&paths.attestation, &paths.proposal].into_iter().zip(HeldKey::both(keys))
            {
                let beside = beside(path);
                match &self.folder {
                    Some(folder) => {
                        also_read.push(beside);
                        folders.entry(folder.clone()).or_default().push(key);
                    }
                    None => folders.entry(beside).or_default().push(key),
                }
            }
        }
        also_read.sort_unstable();
        also_read.dedup();
        SigningHistory::open(&HistoryPlan {
            node: node.to_owned(),
            genesis: identity,
            folders,
            also_read,
            accept_copy: self.accept_copy,
            import: self.import.clone(),
        })
    }

    /// Returns a warning if users other than the owner can use some of the key files, with the
    /// command that mends it.
    pub fn exposed_keys(&self) -> Option<String> {
        let paths = self.key_paths.iter().flatten();
        let files = paths.flat_map(|paths| [&paths.attestation, &paths.proposal]);
        let files = files.chain(&self.network_key);
        let mut exposed = files.filter(|path| is_open_to_others(path));
        let first = exposed.next()?;
        Some(format!(
            "other users of this machine can use the secret key {first} and {more} more, and a copy of a key can sign: run \
             `chmod 600` on each key file, as in `chmod 600 {first}`",
            first = first.display(),
            more = exposed.count(),
        ))
    }
}

/// Returns the folder of histories for a key file. A link to a key file leads to the folder of the
/// file, so that a key has one history.
fn beside(key: &Path) -> PathBuf {
    let real = key.canonicalize().unwrap_or_else(|_| key.to_owned());
    real.parent().unwrap_or(Path::new("")).join(FOLDER)
}

fn is_open_to_others(path: &Path) -> bool {
    // A file that cannot be examined was reported when its key was read.
    fs::metadata(path).is_ok_and(|metadata| metadata.permissions().mode() & OTHERS != 0)
}
