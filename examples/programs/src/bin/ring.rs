//! Eight actors in a ring pass a token on, a thousand times round.

use actor_lanes::{Actor, Context, Handle, Message, Reply, Spawn, System, mailbox};
use programs::{Done, PATIENCE};

const MEMBERS: usize = 8;
const HOPS: u64 = 1000 * MEMBERS as u64;

/// The token carries the reply to the program, so the member with the last hop answers.
struct Token {
    hops: u64,
    done: Reply<u64>,
}
impl Message for Token {}

struct Member {
    next: Handle<Token>,
}

impl Actor for Member {
    type Message = Token;

    async fn handle(&mut self, token: Token, cx: &mut Context<Token>) {
        if token.hops == HOPS {
            return token.done.send(token.hops);
        }
        let next = Token { hops: token.hops + 1, ..token };
        if self.next.tell(next).await.is_err() {
            cx.fail("the ring is broken");
        }
    }
}

fn main() -> Done {
    let system = System::builder("ring").runtime(programs::runtime()?).executors(2).start()?;
    // Handles exist before actors, so a ring is easy to close.
    let (handles, mailboxes): (Vec<_>, Vec<_>) = (0..MEMBERS).map(|_| mailbox()).unzip();
    for (index, mailbox) in mailboxes.into_iter().enumerate() {
        let next = handles[(index + 1) % MEMBERS].clone();
        drop(Spawn::new(mailbox).start(&system, || Member { next })?);
    }
    let hops = handles[0].ask_blocking(|done| Token { hops: 0, done }, PATIENCE)?;
    assert_eq!(hops, HOPS);
    assert!(system.stop_blocking(PATIENCE).is_clean());
    println!("the token made {hops} hops");
    Ok(())
}
