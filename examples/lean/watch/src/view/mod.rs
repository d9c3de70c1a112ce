//! The drawing: a model and an area become the cells of a buffer. Nothing here knows a terminal.
//!
//! `strip` is the nodes of a network, `head` the lines of the node, `forks` the tree, `actors` the
//! lanes, `panel` the lines below them, and `theme` the colours and signs.

mod actors;
mod forks;
mod head;
mod panel;
mod strip;
#[cfg(test)]
mod tests;
mod theme;

use std::time::Instant;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use unicode_width::UnicodeWidthStr as _;

use crate::model::Model;
use crate::text::{clean, left};
pub(crate) use theme::Role;
pub use theme::Theme;

/// The lines of the head.
const HEAD: u16 = 4;

/// The smallest area with a whole frame.
const SMALLEST: (u16, u16) = (40, 12);

/// Draws a frame of this moment.
pub(crate) fn draw(model: &Model, theme: &Theme, now: Instant, area: Rect, buffer: &mut Buffer) {
    if area.width < SMALLEST.0 || area.height < SMALLEST.1 {
        put(buffer, area, 0, &[("too small", Role::Plain)], theme);
        return;
    }
    put_keys(model, theme, rect(area, area.height - 1, 1), buffer);
    let area = Rect { height: area.height - 1, ..area };
    let area = if model.nodes.is_empty() {
        area
    } else {
        strip::draw(model, theme, rect(area, 0, 1), buffer);
        rect(area, 1, area.height - 1)
    };
    let free = area.height - HEAD;
    let panel_height = (free / 3).clamp(2, 8);
    let middle = Rect { y: area.y + HEAD, height: free - panel_height, ..area };
    head::draw(model, theme, now, rect(area, 0, HEAD), buffer);
    if area.width >= 72 {
        let left = area.width * 9 / 20;
        forks::draw(model, theme, Rect { width: left - 1, ..middle }, buffer);
        let beside = Rect { x: area.x + left, width: area.width - left, ..middle };
        actors::draw(model, theme, beside, buffer);
    } else {
        let above = middle.height / 2;
        forks::draw(model, theme, rect(middle, 0, above), buffer);
        actors::draw(model, theme, rect(middle, above, middle.height - above), buffer);
    }
    panel::draw(model, theme, rect(area, HEAD + middle.height, panel_height), buffer);
}

/// Writes the keys, and the address of the page if there is room.
fn put_keys(model: &Model, theme: &Theme, area: Rect, buffer: &mut Buffer) {
    let next = if model.nodes.len() > 1 { "Tab next node  " } else { "" };
    let keys = format!("q quit  {next}e all lanes  j/k move actors  ");
    let room = usize::from(area.width);
    let page = clean(&model.target);
    let page = if keys.len() + page.width() <= room { page } else { String::new() };
    put(buffer, area, 0, &[(&keys, Role::Quiet), (&page, Role::Quiet)], theme);
}

/// Returns some lines of an area.
fn rect(area: Rect, top: u16, height: u16) -> Rect {
    Rect { x: area.x, y: area.y + top, width: area.width, height }
}

/// Writes one line of an area from parts, and clears the rest of it.
fn put(buffer: &mut Buffer, area: Rect, line: u16, parts: &[(&str, Role)], theme: &Theme) {
    if line >= area.height {
        return;
    }
    let blank = " ".repeat(usize::from(area.width));
    buffer.set_string(area.x, area.y + line, blank, theme.style(Role::Plain));
    let mut x = area.x;
    for (text, role) in parts {
        let room = usize::from(area.right().saturating_sub(x));
        (x, _) = buffer.set_stringn(x, area.y + line, text, room, theme.style(*role));
    }
}

/// Writes the title of a part.
fn title(buffer: &mut Buffer, area: Rect, text: &str, theme: &Theme) {
    let text = left(text, usize::from(area.width));
    put(buffer, area, 0, &[(&text, Role::Title)], theme);
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
