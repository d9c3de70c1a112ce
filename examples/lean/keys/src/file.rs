//! Reading and writing the node's files, with errors that tell an operator what to do.

use std::error::Error;
use std::fmt;
use std::fs;
use std::io::{self, Read as _, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use serde::Serialize;
use serde::de::DeserializeOwned;

/// What a file is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FileKind {
    /// One node's configuration.
    Config,
    /// What all nodes of a network agree on before its first block.
    Genesis,
    /// One signing key of a validator.
    ValidatorKey,
    /// The key by which peers know a node.
    NetworkKey,
    /// `config.yaml` of a lean genesis folder.
    LeanConfig,
    /// `validators.yaml` or `annotated_validators.yaml` of a lean genesis folder.
    LeanValidators,
    /// `hash-sig-keys/validator-keys-manifest.yaml` of a lean genesis folder.
    LeanManifest,
    /// `nodes.yaml` of a lean genesis folder.
    LeanNodes,
    /// One signing key of a validator, in the form that lean clients share.
    LeanKey,
    /// The public half of such a key.
    LeanPublicKey,
}

impl FileKind {
    /// Says whether a file of this kind holds a secret, so that only its owner may read it.
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
    /// Returns the flag of `node genesis` that writes files of this kind.
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

/// Says what is wrong with a file.
#[derive(Debug)]
pub struct FileError {
    /// What the file is for.
    pub kind: FileKind,
    /// Where the file is, or should be.
    pub path: PathBuf,
    /// What is wrong with it.
    pub problem: FileProblem,
}

/// The ways in which a file can be wrong.
#[derive(Debug)]
pub enum FileProblem {
    /// It could not be read.
    Read(io::Error),
    /// It could not be written; a file that exists already is never overwritten.
    Write(io::Error),
    /// Its text is not what it should be; the message names the line where that is known.
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
                write!(f, "the {kind} {path} exists already and is not overwritten: choose another directory")
            }
            FileProblem::Write(error) => write!(f, "cannot write the {kind} {path}: {error}"),
            FileProblem::Malformed(message) => write!(f, "the {kind} {path} is malformed: {}", message.trim_end()),
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

/// Reads a file's bytes, and refuses one that has more than `most` of them.
///
/// # Errors
///
/// [`FileError`] when the file cannot be read or is too large.
pub fn read_bytes(kind: FileKind, path: &Path, most: u64) -> Result<Vec<u8>, FileError> {
    let mut bytes = Vec::new();
    fs::File::open(path).and_then(|file| file.take(most + 1).read_to_end(&mut bytes)).map_err(|error| FileError {
        kind,
        path: path.to_owned(),
        problem: FileProblem::Read(error),
    })?;
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

/// Writes a new file, for its owner's eyes only when it holds a secret.
///
/// # Errors
///
/// [`FileError`] when the file exists or cannot be written.
pub fn write(kind: FileKind, path: &Path, text: &str) -> Result<(), FileError> {
    write_bytes(kind, path, text.as_bytes())
}

/// Writes a new file of bytes, as [`write`] does.
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
        .map_err(|error| FileError { kind, path: path.to_owned(), problem: FileProblem::Write(error) })
}

/// Writes a new TOML file, as [`write`] does.
///
/// # Errors
///
/// [`FileError`] when the file exists or cannot be written.
pub fn write_toml(kind: FileKind, path: &Path, value: &impl Serialize) -> Result<(), FileError> {
    let text = toml::to_string_pretty(value).map_err(|error| malformed(kind, path, error.to_string()))?;
    write(kind, path, &text)
}

/// Says that a file's text is not what it should be.
pub fn malformed(kind: FileKind, path: &Path, message: impl Into<String>) -> FileError {
    FileError { kind, path: path.to_owned(), problem: FileProblem::Malformed(message.into()) }
}
