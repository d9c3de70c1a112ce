//! A jar of coins: four tasks put coins in, then the number is asked, then the end is awaited.

use std::time::Duration;

use actor_lanes::runtime::TokioRuntime;
use actor_lanes::{Actor, Context, Message, Reply, spawn};

enum Jar {
    Put(u64),
    Count(Reply<u64>),
}
impl Message for Jar {}

struct Coins(u64);

impl Actor for Coins {
    type Message = Jar;

    async fn handle(&mut self, message: Jar, _cx: &mut Context<Jar>) {
        match message {
            Jar::Put(n) => self.0 += n,
            Jar::Count(reply) => reply.send(self.0),
        }
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let (jar, running) = spawn(&TokioRuntime::current()?, || Coins(0))?;
    let puts = [1, 2, 3, 4].map(|n| {
        let jar = jar.clone();
        tokio::spawn(async move { jar.tell(Jar::Put(n)).await.is_ok() })
    });
    for put in puts {
        assert!(put.await?);
    }
    assert_eq!(jar.ask(Jar::Count).await?, 10);
    running.stop(Duration::from_secs(10));
    assert!(running.join().await.reason.is_normal());
    Ok(())
}
