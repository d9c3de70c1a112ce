//! Every program, as a process, on every runtime. A program asserts its own result, and its last
//! line is the same on all of them.

use std::process::{Command, Output};

#[cfg(target_os = "linux")]
const RUNTIMES: &[&str] = &["tokio", "smol", "thread", "embed"];
#[cfg(not(target_os = "linux"))]
const RUNTIMES: &[&str] = &["tokio", "smol", "thread"];

mod chat;

/// The most lines of a program, without blank ones and comments.
const MOST_LINES: usize = 80;

fn check(program: &str, binary: &str, expected: &str) {
    for runtime in RUNTIMES {
        let Output { status, stdout, stderr } =
            Command::new(binary).arg(runtime).output().expect("the program starts");
        let stderr = String::from_utf8_lossy(&stderr);
        assert!(status.success(), "{program} on {runtime}: {status}\n{stderr}");
        let stdout = String::from_utf8(stdout).expect("the program prints text");
        assert_eq!(stdout.trim_end(), expected, "{program} on {runtime}");
    }
}

macro_rules! programs {
    ($($name:ident => $expected:expr,)*) => {
        const PROGRAMS: &[&str] = &[$(stringify!($name)),*];
        $(
            #[test]
            fn $name() {
                check(stringify!($name), env!(concat!("CARGO_BIN_EXE_", stringify!($name))), $expected);
            }
        )*
    };
}

programs! {
    bank => "400 transfers, 4000 in the bank",
    embedded_loop => "60 frames, 60 steps, 3 turns",
    foreign_thread => "the newest readings: {0: 1000, 1: 1000, 2: 1000, 3: 1000}",
    philosophers => "1000 meals",
    pipeline => "11 jobs in time, 10 dropped before the first stage",
    pool => "99 answers, the longest sequence has 118 steps",
    rate_limiter => "10 callers within the limit",
    ring => "the token made 8000 hops",
    lost_message => "2 requests were lost, and the third one came after 3.1s",
    shop => "the shop is closed",
    web => "one request took 3, and the other found too few",
}

/// Four clients with real sockets.
#[test]
fn chat() {
    for runtime in RUNTIMES {
        chat::check(runtime);
    }
}

fn sources() -> Vec<(String, String)> {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/src/bin");
    let files = std::fs::read_dir(folder).expect("the folder exists");
    let source = |file: std::io::Result<std::fs::DirEntry>| {
        let path = file.expect("it can be read").path();
        let name = path.file_stem().expect("it has a name").to_string_lossy().into_owned();
        (name, std::fs::read_to_string(&path).expect("it is text"))
    };
    files.map(source).collect()
}

#[test]
fn each_program_is_tested_and_short() {
    let sources = sources();
    // The chat has a test of its own.
    assert_eq!(sources.len(), PROGRAMS.len() + 1);
    for (name, code) in sources {
        assert!(name == "chat" || PROGRAMS.contains(&name.as_str()), "{name} is not tested");
        let lines = code_lines(&code);
        assert!(lines < MOST_LINES, "{name} has {lines} lines");
    }
}

#[test]
fn the_guide_states_the_number_of_lines_of_each_program() {
    let page = include_str!("../../../../docs/guide/src/programs.md");
    for (name, code) in sources() {
        let lines = code_lines(&code);
        let row = format!("[`{name}`](../../../examples/programs/src/bin/{name}.rs) | {lines} |");
        assert!(page.contains(&row), "the page has no row with {row}");
    }
}

/// The number of lines that are neither blank nor a comment.
fn code_lines(code: &str) -> usize {
    let code = code.lines().map(str::trim);
    code.filter(|line| !line.is_empty() && !line.starts_with("//")).count()
}
