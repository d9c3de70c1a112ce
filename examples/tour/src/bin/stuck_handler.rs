//! A handler blocks its thread. A watchdog names it while it does, and another thread looks.

use std::sync::mpsc::{Receiver, sync_channel};
use std::time::Duration;

use actor_lanes::inspect::Watchdog;
use actor_lanes::{Actor, Context, Message, Spawn, System, mailbox};
use tour::{Done, PATIENCE};

enum Job {
    Read(Receiver<()>),
}
impl Message for Job {
    const KINDS: &'static [&'static str] = &["Read"];
}

struct Worker;

impl Actor for Worker {
    type Message = Job;

    async fn handle(&mut self, Job::Read(source): Job, _cx: &mut Context<Job>) {
        // A mistake: a handler should await, or offload this.
        source.recv().ok();
    }
}

fn main() -> Done {
    let system = System::new("tour", tour::runtime()?)?;
    let (found, findings) = sync_channel(16);
    let watchdog = Watchdog::new().budget(Duration::from_millis(20));
    system.watch(watchdog.on_finding(move |finding| {
        found.try_send((finding.problem.actors().join(", "), finding.is_over)).ok();
    }))?;

    let (worker, worker_mailbox) = mailbox();
    let _running = Spawn::new(worker_mailbox).named("worker").start(&system, || Worker)?;
    let (go, source) = sync_channel(1);
    worker.try_tell(Job::Read(source))?;

    let (actor, is_over) = findings.recv_timeout(PATIENCE)?;
    println!("{actor} is stuck: {}", !is_over);
    let seen = system.inspect();
    let worker = seen.actor("/worker").ok_or("it runs")?;
    println!("in hand: {}", worker.doing.message().ok_or("it has a message")?);
    go.send(())?;
    let (actor, is_over) = findings.recv_timeout(PATIENCE)?;
    println!("{actor} goes on: {is_over}");
    Ok(())
}
