//! Reading of YAML files. Errors name the file and the line.

use std::path::Path;

use serde::de::DeserializeOwned;
use serde_saphyr::options::DuplicateKeyPolicy;

use keys::file::{self, FileError, FileKind};

/// Reads a YAML file with one document.
pub(super) fn read<T: DeserializeOwned>(kind: FileKind, path: &Path) -> Result<T, FileError> {
    parse(&file::read(kind, path)?).map_err(|message| file::malformed(kind, path, message))
}

/// Reads YAML text, or returns the fault with its line.
pub(super) fn parse<T: DeserializeOwned>(text: &str) -> Result<T, String> {
    let options = serde_saphyr::options! {
        duplicate_keys: DuplicateKeyPolicy::Error,
        with_snippet: false,
    };
    serde_saphyr::from_str_with_options(text, options).map_err(|error| error.to_string())
}
