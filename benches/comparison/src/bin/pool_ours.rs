//! Four equal workers behind one handle.

use actor_lanes::runtime::TokioRuntime;
use actor_lanes::{Actor, Context, Message, Pool, Reply};

struct Square(u64, Reply<u64>);
impl Message for Square {}

struct Worker;

impl Actor for Worker {
    type Message = Square;

    async fn handle(&mut self, Square(n, reply): Square, _cx: &mut Context<Square>) {
        reply.send(n * n);
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let (squares, _running) = Pool::new(4).start(&TokioRuntime::current()?, |_index| Worker)?;
    let answers = (1..=10).map(|n| squares.ask(move |reply| Square(n, reply)));
    assert_eq!(futures::future::try_join_all(answers).await?.iter().sum::<u64>(), 385);
    Ok(())
}
