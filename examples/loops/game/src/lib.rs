//! A game's loop with a fixed frame. It gives its actors at most 2 ms of each frame.
//!
//! The actor with the rules and the renderer share the world as `Rc<RefCell<World>>`, without a
//! lock: both run on the game's thread. Other threads, as those of a network, hold handles.
//!
//! With a [`ManualClock`](actor_lanes::embed::ManualClock), a frame moves the time itself. Then the
//! same inputs lead to the same world, whatever the machine does meanwhile.

mod rules;
mod world;

pub use rules::{Input, Rules};
pub use world::{TRACK, World};

use std::cell::RefCell;
use std::error::Error;
use std::rc::Rc;
use std::time::{Duration, Instant};

use actor_lanes::embed::{Budget, Clock, Driver, Embed};
use actor_lanes::{Handle, Running, Spawn, mailbox};

/// The time of a frame.
pub const FRAME: Duration = Duration::from_millis(16);

/// The part of a frame for actors.
const ACTORS: Duration = Duration::from_millis(2);

/// A running game. It stays on its thread.
#[derive(Debug)]
pub struct Game {
    world: Rc<RefCell<World>>,
    input: Option<Handle<Input>>,
    rules: Running,
    driver: Driver,
}

impl Game {
    /// Starts a game on the calling thread.
    ///
    /// # Errors
    ///
    /// Returns an error if the driver cannot be built.
    pub fn new(clock: impl Into<Clock>) -> Result<Self, Box<dyn Error>> {
        let world = Rc::new(RefCell::new(World::new()));
        // A game looks for messages in each frame, so nothing needs to wake it.
        let (executor, mut driver) = Embed::new(|| ()).named("game").clock(clock).build()?;
        let (input, mailbox) = mailbox();
        let shared = Rc::clone(&world);
        let (rules, life) = Spawn::new(mailbox).into_life(&executor, || Rules::new(shared));
        driver.spawn_local(life).map_err(|_| "the executor was stopped")?;
        executor.stop(); // No further actors: the game ends with its rules.
        driver.run_until_stalled();
        Ok(Self { world, input: Some(input), rules, driver })
    }

    /// Returns the handle for players' threads, once.
    pub fn open(&mut self) -> Option<Handle<Input>> {
        self.input.take()
    }

    /// Returns the time of the game's clock.
    #[must_use]
    pub fn now(&self) -> Instant {
        self.driver.now()
    }

    /// Runs the actors' part of a frame. Returns whether the game goes on.
    ///
    /// `poll` announces no sleep, so a sender's thread never calls the wake function.
    pub fn frame(&mut self) -> bool {
        !self.driver.poll(Budget::time(ACTORS)).has_ended
    }

    /// Runs a frame on a manual clock: the time moves by exactly one frame, and every timer of that
    /// time fires in its order.
    pub fn simulated_frame(&mut self) -> bool {
        self.driver.advance(FRAME);
        !self.driver.has_ended()
    }

    /// Draws the world as text.
    #[must_use]
    pub fn draw(&self) -> String {
        self.world.borrow().draw()
    }

    /// Ends the game and returns its world.
    ///
    /// # Errors
    ///
    /// Returns the reason if the rules did not end regularly.
    pub fn end(self) -> Result<World, String> {
        drop(self.driver);
        match self.rules.exit() {
            Some(exit) if exit.reason.is_normal() => Ok(self.world.take()),
            Some(exit) => Err(exit.reason.to_string()),
            None => Err("the rules outlive their driver".to_owned()),
        }
    }
}
