//! A test without threads and without real time: a message is lost, and its sender tries again.

use std::time::Duration;

use actor_lanes::{Actor, Context, Handle, Message};
use actor_test::{Harness, Interceptor, expect};
use programs::Done;

/// A request with its number, and the way back for the receipt.
#[derive(Clone, Debug)]
struct Request(u32);
impl Message for Request {}

enum Event {
    Send,
    Receipt,
    TooLate,
}
impl Message for Event {}

/// Sends a request, and again after 1, 2 and 4 seconds without a receipt.
struct Sender {
    server: Handle<Request>,
    tries: u32,
}

impl Actor for Sender {
    type Message = Event;

    async fn handle(&mut self, event: Event, cx: &mut Context<Event>) {
        match event {
            Event::Send | Event::TooLate if self.tries < 4 => {
                drop(self.server.try_tell(Request(self.tries)));
                let wait = Duration::from_secs(1 << self.tries);
                cx.timer().key("receipt").after(wait, Event::TooLate);
                self.tries += 1;
            }
            Event::Receipt => cx.stop(),
            Event::Send | Event::TooLate => cx.fail("the server does not answer"),
        }
    }
}

fn main() -> Done {
    let harness = Harness::new();
    // The probe stands for the server. The first two requests are lost on their way to it.
    let mut server = harness.probe::<Request>().debug();
    let lossy = Interceptor::of(&server.handle())
        .drop_if(|Request(number)| *number < 2)
        .start(harness.executor())?;
    let handle = lossy.handle();
    let (sender, running) = harness.spawn(move || Sender { server: handle, tries: 0 });

    sender.try_tell(Event::Send)?;
    harness.advance(Duration::from_millis(2900));
    server.expect_no_message();
    harness.advance(Duration::from_millis(200));
    expect!(server, Request(2));
    sender.try_tell(Event::Receipt)?;
    harness.run_until_idle();
    assert!(running.exit().is_some_and(|exit| exit.reason.is_normal()));
    println!("2 requests were lost, and the third one came after {:?}", harness.elapsed());
    Ok(())
}
