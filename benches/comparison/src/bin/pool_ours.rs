//! Four equal workers behind one handle.

use actor_lanes::runtime::TokioRuntime;
use actor_lanes::{Message, Pool, Reply, actor_fn};

struct Square(u64, Reply<u64>);
impl Message for Square {}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let worker = |_index| actor_fn((), async |_, Square(n, reply), _cx| reply.send(n * n));
    let (squares, _running) = Pool::new(4).start(&TokioRuntime::current()?, worker)?;
    let answers = (1..=10).map(|n| squares.ask(move |reply| Square(n, reply)));
    assert_eq!(futures::future::try_join_all(answers).await?.iter().sum::<u64>(), 385);
    Ok(())
}
