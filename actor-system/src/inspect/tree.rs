//! An inspection as a tree of aligned lines.
//!
//! ```text
//! system node, process 4711, up 3.2 s: 2 actors on 1 executor
//!
//! executor node (thread 4712): 2 actors, 1,204 turns
//! ├─ /chain   in its handler of Import (lane blocks) for 300 ms
//! │    waits   an answer of /store
//! │    blocks  3 of 64 (most 12)   120 handled   2 lost
//! └─ /store   idle
//!      writes  0 of 64 (most 1)    80 handled
//! ```

use std::fmt::{self, Write as _};

use crate::inspect::data::{ActorView, ExecutorView, Inspection, LaneView};
use crate::inspect::shown::Shown;
use crate::inspect::words::Span;

/// The most characters of a column. A longer name moves its own line only.
const WIDEST: usize = 32;

impl fmt::Display for Inspection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = if self.is_stopping { ", stopping" } else { "" };
        let (system, up) = (Shown(&self.system), Span(self.uptime));
        write!(f, "system {system}, process {}, up {up}", self.process)?;
        let (actors, executors) = (self.actors.len(), self.executors.len());
        writeln!(
            f,
            "{state}: {} on {}",
            Many(actors as u64, "actor"),
            Many(executors as u64, "executor")
        )?;
        self.findings.iter().try_for_each(|finding| writeln!(f, "! {finding}"))?;
        let names = self.actors.iter().map(|actor| &actor.path);
        let width = width(names.map(String::as_str));
        for executor in &self.executors {
            write_executor(f, executor)?;
            let on_it = self.actors.iter().filter(|actor| actor.executor == executor.name);
            let mut on_it = on_it.peekable();
            while let Some(actor) = on_it.next() {
                write_actor(f, actor, width, on_it.peek().is_none())?;
            }
        }
        Ok(())
    }
}

fn write_executor(f: &mut fmt::Formatter<'_>, executor: &ExecutorView) -> fmt::Result {
    write!(f, "\nexecutor {}", Shown(&executor.name))?;
    match executor.thread {
        _ if !executor.is_alive => f.write_str(" (ended)")?,
        Some(thread) => write!(f, " (thread {thread})")?,
        None => {}
    }
    let (actors, turns) = (executor.actors as u64, executor.turns);
    write!(f, ": {}, {}", Many(actors, "actor"), Many(turns, "turn"))?;
    if let Some(time) = executor.not_turned_for {
        write!(f, ", no turn for {}", Span(time))?;
    }
    writeln!(f)
}

fn write_actor(
    f: &mut fmt::Formatter<'_>,
    actor: &ActorView,
    width: usize,
    is_last: bool,
) -> fmt::Result {
    let (branch, stem) = if is_last { ("└─", "  ") } else { ("├─", "│ ") };
    write!(f, "{branch} {:<width$}  {}", Shown(&actor.path), actor.doing)?;
    let figures = [
        (actor.restarts, "restart"),
        (actor.timers, "timer"),
        (actor.streams, "stream"),
        (actor.in_flight, "piece of work in flight"),
    ];
    for (count, word) in figures.into_iter().filter(|(count, _)| *count > 0) {
        write!(f, ", {}", Many(count, word))?;
    }
    writeln!(f)?;
    let names = actor.lanes.iter().map(|lane| &*lane.name);
    let names = self::width(names.chain(actor.waits.first().map(|_| "waits")));
    for wait in &actor.waits {
        writeln!(f, "{stem}   {:<names$}  {wait}", "waits")?;
    }
    let depths: Vec<_> = actor.lanes.iter().map(depth).collect();
    let width = self::width(depths.iter().map(String::as_str));
    for (lane, depth) in actor.lanes.iter().zip(&depths) {
        write!(
            f,
            "{stem}   {:<names$}  {depth:<width$}   {} handled",
            Shown(&lane.name),
            Number(lane.handled)
        )?;
        match lane.lost() {
            0 => writeln!(f)?,
            lost => writeln!(f, "   {} lost", Number(lost))?,
        }
    }
    Ok(())
}

fn depth(lane: &LaneView) -> String {
    let (depth, capacity) = (Number(lane.depth), Number(lane.capacity as u64));
    format!("{depth} of {capacity} (most {})", Number(lane.high_water))
}

/// Returns the width of a column.
fn width<'a>(names: impl Iterator<Item = &'a str>) -> usize {
    names.map(|name| Shown(name).to_string().chars().count()).max().unwrap_or(0).min(WIDEST)
}

/// A number in groups of three digits.
struct Number(u64);

impl fmt::Display for Number {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let digits = self.0.to_string();
        for (place, digit) in digits.chars().enumerate() {
            if place > 0 && (digits.len() - place).is_multiple_of(3) {
                f.write_char(',')?;
            }
            f.write_char(digit)?;
        }
        Ok(())
    }
}

/// A number of things, such as "1 actor" and "2 pieces of work".
struct Many(u64, &'static str);

impl fmt::Display for Many {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(count, word) = self;
        let (first, rest) = word.split_once(' ').map_or((*word, ""), |(first, rest)| (first, rest));
        let (plural, space) =
            (if *count == 1 { "" } else { "s" }, if rest.is_empty() { "" } else { " " });
        write!(f, "{} {first}{plural}{space}{rest}", Number(*count))
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::inspect::data::{Doing, InHand, WaitView};

    #[test]
    fn the_tree_is_aligned_and_says_what_each_actor_does() {
        let message = InHand { lane: "blocks".into(), kind: Some("Import".into()) };
        let at_least = Duration::from_millis(300);
        let lane = |name: &str, depth, high_water, handled| LaneView {
            name: name.into(),
            capacity: 64,
            depth,
            high_water,
            handled,
            ..LaneView::default()
        };
        let wait = WaitView { actor: Some("/store".into()), ..WaitView::default() };
        let chain = ActorView {
            path: "/chain".into(),
            executor: "node".into(),
            doing: Doing::Handling { message, at_least },
            timers: 2,
            lanes: vec![LaneView { refused: 2, ..lane("blocks", 3, 12, 1_200) }],
            waits: vec![wait],
            ..ActorView::default()
        };
        let store = ActorView {
            path: "/chain-store".into(),
            executor: "node".into(),
            lanes: vec![lane("writes", 0, 1, 80), lane("gc", 10, 10, 0)],
            ..ActorView::default()
        };
        let executor = ExecutorView {
            name: "node".into(),
            is_alive: true,
            thread: Some(4_712),
            actors: 2,
            turns: 1_204,
            ..ExecutorView::default()
        };
        let seen = Inspection {
            system: "node".into(),
            process: 4_711,
            uptime: Duration::from_millis(3_200),
            executors: vec![executor],
            actors: vec![chain, store],
            ..Inspection::default()
        };
        let expected = "\
system node, process 4711, up 3.2 s: 2 actors on 1 executor

executor node (thread 4712): 2 actors, 1,204 turns
├─ /chain        in its handler of Import (lane blocks) for 300 ms, 2 timers
│    waits   an answer of /store
│    blocks  3 of 64 (most 12)   1,200 handled   2 lost
└─ /chain-store  idle
     writes  0 of 64 (most 1)     80 handled
     gc      10 of 64 (most 10)   0 handled
";
        assert_eq!(seen.to_string(), expected);
    }
}
