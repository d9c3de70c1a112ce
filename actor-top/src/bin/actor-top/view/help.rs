//! The box of the keys.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use crate::text::left;
use crate::view::theme::{Role, Theme};

const LINES: [&str; 18] = [
    "up down j k      select a row",
    "PgUp PgDn g G    a page; the first, the last row",
    "Enter Space      open or close the row",
    "right left       open, close",
    "e                the lanes of all actors",
    "s S              next, previous order: tree, time, queue,",
    "                 rate, lost, name",
    "/                filter by actor, executor or lane",
    "p                pause: keep this look",
    "q Ctrl-C         quit",
    "",
    "QUEUE            waiting messages of the capacity, and the",
    "                 most that have waited; of the fullest lane",
    "IN OUT LOST      messages for each second",
    "NOW              what the actor does, for at least how long",
    "t/s              turns of an executor's actors, by second",
    "+n               restarts",
    "any key          close this box",
];

pub(super) fn draw(theme: &Theme, area: Rect, buffer: &mut Buffer) {
    let width = area.width.min(62);
    let height = area.height.min(20);
    let x = area.x + (area.width - width) / 2;
    let y = area.y + (area.height - height) / 2;
    let style = theme.style(Role::Selected);
    for line in 0..height {
        let index = usize::from(line).checked_sub(1);
        let text = index.and_then(|index| LINES.get(index)).copied().unwrap_or_default();
        let text = left(&format!("  {text}"), usize::from(width));
        buffer.set_string(x, y + line, text, style);
    }
}
