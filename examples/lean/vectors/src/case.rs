//! Vectors on disk: `FORMAT/MODULE/FUNCTION.json`. Each file is a map from a case's id to its
//! vector.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use serde_json::{Map, Value};

use crate::Format;
use keys::read_at_most;

/// The size limit of a file with vectors, in bytes.
const MOST_BYTES: u64 = 256 << 20;

/// One vector: an input and the expected result.
#[derive(Clone, Debug)]
pub struct Case {
    /// The format. It determines the test to run on the input.
    pub format: Format,
    /// The path of the file within the folder of vectors, and the name of the case within the file.
    pub name: String,
    /// The vector itself.
    pub(super) vector: Value,
    /// The folder of vectors that contains the file.
    pub(super) folder: PathBuf,
}

/// The contents of a folder of vectors.
#[derive(Debug, Default)]
pub struct Loaded {
    /// The vectors, by format, file and name.
    pub cases: Vec<Case>,
    /// Files and folders that could not be read. Each counts as a failure, because a vector must
    /// not pass without being run.
    pub problems: Vec<LoadError>,
}

/// Vectors could not be read.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// A folder or a file could not be read.
    #[error("cannot read {}: {error}", .path.display())]
    Read {
        /// The path of the folder or file.
        path: PathBuf,
        /// The error of the operating system.
        error: io::Error,
    },
    /// A file does not contain vectors in the expected form.
    #[error("{} is not a file of vectors: {problem}", .path.display())]
    File {
        /// The path of the file.
        path: PathBuf,
        /// The first problem in the file.
        problem: String,
    },
    /// A folder has the name of no known format.
    #[error(
        "{} is no format of vectors; the folders of the folder that is named should be {}",
        .0.display(), Format::names()
    )]
    UnknownFormat(PathBuf),
}

/// Reads the vectors of all formats in `folder`, or of one format.
///
/// # Errors
///
/// [`LoadError::Read`] when the folder itself cannot be read. All other errors are added to
/// [`problems`](Loaded::problems), so that one bad file does not hide the results of the others.
pub fn load(folder: &Path, only: Option<Format>) -> Result<Loaded, LoadError> {
    let mut loaded = Loaded::default();
    for path in sorted(folder)?.into_iter().filter(|path| path.is_dir()) {
        let name =
            path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        match name.parse::<Format>() {
            Ok(format) if only.is_none_or(|only| only == format) => {
                loaded.read_folder(folder, &path, format)
            }
            Ok(_) => {}
            // Hidden folders such as `.git` are not formats.
            Err(_) if only.is_some() || name.starts_with('.') => {}
            Err(_) => loaded.problems.push(LoadError::UnknownFormat(path)),
        }
    }
    Ok(loaded)
}

impl Loaded {
    fn read_folder(&mut self, root: &Path, folder: &Path, format: Format) {
        let entries = match sorted(folder) {
            Ok(entries) => entries,
            Err(problem) => return self.problems.push(problem),
        };
        for path in entries {
            if path.is_dir() {
                self.read_folder(root, &path, format);
            } else if path.extension().is_some_and(|extension| extension == "json") {
                match read_file(root, &path, format) {
                    Ok(cases) => self.cases.extend(cases),
                    Err(problem) => self.problems.push(problem),
                }
            }
        }
    }
}

fn read_file(root: &Path, path: &Path, format: Format) -> Result<Vec<Case>, LoadError> {
    let bad = |problem: String| LoadError::File { path: path.to_owned(), problem };
    let text = read_at_most(path, MOST_BYTES)
        .map_err(|error| LoadError::Read { path: path.to_owned(), error })?;
    let vectors: Map<String, Value> =
        serde_json::from_slice(&text).map_err(|error| bad(error.to_string()))?;
    if vectors.is_empty() {
        return Err(bad(String::from("it holds no vector")));
    }
    let shown = path.strip_prefix(root).unwrap_or(path).display().to_string();
    let case = |(id, vector): (String, Value)| {
        let name = id.rsplit("::").next().unwrap_or_default();
        Case { format, name: format!("{shown} {name}"), vector, folder: root.to_owned() }
    };
    Ok(vectors.into_iter().map(case).collect())
}

fn sorted(folder: &Path) -> Result<Vec<PathBuf>, LoadError> {
    let unreadable = |error| LoadError::Read { path: folder.to_owned(), error };
    let entries = fs::read_dir(folder).map_err(unreadable)?;
    let mut paths: Vec<_> =
        entries.map(|entry| Ok(entry?.path())).collect::<io::Result<_>>().map_err(unreadable)?;
    paths.sort();
    Ok(paths)
}
