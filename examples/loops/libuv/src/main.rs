//! Builds the C program of `c/main.c` with the C compiler of the machine, and runs it.
//!
//! ```text
//! cargo run -p libuv-loop                      # the same as: sum 10000 4
//! cargo run -p libuv-loop -- sum 100000 8
//! cargo run -p libuv-loop -- overflow
//! ```
//!
//! It needs `cc` and libuv (`libuv1-dev` on Debian). Without them it prints a line and ends.
//! `VALGRIND=1` runs the program under valgrind.

use std::error::Error;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

const FOLDER: &str = env!("CARGO_MANIFEST_DIR");

/// Definite leaks only. Rust's standard library keeps the main thread's handle by a pointer into
/// its block, and valgrind counts this as a possible leak.
const VALGRIND: [&str; 5] = [
    "--quiet",
    "--leak-check=full",
    "--show-leak-kinds=definite",
    "--errors-for-leak-kinds=definite",
    "--error-exitcode=99",
];

/// The profile of this program.
const PROFILE: &str = if cfg!(debug_assertions) { "dev" } else { "release" };

/// The system libraries of Rust's standard library.
const SYSTEM: [&str; 4] = ["-lpthread", "-ldl", "-lm", "-lgcc_s"];

fn main() -> Result<ExitCode, Box<dyn Error>> {
    let Some(libuv) = flags_of_libuv() else {
        println!("skipped: this machine has no C compiler, or no libuv for it");
        return Ok(ExitCode::SUCCESS);
    };
    let folder = tempfile::tempdir()?;
    let program = folder.path().join("ledger");
    compile(&library()?, &libuv, &program)?;
    let mut command = if std::env::var_os("VALGRIND").is_some() {
        let mut valgrind = Command::new("valgrind");
        valgrind.args(VALGRIND).arg(&program);
        valgrind
    } else {
        Command::new(&program)
    };
    let status = command.args(std::env::args_os().skip(1)).status()?;
    // No code: ended by a signal, as an abort is.
    let code = status.code().map_or(Ok(134), u8::try_from);
    Ok(ExitCode::from(code.unwrap_or(1)))
}

fn flags_of_libuv() -> Option<Vec<String>> {
    Command::new("cc").arg("--version").output().ok().filter(|cc| cc.status.success())?;
    let found = Command::new("pkg-config").args(["--cflags", "--libs", "libuv"]).output().ok()?;
    let flags = String::from_utf8(found.stdout).ok()?;
    found.status.success().then(|| flags.split_whitespace().map(str::to_owned).collect())
}

/// Builds the static library, in the profile of this program. Returns its path.
fn library() -> Result<PathBuf, Box<dyn Error>> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let built = Command::new(cargo)
        .args(["build", "--quiet", "--lib", "--package", env!("CARGO_PKG_NAME")])
        .args(["--profile", PROFILE, "--message-format", "json"])
        .current_dir(FOLDER)
        .output()?;
    if !built.status.success() {
        return Err(String::from_utf8_lossy(&built.stderr).into());
    }
    let messages = String::from_utf8(built.stdout)?;
    let path = messages.split('"').find(|text| text.ends_with("libledger.a"));
    Ok(path.ok_or("cargo names the library that it has built")?.into())
}

fn compile(library: &Path, libuv: &[String], program: &Path) -> Result<(), Box<dyn Error>> {
    let folder = Path::new(FOLDER);
    let compiled = Command::new("cc")
        .args(["-std=gnu11", "-O1", "-g", "-Wall", "-Wextra", "-Werror", "-I"])
        .arg(folder.join("include"))
        .arg(folder.join("c/main.c"))
        .arg(library)
        .args(libuv)
        .args(SYSTEM)
        .arg("-o")
        .arg(program)
        .output()?;
    let text = String::from_utf8_lossy(&compiled.stderr);
    if compiled.status.success() { Ok(()) } else { Err(text.into()) }
}
