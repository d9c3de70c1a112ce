//! Asks with a time limit: in actors, in tasks, and without a runtime.

use std::time::Duration;

use actor_lanes::handle::AskBlockingError;
use actor_lanes::runtime::current;
use actor_lanes::{Lane, Message, Recipient, Reply, Runtime, spawn};
use actor_tests::{
    Desk, FIFO, Letter, PATIENCE, SOON, Work, end_of, executor, on_every_runtime, signal, wait,
    within,
};
use futures::executor::block_on;

on_every_runtime! {
    an_answer_in_time_arrives,
    an_ask_without_an_answer_ends_at_its_limit_and_is_cancelled,
    an_ask_without_room_returns_its_message_at_its_limit,
    an_ask_ends_at_its_limit_within_a_handler,
    an_ask_ends_at_its_limit_after_a_move_to_another_thread,
    an_ask_of_an_ended_actor_returns_its_message,
    the_current_executor_is_that_of_the_actor,
}

fn an_answer_in_time_arrives(runtime: &dyn Runtime) {
    let (desk, _running) = spawn(&executor(runtime), Desk::default).expect("it starts");
    let notes = block_on(desk.ask(Letter::read).timeout(PATIENCE));
    assert_eq!(notes.expect("it answers"), []);
    let recipient: Recipient<Letter> = desk.recipient();
    let notes = block_on(recipient.ask(Letter::read).timeout(Duration::MAX));
    assert_eq!(notes.expect("it answers"), []);
}

fn an_ask_without_an_answer_ends_at_its_limit_and_is_cancelled(runtime: &dyn Runtime) {
    let (desk, running) = spawn(&executor(runtime), Desk::default).expect("it starts");
    let recipient: Recipient<Letter> = desk.recipient();
    let release = Desk::hold(&desk);
    let asked = block_on(desk.ask(Letter::read).timeout(SOON));
    assert!(matches!(asked, Err(AskBlockingError::Timeout)), "{asked:?}");
    let asked = block_on(recipient.ask(Letter::read).timeout(SOON));
    assert!(matches!(asked, Err(AskBlockingError::Timeout)), "{asked:?}");
    release.send(());
    running.stop(PATIENCE);
    let exit = end_of(&running);
    assert_eq!((exit.lanes[FIFO].cancelled, exit.lanes[FIFO].handled), (2, 0));
}

fn an_ask_without_room_returns_its_message_at_its_limit(runtime: &dyn Runtime) {
    let (desk, running) = spawn(&executor(runtime), Desk::default).expect("it starts");
    let recipient: Recipient<Letter> = desk.recipient();
    let release = Desk::hold(&desk);
    (0..64).for_each(|n| desk.try_tell(Letter::note(FIFO, n)).expect("there is room"));
    let asked = block_on(desk.ask(Letter::read).timeout(SOON));
    let Err(AskBlockingError::Full(Letter { work: Work::Read(reply), .. })) = asked else {
        panic!("the lane is full: {asked:?}")
    };
    assert!(reply.is_cancelled());
    let asked = block_on(recipient.ask(Letter::read).timeout(SOON));
    assert!(matches!(asked, Err(AskBlockingError::Full(_))), "{asked:?}");
    release.send(());
    running.stop(PATIENCE);
    let exit = end_of(&running);
    assert_eq!((exit.lanes[FIFO].handled, exit.lanes[FIFO].refused), (64, 2));
}

fn an_ask_ends_at_its_limit_within_a_handler(runtime: &dyn Runtime) {
    let (held, _running) = spawn(&executor(runtime), Desk::default).expect("it starts");
    let _release = Desk::hold(&held);
    let (desk, _running) = spawn(&executor(runtime), Desk::default).expect("it starts");
    let (told, tells) = signal();
    let asks = Letter::awaiting(FIFO, move || async move {
        let asked = held.ask(Letter::read).timeout(SOON).await;
        told.send(matches!(asked, Err(AskBlockingError::Timeout))).expect("the test waits");
    });
    desk.try_tell(asks).expect("there is room");
    assert!(wait(&tells));
}

fn an_ask_ends_at_its_limit_after_a_move_to_another_thread(runtime: &dyn Runtime) {
    let (held, _running) = spawn(&executor(runtime), Desk::default).expect("it starts");
    let _release = Desk::hold(&held);
    let executor = executor(runtime);
    let (gives, given) = signal();
    within(&executor, move || async move {
        let asking = async move { held.ask(Letter::read).timeout(SOON).await.map(drop) };
        let mut asking = Box::pin(asking);
        // Its first poll arms the executor's timer.
        assert!(futures::poll!(&mut asking).is_pending());
        gives.send(asking).expect("the test waits");
    });
    assert!(matches!(block_on(wait(&given)), Err(AskBlockingError::Timeout)));
}

fn an_ask_of_an_ended_actor_returns_its_message(runtime: &dyn Runtime) {
    let (desk, running) = spawn(&executor(runtime), Desk::default).expect("it starts");
    let release = Desk::hold(&desk);
    running.kill();
    drop(end_of(&running));
    let asked = block_on(desk.ask(Letter::read).timeout(PATIENCE));
    assert!(matches!(asked, Err(AskBlockingError::Closed(_))), "{asked:?}");
    drop(release);
}

struct Which(Reply<bool>);

impl Message for Which {
    const LANES: &'static [Lane] = &[Lane::fifo("which", 1)];
}

fn the_current_executor_is_that_of_the_actor(runtime: &dyn Runtime) {
    struct Own;
    impl actor_lanes::Actor for Own {
        type Message = Which;
        async fn handle(&mut self, Which(reply): Which, cx: &mut actor_lanes::Context<Which>) {
            let is_own = |own: &std::sync::Arc<_>| std::sync::Arc::ptr_eq(own, cx.executor());
            reply.send(current().is_some_and(|current| is_own(&current)));
        }
    }
    let (own, _running) = spawn(&executor(runtime), || Own).expect("it starts");
    assert_eq!(own.ask_blocking(Which, PATIENCE).ok(), Some(true));
    assert!(current().is_none(), "the test's thread is no executor's");
}
