//! Actors as an event source of [`calloop`], the loop of many Wayland programs.
//!
//! [`Actors`] holds a driver, a ping for its wake, and a timer for its next deadline. The loop
//! calls it like every other source. Each call is one turn of at most 1 ms, so that the loop's
//! other sources are not kept waiting.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use actor_lanes::Executor;
use actor_lanes::embed::{Driver, Embed};
use calloop::ping::{Ping, PingSource, make_ping};
use calloop::timer::{TimeoutAction, Timer};
use calloop::{EventSource, Poll, PostAction, Readiness, Token, TokenFactory};

/// The longest turn of the actors, before the loop looks after its other sources.
const TURN: Duration = Duration::from_millis(1);

/// A driver as an event source. Its only event is the end of its last actor, after a stop of the
/// executor. The source then removes itself.
///
/// Removing it earlier, or dropping the loop, abandons its actors.
#[derive(Debug)]
pub struct Actors {
    driver: Driver,
    again: Ping,
    woken: PingSource,
    due: Timer,
}

impl Actors {
    /// Creates the source, and the executor for its actors.
    ///
    /// # Errors
    ///
    /// Returns an error if the process has no descriptors left.
    pub fn new() -> io::Result<(Arc<dyn Executor>, Self)> {
        let (again, woken) = make_ping()?;
        let wake = again.clone();
        let (executor, driver) = Embed::new(move || wake.ping()).build()?;
        // The first turn announces the first sleep.
        again.ping();
        Ok((executor, Self { driver, again, woken, due: never() }))
    }

    /// Runs one turn, and sets the timer. Returns whether the actors have ended.
    fn turn(&mut self) -> bool {
        let turn = self.driver.turn(TURN);
        if turn.has_more {
            self.again.ping();
        }
        match turn.next_deadline {
            Some(deadline) => self.due.set_deadline(deadline),
            None => self.due.set_duration(Duration::MAX),
        }
        turn.has_ended
    }
}

/// A deadline beyond the clock's range is none.
fn never() -> Timer {
    Timer::from_duration(Duration::MAX)
}

impl EventSource for Actors {
    type Event = ();
    type Metadata = ();
    type Ret = ();
    type Error = io::Error;

    fn process_events<F: FnMut((), &mut ())>(
        &mut self,
        readiness: Readiness,
        token: Token,
        mut on_end: F,
    ) -> io::Result<PostAction> {
        // Each of the two ignores the other's token.
        self.woken.process_events(readiness, token, |(), ()| ()).map_err(io::Error::other)?;
        self.due.process_events(readiness, token, |_, ()| TimeoutAction::Drop)?;
        if self.turn() {
            on_end((), &mut ());
            return Ok(PostAction::Remove);
        }
        // For the new deadline.
        Ok(PostAction::Reregister)
    }

    fn register(&mut self, poll: &mut Poll, tokens: &mut TokenFactory) -> calloop::Result<()> {
        self.woken.register(poll, tokens)?;
        self.due.register(poll, tokens)
    }

    fn reregister(&mut self, poll: &mut Poll, tokens: &mut TokenFactory) -> calloop::Result<()> {
        self.woken.reregister(poll, tokens)?;
        self.due.reregister(poll, tokens)
    }

    fn unregister(&mut self, poll: &mut Poll) -> calloop::Result<()> {
        self.woken.unregister(poll)?;
        self.due.unregister(poll)
    }
}
