//! The C++ header, and its example.

use crate::kit::{Program, has_tool, run, skip, waiting_suppressions};
use crate::sanitizer::Sanitizer;
use crate::tool::Tool;

fn check(tool: Tool) {
    if !has_tool("c++") {
        return skip("no C++ compiler");
    }
    let example = |tool: &str| Program::cpp(&format!("example-{tool}"), &["example.cpp"]);
    let Some(program) = tool.build(example) else { return };
    // One part of the example waits for room.
    run(tool.command(&program).env("TSAN_OPTIONS", waiting_suppressions()));
}

#[test]
fn cpp_values_own_their_messages_and_exceptions_reach_the_owner() {
    check(Tool::Plain);
}

#[test]
fn cpp_values_leak_nothing_under_the_address_sanitizer() {
    check(Tool::Sanitizer(Sanitizer::Address));
}

#[test]
fn cpp_values_have_no_race_under_the_thread_sanitizer() {
    check(Tool::Sanitizer(Sanitizer::Thread));
}
