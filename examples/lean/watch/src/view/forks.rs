//! The tree of fork choice.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use unicode_width::UnicodeWidthStr as _;

use crate::model::Model;
use crate::text::{count, left};
use crate::tree::lines;
use crate::view::{Role, Theme, put, title};
use lean_node::events::Forks;

/// The most columns of branches.
const BRANCHES: usize = 6;

/// The width of a weight's bar.
const BAR: usize = 6;

pub(super) fn draw(model: &Model, theme: &Theme, area: Rect, buffer: &mut Buffer) {
    let forks = &model.latest.forks;
    title(buffer, area, "FORK CHOICE  Head Just. Final Safe", theme);
    let lines = lines(forks, BRANCHES, theme.tree());
    let height = usize::from(area.height.saturating_sub(1));
    let hidden = lines.len().saturating_sub(height) as u64 + forks.left_out;
    // The last line counts the blocks without a line of their own.
    let shown = if hidden > 0 { height.saturating_sub(1) } else { height };
    let slots = forks.blocks.iter().map(|block| block.slot).max().unwrap_or(0);
    let slot_width = slots.to_string().len();
    for (at, line) in (1..area.height).zip(lines.iter().take(shown)) {
        let Some(block) = forks.blocks.get(line.block) else { continue };
        let root = hex::encode(&block.root.as_bytes()[..4]);
        let tree = format!("{} ", line.columns);
        let name = format!("{:>slot_width$} {root} ", block.slot);
        let marks = format!("{} ", marks(forks, line.block));
        // Fork choice counts no votes for a finalized block: nothing can change it. The oldest
        // block is one as well, before it is on the disk.
        let (bar, weight) = if forks.finalized == Some(line.block) {
            (String::new(), "final".to_owned())
        } else if block.parent.is_none() && block.weight == 0 {
            (String::new(), String::new())
        } else {
            let weight = format!(" {}/{}", count(block.weight), count(forks.validators));
            // Branches may leave less room. The figures are never cut before the bar.
            let taken = [tree.as_str(), &name, &marks, &weight].map(|it| it.width());
            let room = usize::from(area.width).saturating_sub(taken.iter().sum::<usize>());
            (bar(theme, block.weight, forks.validators, room.min(BAR)), weight)
        };
        let role = if line.is_of_head { Role::Plain } else { Role::Quiet };
        let parts = [
            (tree.as_str(), Role::Bar),
            (name.as_str(), role),
            (marks.as_str(), Role::Good),
            (bar.as_str(), Role::Bar),
            (weight.as_str(), role),
        ];
        put(buffer, area, at, &parts, theme);
    }
    if hidden > 0 && height > 0 {
        let all = (lines.len() as u64).saturating_add(forks.left_out);
        let more = all - shown.min(lines.len()) as u64;
        let text = left(&format!("… {} more blocks", count(more)), usize::from(area.width));
        put(buffer, area, area.height - 1, &[(&text, Role::Quiet)], theme);
    }
}

/// Returns the marks of a block, each at its own place.
fn marks(forks: &Forks, place: usize) -> String {
    let marks = [
        (forks.head, 'H'),
        (forks.justified, 'J'),
        (forks.finalized, 'F'),
        (forks.safe_target, 'S'),
    ];
    marks.into_iter().map(|(at, mark)| if at == Some(place) { mark } else { ' ' }).collect()
}

fn bar(theme: &Theme, weight: u64, validators: u64, width: usize) -> String {
    let [full, _, empty] = theme.bar();
    let places = (u128::from(weight) * width as u128).div_ceil(u128::from(validators.max(1)));
    let places = usize::try_from(places).unwrap_or(width).min(width);
    std::iter::repeat_n(full, places).chain(std::iter::repeat_n(empty, width - places)).collect()
}
