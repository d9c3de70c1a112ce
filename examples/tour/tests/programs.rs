//! Every program of the tour, as a process, on every runtime, with the same output.

#![cfg(all(feature = "tokio", feature = "smol", feature = "thread"))]

use std::process::{Command, Output};

const RUNTIMES: [&str; 3] = ["tokio", "smol", "thread"];

/// The most lines of a program.
const MOST_LINES: usize = 80;

fn check(program: &str, binary: &str, expected: &str) {
    for runtime in RUNTIMES {
        let Output { status, stdout, stderr } =
            Command::new(binary).arg(runtime).output().expect("the program starts");
        let stderr = String::from_utf8_lossy(&stderr);
        assert!(status.success(), "{program} on {runtime}: {status}\n{stderr}");
        let stdout = String::from_utf8(stdout).expect("the program prints text");
        assert_eq!(stdout, expected, "{program} on {runtime}");
    }
}

macro_rules! programs {
    ($($name:ident => $expected:expr,)*) => {
        $(
            #[test]
            fn $name() {
                check(stringify!($name), env!(concat!("CARGO_BIN_EXE_", stringify!($name))), $expected);
            }
        )*
    };
}

programs! {
    supervised_worker => "the sum since the restart: 2\n1 restart, 4 messages handled\n",
    pool_by_key => "60 deposits by 4 workers\n",
    wall_clock => "slots [0, 1, 2]\nthe clock stopped\n",
    monitored_children =>
        "/printer ended: failed: no more paper\n/scanner ended: stopped\nthe parent stopped\n",
    ask_timeout => "no answer in time\ncome in\nentered: 1\n",
    stream_with_backpressure => "1000 numbers, at most 4 on their way: stopped\n",
    work_in_flight => "page 7\nin flight: 1\nafter an abort: 1\ndropped: 1\n",
    parked_messages => "no place for block 70\nimported [0], 3 waiting\n\
        imported [0, 1, 2, 3], 1 waiting\n",
    slow_reader => "10000 lines, never more than 4 of them unhandled\n",
    published_view => "a reader saw 7000\na reader saw 7000\na reader saw 7000\n",
    pub_sub => "archived: block 0, block 1, block 2, block 3, block 4\n\
        on the screen: block 4, after 4 others\nlate: block 4\n5 published, 7 received, 4 missed\n",
    testing => "an alarm after 5s of virtual time\nthe alarm waited for room\n\
        panicked: a fault on demand\n",
    adopted_runtime => "the sum is 5\n",
    metrics_page => "HTTP/1.1 200 OK\n\
        actor_lane_accepted_total{actor=\"/till\",lane=\"orders\"} 5\n\
        actor_lane_accepted_total{actor=\"/till\",lane=\"questions\"} 1\n",
    stuck_handler => "/worker is stuck: true\nin hand: Read (lane messages)\n\
        /worker goes on: true\n",
}

#[cfg(unix)]
#[test]
fn phased_shutdown() {
    use std::io::{BufRead, BufReader, Read};
    use std::process::Stdio;

    use rustix::process::{Pid, Signal, kill_process};

    for (runtime, signal, name) in [
        ("tokio", Signal::INT, "SIGINT"),
        ("smol", Signal::TERM, "SIGTERM"),
        ("thread", Signal::INT, "SIGINT"),
    ] {
        let mut process = Command::new(env!("CARGO_BIN_EXE_phased_shutdown"))
            .arg(runtime)
            .stdout(Stdio::piped())
            .spawn()
            .expect("the program starts");
        let mut output = BufReader::new(process.stdout.take().expect("it is piped"));
        let mut line = String::new();
        output.read_line(&mut line).expect("the program prints text");
        assert_eq!(line, "running until SIGINT or SIGTERM\n", "on {runtime}");
        kill_process(Pid::from_child(&process), signal).expect("the process runs");
        let mut rest = String::new();
        output.read_to_string(&mut rest).expect("the program prints text");
        assert!(rest.contains(name), "on {runtime}: {rest}");
        assert!(process.wait().expect("it ends").success(), "on {runtime}");
    }
}

#[test]
fn each_program_is_short() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/src/bin");
    let mut programs = 0;
    for entry in std::fs::read_dir(folder).expect("the folder exists") {
        let path = entry.expect("it can be read").path();
        let lines = std::fs::read_to_string(&path).expect("it is text").lines().count();
        assert!(lines < MOST_LINES, "{} has {lines} lines", path.display());
        programs += 1;
    }
    assert_eq!(programs, 16);
}

#[test]
fn the_readme_states_the_number_of_lines_of_each_program() {
    let readme = include_str!("../README.md");
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/src/bin");
    for entry in std::fs::read_dir(folder).expect("the folder exists") {
        let path = entry.expect("it can be read").path();
        let name = path.file_stem().and_then(|name| name.to_str()).expect("it has a name");
        let lines = code_lines(&std::fs::read_to_string(&path).expect("it is text"));
        let row = format!("| [`{name}`](src/bin/{name}.rs) | {lines} |");
        assert!(readme.contains(&row), "the README has no row with {row}");
        let second = readme.lines().find(|line| line.contains(&format!(": `{name}` |")));
        let is_right = second.is_none_or(|line| line.contains(&format!("| {lines} |")));
        assert!(is_right, "the second table has another number than {row}");
    }
    let page = include_str!("../../../docs/guide/src/pools-and-parking.md");
    let first = page.split("```").nth(1).and_then(|block| block.strip_prefix("rust"));
    let row =
        format!("(../../docs/guide/src/pools-and-parking.md) | {} |", first.map_or(0, code_lines));
    assert!(readme.contains(&row), "the README has no row with {row}");
}

/// The number of lines that are neither blank nor a comment.
fn code_lines(code: &str) -> usize {
    let code = code.lines().map(str::trim);
    code.filter(|line| !line.is_empty() && !line.starts_with("//")).count()
}
