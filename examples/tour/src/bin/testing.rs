//! A test of an actor: virtual time, a probe, a full lane and a panic, without threads.
//!
//! The argument is of no effect: a harness needs no runtime.

use std::time::Duration;

use actor_lanes::{Actor, Context, Handle, Message};
use actor_test::{Harness, expect};
use tour::Done;

enum Order {
    Heard,
    Silent,
}
impl Message for Order {}

#[derive(Debug, PartialEq)]
struct Alarm;
impl Message for Alarm {}

/// Raises an alarm after three seconds of silence.
struct Watch(Handle<Alarm>);

impl Watch {
    fn wait(cx: &mut Context<Order>) {
        _ = cx.timer().key("silence").after(Duration::from_secs(3), Order::Silent);
    }
}

impl Actor for Watch {
    type Message = Order;

    async fn started(&mut self, cx: &mut Context<Order>) {
        Self::wait(cx);
    }

    async fn handle(&mut self, order: Order, cx: &mut Context<Order>) {
        match order {
            Order::Heard => Self::wait(cx),
            Order::Silent => self.0.tell(Alarm).await.expect("the siren runs"),
        }
    }
}

fn main() -> Done {
    let harness = Harness::new();
    let mut siren = harness.probe().debug();
    let handle = siren.handle();
    let (watch, running) = harness.spawn(move || Watch(handle));

    harness.advance(Duration::from_secs(2));
    watch.try_tell(Order::Heard)?;
    harness.advance(Duration::from_secs(2));
    siren.expect_no_message();
    siren.expect_within(Duration::from_secs(10), |alarm| *alarm == Alarm);
    println!("an alarm after {:?} of virtual time", harness.elapsed());

    let full = harness.fill(&siren.handle(), 0);
    watch.try_tell(Order::Silent)?;
    siren.expect_no_message();
    drop(full);
    expect!(siren, Alarm);
    println!("the alarm waited for room");

    harness.panic_at_next(&watch);
    watch.try_tell(Order::Heard)?;
    println!("{}", harness.run(running.join()).reason);
    Ok(())
}
