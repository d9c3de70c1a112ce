//! Actors as a task of the program's own tokio runtime: one line, and no further thread.

use actor_lanes::runtime::TokioRuntime;
use actor_lanes::{Actor, Context, Message, Reply, spawn};
use tour::Done;

enum Count {
    Add(u64),
    Read(Reply<u64>),
}
impl Message for Count {}

struct Counter(u64);

impl Actor for Counter {
    type Message = Count;

    async fn handle(&mut self, message: Count, _cx: &mut Context<Count>) {
        match message {
            Count::Add(n) => self.0 += n,
            Count::Read(reply) => reply.send(self.0),
        }
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Done {
    let executor = TokioRuntime::current()?;
    let (counter, _running) = spawn(&executor, || Counter(0))?;
    counter.tell(Count::Add(2)).await?;
    counter.tell(Count::Add(3)).await?;
    println!("the sum is {}", counter.ask(Count::Read).await?);
    Ok(())
}
