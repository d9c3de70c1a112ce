//! A few vectors for tests of the runner on machines without the specification's vectors.

use std::fs;

use tempfile::TempDir;

/// Writes two passing vectors, two failing ones, and one skipped one.
pub(crate) fn small_suite() -> TempDir {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let write = |path: &str, text: &str| {
        let path = folder.path().join(path);
        fs::create_dir_all(path.parent().expect("the file is in a folder"))
            .expect("folders can be made");
        fs::write(path, text).expect("a file can be written");
    };
    write(
        "justifiability/a/b.json",
        r#"{
            "t.py::right": {"slot": 6, "finalizedSlot": 0, "output": {"delta": 6, "isJustifiable": true}},
            "t.py::wrong": {"slot": 7, "finalizedSlot": 0, "output": {"delta": 7, "isJustifiable": true}},
            "t.py::malformed": {"slot": "soon"}
        }"#,
    );
    write(
        "slot_clock/a/b.json",
        r#"{"t.py::right": {
            "operation": {"kind": "current_slot", "genesisTime": 1, "currentTimeMilliseconds": 9000.0},
            "config": {"secondsPerSlot": 4, "intervalsPerSlot": 5, "millisecondsPerInterval": 800},
            "output": {"slot": 2}
        }}"#,
    );
    write("gossipsub_handler/a/b.json", r#"{"t.py::unrun": {}}"#);
    folder
}
