//! Attached streams: order, turns, detaching, panics and ends.

use std::cell::Cell;
use std::future::ready;
use std::pin::Pin;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::SyncSender;
use std::task::{self, Poll, Waker};
use std::time::Duration;

use actor_lanes::actor::{Batch, Missed, RefusedStream, Streamed};
use actor_lanes::life::Restart;
use actor_lanes::{
    Actor, Context, ExitReason, Handle, Lane, Message, Reply, Runtime, Spawn, spawn,
};
use actor_tests::{
    CONTROL, Desk, FIFO, Letter, PATIENCE, end_of, executor, on_every_runtime, signal, wait,
};
use futures::channel::mpsc;
use futures::{Stream, StreamExt, stream};

on_every_runtime! {
    items_come_in_order_and_the_end_comes_last,
    items_of_another_thread_are_all_handled_in_order,
    no_item_is_pulled_while_a_handler_waits,
    one_item_is_pulled_for_each_message,
    an_always_ready_stream_starves_neither_lanes_nor_neighbours,
    a_full_lane_does_not_starve_streams,
    streams_with_items_take_turns,
    items_and_results_of_work_take_turns,
    a_due_timer_waits_for_one_message_beside_streams_and_work,
    a_wake_of_one_stream_polls_no_other,
    many_woken_streams_hold_up_no_message,
    a_detached_stream_is_dropped_at_once_and_sends_nothing,
    a_stream_is_detached_from_its_own_event,
    detached_streams_leave_nothing_behind,
    a_panic_in_a_stream_is_its_last_event,
    a_panic_in_the_function_ends_the_stream_and_not_the_actor,
    a_stream_without_its_last_message_is_counted,
    a_panic_in_the_drop_of_a_stream_has_no_effect,
    a_stream_keeps_its_actor_reachable_until_it_ends,
    a_weak_stream_is_handled_and_keeps_no_actor,
    a_silent_end_beside_a_weak_timer_ends_the_actor,
    streams_above_the_limit_are_returned_or_answered,
    a_stop_drops_the_streams_and_handles_every_pulled_item,
    a_stream_attached_after_the_close_is_dropped,
    streams_are_dropped_before_the_state_learns_of_its_end,
    a_restart_drops_the_streams_of_the_life_before,
    an_item_is_handled_alone_beside_batches,
    an_item_past_its_deadline_expires,
}

/// Starts a desk.
fn desk(runtime: &dyn Runtime) -> (Handle<Letter>, actor_lanes::Running) {
    spawn(&executor(runtime), Desk::default).expect("it starts")
}

/// Runs the work in a handler, and returns its result.
fn act<T: Send + 'static>(
    desk: &Handle<Letter>,
    work: impl FnOnce(&mut Desk, &mut Context<Letter>) -> T + Send + 'static,
) -> T {
    let (told, tells) = signal();
    let tells_it =
        Letter::act(CONTROL, move |desk, cx| told.send(work(desk, cx)).expect("the test waits"));
    desk.try_tell(tells_it).expect("there is room");
    wait(&tells)
}

fn note(n: u64) -> Letter {
    Letter::note(FIFO, n)
}

/// The message of an event: sends the event to the test.
fn tell<T: Send + 'static>(told: SyncSender<Streamed<T>>) -> impl FnMut(Streamed<T>) -> Letter {
    move |event| {
        let told = told.clone();
        Letter::act(FIFO, move |_, _| told.send(event).expect("the test waits"))
    }
}

/// Signals its drop.
struct Telltale(SyncSender<()>);

impl Drop for Telltale {
    fn drop(&mut self) {
        self.0.send(()).expect("the test waits");
    }
}

/// A stream that keeps a value until its drop.
fn with<S: Stream>(stream: S, kept: impl Sized + 'static) -> impl Stream<Item = S::Item> {
    stream.map(move |item| {
        let _kept = &kept;
        item
    })
}

/// A stream that panics at its first poll.
fn panicking() -> impl Stream<Item = u64> {
    stream::poll_fn(|_| panic!("this stream panics, as the test wants it to"))
}

struct Bomb;

impl Drop for Bomb {
    fn drop(&mut self) {
        panic!("this drop panics, as the test wants it to");
    }
}

