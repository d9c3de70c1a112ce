//! Reading and writing of the node's files. Errors contain instructions for the operator.

use std::error::Error;
use std::fmt;
use std::fs;
use std::io::{self, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::bounded::read_at_most;

/// The purpose of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FileKind {
    /// One node's configuration.
    Config,
    /// The common parameters of a network's nodes before its first block.
    Genesis,
    /// One signing key of a validator.
    ValidatorKey,
    /// The secret key of a node's network identity.
    NetworkKey,
    /// `config.yaml` of a lean genesis folder.
    LeanConfig,
    /// `validators.yaml` or `annotated_validators.yaml` of a lean genesis folder.
    LeanValidators,
    /// `hash-sig-keys/validator-keys-manifest.yaml` of a lean genesis folder.
    LeanManifest,
    /// `nodes.yaml` of a lean genesis folder.
    LeanNodes,
    /// One signing key of a validator, in the format shared by lean clients.
    LeanKey,
    /// The public half of such a key.
    LeanPublicKey,
}

impl FileKind {
    /// Returns whether a file of this kind holds a secret. Only the owner may read such a file.
    fn is_secret(self) -> bool {
        match self {
            Self::Config
            | Self::Genesis
            | Self::LeanConfig
            | Self::LeanValidators
            | Self::LeanManifest
            | Self::LeanNodes
            | Self::LeanPublicKey => false,
            Self::ValidatorKey | Self::NetworkKey | Self::LeanKey => true,
        }
    }
}

impl FileKind {
    /// Returns the size limit of a file of this kind, in bytes.
    ///
    /// The largest network has 4,096 validators and as many nodes. Its genesis file has about 1 MB,
    /// its lists have about 2 MB. A key of the production scheme has about 8.5 MB in the format of
    /// lean clients.
    fn most_bytes(self) -> u64 {
        match self {
            Self::NetworkKey | Self::LeanPublicKey => 4 << 10,
            Self::ValidatorKey => 64 << 10,
            Self::Config
            | Self::Genesis
            | Self::LeanConfig
            | Self::LeanValidators
            | Self::LeanManifest
            | Self::LeanNodes => 16 << 20,
            Self::LeanKey => 64 << 20,
        }
    }
}

impl FileKind {
    /// Returns the flag of `node genesis` for writing files of this kind.
    fn genesis_flag(self) -> &'static str {
        match self {
            Self::Config | Self::Genesis | Self::ValidatorKey | Self::NetworkKey => "--dir",
            Self::LeanConfig
            | Self::LeanValidators
            | Self::LeanManifest
            | Self::LeanNodes
            | Self::LeanKey
            | Self::LeanPublicKey => "--lean",
        }
    }
}

impl fmt::Display for FileKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Config => "configuration file",
            Self::Genesis => "genesis file",
            Self::ValidatorKey => "validator key file",
            Self::NetworkKey => "network key file",
            Self::LeanConfig => "chain's configuration",
            Self::LeanValidators => "list of the nodes' validators",
            Self::LeanManifest => "list of the validators' keys",
            Self::LeanNodes => "list of nodes",
            Self::LeanKey => "validator key file",
            Self::LeanPublicKey => "validator's public key file",
        })
    }
}

/// A fault of a file.
#[derive(Debug)]
pub struct FileError {
    /// The purpose of the file.
    pub kind: FileKind,
    /// The path of the file, existing or not.
    pub path: PathBuf,
    /// The fault.
    pub problem: FileProblem,
}

/// The possible faults of a file.
#[derive(Debug)]
pub enum FileProblem {
    /// The file could not be read.
    Read(io::Error),
    /// The file could not be written; an existing file is never overwritten.
    Write(io::Error),
    /// The content is malformed. The message names the line if it is known.
    Malformed(String),
}

impl fmt::Display for FileError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { kind, path, problem } = self;
        let path = path.display();
        match problem {
            FileProblem::Read(error) if error.kind() == io::ErrorKind::NotFound => write!(
                f,
                "there is no {kind} {path}: mend the path that names it, or write a whole network's files with \
                 `node genesis {} DIR`",
                kind.genesis_flag()
            ),
            FileProblem::Read(error) => write!(f, "cannot read the {kind} {path}: {error}"),
            FileProblem::Write(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                write!(
                    f,
                    "the {kind} {path} exists already and is not overwritten: choose another directory"
                )
            }
            FileProblem::Write(error) => write!(f, "cannot write the {kind} {path}: {error}"),
            FileProblem::Malformed(message) => {
                write!(f, "the {kind} {path} is malformed: {}", message.trim_end())
            }
        }
    }
}

impl Error for FileError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match &self.problem {
            FileProblem::Read(error) | FileProblem::Write(error) => Some(error),
            FileProblem::Malformed(_) => None,
        }
    }
}

/// Reads a file's text.
///
/// # Errors
///
/// [`FileError`] when the file cannot be read, is larger than files of its kind may be, or is not
/// UTF-8.
pub fn read(kind: FileKind, path: &Path) -> Result<String, FileError> {
    String::from_utf8(read_bytes(kind, path)?).map_err(|error| {
        let place = error.utf8_error().valid_up_to();
        malformed(kind, path, format!("it is not UTF-8 text after {place} bytes"))
    })
}

/// Reads a file's bytes.
///
/// # Errors
///
/// [`FileError`] when the file cannot be read or is larger than files of its kind may be.
pub fn read_bytes(kind: FileKind, path: &Path) -> Result<Vec<u8>, FileError> {
    read_at_most(path, kind.most_bytes()).map_err(|error| FileError {
        kind,
        path: path.to_owned(),
        problem: FileProblem::Read(error),
    })
}

/// Reads a TOML file.
///
/// # Errors
///
/// [`FileError`] when the file cannot be read or is not what it should be.
pub fn read_toml<T: DeserializeOwned>(kind: FileKind, path: &Path) -> Result<T, FileError> {
    toml::from_str(&read(kind, path)?).map_err(|error| malformed(kind, path, error.to_string()))
}

/// Writes a new file. If it holds a secret, only its owner may read it.
///
/// # Errors
///
/// [`FileError`] when the file exists or cannot be written.
pub fn write(kind: FileKind, path: &Path, text: &str) -> Result<(), FileError> {
    write_bytes(kind, path, text.as_bytes())
}

/// Writes a new file of bytes under the rules of [`write()`].
///
/// # Errors
///
/// [`FileError`] when the file exists or cannot be written.
pub fn write_bytes(kind: FileKind, path: &Path, bytes: &[u8]) -> Result<(), FileError> {
    let mode = if kind.is_secret() { 0o600 } else { 0o644 };
    fs::OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(mode)
        .open(path)
        .and_then(|mut file| file.write_all(bytes))
        .map_err(|error| FileError {
            kind,
            path: path.to_owned(),
            problem: FileProblem::Write(error),
        })
}

/// Writes a new TOML file under the rules of [`write()`].
///
/// # Errors
///
/// [`FileError`] when the file exists or cannot be written.
pub fn write_toml(kind: FileKind, path: &Path, value: &impl Serialize) -> Result<(), FileError> {
    let text =
        toml::to_string_pretty(value).map_err(|error| malformed(kind, path, error.to_string()))?;
    write(kind, path, &text)
}

/// Returns the error for a malformed file.
pub fn malformed(kind: FileKind, path: &Path, message: impl Into<String>) -> FileError {
    FileError { kind, path: path.to_owned(), problem: FileProblem::Malformed(message.into()) }
}
