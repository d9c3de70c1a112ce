//! The table of executors, actors and lanes.

use actor_system::inspect::{ActorView, Doing, ExecutorView, InHand, LaneView};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use crate::model::{Key, Look, Model};
use crate::rates::{ActorId, Flow};
use crate::rows::{Item, Row, rows};
use crate::text::{clean, count, left, many, rate, right, span};
use crate::view::put;
use crate::view::theme::{Role, Theme};

/// The widths of the columns, without the spaces between them.
#[derive(Clone, Copy)]
struct Columns {
    name: usize,
    now: usize,
    bar: usize,
}

const WAITING: usize = 9;
const RATE: usize = 5;
const RESTARTS: usize = 3;

impl Columns {
    /// The first two columns share the room left by the numbers.
    fn of(width: u16) -> Self {
        let width = usize::from(width);
        let bar = if width >= 110 { 16 } else { 8 };
        let numbers = bar + WAITING + 3 * RATE + RESTARTS + 7;
        let rest = width.saturating_sub(numbers);
        let name = (rest * 11 / 20).max(8);
        Self { name, now: rest.saturating_sub(name), bar }
    }
}

/// One line of the table.
struct Cells {
    name: String,
    now: (String, Role),
    /// Waiting messages, the high water mark, and the capacity.
    bar: Option<(u64, u64, usize)>,
    waiting: String,
    flow: [String; 3],
    is_losing: bool,
    restarts: String,
}

pub(super) fn draw(model: &mut Model, theme: &Theme, area: Rect, buffer: &mut Buffer) {
    let columns = Columns::of(area.width);
    put(buffer, area, 0, &titles(columns), theme, Role::Title);
    let height = usize::from(area.height.saturating_sub(1));
    model.screen.page = height;
    model.screen.first = first(model, height);
    let Some(look) = &model.look else { return };
    let rows = rows(model);
    let shown = rows.iter().skip(model.screen.first).take(height);
    for (line, row) in (1..area.height).zip(shown) {
        let is_selected = model.screen.selected.as_ref() == Some(&row.key);
        let area = Rect { y: area.y + line, height: 1, ..area };
        write(&cells(row, look, theme, columns), columns, theme, area, buffer);
        if is_selected {
            buffer.set_style(area, theme.style(Role::Selected));
        }
    }
}

/// Returns the first row: the selected one is on the screen, and no room is left unused.
fn first(model: &Model, height: usize) -> usize {
    let rows = rows(model);
    let first = model.screen.first.min(rows.len().saturating_sub(height));
    let selected = model.screen.selected.as_ref();
    let selected = selected.and_then(|key| rows.iter().position(|row| row.key == *key));
    match selected {
        Some(selected) if selected < first => selected,
        Some(selected) if selected >= first + height => selected + 1 - height,
        _ => first,
    }
}

fn titles(columns: Columns) -> String {
    let queue = columns.bar + 1 + WAITING;
    format!(
        "{} {} {} {} {} {} {}",
        left("NAME", columns.name),
        left("NOW", columns.now),
        left("QUEUE", queue),
        right("IN", RATE),
        right("OUT", RATE),
        right("LOST", RATE),
        right("+n", RESTARTS),
    )
}

fn cells(row: &Row<'_>, look: &Look, theme: &Theme, columns: Columns) -> Cells {
    let indent = "  ".repeat(row.depth);
    let sign = match row.is_open {
        Some(true) => theme.signs.open,
        Some(false) => theme.signs.closed,
        None => "  ",
    };
    let name = left(&format!("{indent}{sign}{}", clean(&row.name)), columns.name);
    match &row.item {
        Item::Executor(executor, actors) => Cells { name, ..of_executor(executor, actors, look) },
        Item::Elsewhere(actors) => {
            Cells { name, now: (many(*actors, "actor"), Role::Quiet), ..Cells::empty() }
        }
        Item::Actor(actor) => {
            let flow = flow_of(&row.key, look);
            Cells { name, ..of_actor(actor, flow) }
        }
        Item::Lane(lane) => Cells { name, ..of_lane(lane, flow_of(&row.key, look)) },
    }
}

impl Cells {
    fn empty() -> Self {
        Self {
            name: String::new(),
            now: (String::new(), Role::Plain),
            bar: None,
            waiting: String::new(),
            flow: Default::default(),
            is_losing: false,
            restarts: String::new(),
        }
    }
}

fn flow_of(key: &Key, look: &Look) -> Option<Flow> {
    match key {
        Key::Executor(..) => None,
        Key::Actor(actor) => look.rates.of_actor(*actor),
        Key::Lane(actor, lane) => look.rates.of_lane(*actor, *lane),
    }
}

fn of_executor(executor: &ExecutorView, actors: &[ActorId], look: &Look) -> Cells {
    let now = match executor.not_turned_for {
        _ if !executor.is_alive => ("ended".to_owned(), Role::Alarm),
        Some(time) => (format!("no turn for {}", span(time)), Role::Alarm),
        None => (many(executor.actors, "actor"), Role::Quiet),
    };
    let turns = look.rates.turns_of(actors.iter().copied());
    Cells { now, waiting: format!("{} t/s", rate(turns)), ..Cells::empty() }
}