fn items_come_in_order_and_the_end_comes_last(runtime: &dyn Runtime) {
    let (desk, running) = desk(runtime);
    let (told, tells) = signal();
    act(&desk, move |desk, cx| {
        // Shared with the state, and not `Send`.
        let notes = Rc::clone(&desk.notes);
        let items = stream::iter(0..100_u64).map(move |n| n + notes.len() as u64);
        cx.attach(items, tell(told));
    });
    let events: Vec<_> = (0..101).map(|_| wait(&tells)).collect();
    let expected: Vec<_> = (0..100).map(Streamed::Item).chain([Streamed::Ended]).collect();
    assert_eq!(events, expected);
    assert_eq!(act(&desk, |_, cx| cx.attached_streams()), 0);
    running.stop(PATIENCE);
    let exit = end_of(&running);
    assert_eq!((exit.lanes[FIFO].accepted, exit.lanes[FIFO].handled), (101, 101));
}

fn items_of_another_thread_are_all_handled_in_order(runtime: &dyn Runtime) {
    const ITEMS: u64 = 2_000;
    let (desk, running) = desk(runtime);
    let (told, tells) = signal();
    let (mut send, items) = mpsc::channel(4);
    let noted = stream::iter(0..).zip(items);
    act(&desk, move |_, cx| {
        cx.attach(noted, move |event| match event {
            Streamed::Item((n, item)) => {
                assert_eq!(n, item);
                note(item)
            }
            last => {
                let told = told.clone();
                Letter::act(FIFO, move |_, _| told.send(last).expect("the test waits"))
            }
        });
    });
    futures::executor::block_on(async {
        for n in 0..ITEMS {
            futures::SinkExt::send(&mut send, n).await.expect("the stream is attached");
        }
    });
    drop(send);
    assert_eq!(wait(&tells), Streamed::Ended);
    assert_eq!(Desk::read(&desk), (0..ITEMS).collect::<Vec<_>>());
    running.stop(PATIENCE);
    assert_eq!(end_of(&running).lanes[FIFO].handled, ITEMS + 2);
}

/// An endless stream that counts the items pulled from it.
fn counted(pulled: &Arc<AtomicUsize>) -> impl Stream<Item = u64> + use<> {
    let pulled = Arc::clone(pulled);
    stream::repeat_with(move || pulled.fetch_add(1, Ordering::SeqCst) as u64)
}

fn no_item_is_pulled_while_a_handler_waits(runtime: &dyn Runtime) {
    let (desk, running) = desk(runtime);
    let pulled = Arc::new(AtomicUsize::new(0));
    let items = counted(&pulled);
    act(&desk, move |_, cx| _ = cx.attach_items(items, note));
    while Desk::read(&desk).len() < 10 {}
    let release = Desk::hold(&desk);
    let before = pulled.load(Ordering::SeqCst);
    // Interrupts the actor's task, which polls the waiting handler.
    let stopped = desk.closed();
    running.stop(PATIENCE);
    futures::executor::block_on(stopped);
    assert_eq!(pulled.load(Ordering::SeqCst), before);
    release.send(());
    let exit = end_of(&running);
    assert_eq!(pulled.load(Ordering::SeqCst), before, "the close has ended the stream");
    assert_eq!(exit.lanes[FIFO].accepted, exit.lanes[FIFO].handled);
}

fn one_item_is_pulled_for_each_message(runtime: &dyn Runtime) {
    let (desk, running) = desk(runtime);
    let pulled = Arc::new(AtomicUsize::new(0));
    let (told, tells) = signal();
    let items = counted(&pulled);
    act(&desk, move |_, cx| {
        cx.attach_items(items, move |item| {
            let (told, pulled) = (told.clone(), Arc::clone(&pulled));
            Letter::act(FIFO, move |_, cx| {
                told.send((item, pulled.load(Ordering::SeqCst) as u64)).expect("the test waits");
                if item == 99 {
                    cx.stop();
                }
            })
        });
    });
    assert!(end_of(&running).reason.is_normal());
    let seen: Vec<_> = tells.try_iter().collect();
    assert_eq!(seen, (0..100).map(|n| (n, n + 1)).collect::<Vec<_>>());
}

fn an_always_ready_stream_starves_neither_lanes_nor_neighbours(runtime: &dyn Runtime) {
    let (desk, running) = desk(runtime);
    let (neighbour, _running) =
        act(&desk, |_, cx| spawn(cx.executor(), Desk::default).expect("it starts"));
    let (drops, dropped) = signal();
    act(&desk, move |_, cx| {
        cx.attach_items(with(stream::repeat(()), Telltale(drops)), |()| {
            Letter::act(FIFO, |_, _| {})
        });
    });
    for n in 0..100 {
        desk.tell_blocking(note(n), PATIENCE).expect("it runs");
        neighbour.tell_blocking(note(n), PATIENCE).expect("it runs");
    }
    let expected: Vec<_> = (0..100).collect();
    assert_eq!(Desk::read(&desk), expected);
    assert_eq!(Desk::read(&neighbour), expected);
    running.kill();
    assert!(matches!(end_of(&running).reason, ExitReason::Killed));
    wait(&dropped);
}

