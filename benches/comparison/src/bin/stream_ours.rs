//! An actor adds the numbers of a stream, and answers with the sum at its end.

use actor_lanes::actor::Streamed;
use actor_lanes::runtime::TokioRuntime;
use actor_lanes::{Actor, Context, Message, Reply, spawn};
use futures::stream;

enum Sum {
    Add(Reply<u64>),
    Number(Streamed<u64>),
}
impl Message for Sum {}

#[derive(Default)]
struct Adder(u64, Option<Reply<u64>>);

impl Actor for Adder {
    type Message = Sum;

    async fn handle(&mut self, message: Sum, cx: &mut Context<Sum>) {
        match message {
            Sum::Add(reply) => {
                self.1 = Some(reply);
                cx.attach(stream::iter(1..=100), Sum::Number);
            }
            Sum::Number(Streamed::Item(n)) => self.0 += n,
            Sum::Number(_ended) => self.1.take().expect("an asker waits").send(self.0),
        }
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let (adder, _running) = spawn(&TokioRuntime::current()?, Adder::default)?;
    assert_eq!(adder.ask(Sum::Add).await?, 5050);
    Ok(())
}
