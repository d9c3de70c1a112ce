//! Four equal workers behind one handle.

use kameo::prelude::*;
use kameo_actors::pool::{ActorPool, Dispatch};

#[derive(Actor)]
struct Worker;

struct Square(u64);

impl Message<Square> for Worker {
    type Reply = u64;

    async fn handle(&mut self, Square(n): Square, _ctx: &mut Context<Self, Self::Reply>) -> u64 {
        n * n
    }
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let squares = ActorPool::spawn(ActorPool::new(4, || Worker::spawn(Worker)));
    let answers = (1..=10).map(|n| squares.ask(Dispatch(Square(n))).send());
    assert_eq!(futures::future::try_join_all(answers).await?.iter().sum::<u64>(), 385);
    Ok(())
}
