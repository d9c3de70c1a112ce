//! The tools report deliberate faults, so their silence elsewhere means something.

use std::process::Output;

use crate::kit::{Program, output, text};
use crate::sanitizer::Sanitizer;
use crate::tool::Tool;

const ADDRESS: Tool = Tool::Sanitizer(Sanitizer::Address);
const THREAD: Tool = Tool::Sanitizer(Sanitizer::Thread);

fn controls(tool: &str) -> Program {
    Program::c(&format!("controls-{tool}"), &["controls.c"])
}

fn assert_is_silent(output: &Output) {
    assert!(output.status.success(), "a report without a fault:\n{}", text(output));
}

fn assert_reports(output: &Output, report: &str) {
    let text = text(output);
    assert!(!output.status.success() && text.contains(report), "no report of {report:?}:\n{text}");
}

/// Runs the program without a fault, and with each of these.
fn assert_all_reported(tool: Tool, faults: &[(&str, &str)]) {
    let Some(program) = tool.build(controls) else { return };
    let run = |fault| output(tool.command(&program).arg(fault));
    assert_is_silent(&run("none"));
    for (fault, report) in faults {
        assert_reports(&run(fault), report);
    }
}

#[test]
fn valgrind_reports_a_leak_and_bad_accesses() {
    let faults = [
        ("leak", "definitely lost"),
        ("use-after-free", "Invalid read"),
        ("overflow", "Invalid write"),
    ];
    assert_all_reported(Tool::Valgrind, &faults);
}

#[test]
fn the_address_sanitizer_reports_a_leak_and_bad_accesses() {
    let faults = [
        ("leak", "detected memory leaks"),
        ("use-after-free", "heap-use-after-free"),
        ("overflow", "heap-buffer-overflow"),
    ];
    assert_all_reported(ADDRESS, &faults);
}

#[test]
fn the_thread_sanitizer_reports_races_in_c_and_in_the_library() {
    assert_all_reported(THREAD, &[("race", "data race"), ("race-inside", "actor_handle_stats")]);
}

/// The same program with the library as cargo builds it. The sanitizer cannot see its atomics then,
/// so it takes every message for a race. With the instrumented library it is silent: so it sees
/// the order of the two threads.
#[test]
fn the_thread_sanitizer_needs_the_atomics_of_the_library_to_be_silent() {
    let Some(program) = THREAD.build_beside(controls) else { return };
    assert_reports(&output(THREAD.command(&program).arg("none")), "data race");
}
