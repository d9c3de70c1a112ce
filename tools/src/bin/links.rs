//! Checks that every relative link of every Markdown page has a target: a file, a folder, or a
//! heading of a page.
//!
//! Anchors are those of GitHub, which are also those of mdBook. Links to the web are not followed.
//!
//! `cargo run --package tools --bin links` prints the number of links, and fails with the place of
//! each link without a target.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Component, Path, PathBuf};
use std::process::ExitCode;

use tools::markdown::Page;

/// Returns whether a target is on the web or of another program.
fn is_foreign(target: &str) -> bool {
    target.starts_with("//")
        || target.split_once(':').is_some_and(|(scheme, _)| !scheme.contains(['/', '.', '#']))
}

/// Resolves `..` by the text of the path, as a browser does.
fn clean(path: &Path) -> PathBuf {
    let mut clean = PathBuf::new();
    for part in path.components() {
        match part {
            Component::CurDir => {}
            Component::ParentDir if clean.file_name().is_some() => drop(clean.pop()),
            part => clean.push(part),
        }
    }
    clean
}

/// Returns what is wrong with a link of a page.
fn fault(from: &Path, target: &str, pages: &BTreeMap<PathBuf, Page>) -> Option<String> {
    let (path, anchor) = target.split_once('#').unwrap_or((target, ""));
    let to = match path {
        "" => from.to_owned(),
        path => clean(&from.parent().unwrap_or(Path::new("")).join(path)),
    };
    if !pages.contains_key(&to) && !to.exists() {
        return Some(format!("there is no {}", to.display()));
    }
    if anchor.is_empty() {
        return None;
    }
    let to = if to.is_dir() { to.join("README.md") } else { to };
    match pages.get(&to) {
        Some(page) if page.anchors.iter().any(|name| name == anchor) => None,
        Some(_) => Some(format!("{} has no heading #{anchor}", to.display())),
        // A line of a source file.
        None if anchor.starts_with('L') => None,
        None => Some(format!("{} has no headings", to.display())),
    }
}

fn main() -> ExitCode {
    let files = match tools::files(Path::new(".")) {
        Ok(files) => files,
        Err(error) => {
            eprintln!("cannot read the tree: {error}");
            return ExitCode::FAILURE;
        }
    };
    let mut pages = BTreeMap::new();
    // A page by a second name, as a README in the folder of a crate, is checked by its first one.
    let files = files.iter().filter(|file| !file.is_symlink());
    for file in files.map(|file| clean(file)) {
        if file.extension().is_some_and(|extension| extension == "md") {
            pages.insert(file.clone(), Page::of(&fs::read_to_string(&file).unwrap_or_default()));
        }
    }
    let mut count = 0;
    let mut faults = Vec::new();
    for (file, page) in &pages {
        for link in page.links.iter().filter(|link| !is_foreign(&link.text)) {
            count += 1;
            if let Some(fault) = fault(file, &link.text, &pages) {
                faults.push(format!("{}:{}: {fault}", file.display(), link.line));
            }
        }
    }
    println!("{count} links on {} pages", pages.len());
    faults.iter().for_each(|fault| eprintln!("{fault}"));
    if faults.is_empty() && count > 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::path::{Path, PathBuf};

    use tools::markdown::Page;

    use super::{fault, is_foreign};

    #[test]
    fn a_link_needs_its_file_and_its_heading() {
        let page = PathBuf::from("src/page.md");
        let pages = BTreeMap::from([(page.clone(), Page::of("# One\n"))]);
        let fault = |target| fault(Path::new("src/page.md"), target, &pages).is_some();
        // These tests run in the folder of this crate.
        let faults =
            ["#one", "lib.rs", "bin", "../src/lib.rs", "#two", "no.md", "../no"].map(fault);
        assert_eq!(faults, [false, false, false, false, true, true, true]);
    }

    #[test]
    fn links_to_the_web_are_left_out() {
        assert!(is_foreign("https://example.com/#a"));
        assert!(is_foreign("mailto:a@example.com"));
        assert!(!is_foreign("page.md#a:b"));
        assert!(!is_foreign("#a"));
    }
}
