//! Full lanes: returned messages, waiting senders, and cancelled sends.

use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context as Task, Wake, Waker};
use std::thread;
use std::time::Duration;

use actor_lanes::handle::{AskBlockingError, Tell};
use actor_lanes::reply::Answer;
use actor_lanes::{Actor, Context, Handle, Lane, Message, Reply, Runtime, TryTellError, spawn};
use actor_tests::{
    Desk, FIFO, Letter, PATIENCE, SOON, executor, on_every_runtime, signal, wait, within,
};

on_every_runtime! {
    a_refused_message_is_returned,
    senders_waiting_for_one_place_all_get_it_in_turn,
    blocked_senders_all_get_through,
    a_sender_that_gives_up_passes_its_place_on,
    a_notified_sender_that_is_not_polled_blocks_no_other,
    forgotten_senders_block_no_other,
    a_message_taken_wakes_one_sender,
    a_tell_dropped_while_it_waits_sends_nothing,
    a_blocked_tell_gives_up_in_time,
    a_blocked_ask_gives_up_before_there_is_room,
    a_blocked_ask_gives_up_before_there_is_an_answer,
    an_infinite_timeout_waits,
}

/// A lane with one place.
enum Narrow {
    Count,
    Hold(Answer<()>),
    Read(Reply<u64>),
}

impl Message for Narrow {
    const LANES: &'static [Lane] = &[Lane::fifo("narrow", 1)];
}

#[derive(Default)]
struct Counter(u64);

impl Actor for Counter {
    type Message = Narrow;

    async fn handle(&mut self, message: Narrow, _cx: &mut Context<Narrow>) {
        match message {
            Narrow::Count => self.0 += 1,
            Narrow::Hold(release) => _ = release.await,
            Narrow::Read(reply) => reply.send(self.0),
        }
    }
}

/// Starts a counter, keeps it busy until the reply is sent, and fills its lane.
fn busy(runtime: &dyn Runtime) -> (Handle<Narrow>, Reply<()>) {
    let (counter, running) = spawn(&executor(runtime), Counter::default).expect("it starts");
    drop(running);
    let (release, held) = Reply::pair();
    counter.try_tell(Narrow::Hold(held)).expect("there is room");
    counter.tell_blocking(Narrow::Count, PATIENCE).expect("the first is taken in time");
    (counter, release)
}

fn read(counter: &Handle<Narrow>) -> u64 {
    counter.ask_blocking(Narrow::Read, PATIENCE).expect("the counter answers")
}

fn a_refused_message_is_returned(runtime: &dyn Runtime) {
    let (desk, _running) = spawn(&executor(runtime), Desk::default).expect("it starts");
    let _held = Desk::hold(&desk);
    (0..64).for_each(|n| desk.try_tell(Letter::note(FIFO, n)).expect("there is room"));
    for n in 64..70 {
        let refused = desk.try_tell(Letter::note(FIFO, n)).expect_err("there is none");
        assert!(matches!(refused, TryTellError::Full(_)), "{refused:?}");
        assert_eq!(refused.into_message().number(), Some(n));
    }
    assert!(matches!(desk.try_ask(Letter::read), Err(TryTellError::Full(_))));
    let lane = &desk.stats()[FIFO];
    assert_eq!((lane.accepted, lane.refused, lane.depth), (64, 7, 64));
}

fn senders_waiting_for_one_place_all_get_it_in_turn(runtime: &dyn Runtime) {
    let (counter, release) = busy(runtime);
    let sending = executor(runtime);
    let (told, tells) = signal();
    for _ in 0..100 {
        let (counter, told) = (counter.clone(), told.clone());
        let telling = async move {
            let mut tell = pin!(counter.tell(Narrow::Count));
            assert!(futures::poll!(&mut tell).is_pending(), "there is no room");
            told.send(()).expect("the test waits");
            tell.await.expect("the actor lives");
            told.send(()).expect("the test waits");
        };
        sending.spawn(Box::new(|| Box::pin(telling))).expect("the executor takes futures");
    }
    (0..100).for_each(|_| wait(&tells));
    release.send(());
    (0..100).for_each(|_| wait(&tells));
    assert_eq!(read(&counter), 101);
}

fn blocked_senders_all_get_through(runtime: &dyn Runtime) {
    let (counter, release) = busy(runtime);
    thread::scope(|threads| {
        for _ in 0..8 {
            threads.spawn(|| {
                (0..100).for_each(|_| {
                    counter.tell_blocking(Narrow::Count, PATIENCE).expect("there is room in time")
                });
            });
        }
        release.send(());
    });
    assert_eq!(read(&counter), 801);
    assert_eq!(counter.stats()[0].refused, 0);
}

fn a_sender_that_gives_up_passes_its_place_on(runtime: &dyn Runtime) {
    let (counter, release) = busy(runtime);
    let other = counter.clone();
    let sent = within(&executor(runtime), move || async move {
        let mut second = pin!(other.tell(Narrow::Count));
        {
            let mut first = pin!(other.tell(Narrow::Count));
            assert!(futures::poll!(&mut first).is_pending());
            assert!(futures::poll!(&mut second).is_pending());
            release.send(());
            // Once the queue has been emptied, the first sender has been notified of a free place
            // and has not taken it.
            while other.stats()[0].handled < 2 {
                thread::yield_now();
            }
        }
        second.await.is_ok()
    });
    assert!(sent);
    assert_eq!(read(&counter), 2);
}

