//! Several panicking destructors at one end. Two panics in one drop abort the process, so each
//! value of the program is dropped on its own.

use std::future::{Future, pending, poll_fn};
use std::pin::Pin;
use std::sync::mpsc::{Receiver, SyncSender};
use std::task::Poll;
use std::time::Duration;

use actor_lanes::life::{Backoff, Restart, SpawnRestarting};
use actor_lanes::{Actor, Context, ExitReason, Message, Runtime, Spawn, mailbox};
use actor_tests::{Desk, FIFO, Letter, end_of, executor, on_every_runtime, signal, wait};

on_every_runtime! {
    a_killed_actor_may_panic_in_every_drop,
    an_abandoned_actor_may_panic_in_every_drop,
    an_actor_abandoned_between_two_lives_ends_as_abandoned,
}

const HOUR: Duration = Duration::from_secs(3600);

struct Bomb;

impl Drop for Bomb {
    fn drop(&mut self) {
        panic!("a drop, as the test wants it");
    }
}

/// Holds a bomb in every place of the program's values.
struct Mined {
    _state: Bomb,
    began: SyncSender<()>,
}

impl Actor for Mined {
    type Message = Mine;

    async fn handle(&mut self, mine: Mine, cx: &mut Context<Mine>) {
        let _in_hand = mine;
        cx.after(HOUR, Mine(Some(Bomb)));
        cx.after(HOUR, Mine(Some(Bomb)));
        let (in_future, in_function) = (Bomb, Bomb);
        let future = async move {
            let _bomb = in_future;
            pending::<()>().await;
        };
        cx.spawn(future, move |_ended| {
            let _bomb = in_function;
            Mine(None)
        });
        self.began.send(()).expect("the test waits");
        pending().await
    }
}

/// A message with a bomb.
struct Mine(#[expect(dead_code, reason = "it is only dropped")] Option<Bomb>);
impl Message for Mine {}

fn mined(began: SyncSender<()>) -> (SpawnRestarting<Mine>, impl FnMut() -> Mined + Send + 'static) {
    let (handle, mailbox) = mailbox();
    handle.try_tell_all([(); 3].map(|()| Mine(Some(Bomb)))).expect("there is room");
    let [hook, summary, poison, maker] = [Bomb, Bomb, Bomb, Bomb];
    let spawn = Spawn::new(mailbox)
        .on_undelivered(move |_lane, mine| {
            let _hook = &hook;
            drop(mine);
        })
        .restart(Restart::transient().backoff(Backoff::constant(HOUR)))
        .on_poison(
            move |_mine| {
                let _bomb = &summary;
                Bomb
            },
            move |summary, _reason| {
                let _bomb = &poison;
                drop(summary);
            },
        );
    let make = move || {
        let _bomb = &maker;
        Mined { _state: Bomb, began: began.clone() }
    };
    (spawn, make)
}

fn a_killed_actor_may_panic_in_every_drop(runtime: &dyn Runtime) {
    let (began, beginning) = signal();
    let (spawn, make) = mined(began);
    let running = spawn.start(&executor(runtime), make).expect("it starts");
    wait(&beginning);
    running.kill();
    let exit = end_of(&running);
    assert!(matches!(exit.reason, ExitReason::Killed), "{exit:?}");
    assert_eq!((exit.lanes[0].handled, exit.undelivered(), exit.in_flight), (1, 2, 1));
}

/// Polls a future until the signal comes, then drops it.
fn abandon<F: Future<Output = ()> + 'static>(
    life: F,
    comes: Receiver<()>,
) -> Pin<Box<dyn Future<Output = ()>>> {
    let mut life = Box::pin(life);
    Box::pin(async move {
        poll_fn(|task| {
            assert!(life.as_mut().poll(task).is_pending(), "it waits");
            if comes.try_recv().is_ok() { Poll::Ready(()) } else { Poll::Pending }
        })
        .await;
        drop(life);
    })
}

fn an_abandoned_actor_may_panic_in_every_drop(runtime: &dyn Runtime) {
    let (began, beginning) = signal();
    let (tell, told) = signal();
    let executor = executor(runtime);
    let own = executor.clone();
    let maker = move || {
        let (spawn, make) = mined(began);
        let (running, life) = spawn.into_life(&own, make);
        tell.send(running).expect("the test waits");
        abandon(life, beginning)
    };
    executor.spawn(Box::new(maker)).expect("it runs");
    let exit = end_of(&wait(&told));
    assert!(matches!(exit.reason, ExitReason::Abandoned), "{exit:?}");
    assert_eq!((exit.lanes[0].handled, exit.undelivered(), exit.in_flight), (1, 2, 1));
}

fn an_actor_abandoned_between_two_lives_ends_as_abandoned(runtime: &dyn Runtime) {
    let (ended, ending) = signal();
    let (tell, told) = signal();
    let executor = executor(runtime);
    let own = executor.clone();
    let maker = move || {
        let (desk, mailbox) = mailbox();
        let fails = Letter::act(FIFO, move |desk, cx| {
            desk.ending = Some(ended);
            cx.fail("the reason of its life");
        });
        desk.try_tell(fails).expect("there is room");
        let policy = Restart::permanent().backoff(Backoff::constant(HOUR));
        let (running, life) = Spawn::new(mailbox).restart(policy).into_life(&own, Desk::default);
        tell.send(running).expect("the test waits");
        let (rests, resting) = signal();
        // The state has ended, and the poll has returned: the actor rests.
        let life = async move {
            let mut life = Box::pin(life);
            poll_fn(|task| {
                let polled = life.as_mut().poll(task);
                if ending.try_recv().is_ok() {
                    rests.send(()).expect("the receiver waits");
                }
                polled
            })
            .await;
        };
        abandon(life, resting)
    };
    executor.spawn(Box::new(maker)).expect("it runs");
    let exit = end_of(&wait(&told));
    assert!(matches!(exit.reason, ExitReason::Abandoned), "{exit:?}");
    assert_eq!(exit.restarts, 0);
}
