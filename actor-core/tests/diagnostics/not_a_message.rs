//! A mailbox for a type without `Message`.

struct Note;

fn main() {
    let (_handle, _mailbox) = actor_core::mailbox::<Note>();
}
