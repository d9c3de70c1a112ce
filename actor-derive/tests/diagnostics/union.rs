//! A union.

use actor_derive::Message;

#[derive(Message)]
union Number {
    small: u32,
    large: u64,
}

fn main() {}