fn a_full_lane_does_not_starve_streams(runtime: &dyn Runtime) {
    let (desk, _running) = desk(runtime);
    let release = Desk::hold(&desk);
    (0..64).for_each(|n| desk.try_tell(note(n)).expect("there is room"));
    let (told, tells) = signal();
    let attaches = Letter::act(CONTROL, move |_, cx| {
        cx.attach_items(stream::iter(0..8), move |_| {
            let told = told.clone();
            Letter::act(FIFO, move |desk, _| told.send(desk.notes.len()).expect("the test waits"))
        });
    });
    desk.try_tell(attaches).expect("there is room");
    release.send(());
    let before: Vec<_> = (0..8).map(|_| wait(&tells)).collect();
    let gaps = before.windows(2).map(|pair| pair[1] - pair[0]);
    assert!(gaps.max() <= Some(1), "one message between two items at most: {before:?}");
}

fn streams_with_items_take_turns(runtime: &dyn Runtime) {
    const STREAMS: u64 = 3;
    let (desk, running) = desk(runtime);
    act(&desk, |_, cx| {
        for n in 0..STREAMS {
            // The second one wakes itself for each item, as a socket does.
            let mut naps = false;
            let items = stream::poll_fn(move |cx| {
                naps = n == 1 && !naps;
                if naps {
                    cx.waker().wake_by_ref();
                    return Poll::Pending;
                }
                Poll::Ready(Some(n))
            });
            cx.attach_items(items, note);
        }
    });
    let notes = loop {
        let notes = Desk::read(&desk);
        if notes.len() >= 300 {
            break notes;
        }
    };
    running.kill();
    for window in notes.windows(6) {
        for n in 0..STREAMS {
            assert!(window.contains(&n), "{n} waits for more than two rounds: {window:?}");
        }
    }
}

/// What the busy actor has handled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Event {
    Item,
    Result,
    Timer,
    Ping,
}

impl Message for Event {
    const LANES: &'static [Lane] = &[Lane::fifo("pings", 64)];
}

/// An actor with everything that can be ready at all times, and a log of its order.
struct Busy {
    log: Vec<Event>,
    length: usize,
    done: SyncSender<Vec<Event>>,
    has_timers: bool,
}

impl Actor for Busy {
    type Message = Event;

    async fn started(&mut self, cx: &mut Context<Event>) {
        cx.attach_items(stream::repeat(()), |()| Event::Item);
        cx.spawn(ready(()), |_| Event::Result);
        if self.has_timers {
            // More beats were missed than can be handled, so one is always due.
            let first = cx.now().checked_sub(Duration::from_secs(1)).expect("the clock runs");
            let beat = Duration::from_micros(1);
            cx.timer().missed(Missed::Burst).every(first, beat, |_| Event::Timer);
            cx.handle().try_tell(Event::Ping).expect("there is room");
        }
    }

    async fn handle(&mut self, event: Event, cx: &mut Context<Event>) {
        self.log.push(event);
        match event {
            Event::Result => _ = cx.spawn(ready(()), |_| Event::Result),
            Event::Ping => cx.handle().try_tell(Event::Ping).expect("there is room"),
            Event::Item | Event::Timer => {}
        }
        if self.log.len() == self.length {
            self.done.send(std::mem::take(&mut self.log)).expect("the test waits");
            cx.stop();
        }
    }
}

/// Returns what a busy actor has handled.
fn busy(runtime: &dyn Runtime, has_timers: bool) -> Vec<Event> {
    let (done, log) = signal();
    let make = move || Busy { log: Vec::new(), length: 400, done, has_timers };
    let (_busy, running) = spawn(&executor(runtime), make).expect("it starts");
    let log = wait(&log);
    assert!(end_of(&running).reason.is_normal());
    log
}

fn items_and_results_of_work_take_turns(runtime: &dyn Runtime) {
    let log = busy(runtime, false);
    for pair in log[1..].windows(3) {
        assert!(pair.contains(&Event::Item) && pair.contains(&Event::Result), "{pair:?}");
    }
}

fn a_due_timer_waits_for_one_message_beside_streams_and_work(runtime: &dyn Runtime) {
    let log = busy(runtime, true);
    for pair in log.windows(2) {
        assert!(pair.contains(&Event::Timer), "a due timer waits for two messages: {log:?}");
    }
    let others: Vec<_> = log.iter().filter(|event| **event != Event::Timer).collect();
    for event in [Event::Item, Event::Result, Event::Ping] {
        assert!(others.windows(8).all(|some| some.contains(&&event)), "{event:?} starves: {log:?}");
    }
}

