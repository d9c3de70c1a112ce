//! A mailbox for a type that is not a message.

struct Note;

fn main() {
    let (_handle, _mailbox) = actor_core::mailbox::<Note>();
}
