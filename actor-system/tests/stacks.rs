//! The stack in a finding, read by a tool of the machine. The tools are scripts of this test, in a
//! process of their own: a program's path to its tools belongs to the whole process.
#![cfg(all(target_os = "linux", not(any(loom, shuttle))))]

use std::env;
use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::Command;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::time::Duration;

use actor_core::{Actor, Context, Message, Spawn, mailbox};
use actor_system::System;
use actor_system::inspect::{Finding, Problem, Watchdog};

const PATIENCE: Duration = Duration::from_secs(60);

/// Set for the process that finds something.
const INNER: &str = "ACTOR_STACK_OF";

struct Block(SyncSender<()>, Receiver<()>);
impl Message for Block {}

struct Worker;
impl Actor for Worker {
    type Message = Block;
    async fn handle(&mut self, Block(began, until): Block, _cx: &mut Context<Block>) {
        began.send(()).expect("the test waits");
        _ = until.recv();
    }
}

/// Prints the stack in the finding about a blocking handler.
fn print_stack() {
    let system = System::new("stacks", actor_thread::ThreadRuntime::new()).expect("it starts");
    let (found, findings) = sync_channel(16);
    let hook = move |finding: &Finding| found.send(finding.clone()).expect("the test listens");
    let watchdog = Watchdog::new().budget(Duration::from_millis(20)).stacks(true);
    system.watch(watchdog.on_finding(hook)).expect("its thread starts");
    let (worker, own) = mailbox();
    let _running = Spawn::new(own).named("worker").start(&system, || Worker).expect("it starts");
    let ((began, beginning), (go, until)) = (sync_channel(1), sync_channel(1));
    assert!(worker.try_tell(Block(began, until)).is_ok());
    beginning.recv_timeout(PATIENCE).expect("the handler begins");
    let finding = findings.recv_timeout(PATIENCE).expect("it blocks");
    let Problem::Handler { thread: Some(thread), .. } = &finding.problem else {
        panic!("{finding}")
    };
    println!("number: {}", thread.number);
    for line in thread.stack.iter().flat_map(|stack| stack.lines()) {
        println!("stack: {line}");
        assert!(finding.to_string().contains(line), "{finding}");
    }
    drop(go);
    let end = findings.recv_timeout(PATIENCE).expect("it goes on");
    assert!(end.is_over && !end.to_string().contains('\n'), "{end}");
}

/// Finds a blocking handler in a process whose tools are in this folder. Returns the number of the
/// blocking thread, and the lines of its stack.
fn stack_with(test: &str, tools: &Path) -> (String, Vec<String>) {
    let path = format!("{}:/usr/bin:/bin", tools.display());
    let path = if fs::read_dir(tools).expect("it is there").count() == 0 {
        tools.display().to_string()
    } else {
        path
    };
    let output = Command::new(env::current_exe().expect("it runs"))
        .args([test, "--exact", "--nocapture"])
        .env("PATH", path)
        .env(INNER, test)
        .output()
        .expect("it starts");
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{text}{}", String::from_utf8_lossy(&output.stderr));
    let of = |begin: &str| {
        let lines = text.lines().filter_map(|line| line.strip_prefix(begin));
        lines.map(str::to_owned).collect::<Vec<_>>()
    };
    (of("number: ").concat(), of("stack: "))
}

fn tool(folder: &Path, name: &str, script: &str) {
    let path = folder.join(name);
    fs::write(&path, format!("#!/bin/sh\n{script}\n")).expect("there is room");
    fs::set_permissions(&path, Permissions::from_mode(0o755)).expect("it is ours");
}

fn folder() -> tempfile::TempDir {
    tempfile::tempdir().expect("there is room")
}

#[test]
fn a_finding_has_the_stack_of_its_thread() {
    const TEST: &str = "a_finding_has_the_stack_of_its_thread";
    if env::var_os(INNER).is_some() {
        return print_stack();
    }
    let tools = folder();
    tool(tools.path(), "eu-stack", "echo PID 7; echo \"#0  0x1 read of $5\"; echo '#1  0x2 main'");
    let (number, stack) = stack_with(TEST, tools.path());
    assert_eq!(stack, [format!("#0  0x1 read of {number}"), "#1  0x2 main".to_owned()]);

    // Another tool is asked if the first one may not read it.
    tool(tools.path(), "eu-stack", "echo not permitted; exit 2");
    tool(tools.path(), "gdb", "echo \"#0  in $5\"");
    let (number, stack) = stack_with(TEST, tools.path());
    assert_eq!(stack, [format!("#0  in {number}")]);
}

#[test]
fn without_a_tool_a_finding_has_no_stack() {
    const TEST: &str = "without_a_tool_a_finding_has_no_stack";
    if env::var_os(INNER).is_some() {
        return print_stack();
    }
    let (number, stack) = stack_with(TEST, folder().path());
    assert!(!number.is_empty() && stack.is_empty(), "{stack:?}");
}

#[test]
fn a_stack_longer_than_a_pipe_is_cut_and_holds_up_nothing() {
    const TEST: &str = "a_stack_longer_than_a_pipe_is_cut_and_holds_up_nothing";
    if env::var_os(INNER).is_some() {
        return print_stack();
    }
    let tools = folder();
    // Names of more than one byte for each character, so that the cut is within one.
    let script = "n=0; while [ $n -lt 64 ]; do n=$((n+1)); printf '#%d  ' $n; \
                  printf '块%.0s' 1 2 3 4 5 6 7 8 9 10; head -c 3000 /dev/zero | tr '\\0' x; echo; done";
    tool(tools.path(), "eu-stack", script);
    let (_, stack) = stack_with(TEST, tools.path());
    assert!((15..=64).contains(&stack.len()), "{} frames", stack.len());
    assert!(stack[0].starts_with("#1  块块"), "{}", stack[0]);
}
