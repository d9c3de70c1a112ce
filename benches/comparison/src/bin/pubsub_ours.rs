//! A price is published to two subscribers, unknown to the publisher.

use actor_lanes::runtime::TokioRuntime;
use actor_lanes::topic::{News, Slow, Topic};
use actor_lanes::{Actor, Context, Message, Reply, spawn};

enum Market {
    Price(News<u64>),
    Read(Reply<u64>),
}
impl Message for Market {}

struct Highest(u64);

impl Actor for Highest {
    type Message = Market;

    async fn handle(&mut self, message: Market, _cx: &mut Context<Market>) {
        match message {
            Market::Price(news) => self.0 = self.0.max(news.take().map_or(0, |price| *price)),
            Market::Read(reply) => reply.send(self.0),
        }
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let (executor, prices) = (TokioRuntime::current()?, Topic::new());
    let (one, _running) = spawn(&executor, || Highest(0))?;
    let (other, _running) = spawn(&executor, || Highest(0))?;
    let _one = prices.subscribe_actor(&one, 8, Slow::Wait, Market::Price)?;
    let _other = prices.subscribe_actor(&other, 8, Slow::Wait, Market::Price)?;
    for price in [3, 7, 5] {
        prices.publish(price).await;
    }
    assert_eq!((one.ask(Market::Read).await?, other.ask(Market::Read).await?), (7, 7));
    Ok(())
}
