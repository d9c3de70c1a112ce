//! Eight threads, lanes of every kind, and an exact account.

use crate::kit::{Program, count};
use crate::sanitizer::Sanitizer;
use crate::tool::Tool;

fn eight_producers(tool: &str) -> Program {
    Program::c(&format!("eight_producers-{tool}"), &["eight_producers.c"])
}

fn check(tool: Tool, messages: String) {
    let Some(account) = tool.check(eight_producers, &[&messages]) else { return };
    assert!(account.contains("destroyed while they send"), "half of the program ran:\n{account}");
}

#[test]
fn every_message_of_eight_c_threads_is_accounted_for() {
    check(Tool::Plain, count(20_000, 500_000));
}

#[test]
fn every_message_of_eight_c_threads_is_accounted_for_under_valgrind() {
    check(Tool::Valgrind, count(300, 3_000));
}

#[test]
fn every_message_of_eight_c_threads_is_accounted_for_under_the_address_sanitizer() {
    check(Tool::Sanitizer(Sanitizer::Address), count(5_000, 100_000));
}

#[test]
fn every_message_of_eight_c_threads_is_accounted_for_under_the_thread_sanitizer() {
    check(Tool::Sanitizer(Sanitizer::Thread), count(5_000, 100_000));
}
