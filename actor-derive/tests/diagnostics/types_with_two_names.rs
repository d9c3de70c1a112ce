//! Two names of one type look different to a macro, so the compiler finds the collision.

use actor_derive::Message;

type Slot = u64;

#[derive(Message)]
enum Chain {
    Number(u64),
    At(Slot),
}

fn main() {}
