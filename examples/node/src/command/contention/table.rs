//! The runs as tables for people to read, as plain text.

use super::outcome::{Outcome, Place};
use super::site::Site;
use super::spread::Spread;

/// Draws one run. Every line ends in a line feed.
pub(super) fn render(outcome: &Outcome) -> String {
    let on = outcome.runtime.as_ref().map_or_else(String::new, |runtime| format!(" on {runtime}"));
    let mut rows = vec![cells(["call site", "calls", "mean", "p50", "p99", "max", "waited, mean", "waited, max"])];
    rows.extend(outcome.calls.iter().map(|line| {
        let waited = [line.waited.mean_us, line.waited.max_us].map(duration);
        let [mean_wait, max_wait] = if outcome.runtime.is_none() { waited } else { ["-".into(), "-".into()] };
        let [calls, mean, p50, p99, max] = spread(&line.on_network_thread);
        vec![line.site.name().to_owned(), calls, mean, p50, p99, max, mean_wait, max_wait]
    }));
    let others = [
        ("taken up late", &outcome.network_behind),
        ("tick late", &outcome.tick_lateness),
        ("tick handled", &outcome.tick_handled),
    ];
    rows.extend(others.map(|(name, figures)| {
        let mut row = vec![name.to_owned()];
        row.extend(spread(figures));
        row
    }));
    format!(
        "through the {}{on}: time on the network thread\n{}blocks imported {}; intervals left out {}; requests unanswered {}\ndrops by lane: {}\n{}head {}, justified {}, finalized {}: {}\n",
        outcome.dispatch,
        aligned(&rows),
        outcome.blocks_imported,
        outcome.missed_intervals,
        outcome.requests_unanswered,
        drops_by_lane(outcome),
        refusals(outcome),
        place(&outcome.head),
        place(&outcome.justified),
        place(&outcome.finalized),
        if outcome.is_as_recorded { "as recorded" } else { "NOT as recorded" },
    )
}

/// Draws two runs of the same load side by side.
pub(super) fn compare(mutex: &Outcome, actor: &Outcome) -> String {
    let mut rows = vec![cells(["compared", "mutex p99", "actor p99", "mutex max", "actor max", "max: mutex / actor"])];
    let calls = |outcome: &Outcome, site: Site| {
        outcome.calls.iter().find(|line| line.site == site).map(|line| line.on_network_thread)
    };
    rows.extend(
        Site::ALL.iter().filter_map(|site| Some(compared(site.name(), &calls(mutex, *site)?, &calls(actor, *site)?))),
    );
    rows.push(compared("taken up late", &mutex.network_behind, &actor.network_behind));
    rows.push(compared("tick late", &mutex.tick_lateness, &actor.tick_lateness));
    let ends = |outcome: &Outcome| (outcome.head, outcome.justified, outcome.finalized);
    let equal = if ends(mutex) == ends(actor) { "equal" } else { "NOT EQUAL" };
    format!("{}heads, justified and finalized checkpoints: {equal}\n", aligned(&rows))
}

fn compared(name: &str, mutex: &Spread, actor: &Spread) -> Vec<String> {
    let ratio = if actor.max_us > 0.0 { format!("{:.0}", mutex.max_us / actor.max_us) } else { "-".to_owned() };
    let [mutex_p99, actor_p99] = [mutex, actor].map(|spread| duration(spread.p99_us));
    let [mutex_max, actor_max] = [mutex, actor].map(|spread| duration(spread.max_us));
    vec![name.to_owned(), mutex_p99, actor_p99, mutex_max, actor_max, ratio]
}

fn spread(spread: &Spread) -> [String; 5] {
    let Spread { count, mean_us, p50_us, p99_us, max_us } = *spread;
    [count.to_string(), duration(mean_us), duration(p50_us), duration(p99_us), duration(max_us)]
}

/// Writes microseconds with the unit that suits them and two or three digits.
fn duration(microseconds: f64) -> String {
    let (value, unit) = match microseconds {
        us if us < 1000.0 => (us, "µs"),
        us if us < 1_000_000.0 => (us / 1000.0, "ms"),
        us => (us / 1_000_000.0, "s"),
    };
    if value < 10.0 { format!("{value:.1} {unit}") } else { format!("{value:.0} {unit}") }
}

fn drops_by_lane(outcome: &Outcome) -> String {
    if outcome.lanes.is_empty() {
        return "there are no lanes; what waits is in the sockets".to_owned();
    }
    let dropped = outcome.lanes.iter().map(|lane| format!("{} {}", lane.name, lane.refused + lane.evicted));
    dropped.collect::<Vec<_>>().join(", ")
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

fn aligned(rows: &[Vec<String>]) -> String {
    let columns = rows.iter().map(Vec::len).max().unwrap_or_default();
    let width = |column: usize| rows.iter().filter_map(|row| row.get(column)).map(|cell| cell.chars().count()).max();
    let widths: Vec<_> = (0..columns).map(|column| width(column).unwrap_or_default()).collect();
    let line = |row: &Vec<String>| {
        let cells = row.iter().zip(&widths).enumerate().map(|(column, (cell, width))| {
            if column == 0 { format!("{cell:width$}") } else { format!("{cell:>width$}") }
        });
        format!("{}\n", cells.collect::<Vec<_>>().join("  ").trim_end())
    };
    rows.iter().map(line).collect()
}