/// A stream that sends its waker at its first poll, and has one item after that.
fn woken_once(
    n: u64,
    polls: Arc<[AtomicUsize]>,
    gives: SyncSender<Waker>,
) -> impl Stream<Item = u64> {
    stream::poll_fn(move |cx| match polls[n as usize].fetch_add(1, Ordering::SeqCst) {
        0 => {
            gives.send(cx.waker().clone()).expect("the test waits");
            Poll::Pending
        }
        1 => Poll::Ready(Some(n)),
        _ => Poll::Pending,
    })
}

fn a_wake_of_one_stream_polls_no_other(runtime: &dyn Runtime) {
    const STREAMS: usize = 1000;
    let polls: Arc<[AtomicUsize]> = (0..STREAMS).map(|_| AtomicUsize::new(0)).collect();
    let (desk, running) = desk(runtime);
    let counts = Arc::clone(&polls);
    let (gives, wakers) = signal::<Waker>();
    act(&desk, move |_, cx| {
        for n in 0..STREAMS as u64 {
            cx.attach_items(woken_once(n, Arc::clone(&counts), gives.clone()), note);
        }
    });
    let wakers: Vec<_> = (0..STREAMS).map(|_| wait(&wakers)).collect();
    wakers[7].wake_by_ref();
    while Desk::read(&desk).is_empty() {}
    // After its item, the stream is polled once more.
    while polls[7].load(Ordering::SeqCst) < 3 {
        drop(Desk::read(&desk));
    }
    assert_eq!(Desk::read(&desk), [7]);
    let polled: Vec<_> = polls.iter().map(|polls| polls.load(Ordering::SeqCst)).collect();
    assert_eq!(polled.iter().sum::<usize>(), STREAMS + 2, "{polled:?}");
    running.kill();
    assert_eq!(end_of(&running).lost_work, 0);
    // A wake after the end has no effect.
    wakers[8].wake_by_ref();
}

/// The most streams that may be polled before a waiting message.
const FEW: usize = 200;

fn many_woken_streams_hold_up_no_message(runtime: &dyn Runtime) {
    const STREAMS: usize = 10_000;
    let (desk, running) = desk(runtime);
    let (neighbour, _running) =
        act(&desk, |_, cx| spawn(cx.executor(), Desk::default).expect("it starts"));
    let (count, (told, tells)) = (Arc::new(AtomicUsize::new(0)), signal());
    let counts = Arc::clone(&count);
    act(&desk, move |_, cx| {
        let wakers = Rc::new(Cell::new(Vec::new()));
        for _ in 0..STREAMS {
            let (wakers, counts) = (Rc::clone(&wakers), Arc::clone(&counts));
            let (told, to) = (told.clone(), [cx.handle(), neighbour.clone()]);
            let mut polls = 0;
            let silent = stream::poll_fn(move |cx| {
                polls += 1;
                if polls == 1 {
                    let mut waiting = wakers.take();
                    waiting.push(cx.waker().clone());
                    if waiting.len() == STREAMS {
                        waiting.drain(..).for_each(Waker::wake);
                    }
                    wakers.set(waiting);
                    return Poll::Pending;
                }
                if counts.fetch_add(1, Ordering::Relaxed) == 0 {
                    for desk in &to {
                        let (told, counts) = (told.clone(), Arc::clone(&counts));
                        let tell = move |_: &mut Desk, _: &mut Context<Letter>| {
                            let seen = counts.load(Ordering::Relaxed);
                            told.send(seen).expect("the test waits");
                        };
                        desk.try_tell(Letter::act(CONTROL, tell)).expect("there is room");
                    }
                }
                assert_eq!(polls, 2, "woken once");
                // None has an item, so no message comes in between.
                Poll::<Option<()>>::Pending
            });
            cx.attach_items(silent, |()| unreachable!("it has no item"));
        }
    });
    let seen = [wait(&tells), wait(&tells)];
    assert!(seen.iter().all(|&seen| seen < FEW), "{seen:?}");
    while count.load(Ordering::Relaxed) < STREAMS {
        // Each round trip is a turn of the actor.
        drop(Desk::read(&desk));
    }
    running.kill();
    drop(end_of(&running));
}

