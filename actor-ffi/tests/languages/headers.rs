//! The headers compile alone, without a warning, in the old standards as well.

use std::fs;
use std::process::Command;

use crate::kit::{folder, has_tool, made, run, skip};

fn compile(compiler: &str, language: &str, standard: &str, header: &str) {
    if !has_tool(compiler) {
        return skip(&format!("{compiler} is missing"));
    }
    let source = made(&format!("{header}-{standard}.{language}"));
    let body =
        format!("#include <{header}>\n#include <{header}>\nint main(void) {{ return 0; }}\n");
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
fn the_c_header_compiles_in_c99_c11_and_cpp17() {
    for standard in ["c99", "c11"] {
        compile("cc", "c", standard, "actor.h");
    }
    compile("c++", "cpp", "c++17", "actor.h");
}

#[test]
fn the_cpp_header_compiles_in_cpp17_and_cpp20() {
    for standard in ["c++17", "c++20"] {
        compile("c++", "cpp", standard, "actor.hpp");
    }
}
