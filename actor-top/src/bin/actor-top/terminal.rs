//! The real terminal: raw mode and the other screen, restored however the program ends.
//!
//! `ratatui` restores it in a panic's hook. A signal sets a flag, and the loop reads it before
//! each wait for a key, so a request to end is an orderly end.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use ratatui::DefaultTerminal;
use ratatui::crossterm::event;
use signal_hook::consts::{SIGHUP, SIGINT, SIGQUIT, SIGTERM};

use crate::feed::Feed;
use crate::model::Model;
use crate::update::{Event, update};
use crate::view;
use crate::view::theme::Theme;

/// The longest wait for a key: looks and signals are noticed after it.
const TICK: Duration = Duration::from_millis(50);

/// Shows the process until the user quits.
pub(crate) fn show(mut model: Model, theme: Theme, feed: &Feed, panics: bool) -> io::Result<()> {
    let is_ended = Arc::new(AtomicBool::new(false));
    for signal in [SIGTERM, SIGINT, SIGHUP, SIGQUIT] {
        signal_hook::flag::register(signal, Arc::clone(&is_ended))?;
    }
    let mut terminal = ratatui::try_init()?;
    let shown = run(&mut terminal, &mut model, &theme, feed, &is_ended, panics);
    let restored = ratatui::try_restore();
    shown.and(restored)
}

fn run(
    terminal: &mut DefaultTerminal,
    model: &mut Model,
    theme: &Theme,
    feed: &Feed,
    is_ended: &AtomicBool,
    panics: bool,
) -> io::Result<()> {
    let mut is_changed = true;
    while !model.has_ended && !is_ended.load(Ordering::Relaxed) {
        if is_changed {
            terminal.draw(|frame| view::draw(model, theme, frame.area(), frame.buffer_mut()))?;
            assert!(!panics || model.look.is_none(), "asked for by --panic");
        }
        is_changed = false;
        // All waiting keys belong to one frame.
        let mut wait = TICK;
        while event::poll(wait)? {
            is_changed |= match event::read()? {
                event::Event::Key(key) => update(model, Event::Key(key)),
                event::Event::Resize(..) => true,
                _ => false,
            };
            wait = Duration::ZERO;
        }
        while let Some(event) = feed.next() {
            is_changed |= update(model, event);
        }
    }
    Ok(())
}