fn a_detached_stream_is_dropped_at_once_and_sends_nothing(runtime: &dyn Runtime) {
    let (desk, running) = desk(runtime);
    let (drops, dropped) = signal();
    let in_time = act(&desk, move |_, cx| {
        let id = cx.attach_items(with(stream::repeat(7), Telltale(drops)), note);
        assert!(cx.detach(id), "it is attached");
        assert!(!cx.detach(id), "it was");
        assert_eq!(cx.attached_streams(), 0);
        dropped.try_recv().is_ok()
    });
    assert!(in_time, "the call drops it");
    running.stop(PATIENCE);
    let exit = end_of(&running);
    assert_eq!((exit.lanes[FIFO].accepted, exit.lost_work), (0, 0));
}

fn a_stream_is_detached_from_its_own_event(runtime: &dyn Runtime) {
    let (desk, running) = desk(runtime);
    let pulled = Arc::new(AtomicUsize::new(0));
    let items = counted(&pulled);
    act(&desk, move |_, cx| {
        let own = Rc::new(Cell::new(None));
        let id = Rc::clone(&own);
        own.set(Some(cx.attach_items(items, move |n| {
            let id = id.get().expect("it was attached");
            Letter::act(FIFO, move |desk, cx| {
                Rc::make_mut(&mut desk.notes).push(n);
                if n == 4 {
                    assert!(cx.detach(id));
                }
            })
        })));
    });
    drop(desk);
    let exit = end_of(&running);
    assert!(matches!(exit.reason, ExitReason::Unreachable), "nothing else keeps it: {exit:?}");
    assert_eq!((exit.lanes[FIFO].handled, pulled.load(Ordering::SeqCst)), (5, 5));
}

fn detached_streams_leave_nothing_behind(runtime: &dyn Runtime) {
    let (desk, running) = desk(runtime);
    let (gives, wakers) = signal::<Waker>();
    act(&desk, move |_, cx| {
        for _ in 0..10_000 {
            let id = cx.attach_items(stream::repeat(1), note);
            assert!(cx.detach(id));
        }
        let gives = gives.clone();
        let idle = stream::poll_fn(move |cx| {
            gives.send(cx.waker().clone()).expect("the test waits");
            Poll::<Option<u64>>::Pending
        });
        let id = cx.attach_items(idle, note);
        let detaches = Letter::act(CONTROL, move |_, cx| assert!(cx.detach(id)));
        cx.attach_items(stream::once(ready(detaches)), |letter| letter);
    });
    // The waker of a detached stream wakes nothing.
    let late = wait(&wakers);
    while act(&desk, |_, cx| cx.attached_streams()) > 0 {}
    late.wake_by_ref();
    assert_eq!(Desk::read(&desk), []);
    running.stop(PATIENCE);
    assert_eq!(end_of(&running).lost_work, 0);
}

fn a_panic_in_a_stream_is_its_last_event(runtime: &dyn Runtime) {
    let (desk, _running) = desk(runtime);
    let ((told, tells), (drops, dropped)) = (signal(), signal());
    act(&desk, move |_, cx| {
        let stream = with(stream::iter([1]).chain(panicking()), Telltale(drops));
        cx.attach(stream, tell(told));
    });
    assert_eq!(wait(&tells), Streamed::Item(1));
    let Streamed::Panicked(text) = wait(&tells) else { panic!("it panics") };
    assert_eq!(text, "this stream panics, as the test wants it to");
    wait(&dropped);
    assert_eq!(Desk::read(&desk), [], "its actor lives");
    assert_eq!(act(&desk, |_, cx| cx.attached_streams()), 0);
}

fn a_panic_in_the_function_ends_the_stream_and_not_the_actor(runtime: &dyn Runtime) {
    let (desk, _running) = desk(runtime);
    let (told, tells) = signal();
    act(&desk, move |_, cx| {
        let mut tell = tell(told);
        cx.attach(stream::iter(0..), move |event| match event {
            Streamed::Item(2) => panic!("this function panics, as the test wants it to"),
            event => tell(event),
        });
    });
    assert_eq!([wait(&tells), wait(&tells)], [0, 1].map(Streamed::Item));
    let Streamed::Panicked(text) = wait(&tells) else { panic!("it panics") };
    assert_eq!(text, "this function panics, as the test wants it to");
    assert_eq!(Desk::read(&desk), [], "its actor lives");
}

fn a_stream_without_its_last_message_is_counted(runtime: &dyn Runtime) {
    let (desk, running) = desk(runtime);
    act(&desk, move |_, cx| {
        cx.attach(stream::empty::<()>(), |_| panic!("it panics at the end, as the test wants it"));
        cx.attach(panicking(), |_| panic!("it panics at the panic, as the test wants it"));
        cx.attach_items(panicking(), note);
        cx.attach_items(stream::iter([8]), |lane| Letter::note(lane, 7));
        // Its end is silent, and nothing is lost.
        cx.attach_items(stream::empty(), note);
    });
    while act(&desk, |_, cx| cx.attached_streams()) > 0 {}
    running.stop(PATIENCE);
    let exit = end_of(&running);
    assert_eq!((exit.lost_work, exit.lanes[FIFO].accepted), (4, 0));
}

