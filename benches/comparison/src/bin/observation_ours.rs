//! A page for Prometheus with the messages sent to an actor and handled by it.

use actor_lanes::observe::Exporter;
use actor_lanes::runtime::TokioRuntime;
use actor_lanes::{Actor, Context, Message, spawn};

struct Add(u64);
impl Message for Add {}

struct Counter(u64);

impl Actor for Counter {
    type Message = Add;

    async fn handle(&mut self, Add(n): Add, _cx: &mut Context<Add>) {
        self.0 += n;
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let (counter, running) = spawn(&TokioRuntime::current()?, || Counter(0))?;
    let exporter = Exporter::new().actor("n", counter.gauge());
    for n in 0..10 {
        counter.tell(Add(n)).await?;
    }
    drop(counter);
    running.join().await;
    let page = exporter.render();
    assert!(page.contains("actor_lane_accepted_total{actor=\"n\",lane=\"messages\"} 10"), "{page}");
    assert!(page.contains("actor_lane_handled_total{actor=\"n\",lane=\"messages\"} 10"), "{page}");
    Ok(())
}
