//! Checks that every guarantee of the page `docs/guide/src/semantics.md` names existing tests.
//!
//! A guarantee is a list item with its tests in brackets at the end. Names and files are in
//! backticks. A file applies to the names after it, and a file outside of an item to its whole
//! section. A file without a folder is in [`FOLDER`]. The last section, [`EXEMPT`], names no tests.
//!
//! A test is a function with the attribute `#[test]` or `#[tokio::test]`, or a check with a runtime
//! as its only argument: a macro or a list runs it on every runtime, and the compiler reports it as
//! dead code otherwise. In a shell script, a test is a step of this name.
//!
//! `cargo run --package tools --bin promises` prints the number of guarantees and of names. It
//! fails if an item names no test, or if a file does not define a named test.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::process::ExitCode;

const PAGE: &str = "docs/guide/src/semantics.md";

/// The folder of a file named without one.
const FOLDER: &str = "tests/tests/every_runtime";

/// The section of things not guaranteed.
const EXEMPT: &str = "Not guaranteed";

/// One guarantee, and the tests named for it.
#[derive(Debug, Default, PartialEq, Eq)]
struct Promise {
    /// The first line of the item, counted from 1.
    line: usize,
    /// Each test with its file. The file is empty if none was named before the test.
    tests: Vec<(String, String)>,
}

/// Reads the guarantees of a page.
fn promises(page: &str) -> Vec<Promise> {
    let mut promises = Vec::new();
    let mut file_of_section = String::new();
    let mut is_exempt = false;
    for (line, text) in blocks(page) {
        if let Some(title) = text.strip_prefix("## ") {
            file_of_section.clear();
            is_exempt = title.trim() == EXEMPT;
        } else if let Some(item) = text.strip_prefix("* ") {
            if !is_exempt {
                promises.push(Promise { line, tests: tests(item, &file_of_section) });
            }
        } else if let Some(file) = names(&text).into_iter().rfind(|name| is_file(name)) {
            file_of_section = path(file);
        }
    }
    promises
}

/// Splits a page into headings, list items and paragraphs, each with its first line and in one line
/// of text.
fn blocks(page: &str) -> Vec<(usize, String)> {
    let mut blocks: Vec<(usize, String)> = Vec::new();
    let mut is_open = false;
    for (index, line) in page.lines().enumerate() {
        let begins = !is_open || line.starts_with("* ") || line.starts_with('#');
        is_open = !line.trim().is_empty() && !line.starts_with('#');
        match blocks.last_mut() {
            Some((_, text)) if !begins => {
                text.push(' ');
                text.push_str(line.trim());
            }
            _ if line.trim().is_empty() => {}
            _ => blocks.push((index + 1, line.to_owned())),
        }
    }
    blocks
}

/// Reads the tests in the brackets at the end of an item.
fn tests(item: &str, file_of_section: &str) -> Vec<(String, String)> {
    let Some((_, bracket)) =
        item.trim_end().strip_suffix(')').and_then(|item| item.rsplit_once(" (`"))
    else {
        return Vec::new();
    };
    let mut file = file_of_section.to_owned();
    let mut tests = Vec::new();
    for name in names(&format!("`{bracket}")) {
        if is_file(name) {
            file = path(name);
        } else {
            tests.push((file.clone(), name.to_owned()));
        }
    }
    tests
}

/// Returns everything in backticks.
fn names(text: &str) -> Vec<&str> {
    text.split('`').skip(1).step_by(2).collect()
}

fn is_file(name: &str) -> bool {
    !name.contains(' ') && (name.ends_with(".rs") || name.ends_with(".sh"))
}

fn path(file: &str) -> String {
    let is_complete = file.contains('/') || file.ends_with(".sh");
    if is_complete { file.to_owned() } else { format!("{FOLDER}/{file}") }
}

/// Returns the tests defined in a file.
fn defined(file: &str, code: &str) -> BTreeSet<String> {
    if file.ends_with(".sh") {
        let titles =
            code.lines().filter_map(|line| line.strip_prefix("step \"")?.strip_suffix('"'));
        return titles.map(str::to_owned).collect();
    }
    let mut found = BTreeSet::new();
    let mut is_marked = false;
    for line in code.lines().map(str::trim) {
        if let Some(name) = function(line) {
            if is_marked || line.ends_with("runtime: &dyn Runtime) {") {
                found.insert(name.to_owned());
            }
            is_marked = false;
        } else if line == "#[test]" || line.starts_with("#[tokio::test") {
            is_marked = true;
        }
    }
    found
}

