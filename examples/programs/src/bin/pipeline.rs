//! A pipeline of three stages on three threads. A job has a deadline, and no stage works on a job
//! that is too late.

use std::time::{Duration, Instant};

use actor_lanes::{Actor, Context, Handle, Message, Reply, Spawn, System, mailbox};
use futures::future::join_all;
use programs::{Done, PATIENCE};

struct Job {
    numbers: Vec<u64>,
    until: Instant,
    answer: Reply<u64>,
}

impl Message for Job {
    // A full stage refuses, so a fast one waits for a slow one.
    const LANES: &'static [actor_lanes::Lane] = &[actor_lanes::Lane::fifo("jobs", 4)];

    /// A stage drops a job at this time, and the caller receives an error.
    fn deadline(&self) -> Option<Instant> {
        Some(self.until)
    }
}

type Step = fn(&mut Vec<u64>);

/// One step of the work, and the stage after it. The last stage answers.
struct Stage(Step, Option<Handle<Job>>);

impl Actor for Stage {
    type Message = Job;

    async fn handle(&mut self, mut job: Job, _cx: &mut Context<Job>) {
        (self.0)(&mut job.numbers);
        match &self.1 {
            // An error means that the next stage has ended: the dropped job is the caller's error.
            Some(next) => drop(next.tell(job).await),
            None => job.answer.send(job.numbers.iter().sum()),
        }
    }
}

fn main() -> Done {
    let system = System::builder("pipeline").runtime(programs::runtime()?).executors(3).start()?;
    let steps: [(&str, Step); 3] = [
        ("sum", |_numbers| ()),
        ("square", |numbers| numbers.iter_mut().for_each(|n| *n *= *n)),
        ("odd", |numbers| numbers.retain(|n| n % 2 == 1)),
    ];
    let mut next = None;
    for (name, step) in steps {
        let (stage, stage_mailbox) = mailbox();
        let after = next.replace(stage);
        drop(Spawn::new(stage_mailbox).named(name).start(&system, move || Stage(step, after))?);
    }
    let first = next.ok_or("there are stages")?;
    // A deadline is a time of the executor's clock.
    let now = system.executors().get("pipeline-0").ok_or("it has three executors")?.now();
    let far = now + Duration::from_secs(3600);
    let sum = first.ask(|answer| Job { numbers: vec![1, 2, 3], until: far, answer });
    assert_eq!(futures::executor::block_on(sum)?, 10);

    // Twenty jobs for three stages with four places each. Every second one is late already.
    let until = |n: u64| if n.is_multiple_of(2) { far } else { now };
    let ask = |n| first.ask(move |answer| Job { numbers: vec![n], until: until(n), answer });
    let answers = futures::executor::block_on(join_all((0..20).map(ask)));
    assert_eq!(answers.iter().filter(|answer| answer.is_ok()).count(), 10);
    let report = system.stop_blocking(PATIENCE);
    let lanes = report.actor("/odd").ok_or("it ran")?.lanes();
    assert_eq!((lanes[0].handled, lanes[0].expired), (11, 10));
    println!("11 jobs in time, 10 dropped before the first stage");
    Ok(())
}