fn a_panic_in_the_drop_of_a_stream_has_no_effect(runtime: &dyn Runtime) {
    let (desk, running) = desk(runtime);
    act(&desk, |_, cx| {
        let id = cx.attach_items(with(stream::pending(), Bomb), note);
        assert!(cx.detach(id), "it is dropped");
        cx.attach_items(with(stream::iter([1]), Bomb), note);
        let bomb = Bomb;
        cx.attach_items(stream::iter([2]), move |n| {
            let _bomb = &bomb;
            note(n)
        });
        for _ in 0..3 {
            cx.attach_items(with(stream::pending(), Bomb), note);
        }
    });
    while act(&desk, |_, cx| cx.attached_streams()) > 3 {}
    assert_eq!(Desk::read(&desk), [1, 2]);
    running.stop(PATIENCE);
    let exit = end_of(&running);
    assert!(exit.reason.is_normal(), "{exit:?}");
}

fn a_stream_keeps_its_actor_reachable_until_it_ends(runtime: &dyn Runtime) {
    let (desk, running) = desk(runtime);
    let (mut send, items) = mpsc::channel(1);
    let (told, tells) = signal();
    act(&desk, move |_, cx| _ = cx.attach(items, tell(told)));
    drop(desk);
    send.try_send(7).expect("there is room");
    assert_eq!(wait(&tells), Streamed::Item(7));
    assert!(running.exit().is_none(), "the stream keeps it");
    drop(send);
    let exit = end_of(&running);
    assert_eq!(wait(&tells), Streamed::Ended);
    assert!(matches!(exit.reason, ExitReason::Unreachable), "{exit:?}");
}

fn a_weak_stream_is_handled_and_keeps_no_actor(runtime: &dyn Runtime) {
    let (desk, running) = desk(runtime);
    let (mut send, items) = mpsc::channel(1);
    let (told, tells) = signal();
    act(&desk, move |_, cx| {
        cx.attaching().weak().run(items, tell(told)).expect("it is the first");
    });
    send.try_send(7).expect("there is room");
    assert_eq!(wait(&tells), Streamed::Item(7));
    drop(desk);
    let exit = end_of(&running);
    assert!(matches!(exit.reason, ExitReason::Unreachable), "{exit:?}");
    assert!(send.is_closed(), "the stream was dropped");
}

fn a_silent_end_beside_a_weak_timer_ends_the_actor(runtime: &dyn Runtime) {
    let (desk, running) = desk(runtime);
    let (send, items) = mpsc::channel::<u64>(1);
    act(&desk, move |_, cx| {
        _ = cx.timer().weak().after(Duration::MAX, note(9));
        cx.attach_items(items, note);
    });
    drop(desk);
    drop(send);
    let exit = end_of(&running);
    assert!(matches!(exit.reason, ExitReason::Unreachable), "{exit:?}");
    assert_eq!(exit.lanes[FIFO].accepted, 0);
}

fn streams_above_the_limit_are_returned_or_answered(runtime: &dyn Runtime) {
    let (desk, running) = desk(runtime);
    let ((told, tells), (drops, dropped)) = (signal(), signal());
    act(&desk, move |_, cx| {
        cx.stream_limit(1);
        let first = cx.attach_items(stream::pending(), note);
        let refused = cx.attaching().run_items(stream::iter([7]), note);
        let Err(RefusedStream { stream, mut into_message }) = refused else { panic!("a limit") };
        let mut items = stream.map(&mut into_message);
        let item = futures::FutureExt::now_or_never(items.next()).flatten();
        assert_eq!(item.and_then(|letter| letter.number()), Some(7));

        cx.attach(with(stream::iter([8]), Telltale(drops)), tell(told));
        // Refused in silence, and counted.
        cx.attach_items(stream::iter([9]), note);
        assert_eq!(cx.attached_streams(), 1, "the refused ones do not count");
        assert!(cx.detach(first));
        cx.attach_items(stream::iter([10]), note);
    });
    assert_eq!(wait(&tells), Streamed::Refused);
    wait(&dropped);
    while act(&desk, |_, cx| cx.attached_streams()) > 0 {}
    running.stop(PATIENCE);
    let exit = end_of(&running);
    assert_eq!((exit.lost_work, exit.lanes[FIFO].handled), (1, 2));
}

