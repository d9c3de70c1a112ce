//! The pages of the guide about programs show them as they are, and count their lines as we do.
//!
//! The programs with other frameworks are a workspace of their own, so they are read here and run
//! there: `cargo test --manifest-path benches/comparison/Cargo.toml`.

use std::path::Path;

/// The number of lines that are neither blank nor a comment.
fn code_lines(code: &str) -> usize {
    let code = code.lines().map(str::trim);
    code.filter(|line| !line.is_empty() && !line.starts_with("//")).count()
}

fn comparison(name: &str) -> String {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../benches/comparison/src/bin");
    let code = std::fs::read_to_string(Path::new(folder).join(format!("{name}.rs")));
    code.expect("the program is there")
}

#[test]
fn the_page_for_newcomers_shows_the_programs_as_they_are() {
    let page = include_str!("../../../docs/guide/src/coming-from.md");
    for name in ["jar_ours", "jar_kameo", "jar_ractor", "jar_actix", "jar_channels"] {
        let code = comparison(name);
        let code = code.split_once("\n\n").map_or("", |(_title, code)| code);
        assert!(!code.is_empty() && page.contains(code), "{name} is another one on the page");
    }
}

#[test]
fn the_page_about_the_chat_shows_parts_of_the_program_in_their_order() {
    let page = include_str!("../../../docs/guide/src/chat.md");
    let mut rest = include_str!("../src/bin/chat.rs");
    let parts = page.split("```rust,ignore\n").skip(1);
    let parts: Vec<_> = parts.filter_map(|part| part.split("```").next()).collect();
    assert_eq!(parts.len(), 5);
    for part in parts {
        let (_before, after) = rest.split_once(part).expect("the program has this part");
        rest = after;
    }
}

#[test]
fn the_comparison_counts_the_lines_of_code_of_each_program() {
    let page = include_str!("../../../docs/guide/src/comparison.md");
    let mut rows = 0;
    for row in page.lines().filter(|line| line.starts_with("| ") && line.contains("_ours.rs)")) {
        let cells: Vec<&str> = row.split('|').map(str::trim).collect();
        for cell in &cells[2..cells.len() - 1] {
            let Some((lines, name)) = cell.strip_prefix('[').and_then(|cell| cell.split_once("]("))
            else {
                assert!(*cell == "–", "{row}: neither a number nor a dash: {cell}");
                continue;
            };
            let name = name.rsplit('/').next().and_then(|name| name.strip_suffix(".rs)"));
            let code = comparison(name.expect("the cell links to a program"));
            assert_eq!(lines, code_lines(&code).to_string(), "{row}");
        }
        rows += 1;
    }
    assert_eq!(rows, 8);
}
