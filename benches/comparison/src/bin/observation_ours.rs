//! A page for Prometheus with the messages sent to an actor and handled by it.

use actor_lanes::observe::Exporter;
use actor_lanes::runtime::TokioRuntime;
use actor_lanes::{Message, actor_fn, spawn};

struct Add(u64);
impl Message for Add {}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let sum = || actor_fn(0, async |sum, Add(n), _cx| *sum += n);
    let (counter, running) = spawn(&TokioRuntime::current()?, sum)?;
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
