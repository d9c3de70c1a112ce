//! Futex calls on a message's path, counted by strace.

use std::fs;
use std::process::Command;

/// Runs the flood under strace. Returns its output, and the number of futex calls of all its
/// threads. Returns `None` where strace is missing or may not trace.
fn futexes(mode: &str, messages: u64) -> Option<(String, u64)> {
    let counts = tempfile::NamedTempFile::new().expect("a file");
    let strace = |program: &str, arguments: &[&str]| {
        Command::new("strace")
            .args(["-f", "-c", "-e", "trace=futex", "-o"])
            .arg(counts.path())
            .arg(program)
            .args(arguments)
            .output()
    };
    if !strace("true", &[]).is_ok_and(|probe| probe.status.success()) {
        println!("skipped: strace is missing, or may not trace here");
        return None;
    }
    let flood = env!("CARGO_BIN_EXE_flood");
    let output = strace(flood, &[mode, &messages.to_string()]).expect("strace ran before");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let counts = fs::read_to_string(counts.path()).expect("strace has written it");
    Some((String::from_utf8_lossy(&output.stdout).into_owned(), calls_of("futex", &counts)))
}

/// Reads the fourth column of strace's table: the calls.
fn calls_of(name: &str, table: &str) -> u64 {
    let row = table.lines().find(|line| line.split_whitespace().last() == Some(name));
    row.map_or(0, |row| {
        let calls = row.split_whitespace().nth(3).expect("strace prints the calls fourth");
        calls.parse().expect("a number of calls")
    })
}

/// Starting and joining four threads takes some futex calls, whatever they send.
const FOR_THREADS: u64 = 64;

#[test]
fn messages_to_an_owner_in_an_epoll_loop_call_no_futex() {
    const MESSAGES: u64 = 100_000;

    for mode in ["awake", "sleeping"] {
        for messages in [MESSAGES, 2 * MESSAGES] {
            let Some((output, calls)) = futexes(mode, messages) else { return };
            println!("{mode}: {calls} futex calls; {}", output.trim());
            assert!(output.starts_with(&format!("{messages} messages, ")), "{output}");
            assert!(calls <= FOR_THREADS, "{calls} futex calls for {messages} messages, {mode}");
            let is_silent = output.trim().ends_with(" 0 writes to the eventfd");
            assert!(mode != "awake" || is_silent, "an awake owner is not woken: {output}");
        }
    }
}

#[test]
fn the_same_count_sees_the_futexes_of_threads_that_park() {
    const MESSAGES: u64 = 500;

    let Some((_, calls)) = futexes("parking", MESSAGES) else { return };
    assert!(calls > MESSAGES, "{calls} futex calls for {MESSAGES} messages and answers");
}

#[test]
fn a_table_of_strace_is_read() {
    let table = "% time     seconds  usecs/call     calls    errors syscall\n\
                 ------ ----------- ----------- --------- --------- ----------------\n\
                 100.00    0.000112           8        14         2 futex\n\
                 ------ ----------- ----------- --------- --------- ----------------\n\
                 100.00    0.000112           8        14         2 total\n";
    assert_eq!(calls_of("futex", table), 14);
    assert_eq!(calls_of("futex", ""), 0);
}
