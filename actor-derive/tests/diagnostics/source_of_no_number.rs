//! A source that no number is made from.

use actor_derive::Message;

#[derive(Message)]
enum Chain {
    #[lane(fifo = "blocks", 16, share = 2)]
    Block(#[source] String),
    #[lane("blocks")]
    Vote(#[source(|text| text.len())] String),
}

fn main() {}
