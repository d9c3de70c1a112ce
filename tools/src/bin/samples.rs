//! Checks that every public item of the framework has an example in its documentation.
//!
//! An item is a `pub` function, struct, enum, trait, type or constant of one of [`CRATES`]. Its
//! example is a sample of Rust code below the heading `# Examples`. A reference to another item's
//! example is not enough. Methods of a trait have no `pub`, so the trait's example covers them.
//!
//! `actor-ffi` is not among them: its users read its C header, and a test compiles and runs the
//! programs in it. Left out are the parts of [`INTERNAL`], test modules, and everything with
//! `#[doc(hidden)]`.
//!
//! `cargo run --package tools --bin samples` prints the number of items, and fails with the name
//! of each item without an example.

use std::path::Path;
use std::process::ExitCode;
use std::{fs, io};

/// The crates of the framework.
const CRATES: &[&str] = &[
    "actor-core",
    "actor-derive",
    "actor-lanes",
    "actor-tokio",
    "actor-smol",
    "actor-embed",
    "actor-thread",
    "actor-observe",
    "actor-system",
    "actor-test",
];

/// Folders and files without documentation for users: models, the checkers' stand-ins, and the
/// single checks of the conformance suite.
const INTERNAL: &[&str] = &["model", "checker", "sync", "conformance"];

/// The public part of an internal folder.
const ENTRY: &str = "conformance/mod.rs";

const KINDS: &[&str] = &["fn", "struct", "enum", "union", "trait", "type", "const", "static"];

/// A public item.
#[derive(Debug, PartialEq, Eq)]
struct Item {
    /// Counted from 1.
    line: usize,
    /// Kind and name.
    name: String,
    has_example: bool,
}

/// Returns whether a file of a crate's source folder is for users.
fn is_for_users(file: &str) -> bool {
    let mut parts = file.strip_suffix(".rs").unwrap_or_default().split('/');
    file.ends_with(".rs") && (file == ENTRY || !parts.any(|part| INTERNAL.contains(&part)))
}

/// Reads the public items of a file.
fn items(code: &str) -> Vec<Item> {
    let code = code.split("\n#[cfg(test)]\nmod tests").next().unwrap_or_default();
    let mut items = Vec::new();
    let mut documentation = Vec::new();
    let mut is_hidden = false;
    let mut is_in_attribute = false;
    for (index, line) in code.lines().enumerate() {
        let line = line.trim();
        if let Some(comment) = line.strip_prefix("///") {
            documentation.push(comment.trim());
        } else if is_in_attribute || line.starts_with("#[") {
            is_hidden |= line.contains("doc(hidden)");
            is_in_attribute = !line.ends_with(']');
        } else {
            if let Some(name) = public(line).filter(|_| !is_hidden) {
                let has_example = has_example(&documentation);
                items.push(Item { line: index + 1, name, has_example });
            }
            documentation.clear();
            is_hidden = false;
        }
    }
    items
}

/// Returns the kind and the name of the public item that begins in a line.
fn public(line: &str) -> Option<String> {
    let words: Vec<_> = line.strip_prefix("pub ")?.split_whitespace().collect();
    // In `const fn`, the kind is the last of the two.
    let kind = words.iter().rposition(|word| KINDS.contains(word))?;
    let qualifiers = ["const", "async", "unsafe", "extern", "\"C\""];
    if !words[..kind].iter().all(|word| qualifiers.contains(word)) {
        return None;
    }
    let name = words.get(kind + 1)?.split(|c: char| !c.is_alphanumeric() && c != '_').next()?;
    Some(format!("{} {name}", words[kind]))
}

/// Returns whether the documentation has a sample of Rust code below the heading `# Examples`.
fn has_example(documentation: &[&str]) -> bool {
    let mut below = documentation.iter().skip_while(|line| **line != "# Examples").skip(1);
    below.any(|line| line.strip_prefix("```").is_some_and(|language| !language.starts_with("text")))
}

