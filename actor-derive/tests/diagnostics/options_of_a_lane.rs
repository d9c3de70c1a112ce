//! Options that do not fit their lanes.

use actor_derive::Message;

#[derive(Message)]
enum Chain {
    #[lane(fifo = "a")]
    NoCapacity,
    #[lane(fifo = "b", 0)]
    Empty,
    #[lane(newest_first = "c", 16, share = 2)]
    ShareOfEvicting(u64),
    #[lane(latest = "d", 16)]
    LatestOfMany,
    #[lane(fifo = "e", 16, wieght = 2)]
    Misspelt,
    #[lane(fifo = "f", 16, weight = 0)]
    NeverServed,
    #[lane(fifo = "g", 16, weight = 2, weight = 3)]
    Twice,
    #[lane(fifo = "h", 16, 32)]
    TwoCapacities,
}

fn main() {}
