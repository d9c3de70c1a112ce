//! A page for Prometheus with the messages sent to an actor and handled by it.

use kameo::prelude::*;
use metrics_exporter_prometheus::PrometheusBuilder;

#[derive(Actor)]
struct Counter(u64);

struct Add(u64);

impl Message<Add> for Counter {
    type Reply = ();

    async fn handle(&mut self, Add(n): Add, _ctx: &mut Context<Self, Self::Reply>) {
        self.0 += n;
    }
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    // The recorder is global: it must be there before the actor.
    let page = PrometheusBuilder::new().install_recorder()?;
    let counter = Counter::spawn(Counter(0));
    for n in 0..10 {
        counter.ask(Add(n)).await?;
    }
    let page = page.render();
    assert!(page.contains("kameo_messages_sent{actor_name=\"Counter\"} 10"), "{page}");
    assert!(page.contains("kameo_messages_received{actor_name=\"Counter\"} 10"), "{page}");
    Ok(())
}
