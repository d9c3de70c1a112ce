//! A recipient for a value the actor cannot receive, in a place that names the value.

use actor_core::{Handle, Message, Recipient};

enum Count {
    Add,
}

impl Message for Count {}

struct Tick;

struct Clock {
    ticks: Recipient<Tick>,
}

fn narrow(handle: &Handle<Count>) -> Clock {
    Clock { ticks: handle.recipient() }
}

fn main() {}