fn a_stop_drops_the_streams_and_handles_every_pulled_item(runtime: &dyn Runtime) {
    let (desk, running) = desk(runtime);
    let pulled = Arc::new(AtomicUsize::new(0));
    let (drops, dropped) = signal();
    let items = with(counted(&pulled), Telltale(drops));
    act(&desk, move |_, cx| _ = cx.attach_items(items, note));
    while Desk::read(&desk).len() < 100 {}
    let release = Desk::hold(&desk);
    let (told, tells) = signal();
    let reads = Letter::act(FIFO, move |desk, _| {
        let was_dropped = dropped.try_recv().is_ok();
        told.send((was_dropped, desk.notes.len())).expect("the test waits");
    });
    desk.try_tell(reads).expect("there is room");
    running.stop(PATIENCE);
    release.send(());
    let (was_dropped, handled) = wait(&tells);
    assert!(was_dropped, "sources end before the queued messages are handled");
    let exit = end_of(&running);
    assert!(exit.reason.is_normal(), "{exit:?}");
    assert_eq!(handled, pulled.load(Ordering::SeqCst), "every pulled item was handled");
    assert_eq!(exit.lanes[FIFO].accepted, exit.lanes[FIFO].handled);
}

fn a_stream_attached_after_the_close_is_dropped(runtime: &dyn Runtime) {
    let (desk, running) = desk(runtime);
    let (drops, dropped) = signal();
    act(&desk, move |_, cx| {
        cx.stop_when_drained();
        cx.attach_items(with(stream::repeat(7), Telltale(drops)), note);
    });
    let exit = end_of(&running);
    wait(&dropped);
    assert!(exit.reason.is_normal(), "{exit:?}");
    assert_eq!(exit.lanes[FIFO].accepted, 0);
}

fn streams_are_dropped_before_the_state_learns_of_its_end(runtime: &dyn Runtime) {
    struct Owner(Arc<AtomicUsize>, SyncSender<usize>);
    struct Counts(Arc<AtomicUsize>);
    impl Drop for Counts {
        fn drop(&mut self) {
            self.0.fetch_add(1, Ordering::SeqCst);
        }
    }
    struct Item;
    impl Message for Item {}
    impl Actor for Owner {
        type Message = Item;
        async fn started(&mut self, cx: &mut Context<Item>) {
            for _ in 0..3 {
                cx.attach_items(with(stream::pending(), Counts(Arc::clone(&self.0))), |()| Item);
            }
            cx.attach_items(stream::iter([()]), |()| Item);
        }
        async fn handle(&mut self, _item: Item, cx: &mut Context<Item>) {
            cx.fail("the first item");
        }
        async fn stopped(&mut self, _reason: &ExitReason) {
            self.1.send(self.0.load(Ordering::SeqCst)).expect("the test waits");
        }
    }
    let (told, tells) = signal();
    let make = move || Owner(Arc::default(), told);
    let (_owner, running) = spawn(&executor(runtime), make).expect("it starts");
    assert_eq!(wait(&tells), 3);
    assert!(matches!(end_of(&running).reason, ExitReason::Failed(_)));
}

/// Fails at the second item of each life but the last.
struct Lives {
    life: u64,
    told: SyncSender<(u64, u64)>,
    alive: Arc<AtomicUsize>,
}

struct Numbered(u64, u64);
impl Message for Numbered {}

struct Alive(Arc<AtomicUsize>);

impl Alive {
    fn new(count: &Arc<AtomicUsize>) -> Self {
        let before = count.fetch_add(1, Ordering::SeqCst);
        assert_eq!(before, 0, "the stream of the life before was dropped");
        Self(Arc::clone(count))
    }
}

impl Drop for Alive {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}

impl Actor for Lives {
    type Message = Numbered;

    async fn started(&mut self, cx: &mut Context<Numbered>) {
        let life = self.life;
        let items = with(stream::iter(0..), Alive::new(&self.alive));
        cx.attach_items(items, move |n| Numbered(life, n));
    }

    async fn handle(&mut self, Numbered(life, n): Numbered, cx: &mut Context<Numbered>) {
        assert_eq!(life, self.life, "no item of an ended life");
        self.told.send((life, n)).expect("the test waits");
        match n {
            1 if life < 2 => panic!("this handler panics, as the test wants it to"),
            1 => cx.stop(),
            _ => {}
        }
    }
}

