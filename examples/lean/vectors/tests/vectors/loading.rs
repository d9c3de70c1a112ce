//! Missing and malformed folders and files.

use std::fs;
use std::path::Path;
use std::sync::Arc;

use actor_lanes::runtime::ThreadRuntime;
use actor_lanes::{Runtime, ThreadConfig};
use vectors::{Difference, Format, LoadError, Outcome, examine, load};

/// Writes a file of vectors into a temporary folder. The folder is removed when the returned value
/// is dropped.
fn folder(path: &str, text: &str) -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join(path);
    fs::create_dir_all(path.parent().expect("the file is in a folder"))
        .expect("folders can be made");
    fs::write(path, text).expect("a file can be written");
    folder
}

#[test]
fn a_missing_folder_is_an_error_with_its_name() {
    let error = load(Path::new("/nowhere/vectors"), None).expect_err("there is no such folder");
    assert!(error.to_string().starts_with("cannot read /nowhere/vectors: "), "{error}");
}

#[test]
fn an_unknown_format_is_reported_and_the_others_are_run() {
    let folder = folder("justifiability/a/b.json", r#"{"t.py::case": {"slot": 1}}"#);
    fs::create_dir(folder.path().join("surprise")).expect("a folder can be made");
    let loaded = load(folder.path(), None).expect("the folder is readable");
    assert_eq!(loaded.cases.len(), 1);
    assert_eq!(
        (loaded.cases[0].format, loaded.cases[0].name.as_str()),
        (Format::Justifiability, "justifiability/a/b.json case")
    );
    assert!(
        matches!(&loaded.problems[..], [LoadError::UnknownFormat(path)] if path.ends_with("surprise"))
    );
    assert!(
        load(folder.path(), Some(Format::Ssz)).expect("the folder is readable").cases.is_empty()
    );
}

#[test]
fn invalid_json_is_reported_with_its_line() {
    let folder = folder("ssz/a/b.json", "{\n  nonsense");
    let loaded = load(folder.path(), None).expect("the folder is readable");
    assert!(loaded.cases.is_empty());
    let problem = loaded.problems[0].to_string();
    assert!(
        problem.contains("b.json is not a file of vectors") && problem.contains("line 2"),
        "{problem}"
    );
}

#[test]
fn a_malformed_vector_fails_with_the_path_of_the_problem() {
    let malformed = [
        ("justifiability", r#"{"slot": "soon"}"#, "vector.slot: expected an unsigned integer"),
        ("ssz", r#"{"typeName": "Surprise"}"#, "vector.typeName: no such type is known here"),
        (
            "networking_codec",
            r#"{"codec": {"kind": "varint"}, "output": 1}"#,
            "vector.codec: `value` is missing",
        ),
        ("state_transition", r#"{"pre": {}}"#, "vector.pre: `config` is missing"),
        ("fork_choice", "[]", "vector: `steps` is missing"),
        (
            "slot_clock",
            r#"{"operation": {"kind": "guess"}, "output": {}}"#,
            "vector.operation.kind: no such operation is known here",
        ),
        (
            "sync",
            r#"{"operation": {"kind": "guess"}, "output": {}}"#,
            "vector.operation.kind: there is no such operation here",
        ),
        (
            "poseidon_permutation",
            r#"{"width": 16, "inputState": [1]}"#,
            "vector.inputState: 1 elements",
        ),
    ];
    let runtime: Arc<dyn Runtime> = Arc::new(ThreadRuntime::new());
    let executor =
        runtime.start_executor(ThreadConfig::named("vectors")).expect("an executor starts");
    for (format, vector, expected) in malformed {
        let folder = folder(&format!("{format}/a/b.json"), &format!(r#"{{"case": {vector}}}"#));
        let mut loaded = load(folder.path(), None).expect("the folder is readable");
        let case = Arc::new(loaded.cases.remove(0));
        let Outcome::Failed(differences) = examine(case, &executor, &runtime).outcome else {
            panic!("{format} is malformed")
        };
        let [Difference { got, .. }] = &differences[..] else { panic!("{differences:?}") };
        assert_eq!(got, expected);
    }
    executor.stop();
}
