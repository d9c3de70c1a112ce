//! Runs every decoder for input from peers on random bytes and on damaged valid encodings.
//!
//! The checks are in `fuzzing`. The fuzz targets in `examples/lean/fuzz` run the same checks
//! without a time limit. Their seeds are the valid encodings created here; `WRITE_SEEDS=1` writes
//! them.

mod damage;
mod encodings;
mod files;
mod seeds;

use std::panic::{AssertUnwindSafe, catch_unwind};

use fuzzing::{TARGETS, Target};
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};

/// Runs a target, and returns an error with its name if a check fails.
fn holds(target: Target, bytes: &[u8]) -> Result<(), TestCaseError> {
    catch_unwind(AssertUnwindSafe(|| (target.run)(bytes)))
        .map_err(|_| TestCaseError::fail(format!("{} does not hold", target.name)))
}

fn check<S: Strategy<Value = Vec<u8>>>(target: Target, cases: u32, bytes: S) {
    let config = Config { cases, failure_persistence: None, ..Config::default() };
    let result = TestRunner::new(config).run(&bytes, |bytes| holds(target, &bytes));
    if let Err(error) = result {
        panic!("{}: {error}", target.name);
    }
}

#[test]
fn every_decoder_holds_for_random_bytes() {
    for target in TARGETS {
        check(target, 512, prop::collection::vec(any::<u8>(), 0..600));
    }
}

#[test]
fn every_decoder_holds_for_damaged_encodings() {
    for target in TARGETS {
        let valid = encodings::of(target.name);
        check(target, 1000, damage::damaged(valid.into_iter().map(|seed| seed.bytes).collect()));
    }
}

#[test]
fn every_decoder_holds_for_valid_encodings_and_seeds() {
    for target in TARGETS {
        for bytes in encodings::of(target.name)
            .into_iter()
            .map(|seed| seed.bytes)
            .chain(seeds::read(target.name))
        {
            (target.run)(&bytes);
        }
    }
}
