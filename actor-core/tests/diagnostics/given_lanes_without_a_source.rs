//! Lanes given at run time may have a share, so the method `source` is needed.

use actor_core::{Lane, Mailbox, Message};

struct Block;

impl Message for Block {
    const LANES: &'static [Lane] = &[];

    fn lane(&self) -> usize {
        0
    }
    fn key(&self) -> u64 {
        0
    }
}

static LANES: [Lane; 1] = [Lane::fifo("blocks", 1)];

fn main() {
    let mailbox = Mailbox::<Block>::with_lanes(&LANES);
    _ = mailbox.map(|mailbox| mailbox.handle().try_tell(Block).is_ok());
}
