//! The headers compile alone, without a warning, in the old standards as well.

use std::fs;
use std::process::Command;

use crate::kit::{folder, has_tool, made, run, skip};

fn compile(compiler: &str, language: &str, standard: &str, header: &str) {
    if !has_tool(compiler) {
        return skip(&format!("{compiler} is missing"));
    }
    let source = made(&format!("{header}-{standard}.{language}"));
    // Twice, and with its macros.
    let body = format!(
        "#include <{header}>\n#include <{header}>\nint main(void) {{\n  \
         actor_mailbox_config config = ACTOR_MAILBOX_CONFIG_INIT;\n  \
         return config.size == ACTOR_NO_SOURCE;\n}}\n"
    );
    fs::write(&source, body).expect("the target directory is writable");
    let warnings = ["-pedantic", "-Wall", "-Wextra", "-Wconversion", "-Wshadow", "-Werror"];
    run(Command::new(compiler)
        .arg(format!("-std={standard}"))
        .args(warnings)
        .args(["-fsyntax-only", "-I"])
        .arg(folder().join("include"))
        .arg(source));
}

#[test]
fn the_c_header_compiles_from_c99_to_c23_and_from_cpp11_to_cpp20() {
    // The compilers' older name of C23.
    for standard in ["c99", "c11", "c17", "c2x"] {
        compile("cc", "c", standard, "actor.h");
    }
    for standard in ["c++11", "c++14", "c++17", "c++20"] {
        compile("c++", "cpp", standard, "actor.h");
    }
}

#[test]
fn the_cpp_header_compiles_in_cpp17_and_cpp20() {
    for standard in ["c++17", "c++20"] {
        compile("c++", "cpp", standard, "actor.hpp");
    }
}
