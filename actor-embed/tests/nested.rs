//! Several drivers on one thread: side by side, and one inside the other.

use std::cell::RefCell;
use std::future::poll_fn;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::mpsc::sync_channel;
use std::task::Poll;
use std::time::Duration;

use actor_core::{Actor, Context, Executor, Handle, Message, Reply, spawn};
use actor_embed::{Driver, Embed, ManualClock};

/// Asks for a count that goes down by one with each hop between two actors.
struct Hops(u32, Reply<u32>);

impl Message for Hops {}

/// Passes a count to its peer, and adds one to the peer's answer.
struct Player(Rc<RefCell<Option<Handle<Hops>>>>);

impl Actor for Player {
    type Message = Hops;

    async fn handle(&mut self, Hops(left, reply): Hops, cx: &mut Context<Hops>) {
        let peer = self.0.borrow().clone();
        match peer.filter(|_| left > 0) {
            None => reply.send(0),
            Some(peer) => {
                // Answered later, so that both actors can take part in the same question twice.
                let asked = peer.try_ask(|answer| Hops(left - 1, answer)).expect("there is room");
                cx.executor()
                    .spawn(Box::new(move || {
                        Box::pin(async move {
                            let answer = asked.await.expect("it is answered");
                            reply.send(answer + 1);
                        })
                    }))
                    .expect("the executor runs");
            }
        }
    }
}

/// Counts the calls of its wake function, each of which makes one turn due.
fn counted() -> (Arc<AtomicU32>, Arc<dyn Executor>, Driver) {
    let calls = Arc::new(AtomicU32::new(0));
    let counts = Arc::clone(&calls);
    let wake = move || _ = counts.fetch_add(1, Ordering::Relaxed);
    let (executor, driver) = Embed::new(wake).build().expect("it is built");
    (calls, executor, driver)
}

#[test]
fn two_drivers_on_one_thread_wake_each_other() {
    let (first_calls, first_executor, mut first) = counted();
    let (second_calls, second_executor, mut second) = counted();
    first.run_until_stalled();
    second.run_until_stalled();

    let (send, handles) = sync_channel::<Handle<Hops>>(1);
    let (left, _left_running) =
        spawn(&first_executor, move || Player(Rc::new(RefCell::new(handles.recv().ok()))))
            .expect("it runs");
    let peer = left.clone();
    let (right, _right_running) =
        spawn(&second_executor, move || Player(Rc::new(RefCell::new(Some(peer)))))
            .expect("it runs");
    send.send(right).expect("the maker waits");

    let asked = left.try_ask(|reply| Hops(100, reply)).expect("there is room");
    // Each driver is turned only when its wake was called.
    let (mut seen, mut turns) = ([0, 0], 0);
    loop {
        let calls = [&first_calls, &second_calls].map(|calls| calls.load(Ordering::Relaxed));
        if calls == seen {
            break;
        }
        if calls[0] != seen[0] {
            first.run_until_stalled();
        }
        if calls[1] != seen[1] {
            second.run_until_stalled();
        }
        (seen, turns) = (calls, turns + 1);
    }
    assert!(turns >= 100, "each hop needs a turn of the other driver: {turns}");
    assert_eq!(futures::executor::block_on(asked).expect("it is answered"), 100);
}

