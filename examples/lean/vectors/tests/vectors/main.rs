//! The specification's test vectors, on every runtime.
//!
//! The vectors are not part of this repository. The environment variable `LEAN_VECTORS` names their
//! folder. The default is the folder `../shared/vectors` beside the checkout. If the folder does
//! not exist, the test of each runtime prints one line to standard error and is skipped.

mod by_hand;
mod encodings;
mod loading;
mod made;
mod made_here;
mod scenario;
mod small;

use std::env;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use actor_lanes::runtime::{SmolRuntime, ThreadRuntime, TokioRuntime};
use actor_lanes::{Runtime, ThreadConfig};
use epoll_loop::EpollRuntime;
use vectors::{Results, examine, load};

use crate::small::small_suite;

#[test]
fn every_vector_holds_on_tokio() {
    run_all(Arc::new(TokioRuntime::new()));
}

#[test]
fn every_vector_holds_on_smol() {
    run_all(Arc::new(SmolRuntime::new()));
}

#[test]
fn every_vector_holds_on_a_thread() {
    run_all(Arc::new(ThreadRuntime::new()));
}

#[test]
fn every_vector_holds_in_an_epoll_loop() {
    run_all(Arc::new(EpollRuntime::new()));
}

#[test]
fn the_results_do_not_depend_on_the_runtime() {
    let folder = small_suite();
    let on = |runtime: Arc<dyn Runtime>| Results {
        runtime: String::new(),
        ..run(folder.path(), &runtime)
    };
    let results = on(Arc::new(TokioRuntime::new()));
    assert_eq!((results.seen(), results.failures.len()), (5, 2));
    assert_eq!(on(Arc::new(SmolRuntime::new())), results);
    assert_eq!(on(Arc::new(ThreadRuntime::new())), results);
    assert_eq!(on(Arc::new(EpollRuntime::new())), results);
}

fn run_all(runtime: Arc<dyn Runtime>) {
    let folder = env::var_os("LEAN_VECTORS").map_or_else(
        || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../../shared/vectors"),
        PathBuf::from,
    );
    if !folder.is_dir() {
        // Written directly to standard error, because the test harness would capture it. A skipped
        // suite must be distinguishable from a passed one.
        let skipped = format!(
            "vectors on {}: skipped, {} is not there; LEAN_VECTORS=<folder> names a copy\n",
            runtime.name(),
            folder.display()
        );
        io::stderr().write_all(skipped.as_bytes()).expect("standard error can be written");
        return;
    }
    let results = run(&folder, &runtime);
    assert!(results.seen() > 0, "{} holds no vectors", folder.display());
    println!("{results}");
    assert!(results.all_hold(), "{results}");
}

fn run(folder: &Path, runtime: &Arc<dyn Runtime>) -> Results {
    let loaded = load(folder, None).expect("the folder of vectors is readable");
    let executor =
        runtime.start_executor(ThreadConfig::named("vectors")).expect("an executor starts");
    let mut results = Results::on(runtime.name());
    results.problems = loaded.problems.iter().map(ToString::to_string).collect();
    for case in loaded.cases.into_iter().map(Arc::new) {
        let verdict = examine(Arc::clone(&case), &executor, runtime);
        results.add(&case, verdict);
    }
    executor.stop();
    results
}
