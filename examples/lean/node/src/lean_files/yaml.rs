//! Reading of YAML files with a size limit. Errors name the file and the line.

use std::path::Path;

use serde::de::DeserializeOwned;
use serde_saphyr::options::DuplicateKeyPolicy;

use keys::file::{self, FileError, FileKind};

/// The largest accepted YAML file in bytes. 4,096 validators with all their keys need about 2 MB.
const MOST_BYTES: u64 = 16 << 20;

/// Reads a YAML file with one document.
pub(super) fn read<T: DeserializeOwned>(kind: FileKind, path: &Path) -> Result<T, FileError> {
    let bytes = file::read_bytes(kind, path, MOST_BYTES)?;
    let text = String::from_utf8(bytes).map_err(|error| {
        file::malformed(
            kind,
            path,
            format!("it is not UTF-8 text after {} bytes", error.utf8_error().valid_up_to()),
        )
    })?;
    parse(&text).map_err(|message| file::malformed(kind, path, message))
}

/// Reads YAML text, or returns the fault with its line.
pub(super) fn parse<T: DeserializeOwned>(text: &str) -> Result<T, String> {
    let options = serde_saphyr::options! {
        duplicate_keys: DuplicateKeyPolicy::Error,
        with_snippet: false,
    };
    serde_saphyr::from_str_with_options(text, options).map_err(|error| error.to_string())
}
