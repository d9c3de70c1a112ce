//! A recipient for a value the actor cannot receive.

use actor_core::{Handle, Message};

enum Count {
    Add,
}

impl Message for Count {}

struct Tick;

fn narrow(handle: &Handle<Count>) {
    let _ticks = handle.recipient::<Tick>();
}

fn main() {}
