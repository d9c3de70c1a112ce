//! No system call for a lock on a message's way, while the owner is awake.

use std::fs;
use std::process::Command;

use crate::kit::{Program, count, has_tool, limited, made, run, skip, works};
use crate::tool::Tool;

/// The traces looked at.
const RUNS: usize = 3;

fn strace() -> Command {
    let mut command = limited("strace");
    // All threads, and these two system calls only.
    command.args(["-f", "--seccomp-bpf", "-e", "trace=futex,write"]);
    command
}

/// Returns the number of calls of futex(2) between the program's two marks.
fn futex_calls(program: &std::path::Path, way: &str) -> usize {
    let trace = made(&format!("{way}.strace"));
    let messages = count(20_000, 200_000);
    run(strace().arg("-o").arg(&trace).arg(program).args([way, &messages]));
    let trace = fs::read_to_string(trace).expect("strace writes text");
    let is_mark = |line: &str, word| line.contains("write(") && line.contains(word);
    let mut between = trace
        .lines()
        .skip_while(|line| !is_mark(line, "\"begin\\n\""))
        .take_while(|line| !is_mark(line, "\"end\\n\""));
    assert!(between.next().is_some(), "the trace has no mark:\n{trace}");
    between.filter(|line| line.contains("futex")).count()
}

#[test]
fn no_thread_calls_futex_on_a_messages_way_while_the_owner_is_awake() {
    if !has_tool("strace") || !works(strace().args(["-o", "/dev/null", "true"])) {
        return skip("strace is missing, or may not trace");
    }
    let program = |tool: &str| Program::c(&format!("awake_owner-{tool}"), &["awake_owner.c"]);
    let program = Tool::Plain.build(program).expect("a C compiler is there");
    // An idle lane returns its memory, and the allocator has locks of its own. In few runs, the
    // owner's `free` meets a sender's `malloc` there. A lock of ours would be seen in each run.
    let is_without = (0..RUNS).any(|_| futex_calls(&program, "mailbox") == 0);
    assert!(is_without, "{RUNS} traces show a lock");
    let is_without = (0..RUNS).any(|_| futex_calls(&program, "queue") == 0);
    assert!(!is_without, "the trace does not show the calls of a mutex either");
}
