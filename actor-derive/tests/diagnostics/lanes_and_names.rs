//! A lane nobody declared, a second declaration, a kind that does not exist, and a name alone.

use actor_derive::Message;

#[derive(Message)]
enum Chain {
    #[lane(control, 16)]
    Stop,
    #[lane("block")]
    Block(Vec<u8>),
    #[lane(control, 8)]
    Head,
    #[lane(lifo = "votes", 64)]
    Vote(u64),
    #[lane(votes)]
    Sample,
    #[lane("control", 16)]
    Join,
    #[lane]
    Nothing,
}

fn main() {}
