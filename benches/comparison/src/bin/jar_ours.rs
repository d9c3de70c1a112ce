//! A jar of coins: four tasks put coins in, then the number is asked, then the end is awaited.

use std::time::Duration;

use actor_lanes::runtime::TokioRuntime;
use actor_lanes::{Message, Reply, actor_fn, spawn};

enum Jar {
    Put(u64),
    Count(Reply<u64>),
}
impl Message for Jar {}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let coins = || {
        actor_fn(0, async |coins, message: Jar, _cx| match message {
            Jar::Put(n) => *coins += n,
            Jar::Count(reply) => reply.send(*coins),
        })
    };
    let (jar, running) = spawn(&TokioRuntime::current()?, coins)?;
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
