//! The actor: it applies inputs to the world, and places a coin from time to time.

use std::cell::RefCell;
use std::rc::Rc;
use std::time::Duration;

use actor_lanes::actor::Beat;
use actor_lanes::{Actor, Context, Message, Reply};

use crate::world::World;

/// A coin appears at this interval.
const COIN: Duration = Duration::from_millis(40);

/// All messages to the rules.
#[derive(Debug)]
pub enum Input {
    /// A player comes.
    Join(char),
    /// A player moves by one place. The reply holds its coins, or `None` for a stranger.
    Step(char, Reply<Option<u32>>),
    /// A player goes. The game ends with the last one.
    Leave(char),
    /// The time for a coin. The rules send it to themselves.
    Coin(Beat),
}

impl Message for Input {}

/// The rules of the game. They share the world with the renderer.
#[derive(Debug)]
pub struct Rules {
    world: Rc<RefCell<World>>,
    present: Vec<char>,
}

impl Rules {
    /// Creates the rules of an empty world.
    #[must_use]
    pub fn new(world: Rc<RefCell<World>>) -> Self {
        Self { world, present: Vec::new() }
    }

    fn leave(&mut self, player: char, cx: &mut Context<Input>) {
        self.present.retain(|&one| one != player);
        if self.present.is_empty() {
            cx.stop();
        }
    }
}

impl Actor for Rules {
    type Message = Input;

    async fn started(&mut self, cx: &mut Context<Input>) {
        cx.every(cx.now() + COIN, COIN, Input::Coin);
    }

    async fn handle(&mut self, input: Input, cx: &mut Context<Input>) {
        match input {
            Input::Join(player) => {
                self.present.push(player);
                self.world.borrow_mut().join(player);
            }
            Input::Step(player, coins) => coins.send(self.world.borrow_mut().step(player)),
            Input::Leave(player) => self.leave(player, cx),
            Input::Coin(beat) => {
                (0..=beat.missed).for_each(|_| self.world.borrow_mut().place_coin());
            }
        }
    }
}
