//! A jar of coins: four tasks put coins in, then the number is asked, then the end is awaited.

use ractor::{Actor, ActorProcessingErr, ActorRef, RpcReplyPort, call, cast};

enum Jar {
    Put(u64),
    Count(RpcReplyPort<u64>),
}

struct Coins;

#[ractor::async_trait]
impl Actor for Coins {
    type Msg = Jar;
    type State = u64;
    type Arguments = u64;

    async fn pre_start(
        &self,
        _myself: ActorRef<Jar>,
        coins: u64,
    ) -> Result<u64, ActorProcessingErr> {
        Ok(coins)
    }

    async fn handle(
        &self,
        _myself: ActorRef<Jar>,
        message: Jar,
        coins: &mut u64,
    ) -> Result<(), ActorProcessingErr> {
        match message {
            Jar::Put(n) => *coins += n,
            Jar::Count(reply) => reply.send(*coins)?,
        }
        Ok(())
    }
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let (jar, running) = Actor::spawn(None, Coins, 0).await?;
    let puts = [1, 2, 3, 4].map(|n| {
        let jar = jar.clone();
        tokio::spawn(async move { cast!(jar, Jar::Put(n)).is_ok() })
    });
    for put in puts {
        assert!(put.await?);
    }
    assert_eq!(call!(jar, Jar::Count)?, 10);
    jar.stop(None);
    running.await?;
    Ok(())
}
