//! The devnet as a text table for people.

use std::num::NonZeroUsize;

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

/// The columns left out of a narrow table, the first one first. The columns `node`, `state` and
/// `finalized` always stay.
const LEFT_OUT: [usize; 8] = [LANES, LATE, DROPS, JUSTIFIED, BLOCKS, PEERS, HEAD, SLOT];

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
type Row = [String; HEADINGS.len()];

/// The space and the means of a table.
///
/// The default is a table of any size without colours.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Layout {
    /// The number of characters in a line. Columns that do not fit are left out: lanes, late ms,
    /// drops, justified, blocks, peers, head and slot, in this order. No line is longer.
    pub width: Option<NonZeroUsize>,
    /// The number of lines. The last one counts the lines that do not fit.
    pub height: Option<NonZeroUsize>,
    /// Whether to colour the headings and the unusual states (ECMA-48).
    pub color: bool,
}

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
    render_in(Layout::default(), views)
}

/// Returns the table of [`render`], within the limits of a layout.
pub fn render_in<'a>(layout: Layout, views: impl IntoIterator<Item = &'a NodeView>) -> String {
    let views: Vec<_> = views.into_iter().collect();
    let width = layout.width.map_or(usize::MAX, NonZeroUsize::get);
    let rows: Vec<_> = std::iter::once(HEADINGS.map(str::to_owned))
        .chain(views.iter().map(|view| row(view)))
        .collect();
    let columns = columns(&rows, width);
    let styles = std::iter::once(Style::Heading).chain(views.iter().map(|view| style(view)));
    let mut lines: Vec<_> = rows
        .iter()
        .zip(styles)
        .map(|(row, style)| {
            line(row, &columns, width, if layout.color { style } else { Style::Plain })
        })
        .collect();
    lines.extend(views.iter().flat_map(|view| notes(view)).flat_map(|note| wrapped(&note, width)));
    if let Some(height) =
        layout.height.map(NonZeroUsize::get).filter(|height| lines.len() > *height)
    {
        let more = lines.len() - (height - 1);
        lines.truncate(height - 1);
        lines.push(cut(&format!("… {more} more lines"), width));
    }
    lines.iter().flat_map(|line| [line.as_str(), "\n"]).collect()
}

/// The colours of a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Style {
    Plain,
    Heading,
    /// A state that passes.
    Waiting,
    /// A state that does not pass by itself.
    Gone,
}

impl Style {
    /// Returns the parameters of the control sequence (SGR): bold, yellow or red.
    fn code(self) -> Option<&'static str> {
        match self {
            Self::Plain => None,
            Self::Heading => Some("1"),
            Self::Waiting => Some("33"),
            Self::Gone => Some("31"),
        }
    }

    fn paint(self, text: &str) -> String {
        match self.code() {
            Some(code) if !text.is_empty() => format!("\x1b[{code}m{text}\x1b[0m"),
            Some(_) | None => text.to_owned(),
        }
    }
}

fn style(view: &NodeView) -> Style {
    match view.condition {
        Condition::Starting => Style::Waiting,
        Condition::Running => Style::Plain,
        Condition::Killed | Condition::Stopped | Condition::Ended(_) => Style::Gone,
    }
}

/// Returns the columns that fit into a line, each with its width.
fn columns(rows: &[Row], width: usize) -> Vec<(usize, usize)> {
    let widest = |column: usize| rows.iter().map(|row| length(&row[column])).max().unwrap_or(0);
    let mut columns: Vec<_> = (0..HEADINGS.len()).map(|column| (column, widest(column))).collect();
    for left_out in LEFT_OUT {
        let cells: usize = columns.iter().map(|(_, width)| width).sum();
        if cells + GAP.len() * (columns.len() - 1) <= width {
            break;
        }
        columns.retain(|(column, _)| *column != left_out);
    }
    columns
}

/// Returns one line of the table, without spaces at its end.
fn line(row: &Row, columns: &[(usize, usize)], width: usize, style: Style) -> String {
    let pad = |(column, width): &(usize, usize)| format!("{:width$}", row[*column]);
    let plain = columns.iter().map(pad).collect::<Vec<_>>().join(GAP);
    let plain = plain.trim_end();
    if length(plain) > width {
        return cut(plain, width);
    }
    match style {
        Style::Plain => plain.to_owned(),
        Style::Heading => style.paint(plain),
        Style::Waiting | Style::Gone => {
            // The state follows the name, which is the first column.
            let start = plain.len().min(columns[0].1.max(row[0].len()) + GAP.len());
            let (name, rest) = plain.split_at(start);
            let (state, rest) = rest.split_at(rest.len().min(row[STATE].len()));
            format!("{name}{}{rest}", style.paint(state))
        }
    }
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

/// Breaks a text between words into lines that fit. A longer word is cut.
fn wrapped(text: &str, width: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in text.split(' ') {
        match lines.last_mut() {
            Some(line) if length(line) + 1 + length(word) <= width => {
                line.push(' ');
                line.push_str(word);
            }
            Some(_) | None => lines.push(cut(word, width)),
        }
    }
    lines
}

fn length(text: &str) -> usize {
    text.chars().count()
}

fn cut(text: &str, width: usize) -> String {
    text.chars().take(width).collect()
}

fn row(view: &NodeView) -> Row {
    let state = match view.condition {
        Condition::Starting => "starting",
        Condition::Running => "running",
        Condition::Killed => "killed",
        Condition::Stopped => "stopped",
        Condition::Ended(_) => "ended",
    };
    let mut cells: Row = std::array::from_fn(|_| String::new());
    cells[0].clone_from(&view.name);
    cells[STATE] = state.to_owned();
    if let Some(status) = &view.status {
        fill(&mut cells, status);
    }
    cells
}

fn fill(cells: &mut Row, status: &StatusLine) {
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
