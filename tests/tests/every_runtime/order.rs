//! The order of messages: control first, turns by weight, and no starvation.

use actor_lanes::{Handle, Mailbox, Runtime, Spawn};
use actor_tests::{
    CONTROL, Desk, FIFO, LATEST, Letter, NEWEST, PATIENCE, executor, on_every_runtime, signal, wait,
};

on_every_runtime! {
    first_in_first_out,
    newest_first,
    latest_only,
    control_before_data,
    a_flood_of_control_does_not_starve_data,
    a_flood_of_data_does_not_starve_control,
    data_lanes_take_turns,
}

/// Handles the letters sent before the start, and returns the notes in the order of their handling.
fn order_of(runtime: &dyn Runtime, desk: &Handle<Letter>, mailbox: Mailbox<Letter>) -> Vec<u64> {
    let _running = Spawn::new(mailbox).start(&executor(runtime), Desk::default).expect("it starts");
    while desk.stats().iter().any(|lane| lane.depth > 0) {
        std::thread::yield_now();
    }
    Desk::read(desk)
}

fn send(desk: &Handle<Letter>, lane: usize, numbers: impl IntoIterator<Item = u64>) {
    numbers.into_iter().for_each(|n| desk.try_tell(Letter::note(lane, n)).expect("there is room"));
}

fn first_in_first_out(runtime: &dyn Runtime) {
    let (desk, mailbox) = actor_lanes::mailbox();
    send(&desk, FIFO, 0..64);
    assert_eq!(order_of(runtime, &desk, mailbox), Vec::from_iter(0..64));
}

fn newest_first(runtime: &dyn Runtime) {
    let (desk, mailbox) = actor_lanes::mailbox();
    send(&desk, NEWEST, 0..6);
    assert_eq!(order_of(runtime, &desk, mailbox), [5, 4, 3, 2, 1, 0]);
}

fn latest_only(runtime: &dyn Runtime) {
    let (desk, mailbox) = actor_lanes::mailbox();
    send(&desk, LATEST, 0..6);
    assert_eq!(order_of(runtime, &desk, mailbox), [5]);
    assert_eq!(desk.stats()[LATEST].evicted, 5);
}

fn control_before_data(runtime: &dyn Runtime) {
    let (desk, mailbox) = actor_lanes::mailbox();
    for lane in [LATEST, NEWEST, FIFO, CONTROL] {
        send(&desk, lane, [lane as u64]);
    }
    assert_eq!(order_of(runtime, &desk, mailbox)[0], CONTROL as u64);
}

/// Sends itself one letter after the other, until its notes contain the awaited number.
fn flood(
    lane: usize,
    until: u64,
    told: std::sync::mpsc::SyncSender<usize>,
    so_far: usize,
) -> Letter {
    Letter::act(lane, move |desk, cx| {
        if desk.notes.contains(&until) {
            told.send(so_far).expect("the test waits");
        } else {
            cx.handle()
                .try_tell(flood(lane, until, told, so_far + 1))
                .expect("one at a time has room");
        }
    })
}

fn a_flood_of_control_does_not_starve_data(runtime: &dyn Runtime) {
    let (desk, mailbox) = actor_lanes::mailbox();
    let (told, tells) = signal();
    desk.try_tell(flood(CONTROL, 7, told, 0)).expect("there is room");
    send(&desk, FIFO, [7]);
    let _running = Spawn::new(mailbox).start(&executor(runtime), Desk::default).expect("it starts");
    assert_eq!(wait(&tells), 64, "control letters before the one of data");
}

fn a_flood_of_data_does_not_starve_control(runtime: &dyn Runtime) {
    let (desk, mailbox) = actor_lanes::mailbox();
    let (told, tells) = signal();
    desk.try_tell(flood(FIFO, 7, told, 0)).expect("there is room");
    let _running = Spawn::new(mailbox).start(&executor(runtime), Desk::default).expect("it starts");
    desk.tell_blocking(Letter::note(CONTROL, 7), PATIENCE).expect("there is room");
    wait(&tells);
}

fn data_lanes_take_turns(runtime: &dyn Runtime) {
    let (desk, mailbox) = actor_lanes::mailbox();
    send(&desk, FIFO, 0..8);
    send(&desk, NEWEST, 100..108);
    let order = order_of(runtime, &desk, mailbox);
    let lanes: Vec<_> = order.iter().map(|n| n / 100).collect();
    assert_eq!(lanes, [0, 1].repeat(8), "one of each in turn");
}
