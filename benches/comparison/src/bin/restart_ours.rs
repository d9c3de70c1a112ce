//! A worker panics at a bad job, is started again, and goes on with the next job.

use actor_lanes::runtime::TokioRuntime;
use actor_lanes::{Actor, Context, Message, Reply, Restart, Spawn};

enum Job {
    Divide(u64, u64),
    Sum(Reply<u64>),
}
impl Message for Job {}

struct Divider(u64);

impl Actor for Divider {
    type Message = Job;

    async fn handle(&mut self, job: Job, _cx: &mut Context<Job>) {
        match job {
            Job::Divide(dividend, divisor) => self.0 += dividend / divisor,
            Job::Sum(reply) => reply.send(self.0),
        }
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let (divider, _running) =
        Spawn::supervised(&TokioRuntime::current()?, Restart::up_to(5), || Divider(0))?;
    for divisor in [2, 0, 3] {
        divider.tell(Job::Divide(6, divisor)).await?;
    }
    assert_eq!(divider.ask(Job::Sum).await?, 2);
    Ok(())
}
