//! A test: an actor warns another one if an hour passes without a beat. No hour passes.

use std::time::Duration;

use actor_lanes::{Actor, Context, Handle, Message};
use actor_test::{Harness, expect};

const HOUR: Duration = Duration::from_secs(3600);

#[derive(Debug)]
struct Warn;
impl Message for Warn {}

enum Event {
    Beat,
    Silence,
}
impl Message for Event {}

struct Watch(Handle<Warn>);

impl Actor for Watch {
    type Message = Event;

    async fn handle(&mut self, event: Event, cx: &mut Context<Event>) {
        match event {
            Event::Beat => drop(cx.timer().key("silence").after(HOUR, Event::Silence)),
            Event::Silence => drop(self.0.tell(Warn).await),
        }
    }
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let harness = Harness::new();
    let mut warnings = harness.probe::<Warn>().debug();
    let receiver = warnings.handle();
    let (watch, _running) = harness.spawn(|| Watch(receiver));
    watch.try_tell(Event::Beat)?;
    harness.advance(HOUR / 2);
    watch.try_tell(Event::Beat)?;
    harness.advance(HOUR - Duration::from_secs(1));
    warnings.expect_no_message();
    harness.advance(Duration::from_secs(2));
    expect!(warnings, Warn);
    Ok(())
}