#[test]
fn a_handler_of_one_driver_may_turn_another_one() {
    let clock = ManualClock::new();
    let build = || Embed::new(|| {}).clock(clock.clone()).build().expect("it is built");
    let (outer_executor, mut outer) = build();
    let (sender, steps) = sync_channel(16);
    let own = Arc::clone(&outer_executor);
    outer_executor
        .spawn(Box::new(move || {
            Box::pin(async move {
                let (inner_executor, mut inner) = Embed::new(|| {}).build().expect("it is built");
                let mut timer = own.timer();
                timer.arm(own.now() + Duration::from_secs(1));
                let mut polls = 0;
                poll_fn(|cx| {
                    polls += 1;
                    assert!(timer.poll_expired(cx).is_pending());
                    // The inner task wakes the outer one, whose turn is interrupted.
                    let (waker, sends) = (cx.waker().clone(), sender.clone());
                    inner_executor
                        .spawn(Box::new(move || {
                            Box::pin(async move {
                                waker.wake();
                                sends.send("inner").expect("there is room");
                            })
                        }))
                        .expect("the inner executor runs");
                    inner.run_until_stalled();
                    sender.send("outer").expect("there is room");
                    if polls == 2 { Poll::Ready(()) } else { Poll::Pending }
                })
                .await;
                // The timers of the outer driver are the current ones again.
                timer.arm(own.now() + Duration::from_secs(1));
                poll_fn(|cx| timer.poll_expired(cx)).await;
                sender.send("time").expect("there is room");
            })
        }))
        .expect("the outer executor runs");
    let turn = outer.run_until_stalled();
    assert_eq!(turn.next_deadline, Some(clock.now() + Duration::from_secs(1)));
    outer.advance(Duration::from_secs(1));
    assert_eq!(Vec::from_iter(steps), ["inner", "outer", "inner", "outer", "time"]);
}

#[test]
fn a_driver_turned_inside_its_own_turn_panics_in_that_handler_only() {
    let (executor, driver) = Embed::new(|| {}).build().expect("it is built");
    thread_local!(static OWN: RefCell<Option<Driver>> = const { RefCell::new(None) });
    OWN.set(Some(driver));
    let turn = || OWN.with_borrow_mut(|own| own.as_mut().map(Driver::run_until_stalled));
    executor
        .spawn(Box::new(move || {
            Box::pin(async move {
                turn();
                unreachable!("the driver is borrowed");
            })
        }))
        .expect("the executor runs");
    let (sender, receiver) = sync_channel(1);
    executor
        .spawn(Box::new(move || Box::pin(async move { sender.send(7).expect("there is room") })))
        .expect("the executor runs");
    turn();
    assert_eq!(receiver.try_recv(), Ok(7));
    drop(OWN.take());
}

fn is_current(executor: &Arc<dyn Executor>) -> bool {
    actor_core::runtime::current().is_some_and(|current| Arc::ptr_eq(&current, executor))
}

#[test]
fn the_current_executor_is_that_of_the_inner_turn_and_then_that_of_the_outer_one() {
    let (outer_executor, mut outer) = Embed::new(|| {}).build().expect("it is built");
    let (sender, steps) = sync_channel(3);
    let own = Arc::clone(&outer_executor);
    let maker = move || {
        let (inner_executor, mut inner) = Embed::new(|| {}).build().expect("it is built");
        let future = async move {
            sender.send(is_current(&own)).expect("there is room");
            let (sees, sent) = (sender.clone(), Arc::clone(&inner_executor));
            let sees = async move { sees.send(is_current(&sent)).expect("there is room") };
            inner_executor.spawn(Box::new(|| Box::pin(sees))).expect("it runs");
            inner.run_until_stalled();
            sender.send(is_current(&own)).expect("there is room");
        };
        Box::pin(future) as std::pin::Pin<Box<dyn Future<Output = ()>>>
    };
    outer_executor.spawn(Box::new(maker)).expect("the outer executor runs");
    outer.run_until_stalled();
    assert_eq!(Vec::from_iter(steps), [true; 3]);
    assert!(actor_core::runtime::current().is_none(), "no turn runs");
}

#[test]
fn a_manual_clock_measures_the_time_of_an_ask() {
    struct Read(#[expect(dead_code, reason = "nobody answers")] Reply<u32>);
    impl Message for Read {}

    let (executor, mut driver) =
        Embed::new(|| {}).clock(ManualClock::new()).build().expect("it is built");
    let (read, _mailbox) = actor_core::mailbox::<Read>();
    let (sender, receiver) = sync_channel(1);
    let asks = async move {
        let asked = read.ask(Read).timeout(Duration::from_secs(3600)).await;
        sender.send(asked.is_err()).expect("there is room");
    };
    executor.spawn(Box::new(move || Box::pin(asks))).expect("the executor runs");
    driver.advance(Duration::from_secs(3599));
    assert!(receiver.try_recv().is_err(), "an hour has not passed");
    driver.advance(Duration::from_secs(1));
    assert_eq!(receiver.try_recv(), Ok(true));
}