fn read(folder: &str) -> io::Result<Vec<(String, Item)>> {
    let root = Path::new(folder).join("src");
    let mut found = Vec::new();
    for file in tools::files(&root)? {
        if is_for_users(&file.strip_prefix(&root).unwrap_or(&file).to_string_lossy()) {
            let items = items(&fs::read_to_string(&file)?);
            found.extend(items.into_iter().map(|item| (file.display().to_string(), item)));
        }
    }
    Ok(found)
}

fn main() -> ExitCode {
    let mut items = Vec::new();
    for folder in CRATES {
        match read(folder) {
            Ok(found) if !found.is_empty() => items.extend(found),
            Ok(_) => {
                eprintln!("{folder} has no public item");
                return ExitCode::FAILURE;
            }
            Err(error) => {
                eprintln!("cannot read {folder}: {error}");
                return ExitCode::FAILURE;
            }
        }
    }
    let faults: Vec<_> = items.iter().filter(|(_, item)| !item.has_example).collect();
    println!("{} public items, {} without an example", items.len(), faults.len());
    for (file, item) in &faults {
        eprintln!("{file}:{}: `{}` has no example", item.line, item.name);
    }
    if faults.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

#[cfg(test)]
mod tests {
    use super::{Item, is_for_users, items};

    fn item(line: usize, name: &str, has_example: bool) -> Item {
        Item { line, name: name.to_owned(), has_example }
    }

    #[test]
    fn an_example_is_rust_code_below_its_heading() {
        let code = "\
/// # Examples
///
/// ```
/// ```
pub struct Full;
/// # Examples
///
/// ```no_run
pub struct NotRun;
/// # Examples
///
/// See [`Full`].
pub struct Refers;
/// ```
/// # Examples
pub struct Above;
/// # Examples
/// ```text
pub struct Picture;
pub struct Bare;
";
        let expected = [
            item(5, "struct Full", true),
            item(9, "struct NotRun", true),
            item(13, "struct Refers", false),
            item(16, "struct Above", false),
            item(19, "struct Picture", false),
            item(20, "struct Bare", false),
        ];
        assert_eq!(items(code), expected);
    }

    #[test]
    fn every_kind_of_public_item_is_found_by_its_name() {
        let code = "\
impl X {
    pub const fn a(&self) {}
    pub async fn b<T>() {}
    pub const C: u32 = 1;
}
pub type D<T> = Box<dyn Fn(T)>;
pub trait E: Send {
    fn method(&self);
}
pub use x::Y;
pub mod z;
pub(crate) fn inside() {}
pub field: u32,
";
        let names: Vec<_> = items(code).into_iter().map(|item| item.name).collect();
        assert_eq!(names, ["fn a", "fn b", "const C", "type D", "trait E"]);
    }

    #[test]
    fn attributes_stand_between_an_item_and_its_example() {
        let code = "\
/// # Examples
/// ```
#[diagnostic::on_unimplemented(
    message = \"no\",
)]
#[must_use]
pub trait Marked {}
";
        assert_eq!(items(code), [item(7, "trait Marked", true)]);
    }

    #[test]
    fn hidden_items_and_test_modules_are_left_out() {
        let code = "\
#[doc(hidden)]
pub fn hidden() {}
pub fn seen() {}

#[cfg(test)]
mod tests {
    pub fn helps() {}
}
";
        assert_eq!(items(code), [item(3, "fn seen", false)]);
    }

    #[test]
    fn internal_parts_are_left_out() {
        let files = ["lib.rs", "handle/weak.rs", "conformance/mod.rs"];
        assert!(files.into_iter().all(is_for_users));
        let internal = ["model.rs", "mailbox/model/ring.rs", "sync.rs", "conformance/timer.rs"];
        assert!(!internal.into_iter().any(is_for_users));
        assert!(!is_for_users("notes.md"));
    }
}
