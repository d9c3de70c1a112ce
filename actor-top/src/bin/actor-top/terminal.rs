//! The real terminal: raw mode and the other screen, restored however the program ends.
//!
//! `ratatui` restores it in a panic's hook. A signal sets a flag, and the loop reads it before
//! each wait for a key, so a request to end is an orderly end.
//!
//! A terminal that has gone needs no orderly end: SIGHUP ends the program. Where SIGHUP is ignored,
//! the loop looks for the hang-up itself, because `crossterm` reads the end of its input forever.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use ratatui::DefaultTerminal;
use ratatui::crossterm::event;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use signal_hook::consts::{SIGINT, SIGQUIT, SIGTERM};

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
    for signal in [SIGTERM, SIGINT, SIGQUIT] {
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
        if has_hung_up(TICK)? {
            return Ok(());
        }
        // All waiting keys belong to one frame.
        while event::poll(Duration::ZERO)? {
            is_changed |= match event::read()? {
                event::Event::Key(key) => update(model, Event::Key(key)),
                event::Event::Resize(..) => true,
                _ => false,
            };
        }
        while let Some(event) = feed.next() {
            is_changed |= update(model, event);
        }
    }
    Ok(())
}

/// Waits for a key. Returns whether the terminal has gone.
fn has_hung_up(most: Duration) -> io::Result<bool> {
    let input = io::stdin();
    let mut waits = [PollFd::new(&input, PollFlags::IN)];
    let most = Timespec { tv_sec: 0, tv_nsec: most.subsec_nanos().into() };
    match poll(&mut waits, Some(&most)) {
        Ok(_) => Ok(waits[0].revents().intersects(PollFlags::HUP | PollFlags::ERR)),
        Err(rustix::io::Errno::INTR) => Ok(false),
        Err(error) => Err(error.into()),
    }
}
