//! The C++ header, and its example.

use crate::kit::{Program, has_tool, skip};
use crate::sanitizer::Sanitizer;
use crate::tool::Tool;

fn check(tool: Tool) {
    if !has_tool("c++") {
        return skip("no C++ compiler");
    }
    tool.check(|tool| Program::cpp(&format!("example-{tool}"), &["example.cpp"]), &[]);
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