/// Returns the name of the function that begins in a line.
fn function(line: &str) -> Option<&str> {
    let (before, after) = line.split_once("fn ")?;
    let is_free = ["", "pub(super) ", "pub(crate) ", "pub ", "async "].contains(&before);
    let end = after.find(|c: char| !c.is_alphanumeric() && c != '_')?;
    (is_free && end > 0).then(|| &after[..end])
}

fn main() -> ExitCode {
    let page = match fs::read_to_string(PAGE) {
        Ok(page) => page,
        Err(error) => {
            eprintln!("cannot read {PAGE}: {error}");
            return ExitCode::FAILURE;
        }
    };
    let promises = promises(&page);
    let mut files = BTreeMap::<&str, BTreeSet<String>>::new();
    let mut different = BTreeSet::new();
    let mut faults = Vec::new();
    for promise in &promises {
        if promise.tests.is_empty() {
            faults.push(format!("{PAGE}:{}: names no test", promise.line));
        }
        for (file, name) in &promise.tests {
            let tests = files.entry(file).or_insert_with(|| {
                let code = fs::read_to_string(file).unwrap_or_default();
                defined(file, &code)
            });
            if !tests.contains(name) {
                faults.push(format!("{PAGE}:{}: `{file}` has no test `{name}`", promise.line));
            }
            different.insert((file, name));
        }
    }
    println!(
        "{} guarantees name {} tests in {} files",
        promises.len(),
        different.len(),
        files.len()
    );
    faults.iter().for_each(|fault| eprintln!("{fault}"));
    if faults.is_empty() && !promises.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

#[cfg(test)]
mod tests {
    use super::{defined, promises};

    const PAGE: &str = "\
# Page

* Not a guarantee of `this.rs`, but read as one.

## One
Tests are in `one.rs`.

* A first
  `guarantee`. (`a`, `b`; `x/two.rs`: `c`,
  `d`)
* A second (in other words). (`e`)
* One without a test (`f`), and more.

## Two

* One without a file. (`g`)
* A step. (`gate.sh`: `one, two: three`)

## Not guaranteed

* This.
";

    fn named(tests: &[(&str, &str)]) -> Vec<(String, String)> {
        tests.iter().map(|(file, name)| ((*file).to_owned(), (*name).to_owned())).collect()
    }

    #[test]
    fn each_item_has_the_tests_in_its_last_brackets() {
        let promises = promises(PAGE);
        let one = "tests/tests/every_runtime/one.rs";
        let tests: Vec<_> =
            promises.iter().map(|promise| (promise.line, promise.tests.clone())).collect();
        let expected = [
            (3, named(&[])),
            (8, named(&[(one, "a"), (one, "b"), ("x/two.rs", "c"), ("x/two.rs", "d")])),
            (11, named(&[(one, "e")])),
            (12, named(&[])),
            (16, named(&[("", "g")])),
            (17, named(&[("gate.sh", "one, two: three")])),
        ];
        assert_eq!(tests, expected);
    }

    #[test]
    fn a_test_has_the_attribute_or_takes_a_runtime() {
        let code = "\
#[test]
#[should_panic(expected = \"no\")]
fn marked() {
    let helps = 1;
}
fn helps() {}
pub(super) fn check(runtime: &dyn Runtime) {
fn other(_runtime: &dyn Runtime) {
fn busy(runtime: &dyn Runtime) -> u32 {
fn start(runtime: &dyn Runtime, n: u32) {
    #[test]
    fn property(steps in vec(step(), 0..120)) {
#[tokio::test(start_paused = true)]
async fn awaited() {
// fn commented() is no function
";
        assert_eq!(
            Vec::from_iter(defined("x.rs", code)),
            ["awaited", "check", "marked", "other", "property"]
        );
    }

    #[test]
    fn a_step_of_a_script_is_a_test() {
        let found =
            defined("gate.sh", "step \"one, two: three\"\nstep() { printf; }\n# step \"not\"\n");
        assert_eq!(Vec::from_iter(found), ["one, two: three"]);
    }
}
