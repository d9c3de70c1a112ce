//! A jar of coins: four tasks put coins in, then the number is asked, then the end is awaited.

use actix::prelude::*;

struct Coins(u64);

impl Actor for Coins {
    type Context = Context<Self>;
}

#[derive(Message)]
#[rtype(result = "()")]
struct Put(u64);

impl Handler<Put> for Coins {
    type Result = ();

    fn handle(&mut self, Put(n): Put, _ctx: &mut Self::Context) {
        self.0 += n;
    }
}

#[derive(Message)]
#[rtype(result = "u64")]
struct Count;

impl Handler<Count> for Coins {
    type Result = u64;

    fn handle(&mut self, _count: Count, _ctx: &mut Self::Context) -> u64 {
        self.0
    }
}

#[derive(Message)]
#[rtype(result = "()")]
struct Stop;

impl Handler<Stop> for Coins {
    type Result = ();

    fn handle(&mut self, _stop: Stop, ctx: &mut Self::Context) {
        ctx.stop();
    }
}

#[actix::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let jar = Coins(0).start();
    let puts = [1, 2, 3, 4].map(|n| {
        let jar = jar.clone();
        actix::spawn(async move { jar.send(Put(n)).await.is_ok() })
    });
    for put in puts {
        assert!(put.await?);
    }
    assert_eq!(jar.send(Count).await?, 10);
    // actix has no future of an actor's end.
    jar.send(Stop).await?;
    Ok(())
}
