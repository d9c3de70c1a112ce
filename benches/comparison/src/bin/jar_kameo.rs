//! A jar of coins: four tasks put coins in, then the number is asked, then the end is awaited.

use kameo::prelude::*;

#[derive(Actor)]
struct Coins(u64);

struct Put(u64);

impl Message<Put> for Coins {
    type Reply = ();

    async fn handle(&mut self, Put(n): Put, _ctx: &mut Context<Self, Self::Reply>) {
        self.0 += n;
    }
}

struct Count;

impl Message<Count> for Coins {
    type Reply = u64;

    async fn handle(&mut self, _count: Count, _ctx: &mut Context<Self, Self::Reply>) -> u64 {
        self.0
    }
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let jar = Coins::spawn(Coins(0));
    let puts = [1, 2, 3, 4].map(|n| {
        let jar = jar.clone();
        tokio::spawn(async move { jar.tell(Put(n)).await.is_ok() })
    });
    for put in puts {
        assert!(put.await?);
    }
    assert_eq!(jar.ask(Count).await?, 10);
    jar.stop_gracefully().await?;
    jar.wait_for_shutdown().await;
    Ok(())
}
