//! Four equal workers behind one handle.

use actix::prelude::*;

struct Worker;

impl Actor for Worker {
    type Context = SyncContext<Self>;
}

#[derive(Message)]
#[rtype(result = "u64")]
struct Square(u64);

impl Handler<Square> for Worker {
    type Result = u64;

    fn handle(&mut self, Square(n): Square, _ctx: &mut Self::Context) -> u64 {
        n * n
    }
}

#[actix::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let squares = SyncArbiter::start(4, || Worker);
    let answers = (1..=10).map(|n| squares.send(Square(n)));
    assert_eq!(futures::future::try_join_all(answers).await?.iter().sum::<u64>(), 385);
    Ok(())
}
