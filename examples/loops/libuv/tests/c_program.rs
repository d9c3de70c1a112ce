//! The C program around libuv, in each of its modes.

use std::process::{Command, Output};

/// Builds and runs the C program. Returns `None` where it cannot be built.
fn run(arguments: &[&str], is_checked: bool) -> Option<(String, Output)> {
    let mut command = Command::new(env!("CARGO_BIN_EXE_libuv-loop"));
    command.env_remove("VALGRIND").env("RUST_BACKTRACE", "0").args(arguments);
    if is_checked {
        command.env("VALGRIND", "1");
    }
    let output = command.output().expect("it starts");
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    println!("{text}{}", String::from_utf8_lossy(&output.stderr));
    (!text.starts_with("skipped")).then_some((text, output))
}

/// The total of 1 to `amounts`, from each of the threads.
fn expected(amounts: u64, threads: u64) -> String {
    let total = threads * amounts * (amounts + 1) / 2;
    format!("{threads} threads sent {} amounts; their total is {total}", amounts * threads)
}

#[test]
fn no_amount_is_lost_between_c_threads_and_a_libuv_loop() {
    let Some((text, output)) = run(&["sum", "100000", "4"], false) else { return };
    assert!(output.status.success());
    assert!(text.contains(&expected(100_000, 4)), "{text}");
    assert!(text.contains("no more than 400000 times, and flushed by its timer"), "{text}");
}

#[test]
fn a_panic_of_an_actor_does_not_unwind_into_c() {
    let Some((text, output)) = run(&["overflow"], false) else { return };
    assert!(output.status.success());
    assert_eq!(text, "the ledger panicked; the program goes on; the handle is closed\n");
}

#[test]
fn a_ledger_ended_early_is_abandoned() {
    let Some((text, output)) = run(&["abandon"], false) else { return };
    assert!(output.status.success());
    assert_eq!(text, "the ledger was abandoned\n");
}

#[test]
fn misuse_that_can_be_seen_aborts_with_a_sentence() {
    for (mode, sentence) in [
        ("wrong-thread", "ledger_turn was called on another thread than ledger_start\n"),
        ("inside", "ledger_turn was called inside ledger_turn\n"),
    ] {
        let Some((text, output)) = run(&[mode], false) else { return };
        assert!(!output.status.success() && text.is_empty(), "{text}");
        assert_eq!(String::from_utf8_lossy(&output.stderr), sentence);
    }
}

#[test]
fn memory_is_used_correctly_and_freed_under_valgrind() {
    if !Command::new("valgrind").arg("--version").output().is_ok_and(|it| it.status.success()) {
        println!("skipped: this machine has no valgrind");
        return;
    }
    for arguments in [&["sum", "2000", "4"][..], &["overflow"], &["abandon"]] {
        let Some((_, output)) = run(arguments, true) else { return };
        assert!(output.status.success(), "{arguments:?}");
    }
}
