//! The lines at the top, and the last line.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use crate::model::{Link, Look, Model};
use crate::rates::Flow;
use crate::rows::actors;
use crate::text::{clean, count, many, rate, span};
use crate::view::put;
use crate::view::theme::{Role, Theme};

/// Draws the name and the state of the process, and its sums.
pub(super) fn draw(model: &Model, theme: &Theme, area: Rect, buffer: &mut Buffer) {
    let (first, role) = match (&model.link, &model.look) {
        (Link::Lost(why), _) => {
            (format!("{}: {}; it is tried again", clean(&model.target), clean(why)), Role::Alarm)
        }
        (Link::Connecting, _) => (format!("{}: connecting", clean(&model.target)), Role::Waiting),
        (Link::Live, Some(look)) => (state(model, look), Role::Title),
        (Link::Live, None) => (clean(&model.target), Role::Title),
    };
    put(buffer, area, 0, &first, theme, role);
    let sums = model.look.as_ref().map(sums).unwrap_or_default();
    put(buffer, area, 1, &sums, theme, Role::Plain);
}

fn state(model: &Model, look: &Look) -> String {
    let systems = &look.seen.inspections;
    let names: Vec<_> = systems.iter().map(|seen| clean(&seen.system)).collect();
    let up = systems.iter().map(|seen| seen.uptime).max().unwrap_or_default();
    let executors: usize = systems.iter().map(|seen| seen.executors.len()).sum();
    let mut text = format!(
        "{}  pid {}  up {}  {} on {}  by {}",
        names.join(", "),
        look.seen.process,
        span(up),
        many(actors(look).count(), "actor"),
        many(executors, "executor"),
        model.screen.sort.name(),
    );
    let marks = [
        (systems.iter().any(|seen| seen.is_stopping), "  STOPPING"),
        (model.screen.is_paused, "  PAUSED"),
        (!model.screen.filter.is_empty(), "  FILTERED"),
    ];
    marks.iter().filter(|(is_set, _)| *is_set).for_each(|(_, mark)| text.push_str(mark));
    text
}

fn sums(look: &Look) -> String {
    let all = look.rates.of_all();
    let of = |value: fn(&Flow) -> f64| rate(all.as_ref().map(value));
    let waiting: u64 = actors(look).map(|(_, actor)| actor.waiting()).sum();
    let restarts: u64 = actors(look).map(|(_, actor)| actor.restarts).sum();
    let started: u64 = look.seen.inspections.iter().map(|seen| seen.started).sum();
    format!(
        "in {}/s  handled {}/s  lost {}/s  waiting {}  restarts {}  started {}",
        of(|flow| flow.accepted),
        of(|flow| flow.handled),
        of(Flow::all_lost),
        count(waiting),
        count(restarts),
        count(started),
    )
}

/// Draws the last line: the keys, or the filter being typed.
pub(super) fn draw_keys(model: &Model, theme: &Theme, area: Rect, buffer: &mut Buffer) {
    let screen = &model.screen;
    if screen.is_typing {
        let text = format!("filter: {}_   Enter keeps it, Esc clears it", clean(&screen.filter));
        put(buffer, area, 0, &text, theme, Role::Selected);
        return;
    }
    let filter = if screen.filter.is_empty() {
        String::new()
    } else {
        format!("   filter: {}", clean(&screen.filter))
    };
    let text =
        format!("q quit  ? help  j/k move  Enter open  e lanes  s sort  / filter  p pause{filter}");
    put(buffer, area, 0, &text, theme, Role::Quiet);
}
