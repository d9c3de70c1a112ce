//! The actors, and their lanes as bars.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use crate::model::Model;
use crate::text::{clean, count, left, span};
use crate::view::{Role, Theme, put, title};
use lean_node::events::{ActorRecord, LaneRecord};

/// The width of a bar.
const BAR: usize = 6;

/// The width of the figures beside it.
const FIGURES: usize = 16;

/// The width of an actor's name.
const NAME: usize = 10;

/// The time of a message in hand above which it stands out, in milliseconds.
const LONG: u64 = 1000;

/// One line: its name, its work, and a lane.
struct Line<'a> {
    name: String,
    work: Option<(String, Role)>,
    lane: Option<&'a LaneRecord>,
}

pub(super) fn draw(model: &Model, theme: &Theme, area: Rect, buffer: &mut Buffer) {
    let what = if model.shows_lanes { "ACTORS AND LANES" } else { "ACTORS (fullest lane)" };
    title(buffer, area, what, theme);
    let actors = model.latest.actors.actors.iter();
    let lines: Vec<_> = actors.flat_map(|actor| lines(actor, model.shows_lanes)).collect();
    let height = usize::from(area.height.saturating_sub(1));
    let first = model.first.min(lines.len().saturating_sub(height));
    for (at, line) in (1..area.height).zip(lines.iter().skip(first)) {
        write(line, theme, area, at, buffer);
    }
}

fn lines<'a>(actor: &'a ActorRecord, shows_lanes: bool) -> Vec<Line<'a>> {
    let (doing, role) = if actor.busy_ms >= LONG {
        (format!("{} {}", clean(&actor.doing), span(actor.busy_ms)), Role::Alarm)
    } else {
        (clean(&actor.doing), Role::Quiet)
    };
    let name = clean(&actor.name);
    if !shows_lanes {
        // The fullest lane is the first one to lose messages.
        let fill = |lane: &LaneRecord| {
            u128::from(lane.depth) * 1_000_000 / u128::from(lane.capacity.max(1))
        };
        let lane = actor.lanes.iter().max_by_key(|lane| (fill(lane), lane.lost));
        return vec![Line { name, work: Some((doing, role)), lane }];
    }
    let own = Line { name, work: Some((doing, role)), lane: None };
    let lane = |lane: &'a LaneRecord| Line {
        name: format!("  {}", clean(&lane.name)),
        work: None,
        lane: Some(lane),
    };
    std::iter::once(own).chain(actor.lanes.iter().map(lane)).collect()
}

fn write(line: &Line<'_>, theme: &Theme, area: Rect, at: u16, buffer: &mut Buffer) {
    let width = usize::from(area.width);
    let figures = line.lane.map(|lane| format!(" {}/{}", count(lane.depth), count(lane.capacity)));
    let lost = line.lane.filter(|lane| lane.lost > 0);
    let lost = lost.map(|lane| format!(" -{}", count(lane.lost))).unwrap_or_default();
    let bar = line.lane.map(|lane| bar(theme, lane)).unwrap_or_default();
    let rest = width.saturating_sub(if line.lane.is_some() { BAR + FIGURES } else { 0 });
    let name_width = if line.work.is_some() { rest.min(NAME) } else { rest };
    let name = left(&line.name, name_width);
    let work_width = rest.saturating_sub(name_width);
    let (work, role) = match &line.work {
        Some((text, role)) => (left(&format!(" {text}"), work_width), *role),
        None => (String::new(), Role::Plain),
    };
    let parts = [
        (name.as_str(), Role::Plain),
        (work.as_str(), role),
        (" ", Role::Plain),
        (bar.as_str(), Role::Bar),
        (figures.as_deref().unwrap_or_default(), Role::Plain),
        (lost.as_str(), Role::Alarm),
    ];
    put(buffer, area, at, &parts, theme);
}

/// Returns a bar: the waiting messages, then up to the most so far, then the rest. One message has
/// one place at least.
fn bar(theme: &Theme, lane: &LaneRecord) -> String {
    let [full, high, empty] = theme.bar();
    let places = |n: u64| {
        let places = (u128::from(n) * BAR as u128).div_ceil(u128::from(lane.capacity.max(1)));
        usize::try_from(places).unwrap_or(BAR).min(BAR)
    };
    let waiting = places(lane.depth);
    let most = places(lane.high_water).max(waiting);
    let signs = [(full, waiting), (high, most - waiting), (empty, BAR - most)];
    signs.into_iter().flat_map(|(sign, count)| std::iter::repeat_n(sign, count)).collect()
}
