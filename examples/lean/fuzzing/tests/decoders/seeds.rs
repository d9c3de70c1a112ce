//! The seeds of the fuzz targets.

use std::collections::BTreeSet;
use std::fs;
use std::path::PathBuf;

use fuzzing::TARGETS;

use crate::encodings;

/// The maximum size of all seeds together, because they are part of the repository.
const MOST_BYTES: usize = 100_000;

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../fuzz")
}

/// Reads every seed of a target, including the ones added by a run of the fuzzer.
pub(crate) fn read(target: &str) -> Vec<Vec<u8>> {
    let folder = folder().join("corpus").join(target);
    let mut paths: Vec<_> = fs::read_dir(&folder)
        .unwrap_or_else(|error| {
            panic!("{}: {error}: WRITE_SEEDS=1 writes the seeds", folder.display())
        })
        .map(|entry| entry.expect("the folder can be read").path())
        .collect();
    paths.sort();
    paths.iter().map(|path| fs::read(path).expect("a seed can be read")).collect()
}

#[test]
fn the_seeds_are_the_valid_encodings() {
    let writes = std::env::var_os("WRITE_SEEDS").is_some();
    let mut size = 0;
    for target in TARGETS {
        let folder = folder().join("corpus").join(target.name);
        let seeds = encodings::of(target.name);
        assert!(!seeds.is_empty(), "{} has no valid encoding", target.name);
        for seed in seeds {
            let path = folder.join(seed.name);
            if writes {
                fs::create_dir_all(&folder).expect("the folder can be made");
                fs::write(&path, &seed.bytes).expect("a seed can be written");
            }
            let there = fs::read(&path).unwrap_or_default();
            assert_eq!(
                there,
                seed.bytes,
                "{} is not what is made: WRITE_SEEDS=1 writes it",
                path.display()
            );
            size += there.len();
        }
    }
    assert!(size <= MOST_BYTES, "the seeds have {size} bytes");
}

#[test]
fn every_target_has_a_program_and_every_program_a_target() {
    let targets: BTreeSet<_> = TARGETS.iter().map(|target| target.name.to_owned()).collect();
    assert_eq!(targets.len(), TARGETS.len(), "a name comes twice");
    let programs: BTreeSet<_> = fs::read_dir(folder().join("fuzz_targets"))
        .expect("the targets lie beside the node")
        .map(|entry| entry.expect("the folder can be read").path())
        .map(|path| path.file_stem().expect("it has a name").to_string_lossy().into_owned())
        .collect();
    assert_eq!(programs, targets);
    let manifest = fs::read_to_string(folder().join("Cargo.toml")).expect("the manifest is there");
    for target in &targets {
        assert!(
            manifest.contains(&format!("name = \"{target}\"")),
            "{target} is not in the manifest"
        );
        let program =
            fs::read_to_string(folder().join("fuzz_targets").join(format!("{target}.rs")))
                .expect("it is there");
        assert!(program.contains(&format!("fuzzing::{target}(bytes)")), "{target} runs another");
    }
}
