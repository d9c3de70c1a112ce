//! No accepted message is lost, and every message is accounted for.

use std::collections::HashSet;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;

use actor_lanes::mailbox::LaneStats;
use actor_lanes::{Handle, Running, Runtime, Spawn, TryTellError, spawn};
use actor_tests::{
    CONTROL, Desk, FIFO, LATEST, Letter, NEWEST, PATIENCE, end_of, executor, on_every_runtime,
    signal, within,
};

on_every_runtime! {
    tell_from_tasks,
    try_tell_retried_when_refused,
    tell_blocking_from_threads,
    every_way_of_sending_together_with_evictions,
    a_stop_in_the_middle_of_a_flood,
}

const SENDERS: u64 = 8;
const EACH: u64 = 2_000;

/// Numbers identifying their sender.
fn numbers(sender: u64) -> impl Iterator<Item = u64> {
    (0..EACH).map(move |n| sender * EACH + n)
}

fn assert_accounted_for(lane: &LaneStats) {
    let ended = lane.handled + lane.evicted + lane.cancelled + lane.expired + lane.undelivered;
    assert_eq!(lane.accepted, ended + lane.depth, "{lane:?}");
    assert!(lane.high_water <= lane.capacity as u64, "{lane:?}");
}

/// Checks for the arrival of every number, in order for each sender.
fn assert_all_came(desk: Handle<Letter>, running: &Running) {
    let notes = desk.ask_blocking(Letter::read, PATIENCE).expect("the actor answers");
    for sender in 0..SENDERS {
        let of_sender = notes.iter().copied().filter(|n| n / EACH == sender);
        assert!(of_sender.eq(numbers(sender)), "all of sender {sender}, in order");
    }
    assert_eq!(notes.len() as u64, SENDERS * EACH);
    drop(desk);
    let exit = end_of(running);
    exit.lanes.iter().for_each(assert_accounted_for);
    assert_eq!(exit.lanes[FIFO].handled, SENDERS * EACH + 1);
    assert_eq!(exit.lanes[FIFO].depth, 0);
}

fn tell_from_tasks(runtime: &dyn Runtime) {
    let (desk, running) = spawn(&executor(runtime), Desk::default).expect("it starts");
    thread::scope(|threads| {
        for sender in 0..SENDERS {
            let (desk, executor) = (desk.clone(), executor(runtime));
            threads.spawn(move || {
                within(&executor, move || async move {
                    for n in numbers(sender) {
                        desk.tell(Letter::note(FIFO, n)).await.expect("the actor lives");
                    }
                });
            });
        }
    });
    assert_eq!(desk.stats()[FIFO].refused, 0, "a tell that waits is not refused");
    assert_all_came(desk, &running);
}

fn try_tell_retried_when_refused(runtime: &dyn Runtime) {
    let (desk, running) = spawn(&executor(runtime), Desk::default).expect("it starts");
    let refused = AtomicU64::new(0);
    thread::scope(|threads| {
        for sender in 0..SENDERS {
            let (desk, refused) = (&desk, &refused);
            threads.spawn(move || {
                for n in numbers(sender) {
                    let mut letter = Letter::note(FIFO, n);
                    while let Err(TryTellError::Full(back)) = desk.try_tell(letter) {
                        assert_eq!(back.number(), Some(n));
                        letter = back;
                        refused.fetch_add(1, Ordering::Relaxed);
                        thread::yield_now();
                    }
                }
            });
        }
    });
    assert_eq!(desk.stats()[FIFO].refused, refused.into_inner(), "every refusal is counted");
    assert_all_came(desk, &running);
}

fn tell_blocking_from_threads(runtime: &dyn Runtime) {
    let (desk, running) = spawn(&executor(runtime), Desk::default).expect("it starts");
    thread::scope(|threads| {
        for sender in 0..SENDERS {
            let desk = &desk;
            threads.spawn(move || {
                numbers(sender).for_each(|n| {
                    desk.tell_blocking(Letter::note(FIFO, n), PATIENCE)
                        .expect("there is room in time")
                });
            });
        }
    });
    assert_all_came(desk, &running);
}

fn every_way_of_sending_together_with_evictions(runtime: &dyn Runtime) {
    let (desk, running) = spawn(&executor(runtime), Desk::default).expect("it starts");
    let asking = executor(runtime);
    thread::scope(|threads| {
        for sender in 0..SENDERS {
            let (desk, asking) = (&desk, &asking);
            threads.spawn(move || {
                for n in numbers(sender) {
                    match n % 4 {
                        0 => desk
                            .tell_blocking(Letter::note(CONTROL, n), PATIENCE)
                            .expect("there is room in time"),
                        1 => desk.try_tell(Letter::note(NEWEST, n)).expect("it evicts"),
                        2 => desk.try_tell(Letter::note(LATEST, n)).expect("it evicts"),
                        // The asker drops its ask immediately: the message is handled or cancelled,
                        // depending on timing.
                        _ => drop(desk.try_ask(Letter::read)),
                    }
                    if n % 400 == 3 {
                        let desk = desk.clone();
                        within(asking, move || async move {
                            desk.ask(Letter::read).await.expect("it is answered")
                        });
                    }
                }
            });
        }
    });
    let notes = Desk::read(&desk);
    drop(desk);
    let lanes = end_of(&running).lanes;
    lanes.iter().for_each(assert_accounted_for);
    let sent = SENDERS * EACH / 4;
    assert_eq!((lanes[CONTROL].accepted, lanes[CONTROL].handled), (sent, sent));
    for lane in [NEWEST, LATEST] {
        assert_eq!(lanes[lane].accepted, sent, "eviction accepts all: {:?}", lanes[lane]);
        assert_eq!(lanes[lane].refused, 0);
    }
    assert_eq!(lanes[FIFO].accepted + lanes[FIFO].refused, sent + SENDERS * EACH / 400 + 1);
    assert_eq!(
        HashSet::<u64>::from_iter(notes.iter().copied()).len(),
        notes.len(),
        "nothing comes twice"
    );
}

fn a_stop_in_the_middle_of_a_flood(runtime: &dyn Runtime) {
    let (desk, mailbox) = actor_lanes::mailbox();
    let (lost, found) = signal();
    let spawn = Spawn::new(mailbox).on_undelivered(move |_, letter: Letter| {
        lost.send(letter.number().expect("only notes are sent")).expect("the test listens");
    });
    let running = spawn.start(&executor(runtime), Desk::default).expect("it starts");
    let accepted = AtomicU64::new(0);
    thread::scope(|threads| {
        for sender in 0..SENDERS {
            let (desk, accepted, running) = (&desk, &accepted, &running);
            threads.spawn(move || {
                for n in numbers(sender) {
                    match desk.try_tell(Letter::note(FIFO, n)) {
                        Ok(()) => accepted.fetch_add(1, Ordering::Relaxed),
                        Err(TryTellError::Full(_)) => 0,
                        Err(TryTellError::Closed(_)) => return,
                    };
                    if n == EACH / 2 {
                        running.kill();
                    }
                }
            });
        }
    });
    let exit = end_of(&running);
    exit.lanes.iter().for_each(assert_accounted_for);
    let lane = &exit.lanes[FIFO];
    assert_eq!(
        lane.accepted,
        accepted.into_inner(),
        "what a sender was told was accepted was: {lane:?}"
    );
    assert_eq!(lane.handled + lane.undelivered, lane.accepted);
    assert_eq!(found.try_iter().count() as u64, lane.undelivered);
    assert_eq!(lane.depth, 0);
}
