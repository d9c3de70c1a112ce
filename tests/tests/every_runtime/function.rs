//! An actor from one async function has the life of any other actor.

use actor_lanes::{ExitReason, Fallible, Message, Reply, Restart, Runtime, Spawn};
use actor_lanes::{actor_fn, mailbox, spawn};
use actor_tests::{PATIENCE, end_of, executor, on_every_runtime};
use futures::StreamExt;
use futures::channel::mpsc;

on_every_runtime! {
    a_function_keeps_its_state_between_messages,
    the_next_message_waits_for_the_end_of_the_function,
    an_error_of_the_function_ends_its_life_and_the_next_life_has_new_state,
}

enum Sum {
    Add(u64),
    Read(Reply<u64>),
}
impl Message for Sum {}

fn a_function_keeps_its_state_between_messages(runtime: &dyn Runtime) {
    let executor = executor(runtime);
    let sum = || {
        actor_fn(10, async |sum, message: Sum, _cx| match message {
            Sum::Add(n) => *sum += n,
            Sum::Read(reply) => reply.send(*sum),
        })
    };
    let (sum, running) = spawn(&executor, sum).expect("the executor runs");
    for n in 1..=3 {
        sum.try_tell(Sum::Add(n)).expect("there is room");
    }
    assert_eq!(sum.ask_blocking(Sum::Read, PATIENCE).expect("it runs"), 16);
    drop(sum);
    assert!(end_of(&running).reason.is_normal());
}

fn the_next_message_waits_for_the_end_of_the_function(runtime: &dyn Runtime) {
    let executor = executor(runtime);
    let (mut go, mut gate) = mpsc::channel::<()>(3);
    let slow = move || {
        actor_fn(0, async move |sum, message: Sum, _cx| match message {
            Sum::Add(n) => {
                let before = *sum;
                gate.next().await.expect("the test opens it");
                *sum = before + n;
            }
            Sum::Read(reply) => reply.send(*sum),
        })
    };
    let (sum, _running) = spawn(&executor, slow).expect("the executor runs");
    for n in 1..=3 {
        sum.try_tell(Sum::Add(n)).expect("there is room");
    }
    for _ in 1..=3 {
        go.try_send(()).expect("the actor lives");
    }
    assert_eq!(sum.ask_blocking(Sum::Read, PATIENCE).expect("it runs"), 6);
}

fn an_error_of_the_function_ends_its_life_and_the_next_life_has_new_state(runtime: &dyn Runtime) {
    let executor = executor(runtime);
    let small = || {
        actor_fn(0, async |sum, message: Sum, _cx| -> Fallible {
            match message {
                Sum::Add(n) => *sum += u64::from(u8::try_from(n)?),
                Sum::Read(reply) => reply.send(*sum),
            }
            Ok(())
        })
    };
    let (sum, sum_mailbox) = mailbox();
    for n in [1, 1000, 2] {
        sum.try_tell(Sum::Add(n)).expect("there is room");
    }
    let start = Spawn::new(sum_mailbox).restart(Restart::up_to(1).within(PATIENCE));
    let running = start.start(&executor, small).expect("the executor runs");
    assert_eq!(sum.ask_blocking(Sum::Read, PATIENCE).expect("it runs"), 2);
    sum.try_tell(Sum::Add(1000)).expect("there is room");
    let reason = end_of(&running).reason;
    assert!(matches!(reason, ExitReason::Failed(_)), "{reason}");
}
