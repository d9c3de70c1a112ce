//! Attributes in places where they say nothing.

use actor_derive::Message;

#[derive(Message)]
#[key]
enum Chain {
    #[source]
    Block(u64),
    #[deadline]
    Late,
    Vote(#[source] u64, #[source] u64),
    Status(#[lane(control, 16)] u64),
    #[variant]
    Head(u64),
    Sample(#[source = "0"] u64),
    Number(#[key(7)] u64),
    Pair(#[key(|a, b| a + b)] u64),
}

fn main() {}
