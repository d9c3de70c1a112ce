//! Where the devnet's table is shown: redrawn in place on a terminal, else written once a slot.

use std::io::{self, IsTerminal as _, Write as _};

use consensus::Slot;
use devnet::{Devnet, NodeView, table};

/// Begins a terminal's control sequence (ECMA-48).
const ESC: char = '\x1b';

/// Shows the table.
#[derive(Debug)]
pub(super) struct Screen {
    is_terminal: bool,
    /// How many lines stand on the terminal that the next table replaces.
    drawn: usize,
    /// The newest slot that was shown.
    shown: Option<Slot>,
}

impl Screen {
    pub(super) fn new() -> Self {
        Self { is_terminal: io::stdout().is_terminal(), drawn: 0, shown: None }
    }

    /// Shows how the nodes are, if there is something new for this kind of screen.
    pub(super) fn show(&mut self, devnet: &Devnet) -> io::Result<()> {
        let mut out = io::stdout().lock();
        if self.is_terminal {
            let text = table::render(devnet.views());
            // Up to where the last table began, and clear from there.
            if self.drawn > 0 {
                write!(out, "{ESC}[{}A{ESC}[J", self.drawn)?;
            }
            self.drawn = text.lines().count();
            // A line that is too long is cut off and not wrapped, or the next table would begin too low.
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

/// Returns the newest slot that every node which reports at all has reached.
fn common_slot<'a>(views: impl Iterator<Item = &'a NodeView>) -> Option<Slot> {
    views.filter_map(|view| view.status.as_ref()).map(|status| status.slot).min()
}
