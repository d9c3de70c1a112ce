//! One lane needs no function. That this one is to compile has the others built, and not only checked: an assertion that hangs
//! on a type is looked at when code is made for it.

use actor_core::Message;

struct Vote;

impl Message for Vote {}

fn main() {
    let (handle, _mailbox) = actor_core::mailbox::<Vote>();
    assert!(handle.try_tell(Vote).is_ok());
}
