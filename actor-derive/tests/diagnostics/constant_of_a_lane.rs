//! A constant that the lane refuses.

use actor_derive::Message;

const NONE: usize = 0;

#[derive(Message)]
enum Chain {
    #[lane(fifo = "blocks", NONE)]
    Block,
}

fn main() {
    let _ = <Chain as actor_core::Message>::LANES;
}
