//! Checks the guide in `docs/guide`: the list of its chapters, its pictures, and the tests of its
//! code.
//!
//! * `SUMMARY.md` names each page once, and each page begins with a title.
//! * A chapter links to no Markdown page outside of the book, because mdBook would turn the link
//!   into one to a page of HTML. It links to the folder instead.
//! * Each picture is shown by a page.
//! * The Rust code of a page is part of a test: an `include_str!` names the page. Blocks with
//!   `ignore` are left out.
//!
//! `cargo run --package tools --bin book` checks the sources. With the folder of a built book as
//! its argument, it checks the links between the pages of HTML instead. `links` checks the links
//! between the sources.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::{env, fs, io};

use tools::markdown::Page;

const SOURCES: &str = "docs/guide/src";

/// Pages of HTML with links from another place, and those that repeat all others.
const GENERATED: &[&str] = &["404.html", "print.html", "toc.html"];

/// Returns the faults of the list of chapters.
fn faults_of_list(list: &str, pages: &BTreeSet<String>) -> Vec<String> {
    let mut faults = Vec::new();
    let mut named = BTreeSet::new();
    for link in Page::of(list).links {
        if !pages.contains(&link.text) {
            faults.push(format!("SUMMARY.md:{}: there is no page {}", link.line, link.text));
        } else if !named.insert(link.text.clone()) {
            faults.push(format!("SUMMARY.md:{}: names {} again", link.line, link.text));
        }
    }
    let missing = pages.iter().filter(|page| !named.contains(*page));
    faults.extend(missing.map(|page| format!("SUMMARY.md: does not name {page}")));
    faults
}

/// Returns the faults of one page, and the pictures shown by it.
fn faults_of_page(name: &str, text: &str, tested: &str) -> (Vec<String>, Vec<String>) {
    let page = Page::of(text);
    let mut faults = Vec::new();
    let mut pictures = Vec::new();
    if !text.starts_with("# ") {
        faults.push(format!("{name}:1: does not begin with a title"));
    }
    for link in &page.links {
        let path = link.text.split('#').next().unwrap_or_default();
        if path.starts_with("..") && path.ends_with(".md") {
            faults.push(format!("{name}:{}: links to {path}, outside of the book", link.line));
        }
        if path.ends_with(".svg") {
            pictures.push(path.to_owned());
        }
    }
    let code = page.blocks.iter().find(|block| {
        let mut words = block.text.split(',');
        words.next() == Some("rust") && words.all(|word| word != "ignore")
    });
    if let Some(code) = code.filter(|_| !tested.contains(&format!("/guide/src/{name}\")"))) {
        faults.push(format!("{name}:{}: no test includes this page", code.line));
    }
    (faults, pictures)
}

/// Returns all text of Rust in the tree.
fn code() -> io::Result<String> {
    let files = tools::files(Path::new("."))?;
    let is_code = |file: &&PathBuf| file.extension().is_some_and(|extension| extension == "rs");
    files.iter().filter(is_code).map(fs::read_to_string).collect()
}

fn check_sources() -> io::Result<Vec<String>> {
    let mut pages = BTreeMap::new();
    for file in tools::files(Path::new(SOURCES))? {
        let name = file.strip_prefix(SOURCES).unwrap_or(&file).to_string_lossy().into_owned();
        let text = if name.ends_with(".md") { fs::read_to_string(&file)? } else { String::new() };
        pages.insert(name, text);
    }
    let list = pages.remove("SUMMARY.md").unwrap_or_default();
    let chapters = pages.keys().filter(|name| name.ends_with(".md")).cloned().collect();
    let mut faults = faults_of_list(&list, &chapters);
    let tested = code()?;
    let mut shown = BTreeSet::new();
    for name in &chapters {
        let (own, pictures) = faults_of_page(name, &pages[name], &tested);
        faults.extend(own);
        shown.extend(pictures);
    }
    let pictures = pages.keys().filter(|name| name.ends_with(".svg"));
    let unused = pictures.filter(|name| !shown.contains(*name));
    faults.extend(unused.map(|name| format!("{name}: no page shows it")));
    println!("{} chapters and {} pictures", chapters.len(), shown.len());
    Ok(faults)
}

