//! Signals, in a process of their own: the test starts itself again as the program.
#![cfg(all(unix, feature = "signals"))]

use std::env;
use std::io::{BufRead as _, BufReader, Lines, Write as _};
use std::process::{Child, ChildStdout, Command, ExitStatus, Stdio};
use std::sync::mpsc::sync_channel;
use std::time::Duration;

use actor_core::{Actor, Context, Message, Spawn, mailbox};
use actor_smol::SmolRuntime;
use actor_system::System;

/// Set in the program's process, to what it does.
const ROLE: &str = "ACTOR_SYSTEM_SIGNALS";
const PATIENCE: Duration = Duration::from_secs(30);

struct Job;
impl Message for Job {}

/// Blocks its thread for ever at a job.
struct Worker;
impl Actor for Worker {
    type Message = Job;

    async fn handle(&mut self, _job: Job, _cx: &mut Context<Job>) {
        say("blocked");
        let (_sender, never) = sync_channel::<()>(0);
        assert!(never.recv().is_err(), "the sender lives as long");
    }
}

fn say(line: &str) {
    let mut out = std::io::stdout().lock();
    writeln!(out, "{line}").and_then(|()| out.flush()).expect("the test reads");
}

/// The program. It is a test without an effect, unless another test starts it with a role.
#[test]
fn program() {
    let Ok(role) = env::var(ROLE) else { return };
    let system = System::new("node", SmolRuntime::new()).expect("it starts");
    let (worker, worker_mailbox) = mailbox();
    let running = Spawn::new(worker_mailbox).named("worker").start(&system, || Worker);
    let _running = running.expect("it starts");
    system.stop_on_signals(PATIENCE).expect("the handlers are installed");
    system.stop_on_signals(Duration::ZERO).expect("a second call has no effect");
    if role == "stuck" {
        worker.try_tell(Job).expect("there is room");
    } else {
        say("ready");
    }
    let report = system.stopped_blocking(Duration::MAX).expect("there is no limit");
    say(&format!("{} {}", report.cause(), report.is_clean()));
    if role == "after" {
        // The system has ended. The next signal ends the process.
        let (_sender, never) = sync_channel::<()>(0);
        assert!(never.recv().is_err(), "the sender lives as long");
    }
}

struct Program {
    child: Child,
    lines: Lines<BufReader<ChildStdout>>,
}

impl Program {
    fn start(role: &str) -> Self {
        let this = env::current_exe().expect("a test has a file");
        let mut child = Command::new(this)
            .args(["--exact", "program", "--nocapture"])
            .env(ROLE, role)
            .stdout(Stdio::piped())
            .spawn()
            .expect("the program starts");
        let out = child.stdout.take().expect("it is piped");
        Self { child, lines: BufReader::new(out).lines() }
    }

    /// Reads up to a line that ends with this text.
    fn wait_for(&mut self, text: &str) {
        let found = self.lines.by_ref().any(|line| line.is_ok_and(|line| line.ends_with(text)));
        assert!(found, "the program did not write `{text}`");
    }

    fn signal(&self, name: &str) {
        let id = self.child.id().to_string();
        let sent = Command::new("kill").args(["-s", name, &id]).status();
        assert!(sent.expect("there is a kill command").success());
    }

    fn end(mut self) -> ExitStatus {
        self.child.wait().expect("it ends")
    }
}

#[test]
fn the_first_signal_begins_the_shutdown() {
    for name in ["TERM", "INT"] {
        let mut program = Program::start("once");
        program.wait_for("ready");
        program.signal(name);
        program.wait_for(&format!("by SIG{name} true"));
        assert!(program.end().success());
    }
}

#[test]
fn the_second_signal_ends_a_stuck_process() {
    let mut program = Program::start("stuck");
    program.wait_for("blocked");
    // The first one is visible in nothing but the flag, so signals are sent until the end.
    let mut child_has_ended = None;
    while child_has_ended.is_none() {
        program.signal("INT");
        child_has_ended = program.child.try_wait().expect("it can be asked");
    }
    assert_eq!(child_has_ended.and_then(|status| status.code()), Some(128 + 2));
}

#[test]
fn a_signal_after_the_end_of_the_system_ends_the_process() {
    let mut program = Program::start("after");
    program.wait_for("ready");
    program.signal("TERM");
    program.wait_for("by SIGTERM true");
    program.signal("TERM");
    assert_eq!(program.end().code(), Some(128 + 15));
}

#[test]
fn a_system_whose_name_is_no_name_of_a_thread_handles_signals_and_stops() {
    let builder = System::builder("no\0de").runtime(SmolRuntime::new()).executors(0);
    let system = builder.start().expect("it has no thread");
    system.stop_on_signals(PATIENCE).expect("the handlers are installed");
    let (_worker, worker_mailbox) = mailbox();
    let spawn = Spawn::new(worker_mailbox).named("worker");
    let running = spawn.start(&system.own_thread(), || Worker).expect("it starts");
    let report = system.stop_blocking(PATIENCE);
    assert!(report.is_clean() && report.actors.len() == 1, "{report}");
    assert!(running.exit().is_some());
}
