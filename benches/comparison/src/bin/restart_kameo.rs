//! A worker panics at a bad job, is started again, and goes on with the next job.

use std::time::Duration;

use kameo::error::Infallible;
use kameo::prelude::*;
use kameo::supervision::RestartPolicy;

#[derive(Actor)]
struct Supervisor;

struct Divider(u64);

impl Actor for Divider {
    type Args = ();
    type Error = Infallible;

    async fn on_start(_args: (), _actor_ref: ActorRef<Self>) -> Result<Self, Infallible> {
        Ok(Self(0))
    }
}

struct Divide(u64, u64);

impl Message<Divide> for Divider {
    type Reply = ();

    async fn handle(&mut self, job: Divide, _ctx: &mut Context<Self, Self::Reply>) {
        self.0 += job.0 / job.1;
    }
}

struct Sum;

impl Message<Sum> for Divider {
    type Reply = u64;

    async fn handle(&mut self, _sum: Sum, _ctx: &mut Context<Self, Self::Reply>) -> u64 {
        self.0
    }
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let supervisor = Supervisor::spawn(Supervisor);
    let divider = Divider::supervise(&supervisor, ())
        .restart_policy(RestartPolicy::Transient)
        .restart_limit(5, Duration::from_secs(60))
        .spawn()
        .await;
    for divisor in [2, 0] {
        divider.tell(Divide(6, divisor)).await?;
    }
    // A job behind the panic may be lost, so it is asked until it is done.
    while divider.ask(Divide(6, 3)).await.is_err() {
        tokio::task::yield_now().await;
    }
    assert_eq!(divider.ask(Sum).await?, 2);
    Ok(())
}
