//! Attributes of lanes without parentheses, or with empty ones.

use actor_derive::Message;

#[derive(Message)]
enum Chain {
    #[lane]
    Bare,
    #[lane = "blocks"]
    Assigned,
    #[lane()]
    Empty,
}

fn main() {}
