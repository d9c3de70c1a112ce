//! What a name and a panic's text do to a printed report: nothing.
#![cfg(not(any(loom, shuttle)))]

use std::time::Duration;

use actor_core::{Actor, Context, ExitReason, Message, Spawn, mailbox};
use actor_system::System;

const PATIENCE: Duration = Duration::from_secs(60);

struct Job;
impl Message for Job {}

struct Worker;
impl Actor for Worker {
    type Message = Job;
    async fn handle(&mut self, _job: Job, _cx: &mut Context<Job>) {}

    async fn stopped(&mut self, _reason: &ExitReason) {
        panic!("\u{1b}[2J\u{7}\nowners   /chain  fine");
    }
}

#[test]
fn no_name_and_no_panic_in_a_report_controls_the_terminal() {
    let system = System::new("named", actor_thread::ThreadRuntime::new()).expect("it starts");
    let (_worker, own) = mailbox();
    let spawn = Spawn::new(own).named("evil\u{202e}txt\u{200b}");
    let running = spawn.start(&system, || Worker).expect("the system runs");
    running.started_blocking(PATIENCE).expect("it starts");
    let report = system.stop_blocking(PATIENCE);
    let text = report.to_string();
    assert!(text.contains("/evil\\u{202e}txt\\u{200b}"), "{text}");
    assert!(text.contains("\\u{1b}[2J\\u{7}\\u{a}owners"), "{text}");
    let is_hidden = |c: char| c != '\n' && (c.is_control() || "\u{202e}\u{200b}".contains(c));
    assert!(!text.contains(is_hidden), "{text:?}");
}
