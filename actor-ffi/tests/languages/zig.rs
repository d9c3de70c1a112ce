//! The declarations for Zig, and the setting in which the project began.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use crate::kit::{
    Program, folder, has_tool, limited, made, output, run, skip, static_library, text,
};

/// The language still changes. The programs are for this version.
const VERSION: &str = "0.17.";

/// Returns a command of zig in this version, or `None` after a printed word.
fn zig() -> Option<Command> {
    let module = || {
        let mut command = Command::new("python3");
        command.args(["-m", "ziglang"]);
        command
    };
    let is_wanted = |mut command: Command| {
        let version = command.arg("version").output();
        version.is_ok_and(|version| version.stdout.starts_with(VERSION.as_bytes()))
    };
    if has_tool("zig") && is_wanted(Command::new("zig")) {
        return Some(Command::new("zig"));
    }
    if is_wanted(module()) {
        return Some(module());
    }
    skip(&format!("no zig {VERSION}x, such as of the Python package ziglang"));
    None
}

/// Compiles a program in `zig/`. `None` after a printed word without zig.
fn build(name: &str) -> Option<PathBuf> {
    let mut zig = zig()?;
    let (cache, out) = (made("zig-cache"), made(&format!("{name}-zig")));
    zig.arg("build-exe").arg(folder().join("zig").join(name).with_extension("zig"));
    zig.arg(static_library()).args(["-lc", "-lunwind"]);
    zig.arg(format!("-femit-bin={}", out.display()));
    zig.env("ZIG_GLOBAL_CACHE_DIR", &cache).env("ZIG_LOCAL_CACHE_DIR", &cache);
    run(&mut zig);
    Some(out)
}

#[test]
fn a_zig_loop_drains_what_a_network_threads_callbacks_enqueue() {
    let Some(program) = build("seed") else { return };
    let account = text(&run(&mut limited(program)));
    assert!(account.contains("blocks: sent") && account.contains("votes:  sent"), "{account}");
}

#[test]
fn the_zig_program_has_no_lock() {
    let source = fs::read_to_string(folder().join("zig/seed.zig")).expect("it is there");
    for lock in ["Mutex", "RwLock", "Semaphore", "Condition", "Futex", "pthread_"] {
        assert!(!source.contains(lock), "seed.zig has a {lock}");
    }
}

#[test]
fn the_declarations_for_zig_have_the_layout_of_the_header() {
    let c = Program::c("layout-c", &["layout.c"]).link(&static_library());
    let Some(zig) = build("layout") else { return };
    let (c, zig) = (output(&mut limited(c)), output(&mut limited(zig)));
    assert_eq!(text(&c), text(&zig), "actor.h on the left, actor.zig on the right");
}

#[test]
fn every_function_and_constant_of_the_header_is_declared_for_zig() {
    let read = |path| fs::read_to_string(folder().join(path)).expect("it is there");
    let (header, zig, layout) =
        (read("include/actor.h"), read("zig/actor.zig"), read("c/layout.c"));
    let code = header.lines().filter(|line| !line.trim_start().starts_with("//"));
    let names: Vec<&str> = code.flat_map(|line| line.split(|c: char| !is_of_name(c))).collect();
    let mut functions = 0;
    for pair in header.lines().filter_map(function_of) {
        functions += 1;
        assert!(zig.contains(&format!("pub extern fn {pair}(")), "{pair} is missing in actor.zig");
    }
    assert!(functions >= 18, "only {functions} functions were found");
    let constants = names.iter().filter(|name| name.starts_with("ACTOR_"));
    for constant in constants.filter(|name| !NO_CONSTANTS.contains(name)) {
        assert!(layout.contains(&format!("CONSTANT({constant})")), "{constant}: not in layout.c");
    }
}

/// Names of the header in capitals besides the constants of enumerations.
const NO_CONSTANTS: [&str; 3] = ["ACTOR_H", "ACTOR_MAILBOX_CONFIG_INIT", "ACTOR_NO_SOURCE"];

fn is_of_name(character: char) -> bool {
    character.is_ascii_alphanumeric() || character == '_'
}

/// Returns the name of the function declared in this line of the header.
fn function_of(line: &str) -> Option<&str> {
    let is_declaration = !line.starts_with([' ', '/', '#']) && !line.starts_with("typedef");
    let before = line.split('(').next().filter(|_| is_declaration && line.contains('('))?;
    before.rsplit(|c| !is_of_name(c)).next().filter(|name| name.starts_with("actor_"))
}
