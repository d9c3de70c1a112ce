//! The devnet as a plain-text table for people.

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
/// let view = NodeView { name: "node-0".to_owned(), condition: Condition::Starting, status: None };
/// let text = table::render([&view]);
/// assert!(text.starts_with("node    state "));
/// assert!(text.ends_with("node-0  starting\n"));
/// ```
pub fn render<'a>(views: impl IntoIterator<Item = &'a NodeView>) -> String {
    let views: Vec<_> = views.into_iter().collect();
    let rows: Vec<_> = std::iter::once(HEADINGS.map(str::to_owned))
        .chain(views.iter().map(|view| row(view)))
        .collect();
    let widths: [usize; HEADINGS.len()] = std::array::from_fn(|column| {
        rows.iter().map(|row| row[column].chars().count()).max().unwrap_or(0)
    });
    let line = |row: &[String; HEADINGS.len()]| {
        let cells: Vec<_> =
            row.iter().zip(widths).map(|(cell, width)| format!("{cell:width$}")).collect();
        format!("{}\n", cells.join("  ").trim_end())
    };
    let notes = views.iter().flat_map(|view| {
        let notes = view.status.iter().flat_map(|status| &status.notes);
        notes.map(|note| format!("{}: {note}\n", view.name))
    });
    rows.iter().map(line).chain(notes).collect()
}

fn row(view: &NodeView) -> [String; HEADINGS.len()] {
    let state = match view.condition {
        Condition::Starting => "starting",
        Condition::Running => "running",
        Condition::Killed => "killed",
        Condition::Stopped => "stopped",
    };
    let mut cells: [String; HEADINGS.len()] = std::array::from_fn(|_| String::new());
    cells[0].clone_from(&view.name);
    cells[1] = state.to_owned();
    if let Some(status) = &view.status {
        fill(&mut cells, status);
    }
    cells
}

fn fill(cells: &mut [String; HEADINGS.len()], status: &StatusLine) {
    cells[2] = format!("{}.{}", status.slot, status.interval);
    cells[3] = block(status.head_slot, &status.head_root);
    cells[4] = block(status.justified_slot, &status.justified_root);
    cells[5] = block(status.finalized_slot, &status.finalized_root);
    cells[6] = status.peers.to_string();
    cells[7] = match (status.pending_blocks, status.pending_votes) {
        (0, 0) => status.blocks_imported.to_string(),
        (blocks, votes) => format!("{} ({blocks} and {votes} votes wait)", status.blocks_imported),
    };
    cells[8] = status.drops.to_string();
    cells[9] = format!("{}/{}", status.tick_lateness_ms.last, status.tick_lateness_ms.max);
    cells[10] = status.lanes.iter().map(lane).collect::<Vec<_>>().join(" ");
}

fn block(slot: Slot, root: &Root) -> String {
    format!("{slot} {}", hex::encode(&root.as_bytes()[..4]))
}

fn lane(lane: &LaneLine) -> String {
    format!("{} {}({})", lane.name, lane.depth, lane.high_water)
}
