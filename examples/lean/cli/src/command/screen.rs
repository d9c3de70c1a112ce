//! The output of the devnet's table: redrawn in place on a terminal, otherwise written once per
//! slot.

use std::io::{self, IsTerminal as _, Write as _};
use std::num::NonZeroUsize;

use rustix::termios::tcgetwinsize;

use crate::command::color;
use consensus::Slot;
use devnet::table::{self, Layout};
use devnet::{Devnet, NodeView};

/// The first character of a terminal's control sequence (ECMA-48).
const ESC: char = '\x1b';

/// Writes the table to standard output.
#[derive(Debug)]
pub(super) struct Screen {
    is_terminal: bool,
    /// The layout of the last table.
    layout: Option<Layout>,
    /// The number of terminal lines occupied by the last table.
    drawn: usize,
    /// The newest slot written so far.
    shown: Option<Slot>,
}

impl Screen {
    pub(super) fn new() -> Self {
        Self { is_terminal: io::stdout().is_terminal(), layout: None, drawn: 0, shown: None }
    }

    /// Returns whether the table is redrawn in place. Other output would damage it.
    pub(super) fn is_terminal(&self) -> bool {
        self.is_terminal
    }

    /// Writes the table. Without a terminal, writes it only if all nodes have reached a new slot.
    pub(super) fn show(&mut self, devnet: &Devnet) -> io::Result<()> {
        let layout = layout(self.is_terminal);
        let text = table::render_in(layout, devnet.views());
        let mut out = io::stdout().lock();
        if self.is_terminal {
            if self.layout.replace(layout).is_some_and(|last| last != layout) {
                // The terminal has another size, and may have wrapped or moved the last table. So
                // the whole screen is cleared.
                write!(out, "{ESC}[H{ESC}[2J")?;
            } else if self.drawn > 0 {
                // Move the cursor to the start of the last table, and clear the screen below it.
                write!(out, "{ESC}[{}A{ESC}[J", self.drawn)?;
            }
            self.drawn = text.lines().count();
            // Line wrapping is off for the table, in case the terminal shrinks meanwhile.
            write!(out, "{ESC}[?7l{text}{ESC}[?7h")?;
        } else if let Some(slot) = common_slot(devnet.views())
            && self.shown.is_none_or(|shown| shown < slot)
        {
            self.shown = Some(slot);
            writeln!(out, "{text}")?;
        }
        out.flush()
    }
}

/// Returns the layout for standard output as it is now.
fn layout(is_terminal: bool) -> Layout {
    let color = color::on_stdout();
    let Some(size) = is_terminal.then(|| tcgetwinsize(io::stdout()).ok()).flatten() else {
        return Layout { color, ..Layout::default() };
    };
    // The cursor stands in the line below the table. A size of 0 means an unknown one.
    let height = usize::from(size.ws_row).saturating_sub(1);
    Layout {
        width: NonZeroUsize::new(size.ws_col.into()),
        height: NonZeroUsize::new(height),
        color,
    }
}

/// Returns the newest slot reached by all nodes with a status.
fn common_slot<'a>(views: impl Iterator<Item = &'a NodeView>) -> Option<Slot> {
    views.filter_map(|view| view.status.as_ref()).map(|status| status.slot).min()
}
