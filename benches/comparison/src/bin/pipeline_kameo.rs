//! Three stages, each with room for four jobs. A full stage slows the one before it.

use kameo::prelude::*;
use tokio::sync::oneshot;

#[derive(Actor)]
struct Stage(fn(u64) -> u64, Option<ActorRef<Stage>>);

struct Job(u64, oneshot::Sender<u64>);

impl Message<Job> for Stage {
    type Reply = ();

    async fn handle(&mut self, Job(n, reply): Job, _ctx: &mut Context<Self, Self::Reply>) {
        let n = (self.0)(n);
        match &self.1 {
            Some(next) => drop(next.tell(Job(n, reply)).await),
            None => drop(reply.send(n)),
        }
    }
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let stage = |step, next| Stage::spawn_with_mailbox(Stage(step, next), mailbox::bounded(4));
    let last = stage(|n| n - 1, None);
    let middle = stage(|n| n * n, Some(last));
    let first = stage(|n| n + 1, Some(middle));
    let mut answers = Vec::new();
    for n in 0..20 {
        let (reply, answer) = oneshot::channel();
        first.tell(Job(n, reply)).await?;
        answers.push(answer);
    }
    assert_eq!(futures::future::try_join_all(answers).await?.iter().sum::<u64>(), 2850);
    Ok(())
}