fn a_restart_drops_the_streams_of_the_life_before(runtime: &dyn Runtime) {
    let ((told, tells), alive) = (signal(), Arc::new(AtomicUsize::new(0)));
    let (_lives, mailbox) = actor_lanes::mailbox();
    let mut life = 0;
    let count = Arc::clone(&alive);
    let running = Spawn::new(mailbox)
        .restart(Restart::up_to(5))
        .start(&executor(runtime), move || {
            life += 1;
            Lives { life: life - 1, told: told.clone(), alive: Arc::clone(&count) }
        })
        .expect("it starts");
    let exit = end_of(&running);
    assert_eq!(exit.restarts, 2);
    let seen: Vec<_> = tells.try_iter().collect();
    assert_eq!(seen, [(0, 0), (0, 1), (1, 0), (1, 1), (2, 0), (2, 1)]);
    assert_eq!(alive.load(Ordering::SeqCst), 0);
}

/// Votes of a lane come in batches.
struct Vote(u64);

impl Message for Vote {
    const LANES: &'static [Lane] = &[Lane::fifo("votes", 64).batch(64)];
}

struct Votes(SyncSender<Vec<u64>>);

impl Actor for Votes {
    type Message = Vote;

    async fn started(&mut self, cx: &mut Context<Vote>) {
        cx.attach_items(stream::iter(100..103), Vote);
    }

    async fn handle(&mut self, Vote(n): Vote, _cx: &mut Context<Vote>) {
        self.0.send(vec![n]).expect("the test waits");
    }

    async fn handle_batch(&mut self, batch: &mut Batch<'_, Vote>, _cx: &mut Context<Vote>) {
        self.0.send(batch.map(|Vote(n)| n).collect()).expect("the test waits");
    }
}

fn an_item_is_handled_alone_beside_batches(runtime: &dyn Runtime) {
    let (votes, mailbox) = actor_lanes::mailbox();
    votes.try_tell_all((0..3).map(Vote)).expect("there is room");
    let (told, tells) = signal();
    let running =
        Spawn::new(mailbox).start(&executor(runtime), move || Votes(told)).expect("it starts");
    let mut seen: Vec<_> = (0..4).map(|_| wait(&tells)).collect();
    seen.sort();
    assert_eq!(seen, [vec![0, 1, 2], vec![100], vec![101], vec![102]]);
    running.stop(PATIENCE);
    assert_eq!(end_of(&running).lanes[0].handled, 6);
}

/// A message that expires at the actor's own time.
struct Quote(Option<std::time::Instant>, Option<Reply<u64>>);

impl Message for Quote {
    fn deadline(&self) -> Option<std::time::Instant> {
        self.0
    }
}

struct Quotes(u64);

impl Actor for Quotes {
    type Message = Quote;

    async fn started(&mut self, cx: &mut Context<Quote>) {
        let now = cx.now();
        cx.attach_items(stream::iter([true, false, true]), move |is_late| {
            Quote(is_late.then_some(now), None)
        });
    }

    async fn handle(&mut self, Quote(_, reply): Quote, _cx: &mut Context<Quote>) {
        match reply {
            Some(reply) => reply.send(self.0),
            None => self.0 += 1,
        }
    }
}

fn an_item_past_its_deadline_expires(runtime: &dyn Runtime) {
    let (quotes, running) = spawn(&executor(runtime), || Quotes(0)).expect("it starts");
    let read = || quotes.ask_blocking(|reply| Quote(None, Some(reply)), PATIENCE);
    while quotes.stats()[0].expired < 2 {
        read().expect("it answers");
    }
    assert_eq!(read().expect("it answers"), 1);
    running.stop(PATIENCE);
    let stats = end_of(&running).lanes[0];
    assert_eq!(stats.accepted, stats.handled + stats.expired);
}

/// A stream for the bounds of `attach`: neither `Send` nor `Unpin`.
struct Awkward(Rc<()>, std::marker::PhantomPinned);

impl Stream for Awkward {
    type Item = Rc<()>;

    fn poll_next(self: Pin<&mut Self>, _cx: &mut task::Context<'_>) -> Poll<Option<Rc<()>>> {
        Poll::Ready(Some(Rc::clone(&self.0)))
    }
}

#[test]
fn a_stream_needs_neither_send_nor_unpin() {
    struct Item;
    impl Message for Item {}
    struct Owner;
    impl Actor for Owner {
        type Message = Item;
        async fn started(&mut self, cx: &mut Context<Item>) {
            cx.attach_items(Awkward(Rc::default(), std::marker::PhantomPinned), |_| Item);
        }
        async fn handle(&mut self, _item: Item, cx: &mut Context<Item>) {
            cx.stop();
        }
    }
    let runtime = actor_lanes::runtime::ThreadRuntime::new();
    let (_owner, running) = spawn(&executor(&runtime), || Owner).expect("it starts");
    assert_eq!(end_of(&running).lanes[0].handled, 1);
}
