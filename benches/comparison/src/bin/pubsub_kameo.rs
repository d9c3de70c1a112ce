//! A price is published to two subscribers, unknown to the publisher.

use kameo::prelude::*;
use kameo_actors::DeliveryStrategy;
use kameo_actors::pubsub::{PubSub, Publish, Subscribe};

#[derive(Actor, Default)]
struct Highest(u64);

#[derive(Clone)]
struct Price(u64);

impl Message<Price> for Highest {
    type Reply = ();

    async fn handle(&mut self, Price(price): Price, _ctx: &mut Context<Self, Self::Reply>) {
        self.0 = self.0.max(price);
    }
}

struct Read;

impl Message<Read> for Highest {
    type Reply = u64;

    async fn handle(&mut self, _read: Read, _ctx: &mut Context<Self, Self::Reply>) -> u64 {
        self.0
    }
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let prices = PubSub::spawn(PubSub::new(DeliveryStrategy::Guaranteed));
    let (one, other) = (Highest::spawn_default(), Highest::spawn_default());
    prices.ask(Subscribe(one.clone())).await?;
    prices.ask(Subscribe(other.clone())).await?;
    for price in [3, 7, 5] {
        prices.ask(Publish(Price(price))).await?;
    }
    assert_eq!((one.ask(Read).await?, other.ask(Read).await?), (7, 7));
    Ok(())
}
