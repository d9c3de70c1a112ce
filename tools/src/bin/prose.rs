//! Measures the language of comments and documents, crate by crate.
//!
//! A relative clause hides the noun of a sentence. The count of relative words per 1,000 words is a
//! cheap sign of hard text: well-kept crates have 4 to 18. The check fails above [`MOST_RELATIVE`]
//! in any crate, at a comment wider than [`WIDTH`] columns, and at a public item whose
//! documentation begins with a weak verb.
//!
//! `cargo run --package tools --bin prose [FILE…]` checks the whole tree, or prints the figure of
//! each named file.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::{env, fs};

/// The most relative words per 1,000 words in one crate.
const MOST_RELATIVE: usize = 18;

/// The widest comment line, in columns. Only a line with a word too long to wrap may be wider.
const WIDTH: usize = 100;

const RELATIVE: &[&str] =
    &["that", "which", "who", "whoever", "whose", "whom", "what", "whatever", "whichever"];

/// First words of documentation with a better verb: returns, reports, sends, creates.
const WEAK: &[&str] = &["Tells", "Says", "Gives"];

/// Words and relative words.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Count {
    words: usize,
    relative: usize,
}

impl Count {
    fn of(prose: &str) -> Self {
        let mut count = Self::default();
        for word in prose.split(|c: char| !c.is_alphabetic() && c != '\'' && c != '’' && c != '-')
        {
            if !word.starts_with(|c: char| c.is_alphabetic()) {
                continue;
            }
            count.words += 1;
            count.relative += usize::from(RELATIVE.contains(&word.to_lowercase().as_str()));
        }
        count
    }

    fn add(&mut self, other: Self) {
        self.words += other.words;
        self.relative += other.relative;
    }

    /// Relative words per 1,000 words, in tenths.
    fn tenths(self) -> usize {
        (self.relative * 10_000).checked_div(self.words).unwrap_or(0)
    }
}

/// The prose of one file, and the faults of its single lines.
#[derive(Debug, Default, PartialEq, Eq)]
struct Text {
    prose: String,
    faults: Vec<String>,
}

/// Reads the comments of Rust code, without code samples and without names in backticks.
fn of_rust(code: &str) -> Text {
    let mut text = Text::default();
    let mut is_sample = false;
    let mut is_first = true;
    for (index, line) in code.lines().enumerate() {
        let trimmed = line.trim_start();
        let Some(comment) = trimmed.strip_prefix("//") else {
            is_sample = false;
            is_first = true;
            continue;
        };
        let columns = line.chars().count();
        if columns > WIDTH && line.split(' ').all(|word| word.chars().count() < WIDTH / 2) {
            text.faults.push(format!("{}: {columns} columns, of {WIDTH}", index + 1));
        }
        let comment = comment.trim_start_matches(['/', '!']).trim();
        if trimmed.starts_with("///") && is_first && WEAK.contains(&first_word(comment)) {
            text.faults.push(format!("{}: begins with `{}`", index + 1, first_word(comment)));
        }
        is_first = false;
        if comment.starts_with("```") {
            is_sample = !is_sample;
        } else if !is_sample {
            push_without_names(&mut text.prose, comment);
        }
    }
    text
}

/// Reads the prose of a Markdown document, without its code.
fn of_markdown(document: &str) -> Text {
    let mut text = Text::default();
    let mut is_code = false;
    for line in document.lines() {
        if line.trim_start().starts_with("```") {
            is_code = !is_code;
        } else if !is_code {
            push_without_names(&mut text.prose, line);
        }
    }
    text
}

fn first_word(comment: &str) -> &str {
    comment.split(' ').next().unwrap_or_default()
}

fn push_without_names(prose: &mut String, line: &str) {
    line.split('`').step_by(2).for_each(|part| {
        prose.push_str(part);
        prose.push(' ');
    });
    prose.push('\n');
}

/// The nearest folder with a manifest, or the document's own folder.
fn group(file: &Path) -> PathBuf {
    let folders = file.ancestors().skip(1);
    let crates = folders.take_while(|folder| !folder.as_os_str().is_empty());
    match crates.into_iter().find(|folder| folder.join("Cargo.toml").is_file()) {
        Some(found) if found != Path::new(".") => found.to_owned(),
        _ => file.parent().unwrap_or(Path::new(".")).to_owned(),
    }
}

fn read(file: &Path) -> Option<Text> {
    let read = |parse: fn(&str) -> Text| fs::read_to_string(file).ok().map(|text| parse(&text));
    match file.extension()?.to_str()? {
        "rs" => read(of_rust),
        "md" => read(of_markdown),
        _ => None,
    }
}

fn print(name: &Path, count: Count) {
    let Count { words, relative } = count;
    let name = name.strip_prefix("./").unwrap_or(name).display();
    println!(
        "{:5}.{} {words:7} words {relative:5} relative  {name}",
        count.tenths() / 10,
        count.tenths() % 10
    );
}

fn main() -> ExitCode {
    let named: Vec<_> = env::args_os().skip(1).map(PathBuf::from).collect();
    if !named.is_empty() {
        for file in &named {
            let text = read(file).unwrap_or_default();
            print(file, Count::of(&text.prose));
            text.faults.iter().for_each(|fault| println!("{}:{fault}", file.display()));
        }
        return ExitCode::SUCCESS;
    }
    let files = match tools::files(Path::new(".")) {
        Ok(files) => files,
        Err(error) => {
            eprintln!("cannot read the tree: {error}");
            return ExitCode::FAILURE;
        }
    };
    let mut counts = BTreeMap::<PathBuf, Count>::new();
    let mut faults = Vec::new();
    for file in &files {
        let Some(text) = read(file) else { continue };
        counts.entry(group(file)).or_default().add(Count::of(&text.prose));
        faults.extend(text.faults.iter().map(|fault| format!("{}:{fault}", file.display())));
    }
    for (name, count) in &counts {
        print(name, *count);
        if count.tenths() > MOST_RELATIVE * 10 {
            faults.push(format!(
                "{}: more than {MOST_RELATIVE} relative words per 1,000",
                name.display()
            ));
        }
    }
    faults.iter().for_each(|fault| eprintln!("{fault}"));
    if faults.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

#[cfg(test)]
mod tests {
    use super::{Count, of_markdown, of_rust};

    #[test]
    fn prose_is_counted_without_code_and_names() {
        let code = "/// A lane that `which` holds.\n///\n/// ```\n/// // that which who\n/// ```\nfn that() {}\n";
        assert_eq!(Count::of(&of_rust(code).prose), Count { words: 4, relative: 1 });
        let document = "# Who\n\n```sh\nwhat that\n```\nIt's `that` one.\n";
        assert_eq!(Count::of(&of_markdown(document).prose), Count { words: 3, relative: 1 });
    }

    #[test]
    fn a_wide_comment_and_a_weak_beginning_are_faults() {
        let code =
            format!("/// Tells a thing.\n/// Says more.\nfn f() {{}}\n// {}\n", "xx ".repeat(33));
        let faults = of_rust(&code).faults;
        assert_eq!(faults, ["1: begins with `Tells`", "4: 102 columns, of 100"]);
    }

    #[test]
    fn the_figure_is_per_thousand_words() {
        assert_eq!(Count { words: 1000, relative: 18 }.tenths(), 180);
        assert_eq!(Count::default().tenths(), 0);
    }
}
