//! Reading and writing of the node's files. Errors contain instructions for the operator.

use std::error::Error;
use std::fmt;
use std::fs;
use std::io::{self, Read as _, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use serde::Serialize;
use serde::de::DeserializeOwned;

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
/// [`FileError`] when the file cannot be read.
pub fn read(kind: FileKind, path: &Path) -> Result<String, FileError> {
    fs::read_to_string(path).map_err(|error| FileError {
        kind,
        path: path.to_owned(),
        problem: FileProblem::Read(error),
    })
}

/// Reads a file's bytes and refuses a file of more than `most` bytes.
///
/// # Errors
///
/// [`FileError`] when the file cannot be read or is too large.
pub fn read_bytes(kind: FileKind, path: &Path, most: u64) -> Result<Vec<u8>, FileError> {
    let mut bytes = Vec::new();
    fs::File::open(path).and_then(|file| file.take(most + 1).read_to_end(&mut bytes)).map_err(
        |error| FileError { kind, path: path.to_owned(), problem: FileProblem::Read(error) },
    )?;
    if bytes.len() as u64 > most {
        return Err(malformed(kind, path, format!("it has more than {most} bytes")));
    }
    Ok(bytes)
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
