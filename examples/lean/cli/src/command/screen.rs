//! The output of the devnet's table: redrawn in place on a terminal, otherwise written once per
//! slot.

use std::io::{self, IsTerminal as _, Write as _};

use consensus::Slot;
use devnet::{Devnet, NodeView, table};

/// The first character of a terminal's control sequence (ECMA-48).
const ESC: char = '\x1b';

/// Writes the table to standard output.
#[derive(Debug)]
pub(super) struct Screen {
    is_terminal: bool,
    /// The number of terminal lines occupied by the last table.
    drawn: usize,
    /// The newest slot written so far.
    shown: Option<Slot>,
}

impl Screen {
    pub(super) fn new() -> Self {
        Self { is_terminal: io::stdout().is_terminal(), drawn: 0, shown: None }
    }

    /// Writes the table. Without a terminal, writes it only if all nodes have reached a new slot.
    pub(super) fn show(&mut self, devnet: &Devnet) -> io::Result<()> {
        let mut out = io::stdout().lock();
        if self.is_terminal {
            let text = table::render(devnet.views());
            // Move the cursor to the start of the last table, and clear the screen below it.
            if self.drawn > 0 {
                write!(out, "{ESC}[{}A{ESC}[J", self.drawn)?;
            }
            self.drawn = text.lines().count();
            // Line wrapping is off for the table. A wrapped line would shift the start of the next
            // table.
            write!(out, "{ESC}[?7l{text}{ESC}[?7h")?;
        } else if let Some(slot) = common_slot(devnet.views())
            && self.shown.is_none_or(|shown| shown < slot)
        {
            self.shown = Some(slot);
            writeln!(out, "{}", table::render(devnet.views()))?;
        }
        out.flush()
    }
}

/// Returns the newest slot reached by all nodes with a status.
fn common_slot<'a>(views: impl Iterator<Item = &'a NodeView>) -> Option<Slot> {
    views.filter_map(|view| view.status.as_ref()).map(|status| status.slot).min()
}
