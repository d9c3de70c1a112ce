//! Every ask gets an answer or an error.

use std::future::Future;
use std::pin::pin;
use std::task::{Context, Waker};

use actor_lanes::handle::AskBlockingError;
use actor_lanes::reply::ReplyDropped;
use actor_lanes::{AskError, Reply, Runtime, spawn};
use actor_tests::{
    CONTROL, Desk, FIFO, Letter, PATIENCE, Work, end_of, executor, on_every_runtime, signal, within,
};

on_every_runtime! {
    an_answer_comes,
    a_reply_that_is_dropped_is_an_error,
    a_reply_may_be_sent_later_and_from_another_thread,
    a_cancelled_ask_that_is_queued_is_not_handled,
    a_cancelled_ask_that_is_handled_can_be_seen,
    an_actor_asks_another,
    an_ask_of_an_ended_actor_returns_the_message,
}

fn an_answer_comes(runtime: &dyn Runtime) {
    let executor = executor(runtime);
    let (desk, _running) = spawn(&executor, Desk::default).expect("it starts");
    let other = desk.clone();
    let notes = within(&executor, move || async move {
        other.tell(Letter::note(FIFO, 5)).await.expect("the actor lives");
        other.ask(Letter::read).await.expect("the actor answers")
    });
    assert_eq!(notes, [5]);
    assert_eq!(desk.ask_blocking(Letter::read, PATIENCE).ok(), Some(vec![5]));
}

fn a_reply_that_is_dropped_is_an_error(runtime: &dyn Runtime) {
    let executor = executor(runtime);
    let (desk, _running) = spawn(&executor, Desk::default).expect("it starts");
    let forgets = |reply: Reply<u8>| Letter::act(FIFO, move |_, _| drop(reply));
    let asked = desk.ask_blocking(forgets, PATIENCE);
    assert!(matches!(asked, Err(AskBlockingError::Dropped)), "{asked:?}");
    let other = desk.clone();
    let asked = within(&executor, move || async move {
        other.ask(forgets).await.map_err(|error| format!("{error:?}"))
    });
    assert_eq!(asked, Err("Dropped".to_owned()));
    let answer = desk.try_ask(forgets).expect("there is room");
    assert_eq!(within(&executor, || answer), Err(ReplyDropped));
}

fn a_reply_may_be_sent_later_and_from_another_thread(runtime: &dyn Runtime) {
    let (desk, _running) = spawn(&executor(runtime), Desk::default).expect("it starts");
    let (handed_on, replies) = signal();
    let hands_on = |reply: Reply<u8>| {
        Letter::act(FIFO, move |_, _| handed_on.send(reply).expect("the test waits"))
    };
    let answering = std::thread::spawn(move || actor_tests::wait(&replies).send(9));
    assert_eq!(desk.ask_blocking(hands_on, PATIENCE).ok(), Some(9));
    answering.join().expect("answering does not panic");
}

fn a_cancelled_ask_that_is_queued_is_not_handled(runtime: &dyn Runtime) {
    let (desk, running) = spawn(&executor(runtime), Desk::default).expect("it starts");
    let release = Desk::hold(&desk);
    let marks = |reply: Reply<()>| {
        Letter::act(FIFO, move |desk, _| {
            std::rc::Rc::make_mut(&mut desk.notes).push(1);
            reply.send(());
        })
    };
    {
        let mut asking = pin!(desk.ask(marks));
        assert!(asking.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending());
        drop(desk.try_ask(marks).expect("there is room"));
    }
    assert_eq!(desk.stats()[FIFO].depth, 2);
    release.send(());
    assert_eq!(Desk::read(&desk), [], "neither was handled");
    drop(desk);
    let lane = &end_of(&running).lanes[FIFO];
    assert_eq!((lane.accepted, lane.cancelled, lane.handled), (3, 2, 1));
}

fn a_cancelled_ask_that_is_handled_can_be_seen(runtime: &dyn Runtime) {
    let (desk, _running) = spawn(&executor(runtime), Desk::default).expect("it starts");
    let (began, beginning) = signal();
    let (seen, sight) = signal();
    let (go_on, wait_for_it) = Reply::<()>::pair();
    let looks = |reply: Reply<u8>| {
        Letter::awaiting(FIFO, move || async move {
            began.send(reply.is_cancelled()).expect("the test waits");
            _ = wait_for_it.await;
            seen.send(reply.is_cancelled()).expect("the test waits");
        })
    };
    let answer = desk.try_ask(looks).expect("there is room");
    assert!(!actor_tests::wait(&beginning));
    drop(answer);
    go_on.send(());
    assert!(actor_tests::wait(&sight));
}

fn an_actor_asks_another(runtime: &dyn Runtime) {
    // Both on one thread: the asking actor waits, and the other runs.
    let executor = executor(runtime);
    let (asked, _asked_running) = spawn(&executor, Desk::default).expect("it starts");
    let (asks, _asks_running) = spawn(&executor, Desk::default).expect("it starts");
    asked.try_tell(Letter::note(FIFO, 3)).expect("there is room");
    let (told, tells) = signal();
    let asking = Letter::awaiting(CONTROL, move || async move {
        told.send(asked.ask(Letter::read).await.ok()).expect("the test waits");
    });
    asks.try_tell(asking).expect("there is room");
    assert_eq!(actor_tests::wait(&tells), Some(vec![3]));
}

fn an_ask_of_an_ended_actor_returns_the_message(runtime: &dyn Runtime) {
    let executor = executor(runtime);
    let (desk, running) = spawn(&executor, Desk::default).expect("it starts");
    running.kill();
    drop(end_of(&running));
    assert!(within(&executor, move || async move {
        matches!(
            desk.ask(Letter::read).await,
            Err(AskError::Closed(Letter { work: Work::Read(_), .. }))
        )
    }));
}
