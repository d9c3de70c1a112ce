//! A lane with a share, without the method `source`.

use actor_core::{Lane, Message};

struct Block;

impl Message for Block {
    const LANES: &'static [Lane] = &[Lane::fifo("blocks", 16).share(2)];
}

fn main() {
    let (handle, _mailbox) = actor_core::mailbox::<Block>();
    let _ = handle.try_tell(Block);
}
