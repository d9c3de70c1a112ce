//! Four equal workers behind one handle, on two threads. A panic restarts one worker only.

use actor_lanes::{Actor, Context, Message, Pool, Reply, Restart, System};
use futures::future::join_all;
use programs::{Done, PATIENCE};

/// Asks for the number of steps until `n` is 1, in the Collatz sequence.
struct Steps(u64, Reply<u32>);
impl Message for Steps {}

struct Worker;

impl Actor for Worker {
    type Message = Steps;

    async fn handle(&mut self, Steps(n, reply): Steps, _cx: &mut Context<Steps>) {
        assert!(n > 0, "zero has no sequence");
        let next = |n: &u64| (*n > 1).then(|| if n.is_multiple_of(2) { n / 2 } else { 3 * n + 1 });
        reply.send(std::iter::successors(Some(n), next).count() as u32 - 1);
    }
}

fn main() -> Done {
    let system = System::builder("pool").runtime(programs::runtime()?).executors(2).start()?;
    let (workers, _running) =
        Pool::new(4).named("collatz").restart(Restart::up_to(5)).start(&system, |_index| Worker)?;
    let ask = |n| workers.ask(move |reply| Steps(n, reply));
    let answers = futures::executor::block_on(join_all((0..100).map(ask)));
    // The asker of zero has an error, and its worker has a new life.
    assert!(answers[0].is_err());
    let longest = answers.iter().flatten().max();
    assert_eq!(longest, Some(&118));
    assert_eq!(answers.iter().flatten().count(), 99);
    drop(system.stop_blocking(PATIENCE));
    println!("99 answers, the longest sequence has 118 steps");
    Ok(())
}
