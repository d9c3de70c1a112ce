//! Counts the imports of `actor-core` that run against its layers, and its circles of files.
//!
//! Each file belongs to a room of [`ROOMS`]. An arrow is one file's import from another file. It
//! runs up if the other file's room stands above its own. Imports are resolved through the `use`
//! lines of each room's `mod.rs`, because a room is imported by its name. Tests, models and the
//! conformance suite may import everything, and are left out.
//!
//! `cargo run --package tools --bin rooms` fails above [`MOST_UP`] arrows up or [`MOST_CIRCLES`]
//! circles.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::process::ExitCode;
use std::{fs, io};

/// The rooms from the lowest to the highest. A file beside the rooms is a room of its own.
const ROOMS: &[&str] = &[
    "sync", "notice", "panic", "spin", "park", "quiet", "runtime", "reply", "view", "mailbox",
    "handle", "flow", "actor", "life",
];

const SOURCE: &str = "actor-core/src";
const MOST_UP: usize = 0;
const MOST_CIRCLES: usize = 0;

type Arrows = BTreeMap<String, BTreeSet<String>>;

/// The code of every file of the layers, by its path inside the source folder.
fn layers(root: &Path) -> io::Result<BTreeMap<String, String>> {
    let mut code = BTreeMap::new();
    for file in tools::files(root)? {
        let name = file.strip_prefix(root).unwrap_or(&file).to_string_lossy().into_owned();
        let is_model = name.ends_with("model.rs") || name.contains("model/");
        if name.ends_with(".rs") && !is_model && rank(&name).is_some() {
            code.insert(name, without_tests(&fs::read_to_string(&file)?));
        }
    }
    Ok(code)
}

/// Removes comments, and the test module at the end of a file.
fn without_tests(code: &str) -> String {
    let code = code.split("\n#[cfg(test)]\nmod tests").next().unwrap_or_default();
    code.lines().filter(|line| !line.trim_start().starts_with("//")).collect::<Vec<_>>().join("\n")
}

/// Returns the place of a file's room in [`ROOMS`].
fn rank(file: &str) -> Option<usize> {
    let room = file.split('/').next()?.trim_end_matches(".rs");
    ROOMS.iter().position(|known| *known == room)
}

/// Returns the paths after `crate::` of every import and of every path in the code, with groups
/// expanded.
fn paths(code: &str) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for part in code.split("crate::").skip(1) {
        let end =
            part.find(|c: char| !c.is_alphanumeric() && c != '_' && c != ':').unwrap_or(part.len());
        let path = part[..end].trim_end_matches(':');
        match part[end..].strip_prefix('{').and_then(|rest| rest.split('}').next()) {
            Some(group) => {
                found.extend(group.split(',').map(|name| format!("{path}::{}", name.trim())))
            }
            None => {
                found.insert(path.to_owned());
            }
        }
    }
    found
}

/// Returns the file behind a path: the module's own file, or the file that a room's list takes the
/// name from.
fn resolve(path: &str, code: &BTreeMap<String, String>) -> Option<String> {
    let mut module = String::new();
    for name in path.split("::") {
        let next = if module.is_empty() { name.to_owned() } else { format!("{module}/{name}") };
        if code.contains_key(&format!("{next}.rs")) || code.contains_key(&format!("{next}/mod.rs"))
        {
            module = next;
            continue;
        }
        let list = format!("{module}/mod.rs");
        let Some(list_code) = code.get(&list) else { break };
        if let Some(file) = reexported(name, &module, list_code, code) {
            return Some(file);
        }
        break;
    }
    [format!("{module}.rs"), format!("{module}/mod.rs")]
        .into_iter()
        .find(|file| code.contains_key(file))
}

fn reexported(
    name: &str,
    room: &str,
    list: &str,
    code: &BTreeMap<String, String>,
) -> Option<String> {
    for statement in list.split(';') {
        let Some((_, used)) = statement.split_once("use ") else { continue };
        let used = used.trim_start_matches("self::");
        let Some((from, names)) = used.rsplit_once("::") else { continue };
        let names = names.trim_matches(['{', '}', '\n', ' ']);
        if names.split(',').any(|known| known.trim() == name) {
            let file = match from.strip_prefix("crate::") {
                Some(path) => format!("{}.rs", path.replace("::", "/")),
                None => format!("{room}/{}.rs", from.replace("::", "/")),
            };
            if code.contains_key(&file) {
                return Some(file);
            }
        }
    }
    None
}

