//! A rate limiter: three permits at once, then one for each period. Callers wait for an answer.

use std::collections::VecDeque;
use std::time::Duration;

use actor_lanes::{Actor, Context, Message, Reply, System, spawn};
use futures::future::try_join_all;
use programs::{Done, PATIENCE};

const BURST: u32 = 3;
const PERIOD: Duration = Duration::from_millis(5);

enum Limit {
    /// Answered when the caller may go on.
    Take(Reply<()>),
    Refill,
}
impl Message for Limit {}

struct Bucket {
    permits: u32,
    is_refilling: bool,
    waiting: VecDeque<Reply<()>>,
}

impl Actor for Bucket {
    type Message = Limit;

    async fn handle(&mut self, message: Limit, cx: &mut Context<Limit>) {
        match message {
            Limit::Take(reply) => self.waiting.push_back(reply),
            Limit::Refill => (self.permits, self.is_refilling) = (self.permits + 1, false),
        }
        // A caller that gave up takes no permit.
        self.waiting.retain(|reply| !reply.is_cancelled());
        while self.permits > 0 && !self.waiting.is_empty() {
            self.permits -= 1;
            self.waiting.pop_front().expect("it is not empty").send(());
        }
        // One timer at a time, and none while the bucket is full.
        if self.permits < BURST && !self.is_refilling {
            self.is_refilling = true;
            cx.after(PERIOD, Limit::Refill);
        }
    }
}

fn main() -> Done {
    let system = System::new("limiter", programs::runtime()?)?;
    let full = || Bucket { permits: BURST, is_refilling: false, waiting: VecDeque::new() };
    let (bucket, _running) = spawn(&system, full)?;
    // The clock of the bucket's thread. It is a virtual one in a simulation.
    let clock = system.executors().get("limiter").ok_or("it has one executor")?;
    let begin = clock.now();
    // Ten callers at once: three go on immediately, seven wait for a period each.
    let callers = try_join_all((0..10).map(|_| bucket.ask(Limit::Take).timeout(PATIENCE)));
    let passed = futures::executor::block_on(callers)?.len();
    assert!(clock.now() - begin >= PERIOD * (passed as u32 - BURST), "faster than the limit");
    println!("{passed} callers within the limit");
    Ok(())
}
