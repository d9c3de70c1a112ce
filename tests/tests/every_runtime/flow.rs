//! Reserved room, sinks, credits and watermarks.

use std::future::Future;
use std::io::{ErrorKind, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::task::{Context as Task, Waker};
use std::thread;

use actor_lanes::flow::{Closed, Credit, Credits, PermitError, TryReserveError};
use actor_lanes::{
    Actor, Context, ExitReason, Fallible, Handle, Lane, Message, Reply, Restart, Runtime, Spawn,
    mailbox, spawn,
};
use actor_tests::{
    CONTROL, Desk, FIFO, LATEST, Letter, PATIENCE, end_of, executor, on_every_runtime, signal,
    wait, within,
};
use futures::executor::block_on;
use futures::{StreamExt, stream};

on_every_runtime! {
    permits_and_messages_together_never_exceed_the_capacity,
    nothing_waits_behind_a_permit,
    a_permit_is_returned_when_its_owner_panics,
    a_permit_outlives_a_restart_of_its_actor,
    a_permit_of_an_ended_actor_returns_the_message,
    a_permit_keeps_its_actor_reachable,
    those_waiting_for_a_permit_or_to_tell_are_served_in_order,
    a_reservation_dropped_while_it_waits_loses_nothing,
    a_reservation_that_is_not_polled_blocks_no_other,
    a_sink_forwards_a_stream_in_order_and_loses_nothing,
    a_sink_ends_with_its_actor,
    a_credit_returns_at_every_end_of_its_message,
    sources_waiting_for_credit_are_served_in_order,
    the_marks_of_a_lane_are_seen,
    a_full_lane_is_seen_while_its_actor_is_in_a_handler,
    a_tcp_reader_without_credit_stops_reading,
}

const CAPACITY: u64 = 64;

fn permits_and_messages_together_never_exceed_the_capacity(runtime: &dyn Runtime) {
    let (desk, _running) = spawn(&executor(runtime), Desk::default).expect("it starts");
    let held = Desk::hold(&desk);
    let permits: Vec<_> = (0..40).map(|_| desk.try_reserve(FIFO).expect("there is room")).collect();
    let told = (0..CAPACITY).filter(|&n| desk.try_tell(Letter::note(FIFO, n)).is_ok()).count();
    assert_eq!(told, 24, "exactly the rest");
    assert_eq!(desk.try_reserve(FIFO).err(), Some(TryReserveError::Full));
    let (first, rest) = permits.split_at(1);
    assert_eq!((first.len(), rest.len()), (1, 39));
    for (n, permit) in (100..).zip(permits) {
        permit.send(Letter::note(FIFO, n)).expect("room is reserved for it");
    }
    held.send(());
    let expected: Vec<_> = (0..24).chain(100..140).collect();
    assert_eq!(Desk::read(&desk), expected, "in the order of the sends");
}

fn nothing_waits_behind_a_permit(runtime: &dyn Runtime) {
    let (desk, _running) = spawn(&executor(runtime), Desk::default).expect("it starts");
    let permit = desk.try_reserve(FIFO).expect("there is room");
    (0..200).for_each(|n| {
        desk.tell_blocking(Letter::note(FIFO, n), PATIENCE).expect("there is room in time")
    });
    assert_eq!(Desk::read(&desk).len(), 200);
    permit.send(Letter::note(FIFO, 200)).expect("room is reserved for it");
    assert_eq!(Desk::read(&desk).last(), Some(&200));
}

fn a_permit_is_returned_when_its_owner_panics(runtime: &dyn Runtime) {
    let (desk, _running) = spawn(&executor(runtime), Desk::default).expect("it starts");
    let owner = catch_unwind(AssertUnwindSafe(|| {
        let _permits: Vec<_> =
            (0..CAPACITY).map(|_| desk.try_reserve(FIFO).expect("there is room")).collect();
        assert!(desk.try_tell(Letter::note(FIFO, 0)).is_err());
        std::panic::resume_unwind(Box::new("the owner panics"));
    }));
    assert!(owner.is_err());
    let again = (0..CAPACITY).filter_map(|_| desk.try_reserve(FIFO).ok()).collect::<Vec<_>>();
    assert_eq!(again.len(), CAPACITY as usize);
}

/// Adds a number, or fails.
struct Add(Option<u64>);
impl Message for Add {
    const LANES: &'static [Lane] = &[Lane::fifo("numbers", 2)];
}

struct Sum(u64, std::sync::mpsc::SyncSender<u64>);
impl Actor<Fallible> for Sum {
    type Message = Add;

    async fn handle(&mut self, Add(n): Add, _cx: &mut Context<Add>) -> Fallible {
        self.0 += n.ok_or("no number")?;
        self.1.send(self.0)?;
        Ok(())
    }
}

fn a_permit_outlives_a_restart_of_its_actor(runtime: &dyn Runtime) {
    let (handle, lanes) = mailbox::<Add>();
    let (told, sums) = signal();
    let running = Spawn::new(lanes)
        .restart(Restart::up_to(3))
        .start(&executor(runtime), move || Sum(0, told.clone()))
        .expect("it starts");
    let permit = handle.try_reserve(0).expect("there is room");
    handle.tell_blocking(Add(Some(1)), PATIENCE).expect("there is room in time");
    assert_eq!(wait(&sums), 1);
    handle.tell_blocking(Add(None), PATIENCE).expect("there is room in time");
    handle.tell_blocking(Add(Some(2)), PATIENCE).expect("there is room in time");
    assert_eq!(wait(&sums), 2, "another life");
    permit.send(Add(Some(3))).expect("room is still reserved for it");
    assert_eq!(wait(&sums), 5);
    drop(handle);
    assert_eq!(end_of(&running).restarts, 1);
}

fn a_permit_of_an_ended_actor_returns_the_message(runtime: &dyn Runtime) {
    let (desk, running) = spawn(&executor(runtime), Desk::default).expect("it starts");
    let permit = desk.try_reserve(FIFO).expect("there is room");
    running.stop(PATIENCE);
    assert!(end_of(&running).reason.is_normal());
    let refused = permit.send(Letter::note(FIFO, 7)).expect_err("it has ended");
    assert!(matches!(&refused, PermitError::Closed(letter) if letter.number() == Some(7)));
    assert_eq!(desk.try_reserve(FIFO).err(), Some(TryReserveError::Closed));
    assert_eq!(block_on(desk.reserve(FIFO)).err(), Some(Closed));
    assert_eq!(desk.try_reserve(LATEST).err(), Some(TryReserveError::Closed), "also if it evicts");
}

fn a_permit_keeps_its_actor_reachable(runtime: &dyn Runtime) {
    let (desk, running) = spawn(&executor(runtime), Desk::default).expect("it starts");
    let permit = desk.try_reserve(FIFO).expect("there is room");
    drop(desk);
    let (told, telling) = signal();
    permit.send(Letter::act(FIFO, move |_, _| told.send(()).expect("it waits"))).expect("it lives");
    wait(&telling);
    assert!(matches!(end_of(&running).reason, ExitReason::Unreachable));
}

/// Fills the lane of a held desk, so that each message taken afterwards makes room for one.
fn full(runtime: &dyn Runtime) -> (Handle<Letter>, Reply<()>) {
    let (desk, running) = spawn(&executor(runtime), Desk::default).expect("it starts");
    drop(running);
    let held = Desk::hold(&desk);
    (0..CAPACITY).for_each(|n| desk.try_tell(Letter::note(FIFO, n)).expect("there is room"));
    (desk, held)
}

fn those_waiting_for_a_permit_or_to_tell_are_served_in_order(runtime: &dyn Runtime) {
    let (desk, held) = full(runtime);
    let sending = executor(runtime);
    let (told, tells) = signal();
    for n in 0..40 {
        let (desk, told) = (desk.clone(), told.clone());
        let sending_one = async move {
            let mut reserve = pin!(desk.reserve(FIFO));
            let mut tell = pin!(desk.tell(Letter::note(FIFO, 1000 + n)));
            if n % 2 == 0 {
                assert!(futures::poll!(&mut reserve).is_pending(), "there is no room");
            } else {
                assert!(futures::poll!(&mut tell).is_pending(), "there is no room");
            }
            told.send(()).expect("the test waits");
            if n % 2 == 0 {
                let permit = reserve.await.expect("the actor lives");
                permit.send(Letter::note(FIFO, 1000 + n)).expect("room is reserved for it");
            } else {
                tell.await.expect("the actor lives");
            }
            told.send(()).expect("the test waits");
        };
        sending.spawn(Box::new(|| Box::pin(sending_one))).expect("the executor takes futures");
        wait(&tells);
    }
    within(&sending, || async {}); // All of them wait.
    held.send(());
    (0..40).for_each(|_| wait(&tells));
    let notes = Desk::read(&desk);
    let late: Vec<_> = notes.into_iter().filter(|n| *n >= 1000).collect();
    assert_eq!(late, (1000..1040).collect::<Vec<_>>());
}

fn a_reservation_dropped_while_it_waits_loses_nothing(runtime: &dyn Runtime) {
    let (desk, held) = full(runtime);
    let mut waiting = Box::pin(desk.reserve(FIFO));
    assert!(waiting.as_mut().poll(&mut Task::from_waker(Waker::noop())).is_pending());
    let (told, tells) = signal();
    let behind = desk.clone();
    let telling = thread::spawn(move || {
        block_on(async {
            let mut tell = pin!(behind.tell(Letter::note(FIFO, 99)));
            assert!(futures::poll!(&mut tell).is_pending());
            told.send(()).expect("the test waits");
            tell.await.is_ok()
        })
    });
    wait(&tells);
    held.send(());
    drop(waiting);
    assert!(telling.join().expect("telling does not panic"));
    assert_eq!(Desk::read(&desk).len(), 65);
    let room = (0..CAPACITY).map_while(|_| desk.try_reserve(FIFO).ok()).collect::<Vec<_>>();
    assert_eq!(room.len(), CAPACITY as usize, "nothing stays reserved");
}

fn a_reservation_that_is_not_polled_blocks_no_other(runtime: &dyn Runtime) {
    let (desk, held) = full(runtime);
    let mut idle: Vec<_> = (0..10).map(|_| Box::pin(desk.reserve(FIFO))).collect();
    for waiting in &mut idle {
        assert!(waiting.as_mut().poll(&mut Task::from_waker(Waker::noop())).is_pending());
    }
    held.send(());
    let behind = desk.clone();
    let permit = within(&executor(runtime), move || async move { behind.reserve(FIFO).await });
    assert!(permit.is_ok());
    drop(idle);
}

fn a_sink_forwards_a_stream_in_order_and_loses_nothing(runtime: &dyn Runtime) {
    let (desk, _running) = spawn(&executor(runtime), Desk::default).expect("it starts");
    let sinks: Vec<_> = (0..2)
        .map(|source| {
            let sink = desk.sink(FIFO);
            let notes =
                stream::iter(0..1000).map(move |n| Ok(Letter::note(FIFO, source * 10_000 + n)));
            thread::spawn(move || block_on(notes.forward(sink)).is_ok())
        })
        .collect();
    assert!(sinks.into_iter().all(|sink| sink.join().expect("forwarding does not panic")));
    let notes = Desk::read(&desk);
    for source in 0..2 {
        let of_source: Vec<_> = notes.iter().filter(|n| **n / 10_000 == source).collect();
        assert_eq!(of_source.len(), 1000);
        assert!(of_source.is_sorted());
    }
    let lane = &desk.stats()[FIFO];
    assert_eq!((lane.accepted, lane.refused), (2001, 0), "they waited for room");
}

fn a_sink_ends_with_its_actor(runtime: &dyn Runtime) {
    let (desk, running) = spawn(&executor(runtime), Desk::default).expect("it starts");
    let notes = stream::repeat_with(|| Ok(Letter::note(FIFO, 0)));
    let sink = desk.sink(FIFO);
    let forwarding = thread::spawn(move || block_on(notes.forward(sink)).is_err());
    running.kill();
    assert!(forwarding.join().expect("forwarding does not panic"));
    assert!(matches!(end_of(&running).reason, ExitReason::Killed));
}

/// A message with a credit, and its end.
struct Credited {
    lane: usize,
    then: Then,
    _credit: Credit,
}

enum Then {
    Handle,
    Panic,
    Expire,
}

impl Message for Credited {
    const LANES: &'static [Lane] = &[Lane::fifo("fifo", 8), Lane::latest("latest")];

    fn lane(&self) -> usize {
        self.lane
    }

    #[expect(clippy::disallowed_methods, reason = "any instant in the past will do")]
    fn deadline(&self) -> Option<std::time::Instant> {
        matches!(self.then, Then::Expire).then(|| std::time::Instant::now() - PATIENCE)
    }
}

struct Holder;
impl Actor for Holder {
    type Message = Credited;

    async fn handle(&mut self, message: Credited, _cx: &mut Context<Credited>) {
        assert!(!matches!(message.then, Then::Panic), "as ordered");
    }
}

fn a_credit_returns_at_every_end_of_its_message(runtime: &dyn Runtime) {
    let credits = Credits::new(8);
    let all_return = || drop((0..8).map(|_| block_on(credits.take())).collect::<Vec<_>>());
    let credited = |lane, then| {
        let _credit = credits.try_take().expect("one is available");
        Credited { lane, then, _credit }
    };
    // Handled, expired, and dropped by a panic with the next life behind it.
    let (handle, lanes) = mailbox::<Credited>();
    let running = Spawn::new(lanes)
        .restart(Restart::up_to(1))
        .start(&executor(runtime), || Holder)
        .expect("it starts");
    for then in [Then::Handle, Then::Expire, Then::Panic, Then::Handle] {
        handle.tell_blocking(credited(0, then), PATIENCE).expect("there is room in time");
    }
    all_return();
    // Queued, when the last life panics; refused afterwards.
    handle.tell_blocking(credited(0, Then::Panic), PATIENCE).expect("there is room in time");
    _ = handle.try_tell(credited(0, Then::Handle));
    assert!(matches!(end_of(&running).reason, ExitReason::Panicked(_)));
    assert!(handle.try_tell(credited(0, Then::Handle)).is_err());
    all_return();
    // Evicted, refused, and never received.
    let (handle, lanes) = mailbox::<Credited>();
    (0..3).for_each(|_| handle.try_tell(credited(1, Then::Handle)).expect("it evicts"));
    assert_eq!(credits.available(), 7);
    drop(lanes);
    assert!(handle.try_tell(credited(1, Then::Handle)).is_err());
    all_return();
    // Queued at a kill.
    let (handle, running) = spawn(&executor(runtime), || Holder).expect("it starts");
    running.kill();
    (0..8).for_each(|_| _ = handle.try_tell(credited(0, Then::Handle)));
    assert!(matches!(end_of(&running).reason, ExitReason::Killed));
    all_return();
    assert_eq!(credits.available(), 8);
}

fn sources_waiting_for_credit_are_served_in_order(runtime: &dyn Runtime) {
    let credits = Credits::new(1);
    let credit = credits.try_take().expect("one is available");
    let sources = executor(runtime);
    let (told, tells) = signal();
    for n in 0..20 {
        let (credits, told) = (credits.clone(), told.clone());
        let source = async move {
            let mut take = pin!(credits.take());
            assert!(futures::poll!(&mut take).is_pending(), "none is available");
            told.send(n).expect("the test waits");
            let credit = take.await;
            told.send(n).expect("the test waits");
            drop(credit);
        };
        sources.spawn(Box::new(move || Box::pin(source))).expect("the executor takes futures");
        assert_eq!(wait(&tells), n);
    }
    within(&sources, || async {}); // All of them wait.
    drop(credit);
    let served: Vec<_> = (0..20).map(|_| wait(&tells)).collect();
    assert_eq!(served, (0..20).collect::<Vec<_>>());
    drop(block_on(credits.take()));
    assert_eq!(credits.available(), 1);
}

fn the_marks_of_a_lane_are_seen(runtime: &dyn Runtime) {
    let (desk, _running) = spawn(&executor(runtime), Desk::default).expect("it starts");
    let marks = desk.watermarks(FIFO, 0, 32).expect("they are in order");
    let watching = executor(runtime);
    let (told, tells) = signal();
    let watch = async move {
        for _ in 0..10 {
            marks.above().await.expect("the actor lives");
            told.send("above").expect("the test waits");
            marks.below().await.expect("the actor lives");
            told.send("below").expect("the test waits");
        }
        assert!(marks.above().await.is_err(), "the actor has ended");
        told.send("ended").expect("the test waits");
    };
    watching.spawn(Box::new(|| Box::pin(watch))).expect("the executor takes futures");
    for round in 0..10 {
        let held = Desk::hold(&desk);
        (0..31).for_each(|n| desk.try_tell(Letter::note(FIFO, n)).expect("there is room"));
        assert!(tells.try_recv().is_err(), "{round}: 31 messages are below the mark");
        desk.try_tell(Letter::note(FIFO, 31)).expect("there is room");
        // The handler waits, so any wake of its task looks at the marks.
        (32..CAPACITY).for_each(|n| desk.try_tell(Letter::note(FIFO, n)).expect("there is room"));
        assert!(desk.try_tell(Letter::note(FIFO, 64)).is_err());
        assert_eq!(wait(&tells), "above");
        held.send(());
        assert_eq!(wait(&tells), "below");
    }
    drop(desk);
    assert_eq!(wait(&tells), "ended");
}

fn a_full_lane_is_seen_while_its_actor_is_in_a_handler(runtime: &dyn Runtime) {
    let (desk, _running) = spawn(&executor(runtime), Desk::default).expect("it starts");
    let (began, beginning) = signal();
    let (release, released) = signal::<()>();
    let block = Letter::act(CONTROL, move |_, _| {
        began.send(()).expect("the test waits");
        wait(&released);
    });
    desk.try_tell(block).expect("there is room");
    wait(&beginning);
    let marks = desk.watermarks(FIFO, 0, 10).expect("they are in order");
    let waiting = thread::spawn(move || block_on(marks.above()).is_ok());
    while desk.try_tell(Letter::note(FIFO, 0)).is_ok() {}
    assert!(waiting.join().expect("waiting does not panic"), "the refused sender looked");
    release.send(()).expect("the handler waits");
}

/// A piece of a socket's data.
struct Piece(Vec<u8>, Credit);
impl Message for Piece {
    const LANES: &'static [Lane] = &[Lane::fifo("pieces", 1024)];
}

/// Handles pieces only while it has permission to.
struct Slow {
    gate: std::sync::mpsc::Receiver<()>,
    is_open: bool,
    sum: std::sync::mpsc::SyncSender<usize>,
}
impl Actor for Slow {
    type Message = Piece;

    async fn handle(&mut self, Piece(bytes, credit): Piece, _cx: &mut Context<Piece>) {
        if !self.is_open {
            wait(&self.gate);
            self.is_open = true;
        }
        self.sum.send(bytes.len()).expect("the test counts");
        drop(credit);
    }
}

/// Far above what the kernel keeps for two ends of a connection.
const TOO_MUCH: usize = 256 << 20;

fn a_tcp_reader_without_credit_stops_reading(runtime: &dyn Runtime) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port is free");
    let address = listener.local_addr().expect("it is bound");
    let mut peer = TcpStream::connect(address).expect("it listens");
    let (mut socket, _) = listener.accept().expect("a peer has come");

    let (open, gate) = signal();
    let (sum, sums) = signal();
    let (owner, _running) =
        spawn(&executor(runtime), move || Slow { gate, is_open: false, sum }).expect("it starts");
    let (told, waits) = signal();
    let credits = Credits::new(4);
    let counted = credits.clone();
    let reader = thread::spawn(move || {
        loop {
            let credit = credits.try_take().unwrap_or_else(|| {
                _ = told.try_send(());
                block_on(credits.take())
            });
            let mut bytes = vec![0; 16 << 10];
            match socket.read(&mut bytes).expect("the peer is there") {
                0 => return,
                n => bytes.truncate(n),
            }
            owner.try_tell(Piece(bytes, credit)).expect("4 of 1024 places are enough");
        }
    });

    peer.set_nonblocking(true).expect("it is a socket");
    let piece = vec![7; 16 << 10];
    let mut written = 0;
    let mut write_until_blocked = || {
        while written < TOO_MUCH {
            match peer.write(&piece) {
                Ok(n) => written += n,
                Err(error) if error.kind() == ErrorKind::WouldBlock => return written,
                Err(error) => panic!("{error}"),
            }
        }
        panic!("the reader did not stop");
    };
    while waits.try_recv().is_err() {
        write_until_blocked();
    }
    // The reader waits for a credit, and the owner for its permission: nobody reads any more.
    let written = write_until_blocked();
    assert_eq!(counted.available(), 0);

    open.send(()).expect("the owner waits");
    let mut read = 0;
    while read < written {
        read += wait(&sums);
    }
    peer.set_nonblocking(false).expect("it is a socket");
    peer.write_all(&piece).expect("the reader reads again");
    drop(peer);
    reader.join().expect("reading does not panic");
    while read < written + piece.len() {
        read += wait(&sums);
    }
    assert_eq!(read, written + piece.len(), "every byte was handled once");
}
