//! Several lanes, without the method `lane`.

use actor_core::{Lane, Message};

enum Chain {
    Stop,
    Block,
}

impl Message for Chain {
    const LANES: &'static [Lane] = &[Lane::control("control", 4), Lane::fifo("blocks", 1024)];
}

fn main() {
    let (handle, _mailbox) = actor_core::mailbox::<Chain>();
    _ = handle.try_tell(Chain::Stop);
    _ = handle.try_tell(Chain::Block);
}
