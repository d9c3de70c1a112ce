//! Three stages, each with room for four jobs. A full stage slows the one before it.

use actor_lanes::runtime::TokioRuntime;
use actor_lanes::{Actor, Context, Handle, Lane, Message, Reply, spawn};

struct Job(u64, Reply<u64>);
impl Message for Job {
    const LANES: &'static [Lane] = &[Lane::fifo("jobs", 4)];
}

struct Stage(fn(u64) -> u64, Option<Handle<Job>>);

impl Actor for Stage {
    type Message = Job;

    async fn handle(&mut self, Job(n, reply): Job, _cx: &mut Context<Job>) {
        let n = (self.0)(n);
        match &self.1 {
            Some(next) => drop(next.tell(Job(n, reply)).await),
            None => reply.send(n),
        }
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let executor = TokioRuntime::current()?;
    let (last, _running) = spawn(&executor, || Stage(|n| n - 1, None))?;
    let (middle, _running) = spawn(&executor, || Stage(|n| n * n, Some(last)))?;
    let (first, _running) = spawn(&executor, || Stage(|n| n + 1, Some(middle)))?;
    let answers = (0..20).map(|n| first.ask(move |reply| Job(n, reply)));
    assert_eq!(futures::future::try_join_all(answers).await?.iter().sum::<u64>(), 2850);
    Ok(())
}
