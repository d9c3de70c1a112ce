//! What the checks of this folder share: the list of a tree's files, and Markdown.

pub mod markdown;

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// Returns every file under `root`, sorted, without build output and hidden folders.
///
/// # Errors
///
/// Fails if a folder cannot be read.
pub fn files(root: &Path) -> io::Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    let mut folders = vec![root.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder)? {
            let path = entry?.path();
            let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            if name.starts_with('.') || name == "target" {
                continue;
            }
            if path.is_dir() {
                folders.push(path);
            } else {
                found.push(path);
            }
        }
    }
    found.sort();
    Ok(found)
}
