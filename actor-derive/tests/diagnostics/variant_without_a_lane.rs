//! Two variants without a lane, in a type with lanes.

use actor_derive::Message;

#[derive(Message)]
enum Chain {
    #[lane(control, 16)]
    Stop,
    Block(Vec<u8>),
    #[lane(fifo = "votes", 1024)]
    Vote(u64),
    Status,
}

fn main() {}
