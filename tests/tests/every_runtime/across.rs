//! Several runtimes in one process: actors on one runtime exchange messages with actors on the
//! others.

use std::time::Duration;

use actor_lanes::{Actor, Context, Handle, Message, Reply, Running, Runtime, Spawn};
use actor_tests::{PATIENCE, end_of, executor, on_every_runtime};

on_every_runtime! {
    an_actor_asks_one_on_each_runtime_and_is_asked_back,
}

#[test]
fn there_are_three_runtimes_and_they_have_names() {
    let names: Vec<_> = actor_lanes::runtime::all().iter().map(|runtime| runtime.name()).collect();
    assert_eq!(names, ["tokio", "smol", "thread"]);
    for name in names {
        assert_eq!(actor_lanes::runtime_named(name).expect("it is enabled").name(), name);
    }
}

#[test]
#[should_panic(expected = "several runtimes are enabled")]
fn no_runtime_is_chosen_among_several() {
    drop(actor_lanes::runtime::only());
}

enum Relay {
    /// Passes the message on until no hops are left, then replies with the runtimes on the way.
    Pass(u32, Reply<Vec<&'static str>>),
}

impl Message for Relay {}

struct Relayer {
    name: &'static str,
    next: Handle<Relay>,
}

impl Actor for Relayer {
    type Message = Relay;

    async fn handle(&mut self, message: Relay, cx: &mut Context<Relay>) {
        let Relay::Pass(hops, reply) = message;
        let Some(left) = hops.checked_sub(1) else { return reply.send(vec![self.name]) };
        // An actor handles no message while it awaits another actor, so the wait is a separate
        // task.
        let (next, name) = (self.next.clone(), self.name);
        let passing = async move {
            if let Ok(mut names) = next.ask(|reply| Relay::Pass(left, reply)).await {
                names.push(name);
                reply.send(names);
            }
        };
        cx.executor().spawn(Box::new(|| Box::pin(passing))).expect("the executor runs");
    }
}

fn an_actor_asks_one_on_each_runtime_and_is_asked_back(runtime: &dyn Runtime) {
    let (own, own_mailbox) = actor_lanes::mailbox();
    let runtimes = actor_lanes::runtime::all();
    let others: Vec<_> = runtimes
        .iter()
        .map(|other| {
            let (handle, mailbox) = actor_lanes::mailbox();
            let running = start(&**other, mailbox, own.clone());
            (handle, running)
        })
        .collect();
    for ((other, running), on) in others.into_iter().zip(runtimes) {
        let (handle, mailbox) = actor_lanes::mailbox();
        let here = start(runtime, mailbox, other);
        // One hop over, none back: the other actor answers.
        let names =
            handle.ask_blocking(|reply| Relay::Pass(1, reply), PATIENCE).expect("it is answered");
        assert_eq!(names, [on.name(), runtime.name()]);
        here.stop(PATIENCE);
        assert!(end_of(&here).reason.is_normal());
        running.stop(Duration::ZERO);
        assert!(end_of(&running).reason.is_normal());
    }
    drop(own_mailbox);
    for other in actor_lanes::runtime::all() {
        there_and_back(runtime, &*other);
    }
}

/// Passes one message back and forth between the two a hundred times.
fn there_and_back(here: &dyn Runtime, there: &dyn Runtime) {
    let (own, own_mailbox) = actor_lanes::mailbox();
    let (far, far_mailbox) = actor_lanes::mailbox();
    let near_running = start(here, own_mailbox, far);
    let far_running = start(there, far_mailbox, own.clone());
    let names =
        own.ask_blocking(|reply| Relay::Pass(100, reply), PATIENCE).expect("it is answered");
    assert_eq!(names.len(), 101);
    assert!(
        names.iter().rev().enumerate().all(|(n, name)| *name == [here, there][n % 2].name()),
        "{names:?}"
    );
    for running in [near_running, far_running] {
        running.stop(PATIENCE);
        assert!(end_of(&running).reason.is_normal());
    }
}

fn start(
    runtime: &dyn Runtime,
    mailbox: actor_lanes::Mailbox<Relay>,
    next: Handle<Relay>,
) -> Running {
    let name = runtime.name();
    Spawn::new(mailbox)
        .start(&executor(runtime), move || Relayer { name, next })
        .expect("it starts")
}
