//! A handler without a result in an actor that has one.

use actor_core::actor::Fallible;
use actor_core::{Actor, Context, Message};

struct Tick;
impl Message for Tick {}

struct Clock;

impl Actor<Fallible> for Clock {
    type Message = Tick;

    async fn handle(&mut self, _tick: Tick, _cx: &mut Context<Tick>) {}
}

fn main() {}