/// Returns the values of an attribute of HTML.
fn values<'a>(html: &'a str, attribute: &str) -> Vec<&'a str> {
    let starts = html.split(attribute).skip(1);
    starts.filter_map(|rest| rest.strip_prefix("=\"")?.split('"').next()).collect()
}

fn check_built(folder: &Path) -> io::Result<Vec<String>> {
    let mut pages = BTreeMap::new();
    for file in tools::files(folder)? {
        let name = file.file_name().unwrap_or_default().to_string_lossy();
        if name.ends_with(".html") && !GENERATED.contains(&&*name) {
            let html = fs::read_to_string(&file)?;
            pages.insert(fs::canonicalize(&file)?, html);
        }
    }
    let mut faults = Vec::new();
    let mut count = 0;
    for (file, html) in &pages {
        for target in [values(html, " href"), values(html, " src")].concat() {
            if target.contains(':') {
                continue;
            }
            count += 1;
            let (path, anchor) = target.split_once('#').unwrap_or((target, ""));
            let to =
                if path.is_empty() { file.clone() } else { file.with_file_name("").join(path) };
            let Ok(to) = fs::canonicalize(&to) else {
                faults.push(format!("{}: there is no {path}", file.display()));
                continue;
            };
            let is_there = |html: &String| values(html, " id").contains(&anchor);
            if !anchor.is_empty() && pages.get(&to).is_some_and(|html| !is_there(html)) {
                faults.push(format!("{}: {path} has no #{anchor}", file.display()));
            }
        }
    }
    println!("{count} links on {} pages of HTML", pages.len());
    if count == 0 {
        faults.push(format!("{}: not a built book", folder.display()));
    }
    Ok(faults)
}

fn main() -> ExitCode {
    let checked = match env::args_os().nth(1) {
        Some(folder) => check_built(Path::new(&folder)),
        None => check_sources(),
    };
    let faults = checked.unwrap_or_else(|error| vec![format!("cannot read the guide: {error}")]);
    faults.iter().for_each(|fault| eprintln!("{fault}"));
    if faults.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::{faults_of_list, faults_of_page, values};

    #[test]
    fn each_page_is_in_the_list_once() {
        let pages = BTreeSet::from(["a.md".to_owned(), "b.md".to_owned(), "c.md".to_owned()]);
        let list = "# Summary\n\n- [A](a.md)\n  - [B](b.md)\n- [A](a.md)\n- [D](d.md)\n";
        let faults = faults_of_list(list, &pages);
        let expected = [
            "SUMMARY.md:5: names a.md again",
            "SUMMARY.md:6: there is no page d.md",
            "SUMMARY.md: does not name c.md",
        ];
        assert_eq!(faults, expected);
    }

    #[test]
    fn a_page_has_a_title_and_its_code_a_test() {
        let text =
            "# A\n[x](../../README.md) ![](pictures/p.svg)\n```rust,ignore\n```\n```rust\n```\n";
        let (faults, pictures) = faults_of_page("a.md", text, "");
        let outside = "a.md:2: links to ../../README.md, outside of the book";
        assert_eq!(faults, [outside, "a.md:5: no test includes this page"]);
        assert_eq!(pictures, ["pictures/p.svg"]);
        let tested = "include_str!(\"../docs/guide/src/b.md\")";
        let (faults, _) = faults_of_page("b.md", "text\n```rust\n```\n", tested);
        assert_eq!(faults, ["b.md:1: does not begin with a title"]);
    }

    #[test]
    fn attributes_of_html_are_found() {
        assert_eq!(values("<a href=\"x\" id=\"a\"><p id=\"b\">", " id"), ["a", "b"]);
    }
}
