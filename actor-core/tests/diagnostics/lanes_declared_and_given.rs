//! Lanes given to a message type with lanes of its own.

use actor_core::{Lane, Mailbox, Message};

struct Block;

impl Message for Block {
    const LANES: &'static [Lane] = &[Lane::fifo("blocks", 1024)];
}

static OTHERS: [Lane; 1] = [Lane::fifo("others", 1)];

fn main() {
    _ = Mailbox::<Block>::with_lanes(&OTHERS);
}
