//! The nodes of a network in one line, with the one on the screen in brackets.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use unicode_width::UnicodeWidthStr as _;

use crate::model::Model;
use crate::text::clean;
use crate::view::{Role, Theme, put};

const TITLE: &str = "FINALIZED";

/// The sign of nodes without room, before and after the others.
const MORE: &str = " ..";

pub(super) fn draw(model: &Model, theme: &Theme, area: Rect, buffer: &mut Buffer) {
    let items = model.nodes.iter().enumerate().map(|(at, node)| {
        let (begin, end) = if at == model.chosen { ("[", "]") } else { (" ", " ") };
        let role = match () {
            () if !node.is_well => Role::Alarm,
            () if at == model.chosen => Role::Title,
            () => Role::Plain,
        };
        (format!("{begin}{} {}{end}", clean(&node.name), clean(&node.state)), role)
    });
    let items: Vec<_> = items.collect();
    let widths: Vec<_> = items.iter().map(|(text, _)| text.width()).collect();
    let room = usize::from(area.width).saturating_sub(TITLE.len() + 1);
    let (first, after) = shown(&widths, model.chosen, room);
    let mut parts = vec![(TITLE, Role::Quiet), (if first > 0 { MORE } else { " " }, Role::Quiet)];
    parts.extend(items[first..after].iter().map(|(text, role)| (text.as_str(), *role)));
    if after < items.len() {
        parts.push((MORE, Role::Quiet));
    }
    put(buffer, area, 0, &parts, theme);
}

/// Returns the first item with room, and the one after the last: the chosen one is among them.
fn shown(widths: &[usize], chosen: usize, room: usize) -> (usize, usize) {
    if widths.iter().sum::<usize>() <= room {
        return (0, widths.len());
    }
    let room = room.saturating_sub(2 * MORE.len());
    let chosen = chosen.min(widths.len() - 1);
    let (mut first, mut used) = (chosen, widths[chosen]);
    while first > 0 && used + widths[first - 1] <= room {
        first -= 1;
        used += widths[first];
    }
    let mut after = chosen + 1;
    while after < widths.len() && used + widths[after] <= room {
        used += widths[after];
        after += 1;
    }
    (first, after)
}

#[cfg(test)]
mod tests {
    use super::shown;

    #[test]
    fn the_chosen_node_always_has_a_place_and_others_as_far_as_there_is_room() {
        assert_eq!(shown(&[10; 4], 3, 40), (0, 4));
        assert_eq!(shown(&[10; 9], 0, 46), (0, 4));
        assert_eq!(shown(&[10; 9], 5, 46), (2, 6));
        assert_eq!(shown(&[10; 9], 8, 46), (5, 9));
        assert_eq!(shown(&[10; 9], 4, 3), (4, 5));
        assert_eq!(shown(&[], 0, 0), (0, 0));
    }
}
