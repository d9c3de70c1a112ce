//! The lines below: finality over time, losses and attacks, bans, and the disk.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use crate::model::Model;
use crate::text::{clean, count, left};
use crate::view::{Role, Theme, put, title};
use lean_node::events::{LossGroup, SlotRecord};

pub(super) fn draw(model: &Model, theme: &Theme, area: Rect, buffer: &mut Buffer) {
    title(buffer, area, "FINALITY, DROPS AND ATTACKS", theme);
    let mut lines = vec![finality(model, theme, usize::from(area.width))];
    // Before the drops, because their number grows with an attack.
    lines.extend(disk(model));
    lines.extend(model.latest.losses.groups.iter().map(group));
    for (at, (text, role)) in (1..area.height).zip(&lines) {
        let text = left(text, usize::from(area.width));
        put(buffer, area, at, &[(&text, *role)], theme);
    }
}

/// Returns the distance of finality from the clock in the last slots, the newest at the right.
fn finality(model: &Model, theme: &Theme, width: usize) -> (String, Role) {
    let slots = &model.latest.history.slots;
    let behind = |slot: &SlotRecord| slot.slot.saturating_sub(slot.finalized);
    let Some(last) = slots.last() else {
        return ("finality: no whole slot yet".to_owned(), Role::Quiet);
    };
    let text = format!("finality {} slots behind: ", count(behind(last)));
    let room = width.saturating_sub(text.len());
    let shown = &slots[slots.len().saturating_sub(room)..];
    let heights = theme.heights();
    // Eight slots without a new finalized block are a warning of the node.
    let most = shown.iter().map(behind).max().unwrap_or(0).max(8);
    let curve = shown.iter().map(|slot| {
        let steps = (heights.len() - 1) as u128;
        let step = u128::from(behind(slot)) * steps / u128::from(most);
        heights[usize::try_from(step).unwrap_or(0)]
    });
    (text.clone() + &curve.collect::<String>(), Role::Plain)
}

fn group(group: &LossGroup) -> (String, Role) {
    let mut reasons: Vec<_> = group.reasons.iter().collect();
    reasons.sort_by_key(|loss| std::cmp::Reverse(loss.count));
    let reasons: Vec<_> = reasons
        .iter()
        .map(|loss| format!("{} {}", in_words(&loss.reason), count(loss.count)))
        .collect();
    let list = if reasons.is_empty() { String::new() } else { format!(": {}", reasons.join(", ")) };
    let role = if group.total == 0 { Role::Quiet } else { Role::Plain };
    (format!("{} {}{list}", clean(&group.name), count(group.total)), role)
}

/// Returns a reason in small letters: `BadRequest` and `BAD_REQUEST` are `bad request`.
fn in_words(reason: &str) -> String {
    let mut words = String::new();
    let mut was_small = false;
    for letter in clean(reason).replace('_', " ").chars() {
        if was_small && letter.is_uppercase() {
            words.push(' ');
        }
        was_small = letter.is_lowercase();
        words.extend(letter.to_lowercase());
    }
    words
}

fn disk(model: &Model) -> Option<(String, Role)> {
    let figures = &model.latest.disk.as_ref()?.figures;
    let text = figures.iter().map(|figure| {
        format!("{} {} {}", clean(&figure.name), count(figure.value), clean(&figure.unit))
    });
    Some((format!("disk: {}", text.collect::<Vec<_>>().join(", ")), Role::Plain))
}
