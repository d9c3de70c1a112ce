//! The owner inside foreign loops: epoll and libuv.

use std::process::Command;

use crate::kit::{Program, count, skip};
use crate::sanitizer::Sanitizer;
use crate::tool::Tool;

fn eventfd_loop(tool: &str) -> Program {
    Program::c(&format!("eventfd_loop-{tool}"), &["eventfd_loop.c"])
}

#[test]
fn an_eventfd_counts_one_wake_for_each_sleep_that_eight_threads_end() {
    Tool::Plain.check(eventfd_loop, &[&count(20_000, 1_000_000)]);
}

#[test]
fn an_epoll_loop_handles_every_message_under_the_thread_sanitizer() {
    Tool::Sanitizer(Sanitizer::Thread).check(eventfd_loop, &[&count(2_000, 100_000)]);
}

/// Returns the flags for libuv, if it is installed for developers.
fn libuv(flags: &str) -> Option<Vec<String>> {
    let found = Command::new("pkg-config").args([flags, "libuv"]).output();
    let found = found.ok().filter(|found| found.status.success());
    let Some(found) = found else {
        skip("libuv's development files are missing");
        return None;
    };
    let flags = String::from_utf8(found.stdout).expect("pkg-config writes UTF-8");
    Some(flags.split_whitespace().map(str::to_owned).collect())
}

/// Runs the program with so many messages under the tool.
fn check_libuv(tool: Tool, messages: String) {
    let Some(compile) = libuv("--cflags") else { return };
    let Some(link) = libuv("--libs") else { return };
    let program = |tool: &str| {
        let program = Program::c(&format!("libuv_loop-{tool}"), &["libuv_loop.c"]);
        let program = compile.iter().fold(program, Program::with);
        program.needs(link.iter().map(String::as_str))
    };
    tool.check(program, &[&messages]);
}

#[test]
fn a_libuv_loop_handles_every_message_of_eight_c_threads_in_order() {
    check_libuv(Tool::Plain, count(1_000_000, 10_000_000));
}

#[test]
fn a_libuv_loop_handles_every_message_of_eight_c_threads_under_valgrind() {
    check_libuv(Tool::Valgrind, count(4_000, 40_000));
}

#[test]
fn a_libuv_loop_handles_every_message_of_eight_c_threads_under_the_thread_sanitizer() {
    check_libuv(Tool::Sanitizer(Sanitizer::Thread), count(100_000, 2_000_000));
}
