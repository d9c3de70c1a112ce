//! A topic of prices. Publisher and subscribers do not know each other, and each subscriber chooses
//! what happens when it is slow.

use actor_lanes::topic::{News, Slow, SubscriptionEnd, Topic};
use actor_lanes::{Actor, Context, Message, Reply, Spawn, System, mailbox, spawn};
use programs::{Done, PATIENCE};

const PRICES: u64 = 100;

struct Price(News<u64>);
impl Message for Price {}

/// Adds the prices, and answers at the end of the topic: the sum, and the number of missed ones.
struct Trader {
    sum: u64,
    missed: u64,
    done: Option<Reply<(u64, u64)>>,
}

impl Trader {
    fn new(done: Reply<(u64, u64)>) -> Self {
        Self { sum: 0, missed: 0, done: Some(done) }
    }
}

impl Actor for Trader {
    type Message = Price;

    async fn handle(&mut self, Price(news): Price, cx: &mut Context<Price>) {
        match news.take() {
            Ok(price) => {
                self.missed += price.missed();
                self.sum += *price;
            }
            Err(SubscriptionEnd::TopicEnded { missed }) => {
                if let Some(done) = self.done.take() {
                    done.send((self.sum, self.missed + missed));
                }
                cx.stop();
            }
            Err(end) => cx.fail(end),
        }
    }
}

fn main() -> Done {
    let system = System::new("market", programs::runtime()?)?;
    let prices = Topic::new();

    // This one must have each price: the publisher waits for it.
    let (done, all) = Reply::pair();
    let (careful, _running) = spawn(&system, || Trader::new(done))?;
    let _careful = prices.subscribe_actor(&careful, 8, Slow::Wait, Price)?;
    // This one is content with the newest four. It starts late, so it is slow.
    let (done, newest) = Reply::pair();
    let (late, late_mailbox) = mailbox();
    let _late = prices.subscribe_actor(&late, 4, Slow::DropOldest, Price)?;

    for price in 1..=PRICES {
        prices.publish_blocking(price, PATIENCE);
    }
    let _running = Spawn::new(late_mailbox).start(&system, || Trader::new(done))?;
    drop(prices);

    let all = futures::executor::block_on(all)?;
    let newest = futures::executor::block_on(newest)?;
    assert_eq!(all, (PRICES * (PRICES + 1) / 2, 0));
    assert_eq!(newest, (97 + 98 + 99 + 100, 96));
    println!("one trader saw all prices, the other one the newest 4");
    Ok(())
}
