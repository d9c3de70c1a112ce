//! The runs as plain-text tables for people.

use super::outcome::{CallLine, HostLine, Outcome, Place, StoreLine};
use super::spread::Spread;

/// Returns one run as text. Every line ends in a line feed.
///
/// The column `waited` is the part of a call spent waiting for the lock. The column `lay` is the
/// delay of the input in its socket, caused by earlier calls of the network thread.
pub(super) fn render(outcome: &Outcome) -> String {
    let mut rows = vec![cells([
        "call site",
        "calls",
        "mean",
        "p50",
        "p99",
        "max",
        "waited mean",
        "waited max",
        "lay p50",
        "lay p99",
        "lay max",
    ])];
    rows.extend(outcome.calls.iter().map(call_row));
    let ticks = [("tick: late", &outcome.tick_lateness), ("tick: handled", &outcome.tick_handled)];
    rows.extend(
        ticks.map(|(name, figures)| [vec![name.to_owned()], spread(figures).into()].concat()),
    );
    rows.extend(outcome.host.as_ref().map(host_row));
    format!(
        "through the {}: time on the network thread\n{}blocks imported {}; intervals left out {}; requests unanswered {}\n{}{}{}{}head {}, justified {}, finalized {}: {}\n",
        way(outcome),
        aligned(&rows),
        outcome.blocks_imported,
        outcome.missed_intervals,
        outcome.requests_unanswered,
        outcome.host.as_ref().map_or_else(String::new, host),
        outcome.store.as_ref().map_or_else(String::new, store),
        lanes(outcome),
        refusals(outcome),
        place(&outcome.head),
        place(&outcome.justified),
        place(&outcome.finalized),
        if outcome.is_as_recorded { "as recorded" } else { "NOT as recorded" },
    )
}

/// Returns the kind of dispatch, with the runtime of its actors.
fn way(outcome: &Outcome) -> String {
    match (&outcome.runtime, &outcome.host) {
        (Some(runtime), Some(_)) => {
            format!("actor in a foreign loop, the other actors on {runtime}")
        }
        (Some(runtime), None) if outcome.store.is_some() => {
            format!("actor on {runtime}, with a store on disk")
        }
        (Some(runtime), None) => format!("actor on {runtime}"),
        (None, _) => outcome.dispatch.clone(),
    }
}

fn host_row(host: &HostLine) -> Vec<String> {
    [vec!["loop's own timer: late".to_owned()], spread(&host.timer_lateness).into()].concat()
}

fn call_row(line: &CallLine) -> Vec<String> {
    let waited = [line.waited.mean_us, line.waited.max_us];
    let lay = [line.lay.p50_us, line.lay.p99_us, line.lay.max_us];
    let waits = waited.into_iter().chain(lay).map(duration);
    [line.site.name().to_owned()]
        .into_iter()
        .chain(spread(&line.on_network_thread))
        .chain(waits)
        .collect()
}

fn spread(spread: &Spread) -> [String; 5] {
    let Spread { count, mean_us, p50_us, p99_us, max_us } = *spread;
    [count.to_string(), duration(mean_us), duration(p50_us), duration(p99_us), duration(max_us)]
}

/// Formats microseconds in a suitable unit, with two or three digits.
pub(super) fn duration(microseconds: f64) -> String {
    let (value, unit) = match microseconds {
        us if us < 1000.0 => (us, "µs"),
        us if us < 1_000_000.0 => (us / 1000.0, "ms"),
        us => (us / 1_000_000.0, "s"),
    };
    if value < 10.0 { format!("{value:.1} {unit}") } else { format!("{value:.0} {unit}") }
}

/// Returns a line about the foreign loop's own descriptors.
fn host(host: &HostLine) -> String {
    format!("the loop also read {} datagrams of its own\n", host.datagrams)
}

/// Returns a line about the store on disk.
fn store(StoreLine { commits, longest_commit_us }: &StoreLine) -> String {
    format!("{commits} commits, the longest one in {}\n", duration(*longest_commit_us))
}

/// Returns one line per owner of lanes: the number of dropped messages, the number of all messages,
/// and the highest number of waiting messages.
fn lanes(outcome: &Outcome) -> String {
    if outcome.lanes.is_empty() {
        return "drops by lane: there are no lanes, what waits lies in the sockets\n".to_owned();
    }
    let mut lines = "drops by lane, of how many, and how many waited at most:\n".to_owned();
    let mut owners: Vec<_> =
        outcome.lanes.iter().filter_map(|lane| Some(lane.name.split_once('/')?.0)).collect();
    owners.dedup();
    for owner in owners {
        let used =
            outcome.lanes.iter().filter_map(|lane| Some((lane, lane.name.strip_prefix(owner)?)));
        let used = used.filter(|(lane, _)| lane.accepted + lane.refused > 0).map(|(lane, name)| {
            let (name, dropped) = (name.trim_start_matches('/'), lane.refused + lane.evicted);
            format!("{name} {dropped} of {} ({})", lane.accepted + lane.refused, lane.high_water)
        });
        lines.push_str(&format!("  {owner}: {}\n", used.collect::<Vec<_>>().join(", ")));
    }
    lines
}

fn refusals(outcome: &Outcome) -> String {
    if outcome.dropped.is_empty() {
        return String::new();
    }
    let dropped = outcome.dropped.iter().map(|(reason, count)| format!("{reason} {count}"));
    format!("refused by the chain: {}\n", dropped.collect::<Vec<_>>().join(", "))
}

fn place(place: &Place) -> String {
    format!("{} {}", place.slot, hex::encode(&place.root.as_bytes()[..4]))
}

fn cells<const N: usize>(names: [&str; N]) -> Vec<String> {
    names.map(str::to_owned).into()
}

/// Returns rows of cells as lines with aligned columns.
pub(super) fn aligned(rows: &[Vec<String>]) -> String {
    let columns = rows.iter().map(Vec::len).max().unwrap_or_default();
    let width = |column: usize| {
        rows.iter().filter_map(|row| row.get(column)).map(|cell| cell.chars().count()).max()
    };
    let widths: Vec<_> = (0..columns).map(|column| width(column).unwrap_or_default()).collect();
    let line = |row: &Vec<String>| {
        let cells = row.iter().zip(&widths).enumerate().map(|(column, (cell, width))| {
            if column == 0 { format!("{cell:width$}") } else { format!("{cell:>width$}") }
        });
        format!("{}\n", cells.collect::<Vec<_>>().join("  ").trim_end())
    };
    rows.iter().map(line).collect()
}
