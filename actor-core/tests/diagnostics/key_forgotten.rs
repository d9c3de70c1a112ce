//! A lane of the latest by key, without the method `key`.

use actor_core::{Lane, Message};

struct Status;

impl Message for Status {
    const LANES: &'static [Lane] = &[Lane::latest_by_key("status", 16)];
}

fn main() {
    let (handle, _mailbox) = actor_core::mailbox::<Status>();
    let _ = handle.try_tell(Status);
}
