//! Several lanes of one variant, without a condition, and with one too many.

use actor_derive::Message;

#[derive(Message)]
enum Chain {
    #[lane(fifo = "a", 16)]
    #[lane(fifo = "b", 16)]
    NoCondition(u64),
    #[lane(fifo = "c", 16, when = |number| *number == 1)]
    OnlyACondition(u64),
    #[lane(fifo = "d", 16, when = |number| *number == 1)]
    #[lane(fifo = "e", 16)]
    TwoFields(u64, u64),
}

fn main() {}
