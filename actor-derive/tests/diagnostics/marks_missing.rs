//! Lanes that ask for a source or a key, and variants without.

use actor_derive::Message;

#[derive(Message)]
enum Chain {
    #[lane(fifo = "blocks", 1024, share = 64)]
    Block(Vec<u8>),
    #[lane("blocks")]
    #[source(none)]
    Own,
    #[lane(latest_by_key = "statuses", 64)]
    Status { peer: u64 },
}

fn main() {}
