//! Vectors on disk: `FORMAT/MODULE/FUNCTION.json`, each file a map from a case's id to its vector.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use serde_json::{Map, Value};

use crate::Format;

/// One vector: an input, and what must come of it.
#[derive(Clone, Debug)]
pub struct Case {
    /// The format, which says what is done with the input.
    pub format: Format,
    /// The file within the folder of vectors, and the case's name within the file.
    pub name: String,
    /// The vector itself.
    pub(super) vector: Value,
    /// The folder of vectors that it is from.
    pub(super) folder: PathBuf,
}

/// What was found in a folder of vectors.
#[derive(Debug, Default)]
pub struct Loaded {
    /// The vectors, by format, file and name.
    pub cases: Vec<Case>,
    /// What could not be read. Each of these is a failure: vectors that nobody ran have not passed.
    pub problems: Vec<LoadError>,
}

/// Says why vectors could not be read.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// A folder or a file could not be read.
    #[error("cannot read {}: {error}", .path.display())]
    Read {
        /// Which one.
        path: PathBuf,
        /// What the operating system said.
        error: io::Error,
    },
    /// A file is not what a file of vectors is.
    #[error("{} is not a file of vectors: {problem}", .path.display())]
    File {
        /// Which one.
        path: PathBuf,
        /// Where it goes wrong.
        problem: String,
    },
    /// A folder is named for no format that is known here.
    #[error(
        "{} is no format of vectors; the folders of the folder that is named should be {}",
        .0.display(), Format::names()
    )]
    UnknownFormat(PathBuf),
}

/// Reads the vectors of all formats in `folder`, or of one.
///
/// # Errors
///
/// [`LoadError::Read`] when the folder itself cannot be read. Everything else that is wrong is among
/// [`problems`](Loaded::problems), so that one bad file does not hide what the others show.
pub fn load(folder: &Path, only: Option<Format>) -> Result<Loaded, LoadError> {
    let mut loaded = Loaded::default();
    for path in sorted(folder)?.into_iter().filter(|path| path.is_dir()) {
        let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        match name.parse::<Format>() {
            Ok(format) if only.is_none_or(|only| only == format) => loaded.read_folder(folder, &path, format),
            Ok(_) => {}
            // A folder that is hidden is not meant, like `.git`.
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
    let text = fs::read(path).map_err(|error| LoadError::Read { path: path.to_owned(), error })?;
    let vectors: Map<String, Value> = serde_json::from_slice(&text).map_err(|error| bad(error.to_string()))?;
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
    let mut paths: Vec<_> = entries.map(|entry| Ok(entry?.path())).collect::<io::Result<_>>().map_err(unreadable)?;
    paths.sort();
    Ok(paths)
}
