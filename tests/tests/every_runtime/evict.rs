//! Evicting lanes drop the oldest message, count it, and return an error to its asker.

use actor_lanes::{Runtime, Spawn};
use actor_tests::{Desk, LATEST, Letter, NEWEST, Work, end_of, executor, on_every_runtime, within};

on_every_runtime! {
    the_newest_are_kept_and_the_oldest_are_counted,
    newer_messages_evict_messages_already_taken_over,
    the_askers_of_the_evicted_get_an_error,
    the_latest_replaces_the_one_before,
}

fn the_newest_are_kept_and_the_oldest_are_counted(runtime: &dyn Runtime) {
    let (desk, mailbox) = actor_lanes::mailbox();
    (0..20).for_each(|n| desk.try_tell(Letter::note(NEWEST, n)).expect("it never refuses"));
    let stats = desk.stats();
    assert_eq!((stats[NEWEST].accepted, stats[NEWEST].evicted, stats[NEWEST].depth), (20, 12, 8));
    let running = Spawn::new(mailbox).start(&executor(runtime), Desk::default).expect("it starts");
    while desk.stats()[NEWEST].depth > 0 {
        std::thread::yield_now();
    }
    assert_eq!(Desk::read(&desk), [19, 18, 17, 16, 15, 14, 13, 12]);
    drop(desk);
    let lane = &end_of(&running).lanes[NEWEST];
    assert_eq!((lane.accepted, lane.handled, lane.evicted, lane.refused), (20, 8, 12, 0));
    assert_eq!(lane.high_water, 8);
}

fn newer_messages_evict_messages_already_taken_over(runtime: &dyn Runtime) {
    let (desk, running) = actor_lanes::spawn(&executor(runtime), Desk::default).expect("it starts");
    // When the actor handles the first letter, it has already taken over the seven others.
    let release = Desk::hold(&desk);
    (0..7).for_each(|n| desk.try_tell(Letter::note(NEWEST, n)).expect("it never refuses"));
    let (reply, held) = actor_lanes::Reply::pair();
    let (began, beginning) = actor_tests::signal();
    desk.try_tell(Letter { lane: NEWEST, work: Work::Hold(began, held) })
        .expect("it never refuses");
    release.send(());
    actor_tests::wait(&beginning);
    (10..16).for_each(|n| desk.try_tell(Letter::note(NEWEST, n)).expect("it never refuses"));
    reply.send(());
    while desk.stats()[NEWEST].depth > 0 {
        std::thread::yield_now();
    }
    assert_eq!(Desk::read(&desk), [15, 14, 13, 12, 11, 10, 6, 5]);
    drop(desk);
    let lane = &end_of(&running).lanes[NEWEST];
    assert_eq!((lane.accepted, lane.handled, lane.evicted), (14, 9, 5));
}

fn the_askers_of_the_evicted_get_an_error(runtime: &dyn Runtime) {
    let executor = executor(runtime);
    for (lane, keeps) in [(NEWEST, 8), (LATEST, 1)] {
        let (desk, mailbox) = actor_lanes::mailbox();
        let asks: Vec<_> = (0..keeps + 3)
            .map(|_| {
                desk.try_ask(|reply| Letter { lane, work: Work::Read(reply) })
                    .expect("it never refuses")
            })
            .collect();
        let _running = Spawn::new(mailbox).start(&executor, Desk::default).expect("it starts");
        let mut answered = Vec::new();
        for ask in asks {
            answered.push(within(&executor, || ask).is_ok());
        }
        assert_eq!(answered, [vec![false; 3], vec![true; keeps]].concat());
    }
}

fn the_latest_replaces_the_one_before(runtime: &dyn Runtime) {
    let (desk, running) = actor_lanes::spawn(&executor(runtime), Desk::default).expect("it starts");
    let release = Desk::hold(&desk);
    (0..100).for_each(|n| desk.try_tell(Letter::note(LATEST, n)).expect("it never refuses"));
    release.send(());
    while desk.stats()[LATEST].depth > 0 {
        std::thread::yield_now();
    }
    assert_eq!(Desk::read(&desk), [99]);
    drop(desk);
    let lane = &end_of(&running).lanes[LATEST];
    assert_eq!((lane.accepted, lane.handled, lane.evicted, lane.high_water), (100, 1, 99, 1));
}
