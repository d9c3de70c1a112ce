//! Senders that wait for room, up to their timeout or to the end of the mailbox.

use crate::kit::{Program, count, run, waiting_suppressions};
use crate::sanitizer::Sanitizer;
use crate::tool::Tool;

fn senders(tool: &str) -> Program {
    Program::c(&format!("waiting-{tool}"), &["waiting_senders.c"])
}

fn check(tool: Tool, usual: u64, long: u64) {
    let Some(program) = tool.build(senders) else { return };
    let mut command = tool.command(&program);
    run(command.arg(count(usual, long)).env("TSAN_OPTIONS", waiting_suppressions()));
}

#[test]
fn every_waiting_sender_gets_room_or_its_message_back() {
    check(Tool::Plain, 20_000, 1_000_000);
}

#[test]
fn waiting_senders_are_sound_under_valgrind() {
    check(Tool::Valgrind, 100, 10_000);
}

#[test]
fn waiting_senders_leak_nothing_under_the_address_sanitizer() {
    check(Tool::Sanitizer(Sanitizer::Address), 2_000, 200_000);
}

#[test]
fn waiting_senders_have_no_race_under_the_thread_sanitizer() {
    check(Tool::Sanitizer(Sanitizer::Thread), 2_000, 200_000);
}
