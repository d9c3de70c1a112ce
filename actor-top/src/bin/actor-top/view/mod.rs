//! The drawing: a model and an area become the cells of a buffer. Nothing here knows a terminal.
//!
//! `head` is the lines at the top, `table` the rows, `panel` the lines below them, `help` the box
//! of the keys, and `theme` the colours and signs.

mod head;
mod help;
mod panel;
mod table;
pub(crate) mod theme;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use crate::model::Model;
use crate::rows::rows;
use crate::text::left;
use crate::view::theme::{Role, Theme};

/// The lines outside of the table: two at the top, its titles, and the last one.
const FIXED: u16 = 4;

/// Returns the height with room for every row.
pub(crate) fn whole_height(model: &Model) -> u16 {
    let lines = rows(model).len() + panel::lines(model).len() + usize::from(FIXED);
    u16::try_from(lines).unwrap_or(u16::MAX)
}

/// Draws a frame. The model learns how many rows have had room, and keeps the selected row in view.
pub(crate) fn draw(model: &mut Model, theme: &Theme, area: Rect, buffer: &mut Buffer) {
    if area.width < 20 || area.height < 5 {
        put(buffer, area, 0, "too small", theme, Role::Plain);
        return;
    }
    let lines = panel::lines(model);
    // The table keeps half of the room.
    let free = area.height - FIXED;
    let panel_height = u16::try_from(lines.len()).unwrap_or(u16::MAX).min(free / 2);
    let table_height = free - panel_height;
    head::draw(model, theme, rect(area, 0, 2), buffer);
    table::draw(model, theme, rect(area, 2, 1 + table_height), buffer);
    panel::draw(&lines, theme, rect(area, 3 + table_height, panel_height), buffer);
    head::draw_keys(model, theme, rect(area, area.height - 1, 1), buffer);
    if model.screen.shows_help {
        help::draw(theme, area, buffer);
    }
}

/// Returns some lines of an area.
fn rect(area: Rect, top: u16, height: u16) -> Rect {
    Rect { x: area.x, y: area.y + top, width: area.width, height }
}

/// Writes one line of an area, and clears the rest of it.
fn put(buffer: &mut Buffer, area: Rect, line: u16, text: &str, theme: &Theme, role: Role) {
    if line < area.height {
        let text = left(text, usize::from(area.width));
        buffer.set_string(area.x, area.y + line, text, theme.style(role));
    }
}

/// Returns the lines of a buffer as text, without spaces at their ends.
pub(crate) fn plain(buffer: &Buffer) -> String {
    let area = buffer.area;
    let mut text = String::new();
    for y in area.top()..area.bottom() {
        let mut line = String::new();
        let mut hidden = 0;
        for x in area.left()..area.right() {
            let symbol = buffer[(x, y)].symbol();
            // A wide character covers the next cell.
            if hidden == 0 {
                line.push_str(symbol);
                hidden = unicode_width::UnicodeWidthStr::width(symbol).saturating_sub(1);
            } else {
                hidden -= 1;
            }
        }
        text.push_str(line.trim_end());
        text.push('\n');
    }
    text
}

#[cfg(test)]
mod tests;
