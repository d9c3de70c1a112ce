//! A worker panics at a bad job, is started again, and goes on with the next job.

use actor_lanes::{Actor, Context, Message, Reply, Restart, Spawn, System};
use tour::{Done, PATIENCE};

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

fn main() -> Done {
    let system = System::new("tour", tour::runtime()?)?;
    let (divider, running) = Spawn::supervised(&system, Restart::up_to(5), || Divider(0))?;
    divider.try_tell(Job::Divide(6, 2))?;
    // A panic: the state is lost, the mailbox is kept.
    divider.try_tell(Job::Divide(6, 0))?;
    divider.try_tell(Job::Divide(6, 3))?;
    println!("the sum since the restart: {}", divider.ask_blocking(Job::Sum, PATIENCE)?);

    running.stop(PATIENCE);
    let exit = running.join_blocking(PATIENCE).expect("it ends in time");
    println!("{} restart, {} messages handled", exit.restarts, exit.lanes[0].handled);
    Ok(())
}
