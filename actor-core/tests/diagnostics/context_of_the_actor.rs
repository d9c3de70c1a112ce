//! The context names the actor in place of its messages.

use actor_core::{Actor, Context, Message};

struct Tick;
impl Message for Tick {}

struct Clock(u64);

impl Actor for Clock {
    type Message = Tick;

    async fn handle(&mut self, _tick: Tick, _cx: &mut Context<Self>) {
        self.0 += 1;
    }
}

fn main() {}
