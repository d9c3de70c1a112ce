//! Finding the vectors, and reporting every failure of a suite at once.

use std::env;
use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use serde_json::Value;

/// One vector: an input, and what must come of it.
pub(crate) struct Case {
    /// The file, and the case's name within it.
    pub(crate) name: String,
    pub(crate) vector: Value,
}

/// Runs `check` on every vector of a format. It gives back what is wrong, one line each.
///
/// Does nothing but say so where there are no vectors.
pub(crate) fn run(format: &str, check: impl Fn(&Case) -> Vec<String>) {
    let Some(cases) = load(format) else {
        return;
    };
    let mut failures = Vec::new();
    let mut failed = 0;
    for case in &cases {
        let wrong = check(case);
        failed += usize::from(!wrong.is_empty());
        failures.extend(wrong.into_iter().map(|line| format!("{}: {line}", case.name)));
    }
    println!("{format}: {} of {} cases pass", cases.len() - failed, cases.len());
    assert!(failures.is_empty(), "{failed} of {} cases fail\n{}", cases.len(), failures.join("\n"));
}

fn load(format: &str) -> Option<Vec<Case>> {
    let folder = env::var_os("LEAN_VECTORS")
        .map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/vectors"), PathBuf::from);
    let folder = folder.join(format);
    if !folder.is_dir() {
        // Written past the test harness, which would hide it: a skipped suite must not look like one that passed.
        let skipped =
            format!("{format}: skipped, {} is not there; LEAN_VECTORS=<folder> names a copy\n", folder.display());
        io::stderr().write_all(skipped.as_bytes()).expect("standard error can be written");
        return None;
    }
    let mut files = Vec::new();
    collect(&folder, &mut files);
    files.sort();
    let mut cases = Vec::new();
    for file in files {
        let text = fs::read_to_string(&file).expect("a vector file is readable");
        let vectors: serde_json::Map<String, Value> = serde_json::from_str(&text).expect("a vector file is JSON");
        let shown = file.strip_prefix(&folder).expect("the file is in the folder").display().to_string();
        cases.extend(vectors.into_iter().map(|(case, vector)| {
            let case = case.split("::").last().unwrap_or_default().to_owned();
            Case { name: format!("{shown} {case}"), vector }
        }));
    }
    assert!(!cases.is_empty(), "{} holds no vectors", folder.display());
    Some(cases)
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).expect("the vectors' folder is readable") {
        let path = entry.expect("the vectors' folder is readable").path();
        if path.is_dir() {
            collect(&path, files);
        } else if path.extension().is_some_and(|extension| extension == "json") {
            files.push(path);
        }
    }
}

/// Says what differs, if anything does.
pub(crate) fn differs<T: PartialEq + std::fmt::Debug>(what: &str, got: T, expected: T) -> Option<String> {
    (got != expected).then(|| format!("{what}: expected {expected:?}, got {got:?}"))
}
