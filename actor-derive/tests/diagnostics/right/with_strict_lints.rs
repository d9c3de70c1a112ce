//! The code of the derive passes the lints of a strict crate.
#![deny(warnings, missing_docs, unused_qualifications, non_shorthand_field_patterns)]

use actor_core::Message;

/// A message.
#[derive(Debug, actor_derive::Message)]
pub enum Chain {
    /// The end.
    #[lane(control, 16)]
    Stop,
    /// A block.
    #[lane(fifo = "blocks", 8, share = 2, when = |peer, _| *peer == 1)]
    #[lane(fifo = "others", 8, share = 2)]
    Block {
        /// The sender.
        #[source(|peer| *peer)]
        #[key]
        peer: u64,
        /// The content.
        ssz: Vec<u8>,
    },
    /// A number.
    #[lane("blocks")]
    #[source(none)]
    Number(u64),
}

fn main() {
    let (chain, _mailbox) = actor_core::mailbox::<Chain>();
    assert!(chain.recipient::<u64>().try_tell(7).is_ok());
    assert_eq!(Chain::Block { peer: 1, ssz: Vec::new() }.lane(), 1);
}
