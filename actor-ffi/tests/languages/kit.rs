//! The base of these tests: the machine's tools, and how a program is compiled and run.
//!
//! A test without its tool writes one line to the standard error and returns. The line bypasses the
//! capture of the test harness, so a skipped test is seen in every run.

use std::env;
use std::ffi::OsStr;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

/// The longest time for one program. Only a program in a deadlock reaches it.
const SECONDS: &str = "600";

/// Writes a line in spite of the harness's capture.
pub(crate) fn announce(line: &str) {
    writeln!(std::io::stderr(), "{line}").expect("the standard error is open");
}

/// Announces a skipped test, with the reason.
pub(crate) fn skip(reason: &str) {
    let test = std::thread::current().name().unwrap_or("a test").to_owned();
    announce(&format!("skipped: {test} ({reason})"));
}

/// Returns whether the machine has this command.
pub(crate) fn has_tool(name: &str) -> bool {
    let Some(path) = env::var_os("PATH") else { return false };
    env::split_paths(&path).any(|folder| folder.join(name).is_file())
}

/// Returns whether this command line ends well. It is a probe: the output is dropped.
pub(crate) fn works(command: &mut Command) -> bool {
    command
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|status| status.success())
}

/// Returns the folder of this crate.
pub(crate) fn folder() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Returns the options of the thread sanitizer for a program with senders that wait for room.
pub(crate) fn waiting_suppressions() -> String {
    format!("suppressions={}", folder().join("c").join("waiting_senders.supp").display())
}

/// Returns the path for a file made by a test.
pub(crate) fn made(name: &str) -> PathBuf {
    Path::new(env!("CARGO_TARGET_TMPDIR")).join(name)
}

/// Returns the number of messages for a program: `usual`, or `long` if the variable
/// `ACTOR_FFI_LONG` asks for the long runs.
pub(crate) fn count(usual: u64, long: u64) -> String {
    let is_long = env::var_os("ACTOR_FFI_LONG").is_some();
    if is_long { long } else { usual }.to_string()
}

/// Returns the static library made by cargo for this test run.
pub(crate) fn static_library() -> PathBuf {
    let test = env::current_exe().expect("this test is a file");
    let library = test.with_file_name("libactor_ffi.a");
    assert!(library.is_file(), "cargo made no static library at {}", library.display());
    library
}

/// Runs a command, and panics with its output if it fails.
pub(crate) fn run(command: &mut Command) -> Output {
    let output = output(command);
    assert!(
        output.status.success(),
        "{command:?} ended with {}\n{}\n{}",
        output.status,
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
    output
}

/// Runs a command and returns its output.
pub(crate) fn output(command: &mut Command) -> Output {
    command
        .stdin(Stdio::null())
        .output()
        .unwrap_or_else(|error| panic!("{command:?} does not start: {error}"))
}

/// Returns a command for this program, with a limit for its time.
pub(crate) fn limited(program: impl AsRef<OsStr>) -> Command {
    let mut command = Command::new("timeout");
    command.arg(SECONDS).arg(program);
    command
}

/// Returns the output of a command, both streams.
pub(crate) fn text(output: &Output) -> String {
    let mut text = String::from_utf8_lossy(&output.stdout).into_owned();
    text.push_str(&String::from_utf8_lossy(&output.stderr));
    text
}

/// One program to compile.
pub(crate) struct Program {
    command: Command,
    out: PathBuf,
    late: Vec<String>,
}

impl Program {
    /// Begins a program in C11 from files in `c/`. `name` names the executable.
    pub(crate) fn c(name: &str, files: &[&str]) -> Self {
        Self::of("cc", "-std=gnu11", name, "c", files)
    }

    /// Begins a program in C++17 from files in `cpp/`.
    pub(crate) fn cpp(name: &str, files: &[&str]) -> Self {
        Self::of("c++", "-std=c++17", name, "cpp", files)
    }

    fn of(compiler: &str, standard: &str, name: &str, place: &str, files: &[&str]) -> Self {
        let mut command = Command::new(compiler);
        command.args([standard, "-O1", "-g", "-fno-omit-frame-pointer"]);
        command.args(["-Wall", "-Wextra", "-Werror", "-pedantic", "-pthread"]);
        command.arg("-I").arg(folder().join("include"));
        command.args(files.iter().map(|file| folder().join(place).join(file)));
        Self { command, out: made(name), late: Vec::new() }
    }

    /// Adds an argument for the compiler.
    pub(crate) fn with(mut self, argument: impl AsRef<OsStr>) -> Self {
        self.command.arg(argument);
        self
    }

    /// Adds arguments after the program's files: the libraries it needs.
    pub(crate) fn needs<'a>(mut self, libraries: impl IntoIterator<Item = &'a str>) -> Self {
        self.late.extend(libraries.into_iter().map(str::to_owned));
        self
    }

    /// Compiles the program and links it with this static library.
    pub(crate) fn link(mut self, library: &Path) -> PathBuf {
        self.command.arg("-o").arg(&self.out).arg(library);
        // What the Rust library needs from the system: `rustc --print native-static-libs`.
        self.command.args(["-lpthread", "-ldl", "-lm"]);
        self.command.args(&self.late);
        run(&mut self.command);
        self.out
    }
}
