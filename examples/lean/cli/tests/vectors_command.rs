//! The output of `node vectors`, and its exit code.

#[path = "../../vectors/tests/vectors/small.rs"]
mod small;

use std::path::Path;
use std::process::{Command, Output};

use serde_json::Value;

use crate::small::small_suite;

fn vectors(folder: &Path, arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_node"));
    command.arg("vectors").arg(folder).args(arguments).output().expect("the program runs")
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

#[test]
fn a_vector_that_fails_is_shown_with_what_was_expected_and_the_program_fails() {
    let folder = small_suite();
    let output = vectors(folder.path(), &[]);
    let shown = text(&output.stdout);
    assert_eq!(output.status.code(), Some(1), "{shown}");
    for line in [
        "FAILED justifiability/a/b.json wrong",
        "  isJustifiable: expected true, got false",
        "  the vector: expected a vector of its format, got vector.slot: expected an unsigned integer",
        "justifiability                     1      2       0",
        "    1 skipped: the mesh is libp2p's own",
        "all                                2      2       1",
    ] {
        assert!(shown.contains(line), "{line}\nis not in\n{shown}");
    }
    assert!(text(&output.stderr).contains("2 of 5 vectors failed"), "{}", text(&output.stderr));
}

#[test]
fn one_format_can_be_run_alone_and_shown_as_json() {
    let folder = small_suite();
    let output = vectors(folder.path(), &["--format", "slot_clock", "--json"]);
    assert!(output.status.success(), "{}", text(&output.stderr));
    let results: Value = serde_json::from_slice(&output.stdout).expect("one line of JSON");
    assert_eq!(results["formats"][0]["format"], "slot_clock");
    assert_eq!(
        (&results["formats"][0]["passed"], &results["failures"]),
        (&1.into(), &Value::Array(Vec::new()))
    );
}

#[test]
fn a_run_without_vectors_is_a_failure_with_a_hint() {
    let empty = tempfile::tempdir().expect("a temporary folder");
    let output = vectors(empty.path(), &[]);
    assert_eq!(output.status.code(), Some(2));
    assert!(text(&output.stderr).contains("there are no vectors in"), "{}", text(&output.stderr));
    let output = vectors(small_suite().path(), &["--format", "sync"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(
        text(&output.stderr).contains("there are no vectors of the format sync in"),
        "{}",
        text(&output.stderr)
    );
    let output = vectors(Path::new("/nowhere"), &[]);
    assert_eq!(output.status.code(), Some(2));
    assert!(text(&output.stderr).contains("cannot read /nowhere"), "{}", text(&output.stderr));
}
