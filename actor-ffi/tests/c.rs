//! The C programs of the header and of the README compile without a warning, and run. The installed
//! library is found by `pkg-config`.
//!
//! Without a C compiler, or without `pkg-config`, a test prints this and ends.

#![cfg(all(unix, not(any(loom, shuttle))))]

use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::{env, fs};

const CRATE: &str = env!("CARGO_MANIFEST_DIR");

/// A folder of this test's own.
fn folder(name: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    fs::create_dir_all(&folder).expect("the folder can be made");
    folder
}

fn exists(program: &str) -> bool {
    Command::new(program).arg("--version").output().is_ok_and(|output| output.status.success())
}

fn ran(command: &mut Command) -> String {
    let Output { status, stdout, stderr } = command.output().expect("the program starts");
    let (stdout, stderr) = (String::from_utf8_lossy(&stdout), String::from_utf8_lossy(&stderr));
    assert!(status.success(), "{command:?}: {status}\n{stdout}\n{stderr}");
    stdout.into_owned()
}

/// Builds the library, and installs it.
fn install(prefix: &Path) {
    ran(Command::new(Path::new(CRATE).join("install.sh")).arg(prefix));
}

/// Returns the words of `pkg-config` for the installed library.
fn flags(prefix: &Path, what: &str) -> Vec<String> {
    let flags = ran(Command::new("pkg-config")
        .args([what, "actor-ffi"])
        .env("PKG_CONFIG_PATH", prefix.join("lib/pkgconfig")));
    flags.split_whitespace().map(String::from).collect()
}

/// Compiles a program against the installed library, runs it, and returns its output.
fn run(prefix: &Path, name: &str, code: &str) -> String {
    let (source, program) = (prefix.join(format!("{name}.c")), prefix.join(name));
    fs::write(&source, code).expect("the source can be written");
    ran(Command::new("cc")
        .args(["-std=c11", "-D_GNU_SOURCE", "-Wall", "-Wextra", "-Werror", "-pthread"])
        .args(flags(prefix, "--cflags"))
        .arg(&source)
        .arg("-o")
        .arg(&program)
        .args(flags(prefix, "--libs")));
    ran(Command::new(&program).env("LD_LIBRARY_PATH", prefix.join("lib")))
}

/// The program in the comment at the top of the header.
fn of_the_header() -> String {
    let header = fs::read_to_string(Path::new(CRATE).join("include/actor.h")).expect("it is there");
    let lines = header.lines().skip_while(|line| !line.starts_with("//   #include"));
    let program = lines.take_while(|line| *line == "//" || line.starts_with("//   "));
    program.map(|line| line.trim_start_matches("//").to_owned() + "\n").collect()
}

/// The first program in a page.
fn of_page(page: &str) -> String {
    let page = fs::read_to_string(Path::new(CRATE).join(page)).expect("it is there");
    let program = page.split("```c\n").nth(1).and_then(|rest| rest.split("```").next());
    program.expect("the page has a program in C").to_owned()
}

#[test]
fn the_programs_of_the_documentation_run_with_the_installed_library() {
    for tool in ["cc", "pkg-config"] {
        if !exists(tool) {
            println!("skipped: there is no `{tool}`");
            return;
        }
    }
    let prefix = folder("installed");
    install(&prefix);
    assert_eq!(run(&prefix, "header", &of_the_header()), "4000 messages, sum 2002000\n");
    assert_eq!(
        run(&prefix, "readme", &of_page("README.md")),
        "refused: three\nstop: now\nline: one\nline: two\n3 handled after 1 wake\n"
    );
    let version = ran(Command::new("pkg-config")
        .args(["--modversion", "actor-ffi"])
        .env("PKG_CONFIG_PATH", prefix.join("lib/pkgconfig")));
    assert_eq!(version.trim(), env!("CARGO_PKG_VERSION"));
}

#[test]
fn an_installation_may_be_repeated_staged_and_in_any_folder() {
    let name = "a folder & more";
    let root = folder("staged");
    let staged = root.join(name);
    for _ in 0..2 {
        ran(Command::new(Path::new(CRATE).join("install.sh"))
            .arg(format!("/{name}/"))
            .env("DESTDIR", &root));
    }
    let described = fs::read_to_string(staged.join("lib/pkgconfig/actor-ffi.pc")).expect("it is");
    assert!(described.starts_with(&format!("prefix=/{name}\n")), "{described}");
    assert!(staged.join("include/actor.hpp").is_file());
    if cfg!(target_os = "linux") {
        let link = fs::read_link(staged.join("lib/libactor_ffi.so")).expect("it is a link");
        assert_eq!(link, Path::new("libactor_ffi.so.0"));
        let library = fs::read(staged.join("lib").join(link)).expect("it is there");
        let soname = b"\0libactor_ffi.so.0\0";
        assert!(library.windows(soname.len()).any(|bytes| bytes == soname), "it has no soname");
    }
}

#[test]
fn the_static_library_suffices() {
    if !exists("cc") {
        println!("skipped: there is no `cc`");
        return;
    }
    let prefix = folder("static");
    install(&prefix);
    let (source, program) = (prefix.join("static.c"), prefix.join("static"));
    fs::write(&source, of_page("README.md")).expect("the source can be written");
    ran(Command::new("cc")
        .arg("-I")
        .arg(prefix.join("include"))
        .args([&source, &prefix.join("lib/libactor_ffi.a")])
        .args(["-pthread", "-ldl", "-lm", "-o"])
        .arg(&program));
    assert!(ran(&mut Command::new(&program)).ends_with("3 handled after 1 wake\n"));
}
