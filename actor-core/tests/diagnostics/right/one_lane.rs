//! A single lane needs no method. Because this case must compile, trybuild builds all cases instead
//! of only checking them. The assertions depend on a type, and are evaluated only in a build.

use actor_core::Message;

struct Vote;

impl Message for Vote {}

fn main() {
    let (handle, _mailbox) = actor_core::mailbox::<Vote>();
    assert!(handle.try_tell(Vote).is_ok());
}
