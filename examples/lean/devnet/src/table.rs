//! The devnet as a text table.

use crate::{Condition, NodeView};
use consensus::{Root, Slot};
use lean_node::report::{LaneLine, StatusLine};

const HEADINGS: [&str; 11] = [
    "node",
    "state",
    "slot",
    "head",
    "justified",
    "finalized",
    "peers",
    "blocks",
    "drops",
    "late ms",
    "lanes",
];

const STATE: usize = 1;
const SLOT: usize = 2;
const HEAD: usize = 3;
const JUSTIFIED: usize = 4;
const FINALIZED: usize = 5;
const PEERS: usize = 6;
const BLOCKS: usize = 7;
const DROPS: usize = 8;
const LATE: usize = 9;
const LANES: usize = 10;

/// The space between two columns.
const GAP: &str = "  ";

/// The cells of one line, one for each column.
type Row<T> = [T; HEADINGS.len()];

/// Returns one row per node, followed by the notes of the nodes. Every line ends in a line feed.
///
/// A slot is shown with the first four bytes of its block's root. A lane is shown as its depth,
/// with its highest depth in brackets. Lateness is shown for the last tick and the worst tick.
///
/// # Examples
///
/// ```
/// use devnet::{Condition, NodeView, table};
///
/// let view = NodeView {
///     name: "node-0".to_owned(),
///     condition: Condition::Starting,
///     started_in: None,
///     status: None,
/// };
/// let text = table::render([&view]);
/// assert!(text.starts_with("node    state "));
/// assert!(text.ends_with("node-0  starting\n"));
/// ```
pub fn render<'a>(views: impl IntoIterator<Item = &'a NodeView>) -> String {
    let views: Vec<_> = views.into_iter().collect();
    let rows: Vec<_> = std::iter::once(HEADINGS.map(str::to_owned))
        .chain(views.iter().map(|view| row(view)))
        .collect();
    let widths: Row<usize> = std::array::from_fn(|column| {
        rows.iter().map(|row| row[column].chars().count()).max().unwrap_or(0)
    });
    let notes = views.iter().flat_map(|view| notes(view));
    let lines = rows.iter().map(|row| line(row, &widths)).chain(notes);
    lines.flat_map(|line| [line, "\n".to_owned()]).collect()
}

/// Returns one line of the table, without spaces at its end.
fn line(row: &Row<String>, widths: &Row<usize>) -> String {
    let pad = |(cell, width): (&String, &usize)| format!("{cell:width$}");
    let cells: Vec<_> = row.iter().zip(widths).map(pad).collect();
    cells.join(GAP).trim_end().to_owned()
}

/// Returns what the operator should know about a node.
fn notes(view: &NodeView) -> Vec<String> {
    let name = &view.name;
    let mut notes = Vec::new();
    if let Condition::Ended(status) = view.condition {
        notes.push(format!("{name}: ended unexpectedly ({status}); the others go on"));
    }
    let reported = view.status.iter().flat_map(|status| &status.notes);
    notes.extend(reported.map(|note| format!("{name}: {note}")));
    notes
}

fn row(view: &NodeView) -> Row<String> {
    let state = match view.condition {
        Condition::Starting => "starting",
        Condition::Running => "running",
        Condition::Killed => "killed",
        Condition::Stopped => "stopped",
        Condition::Ended(_) => "ended",
    };
    let mut cells: Row<String> = std::array::from_fn(|_| String::new());
    cells[0].clone_from(&view.name);
    cells[STATE] = state.to_owned();
    if let Some(status) = &view.status {
        fill(&mut cells, status);
    }
    cells
}

fn fill(cells: &mut Row<String>, status: &StatusLine) {
    cells[SLOT] = format!("{}.{}", status.slot, status.interval);
    cells[HEAD] = block(status.head_slot, &status.head_root);
    cells[JUSTIFIED] = block(status.justified_slot, &status.justified_root);
    cells[FINALIZED] = block(status.finalized_slot, &status.finalized_root);
    cells[PEERS] = status.peers.to_string();
    cells[BLOCKS] = match (status.pending_blocks, status.pending_votes) {
        (0, 0) => status.blocks_imported.to_string(),
        (blocks, votes) => format!("{} ({blocks} and {votes} votes wait)", status.blocks_imported),
    };
    cells[DROPS] = status.drops.to_string();
    cells[LATE] = format!("{}/{}", status.tick_lateness_ms.last, status.tick_lateness_ms.max);
    cells[LANES] = status.lanes.iter().map(lane).collect::<Vec<_>>().join(" ");
}

fn block(slot: Slot, root: &Root) -> String {
    format!("{slot} {}", hex::encode(&root.as_bytes()[..4]))
}

fn lane(lane: &LaneLine) -> String {
    format!("{} {}({})", lane.name, lane.depth, lane.high_water)
}