fn of_actor(actor: &ActorView, flow: Option<Flow>) -> Cells {
    // The fullest lane stands for all: it is the first to lose messages.
    let fullest = actor.lanes.iter().max_by(|one, other| fill(one).total_cmp(&fill(other)));
    let restarts =
        if actor.restarts == 0 { String::new() } else { format!("+{}", count(actor.restarts)) };
    let lane = fullest.map(|lane| of_lane(lane, flow)).unwrap_or_else(Cells::empty);
    Cells { now: now(&actor.doing), restarts, ..lane }
}

#[expect(clippy::cast_precision_loss, reason = "a part of a bar")]
fn fill(lane: &LaneView) -> f64 {
    lane.depth as f64 / lane.capacity.max(1) as f64
}

fn of_lane(lane: &LaneView, flow: Option<Flow>) -> Cells {
    let lost = lane.lost();
    let now = if lost == 0 {
        (format!("most {}", count(lane.high_water)), Role::Quiet)
    } else {
        (format!("most {}, lost {}", count(lane.high_water), count(lost)), Role::Waiting)
    };
    let per_second = |value: fn(&Flow) -> f64| rate(flow.as_ref().map(value));
    let capacity = u64::try_from(lane.capacity).unwrap_or(u64::MAX);
    Cells {
        now,
        bar: Some((lane.depth, lane.high_water, lane.capacity)),
        waiting: format!("{}/{}", count(lane.depth), count(capacity)),
        flow: [
            per_second(|flow| flow.accepted),
            per_second(|flow| flow.handled),
            per_second(Flow::all_lost),
        ],
        is_losing: flow.is_some_and(|flow| flow.all_lost() > 0.0),
        ..Cells::empty()
    }
}

/// Returns the work of an actor, in few words.
fn now(doing: &Doing) -> (String, Role) {
    let of = |message: &InHand, at_least: std::time::Duration| {
        let kind = message.kind.as_deref().unwrap_or(&message.lane);
        let time = if at_least.is_zero() { String::new() } else { format!(" {}", span(at_least)) };
        format!("{}{time}", clean(kind))
    };
    match doing {
        Doing::Idle => ("idle".to_owned(), Role::Quiet),
        Doing::Ready => ("ready".to_owned(), Role::Waiting),
        Doing::Turning => ("turn".to_owned(), Role::Busy),
        Doing::Handling { message, at_least } => (of(message, *at_least), Role::Busy),
        Doing::Awaiting { message, at_least } => {
            (format!("awaits {}", of(message, *at_least)), Role::Waiting)
        }
        Doing::Starting => ("starting".to_owned(), Role::Waiting),
        Doing::Resting => ("resting".to_owned(), Role::Waiting),
        Doing::Stopping => ("stopping".to_owned(), Role::Waiting),
        // A state unknown to this version.
        other => (clean(&other.to_string()), Role::Plain),
    }
}

fn write(cells: &Cells, columns: Columns, theme: &Theme, area: Rect, buffer: &mut Buffer) {
    let mut x = area.x;
    let mut cell = |text: &str, width: usize, role: Role| {
        let (width, room) = (width, usize::from(area.right().saturating_sub(x)));
        buffer.set_stringn(x, area.y, text, width.min(room), theme.style(role));
        x = x.saturating_add(u16::try_from(width + 1).unwrap_or(u16::MAX)).min(area.right());
    };
    cell(&cells.name, columns.name, Role::Plain);
    cell(&left(&cells.now.0, columns.now), columns.now, cells.now.1);
    let bar = cells.bar.map(|bar| bar_of(bar, columns.bar, theme)).unwrap_or_default();
    cell(&bar, columns.bar, Role::Bar);
    cell(&left(&cells.waiting, WAITING), WAITING, Role::Plain);
    let lost = if cells.is_losing { Role::Alarm } else { Role::Plain };
    for (text, role) in cells.flow.iter().zip([Role::Plain, Role::Plain, lost]) {
        cell(&right(text, RATE), RATE, role);
    }
    cell(&right(&cells.restarts, RESTARTS), RESTARTS, Role::Waiting);
}

/// Returns a bar: the waiting messages, then up to the high water mark, then the rest. One message
/// has one place at least.
fn bar_of((waiting, most, capacity): (u64, u64, usize), width: usize, theme: &Theme) -> String {
    let places = |n: u64| {
        let capacity = u128::try_from(capacity.max(1)).unwrap_or(u128::MAX);
        let width = u128::try_from(width).unwrap_or(0);
        let places = (u128::from(n) * width).div_ceil(capacity).min(width);
        usize::try_from(places).unwrap_or(0)
    };
    let full = places(waiting);
    let high = places(most.max(waiting)) - full;
    let rest = width - full - high;
    let signs = theme.signs;
    signs.full.repeat(full) + &signs.high.repeat(high) + &signs.empty.repeat(rest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bar_shows_the_waiting_messages_and_the_most_that_waited() {
        let theme = Theme::new(false, true);
        let bar = |bar| bar_of(bar, 8, &theme);
        assert_eq!(bar((0, 0, 1024)), "........");
        assert_eq!(bar((1, 1, 1024)), "#.......");
        assert_eq!(bar((512, 768, 1024)), "####::..");
        assert_eq!(bar((1024, 1024, 1024)), "########");
        assert_eq!(bar((5000, 0, 1024)), "########", "a figure may be larger for a moment");
        assert_eq!(bar((u64::MAX, 1, 0)), "########");
    }
}
