//! What each event changes.

use actor_top::Frame;
use ratatui::crossterm::event::{KeyCode, KeyEvent, KeyEventKind, KeyModifiers};

use crate::model::{Key, Link, Model, Sort};
use crate::rows::rows;

/// The most characters of a filter.
const LONGEST_FILTER: usize = 64;

/// Something that happened.
#[derive(Debug)]
pub(crate) enum Event {
    Key(KeyEvent),
    /// The process answered.
    Seen(Box<Frame>),
    /// The process does not answer, and the reason.
    Lost(String),
}

/// Takes an event. Returns whether the screen may have changed.
pub(crate) fn update(model: &mut Model, event: Event) -> bool {
    match event {
        Event::Key(key) if key.kind == KeyEventKind::Release => return false,
        Event::Key(key) if is_interrupt(key) => model.has_ended = true,
        Event::Key(key) if model.screen.is_typing => type_filter(model, key.code),
        Event::Key(key) => press(model, key.code),
        Event::Seen(seen) => {
            model.link = Link::Live;
            if !model.screen.is_paused {
                model.see(*seen);
            }
        }
        Event::Lost(why) => model.link = Link::Lost(why),
    }
    true
}

/// In raw mode, Ctrl-C is a key.
fn is_interrupt(key: KeyEvent) -> bool {
    key.code == KeyCode::Char('c') && key.modifiers.contains(KeyModifiers::CONTROL)
}

fn type_filter(model: &mut Model, code: KeyCode) {
    let screen = &mut model.screen;
    match code {
        KeyCode::Enter => screen.is_typing = false,
        KeyCode::Esc => {
            screen.is_typing = false;
            screen.filter.clear();
        }
        KeyCode::Backspace => drop(screen.filter.pop()),
        KeyCode::Char(c) if screen.filter.chars().count() < LONGEST_FILTER => screen.filter.push(c),
        _ => {}
    }
}

fn press(model: &mut Model, code: KeyCode) {
    if model.screen.shows_help {
        model.screen.shows_help = false;
        model.has_ended = code == KeyCode::Char('q');
        return;
    }
    let page = isize::try_from(model.screen.page.max(2) - 1).unwrap_or(isize::MAX);
    match code {
        KeyCode::Char('q') => model.has_ended = true,
        KeyCode::Esc if model.screen.filter.is_empty() => model.has_ended = true,
        KeyCode::Esc => model.screen.filter.clear(),
        KeyCode::Char('?' | 'h') | KeyCode::F(1) => model.screen.shows_help = true,
        KeyCode::Char('p') => model.screen.is_paused = !model.screen.is_paused,
        KeyCode::Char('/') => model.screen.is_typing = true,
        KeyCode::Char('s') => set_sort(model, model.screen.sort.after(1)),
        KeyCode::Char('S') => set_sort(model, model.screen.sort.before()),
        KeyCode::Char('e') => {
            model.screen.shows_lanes = !model.screen.shows_lanes;
            model.screen.turned.retain(|key| matches!(key, Key::Executor(..)));
        }
        KeyCode::Up | KeyCode::Char('k') => step(model, -1),
        KeyCode::Down | KeyCode::Char('j') => step(model, 1),
        KeyCode::PageUp => step(model, -page),
        KeyCode::PageDown => step(model, page),
        KeyCode::Home | KeyCode::Char('g') => step(model, isize::MIN),
        KeyCode::End | KeyCode::Char('G') => step(model, isize::MAX),
        KeyCode::Enter | KeyCode::Char(' ') => turn(model, None),
        KeyCode::Right | KeyCode::Char('l') => turn(model, Some(true)),
        KeyCode::Left => turn(model, Some(false)),
        _ => {}
    }
}

fn set_sort(model: &mut Model, sort: Sort) {
    model.screen.sort = sort;
    model.screen.first = 0;
}

/// Moves the selection by some rows, up to the first or the last one.
fn step(model: &mut Model, by: isize) {
    let rows = rows(model);
    let Some(last) = rows.len().checked_sub(1) else { return };
    let now = selected(model, &rows);
    let next = match now {
        None => 0,
        Some(now) => now.saturating_add_signed(by).min(last),
    };
    model.screen.selected = Some(rows[next].key.clone());
}

fn selected(model: &Model, rows: &[crate::rows::Row<'_>]) -> Option<usize> {
    let key = model.screen.selected.as_ref()?;
    rows.iter().position(|row| row.key == *key)
}

/// Opens or closes the selected row. A lane's row closes its actor.
fn turn(model: &mut Model, is_open: Option<bool>) {
    let Some(mut key) = model.screen.selected.clone() else { return };
    if let Key::Lane(actor, _) = key {
        if is_open == Some(true) {
            return;
        }
        key = Key::Actor(actor);
        model.screen.selected = Some(key.clone());
    }
    let is_open = is_open.unwrap_or(!model.screen.is_open(&key));
    model.screen.set_open(&key, is_open);
}
