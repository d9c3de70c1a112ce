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
use std::time::{Duration, Instant};

use ratatui::DefaultTerminal;
use ratatui::crossterm::event;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use signal_hook::consts::{SIGINT, SIGQUIT, SIGTERM};

use crate::model::Model;
use crate::source::Source;
use crate::view::{self, Theme};

/// The longest wait for a key: events and signals are noticed after it.
const TICK: Duration = Duration::from_millis(50);

/// The time between two frames without an event, for the time since the last one.
const REDRAW: Duration = Duration::from_secs(1);

/// Returns a flag that requests to end set.
pub(crate) fn ended_by_signal() -> io::Result<Arc<AtomicBool>> {
    let is_ended = Arc::new(AtomicBool::new(false));
    for signal in [SIGTERM, SIGINT, SIGQUIT] {
        signal_hook::flag::register(signal, Arc::clone(&is_ended))?;
    }
    Ok(is_ended)
}

/// Shows the source until the user quits, or until the source is over.
pub(crate) fn show(
    mut model: Model,
    theme: Theme,
    mut source: Source,
    is_ended: &AtomicBool,
) -> io::Result<()> {
    let mut terminal = ratatui::try_init()?;
    let shown = run(&mut terminal, &mut model, &theme, &mut source, is_ended);
    let restored = ratatui::try_restore();
    shown.and(restored)
}

fn run(
    terminal: &mut DefaultTerminal,
    model: &mut Model,
    theme: &Theme,
    source: &mut Source,
    is_ended: &AtomicBool,
) -> io::Result<()> {
    let mut drawn = None;
    while !model.has_ended && !source.is_over() && !is_ended.load(Ordering::Relaxed) {
        #[expect(clippy::disallowed_methods, reason = "the program has no executor to ask")]
        let now = Instant::now();
        if source.bring(model, now)? {
            drawn = None;
        }
        if drawn.is_none_or(|drawn| now.saturating_duration_since(drawn) >= REDRAW) {
            terminal.draw(|frame| {
                view::draw(model, theme, now, frame.area(), frame.buffer_mut());
            })?;
            drawn = Some(now);
        }
        if has_hung_up(TICK)? {
            return Ok(());
        }
        // All waiting keys belong to one frame.
        while event::poll(Duration::ZERO)? {
            let is_changed = match event::read()? {
                event::Event::Key(key) => model.press(key),
                event::Event::Resize(..) => true,
                _ => false,
            };
            drawn = drawn.filter(|_| !is_changed);
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