/// Queues a sender behind waiting senders that are not polled again. Returns whether it is served.
fn is_served_behind<'a>(
    release: Reply<()>,
    other: Handle<Narrow>,
    idle: impl IntoIterator<Item = Tell<'a, Narrow>>,
) -> bool {
    let mut idle: Vec<_> = idle.into_iter().map(Box::pin).collect();
    let mut cx = Task::from_waker(Waker::noop());
    assert!(
        idle.iter_mut().all(|tell| tell.as_mut().poll(&mut cx).is_pending()),
        "there is no room"
    );
    let (told, tells) = signal();
    let behind = thread::spawn(move || {
        let mut tell = pin!(other.tell(Narrow::Count));
        assert!(
            tell.as_mut().poll(&mut Task::from_waker(Waker::noop())).is_pending(),
            "there is no room"
        );
        told.send(()).expect("the test waits");
        futures::executor::block_on(tell).is_ok()
    });
    wait(&tells);
    release.send(());
    let is_served = behind.join().expect("telling does not panic");
    idle.into_iter().for_each(std::mem::forget);
    is_served
}

fn a_notified_sender_that_is_not_polled_blocks_no_other(runtime: &dyn Runtime) {
    let (counter, release) = busy(runtime);
    assert!(is_served_behind(release, counter.clone(), [counter.tell(Narrow::Count)]));
    assert_eq!(read(&counter), 2);
}

fn forgotten_senders_block_no_other(runtime: &dyn Runtime) {
    let (counter, release) = busy(runtime);
    assert!(is_served_behind(
        release,
        counter.clone(),
        (0..5).map(|_| counter.tell(Narrow::Count))
    ));
    assert_eq!(read(&counter), 2);
    // Later senders are notified of each freed place.
    thread::scope(|threads| {
        for _ in 0..4 {
            threads.spawn(|| {
                (0..100).for_each(|_| {
                    counter.tell_blocking(Narrow::Count, PATIENCE).expect("there is room in time")
                });
            });
        }
    });
    assert_eq!(read(&counter), 402);
}

/// Counts its wakes.
#[derive(Default)]
struct Wakes(AtomicUsize);

impl Wake for Wakes {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}

fn a_message_taken_wakes_one_sender(_runtime: &dyn Runtime) {
    const SENDERS: usize = 100;

    let (counter, mut mailbox) = actor_lanes::mailbox::<Narrow>();
    counter.try_tell(Narrow::Count).expect("there is room");
    let wakes: Vec<_> = (0..SENDERS).map(|_| Arc::new(Wakes::default())).collect();
    let mut tells: Vec<_> = wakes.iter().map(|_| Box::pin(counter.tell(Narrow::Count))).collect();
    let mut poll = |n: usize| {
        let waker = Waker::from(Arc::clone(&wakes[n]));
        tells[n].as_mut().poll(&mut Task::from_waker(&waker)).is_ready()
    };
    assert!((0..SENDERS).all(|n| !poll(n)));
    for n in 0..SENDERS {
        assert!(mailbox.try_recv().is_some());
        let woken: Vec<_> = wakes.iter().map(|wakes| wakes.0.load(Ordering::SeqCst)).collect();
        assert_eq!(woken.iter().sum::<usize>(), n + 1, "one for each message taken");
        assert_eq!(woken[n], 1, "first come, first served");
        assert!(poll(n));
    }
}

fn a_tell_dropped_while_it_waits_sends_nothing(runtime: &dyn Runtime) {
    let (counter, release) = busy(runtime);
    {
        let mut waiting = pin!(counter.tell(Narrow::Count));
        let mut cx = Task::from_waker(Waker::noop());
        assert!(waiting.as_mut().poll(&mut cx).is_pending());
    }
    release.send(());
    assert_eq!(read(&counter), 1);
}

fn a_blocked_tell_gives_up_in_time(runtime: &dyn Runtime) {
    let (counter, _release) = busy(runtime);
    for timeout in [Duration::ZERO, SOON] {
        let refused = counter.tell_blocking(Narrow::Count, timeout);
        assert!(matches!(refused, Err(TryTellError::Full(Narrow::Count))), "{refused:?}");
    }
    assert_eq!(counter.stats()[0].refused, 2, "giving up is a refusal");
}

fn a_blocked_ask_gives_up_before_there_is_room(runtime: &dyn Runtime) {
    let (counter, release) = busy(runtime);
    let asked = counter.ask_blocking(Narrow::Read, SOON);
    assert!(matches!(asked, Err(AskBlockingError::Full(Narrow::Read(_)))), "{asked:?}");
    release.send(());
    assert_eq!(read(&counter), 1);
}

fn a_blocked_ask_gives_up_before_there_is_an_answer(runtime: &dyn Runtime) {
    let (desk, running) = spawn(&executor(runtime), Desk::default).expect("it starts");
    let release = Desk::hold(&desk);
    let asked = desk.ask_blocking(Letter::read, SOON);
    assert!(matches!(asked, Err(AskBlockingError::Timeout)), "{asked:?}");
    release.send(());
    drop(desk);
    let lane = &actor_tests::end_of(&running).lanes[FIFO];
    assert_eq!(
        (lane.cancelled, lane.handled),
        (1, 0),
        "nobody waits for it any more, so it is not handled"
    );
}

fn an_infinite_timeout_waits(runtime: &dyn Runtime) {
    let (counter, release) = busy(runtime);
    let (began, beginning) = signal();
    let other = counter.clone();
    let blocked = thread::spawn(move || {
        began.send(()).expect("the test waits");
        other.tell_blocking(Narrow::Count, Duration::MAX).is_ok()
    });
    wait(&beginning);
    release.send(());
    assert!(blocked.join().expect("telling does not panic"));
    assert_eq!(read(&counter), 2);
}
