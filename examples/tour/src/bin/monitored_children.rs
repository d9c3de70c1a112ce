//! A parent starts children, and handles the end of each as a message.

use actor_lanes::{Actor, Context, Down, Message, Spawn, System, mailbox, spawn};
use tour::{Done, PATIENCE};

struct Work(bool);
impl Message for Work {}

struct Child;

impl Actor for Child {
    type Message = Work;

    async fn handle(&mut self, Work(succeeds): Work, cx: &mut Context<Work>) {
        match succeeds {
            true => cx.stop(),
            false => cx.fail("no more paper"),
        }
    }
}

struct Ended(Down);
impl Message for Ended {}

struct Parent {
    system: System,
    ended: Vec<String>,
}

impl Actor for Parent {
    type Message = Ended;

    async fn started(&mut self, cx: &mut Context<Ended>) {
        for (name, succeeds) in [("printer", false), ("scanner", true)] {
            let (child, mailbox) = mailbox();
            let spawned = Spawn::new(mailbox).named(name).start(&self.system, || Child);
            // The parent needs the monitor below only.
            drop(spawned.expect("the system runs"));
            cx.monitor(&child, Ended);
            assert!(child.try_tell(Work(succeeds)).is_ok(), "it has room");
        }
    }

    async fn handle(&mut self, Ended(down): Ended, cx: &mut Context<Ended>) {
        self.ended.push(down.to_string());
        if self.ended.len() == 2 {
            self.ended.sort();
            self.ended.iter().for_each(|ended| println!("{ended}"));
            cx.stop();
        }
    }
}

fn main() -> Done {
    let system = System::new("tour", tour::runtime()?)?;
    let own = system.clone();
    let (_parent, running) = spawn(&system, || Parent { system: own, ended: Vec::new() })?;
    let exit = running.join_blocking(PATIENCE).expect("both children end");
    println!("the parent {}", exit.reason);
    Ok(())
}
