//! A message that borrows.

use actor_derive::Message;

#[derive(Message)]
enum Line<'a> {
    Text(&'a str),
}

fn main() {}