fn arrows(code: &BTreeMap<String, String>) -> Arrows {
    let mut arrows = Arrows::new();
    for (file, text) in code {
        let targets = paths(text).into_iter().filter_map(|path| resolve(&path, code));
        arrows.insert(file.clone(), targets.filter(|target| target != file).collect());
    }
    arrows
}

/// Returns the arrows from a room to a higher one.
fn upward(arrows: &Arrows) -> Vec<(&str, &str)> {
    let all =
        arrows.iter().flat_map(|(from, to)| to.iter().map(move |to| (from.as_str(), to.as_str())));
    all.filter(|(from, to)| rank(from) < rank(to)).collect()
}

fn reachable<'a>(arrows: &'a Arrows, from: &str) -> BTreeSet<&'a str> {
    let mut seen = BTreeSet::new();
    let mut open: Vec<&str> = arrows.get(from).into_iter().flatten().map(String::as_str).collect();
    while let Some(file) = open.pop() {
        if seen.insert(file) {
            open.extend(arrows.get(file).into_iter().flatten().map(String::as_str));
        }
    }
    seen
}

/// Returns each group of files that reach each other.
fn circles(arrows: &Arrows) -> BTreeSet<Vec<&str>> {
    let reach: BTreeMap<&str, BTreeSet<&str>> =
        arrows.keys().map(|file| (file.as_str(), reachable(arrows, file))).collect();
    let groups =
        reach.iter().filter(|(file, reached)| reached.contains(*file)).map(|(file, reached)| {
            reached.iter().copied().filter(|other| reach[other].contains(file)).collect()
        });
    groups.collect()
}

fn main() -> ExitCode {
    let code = match layers(Path::new(SOURCE)) {
        Ok(code) => code,
        Err(error) => {
            eprintln!("cannot read {SOURCE}: {error}");
            return ExitCode::FAILURE;
        }
    };
    let arrows = arrows(&code);
    let (up, circles) = (upward(&arrows), circles(&arrows));
    let all: usize = arrows.values().map(BTreeSet::len).sum();
    up.iter().for_each(|(from, to)| println!("up: {from} -> {to}"));
    circles.iter().for_each(|files| println!("circle: {}", files.join(", ")));
    println!("{} files, {all} arrows, {} up, {} circles", code.len(), up.len(), circles.len());
    if up.len() > MOST_UP || circles.len() > MOST_CIRCLES {
        eprintln!("at most {MOST_UP} arrows up and {MOST_CIRCLES} circles are allowed");
        return ExitCode::FAILURE;
    }
    ExitCode::SUCCESS
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::{arrows, circles, upward};

    fn code(files: &[(&str, &str)]) -> BTreeMap<String, String> {
        files.iter().map(|(name, text)| ((*name).to_owned(), (*text).to_owned())).collect()
    }

    #[test]
    fn an_import_through_a_room_leads_to_its_file() {
        let code = code(&[
            ("mailbox/mod.rs", "mod lane;\npub use lane::{Lane, LaneStats};"),
            ("mailbox/lane.rs", "use crate::life::Spawn;"),
            ("life/mod.rs", "pub use spawn::Spawn;"),
            ("life/spawn.rs", "use crate::mailbox::{Lane, LaneStats};"),
        ]);
        let arrows = arrows(&code);
        assert!(arrows["life/spawn.rs"].contains("mailbox/lane.rs"), "{arrows:?}");
        assert_eq!(upward(&arrows), [("mailbox/lane.rs", "life/spawn.rs")]);
        assert_eq!(circles(&arrows).len(), 1);
    }

    #[test]
    fn an_import_from_below_is_neither_up_nor_a_circle() {
        let code =
            code(&[("panic.rs", ""), ("reply/mod.rs", "fn f() { crate::panic::contained() }")]);
        let arrows = arrows(&code);
        assert_eq!(arrows["reply/mod.rs"].len(), 1);
        assert!(upward(&arrows).is_empty() && circles(&arrows).is_empty());
    }
}
