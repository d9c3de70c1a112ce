//! Systems: placement, names, and one shutdown in phases with one report.

use std::collections::BTreeSet;
use std::future::pending;
use std::sync::Barrier;
use std::sync::mpsc::SyncSender;
use std::thread;
use std::time::Duration;

use actor_lanes::executors::Choice;
use actor_lanes::life::{OnPanic, SpawnError};
use actor_lanes::supervise::{Strategy, Supervisor};
use actor_lanes::system::{ActorReport, Cause, RegisterError, Report, ThreadState};
use actor_lanes::{
    Actor, Context, ExitReason, Handle, Message, Phase, Running, Runtime, Spawn, System,
    ThreadConfig, mailbox, spawn,
};
use actor_tests::{
    Desk, FIFO, Letter, PATIENCE, SOON, end_of, on_every_runtime, owned, signal, wait,
};

on_every_runtime! {
    every_actor_and_lane_is_in_the_report,
    the_phases_end_in_order_and_pass_their_messages_on,
    stops_from_everywhere_are_one_shutdown,
    a_stop_while_an_actor_starts_is_a_shutdown,
    a_wait_on_a_thread_of_the_system_returns_immediately,
    a_stuck_handler_and_its_thread_are_named,
    a_late_phase_leaves_time_to_the_next,
    an_actor_waiting_at_the_deadline_is_ended_and_counted,
    supervised_actors_are_stopped_in_the_phase_of_their_supervisor,
    a_stopping_system_accepts_no_actor,
    spawns_racing_a_stop_are_in_the_report_or_refused,
    ends_of_every_kind_racing_a_stop_are_counted_once,
    a_name_has_no_control_character_and_no_empty_part,
    names_are_unique_until_their_actors_end,
    a_name_has_parts_and_is_not_empty,
    a_registered_handle_keeps_no_actor,
    systems_do_not_see_each_other,
    the_drop_of_the_last_system_ends_it,
    a_panic_ends_the_system_where_the_actor_says_so,
    an_error_ends_the_system_and_the_begin_of_the_end_names_it,
    a_killed_actor_ends_no_system,
    a_system_without_executors_has_actors_on_threads_of_their_own,
    actors_go_to_the_least_loaded_executor,
    actors_go_to_one_executor_after_another,
    an_executor_apart_is_for_those_who_ask,
    a_thread_of_its_own_ends_with_its_actor,
    two_threads_waiting_for_the_report_both_have_it,
}

/// The patience of a shutdown with a late actor. Half of it is enough for the others.
const A_WHILE: Duration = Duration::from_secs(2);

fn system(runtime: &dyn Runtime) -> System {
    System::new("tested", owned(runtime)).expect("its thread starts")
}

fn named(system: &System, name: &str, phase: Phase) -> (Handle<Letter>, Running) {
    let (desk, desk_mailbox) = mailbox();
    let spawn = Spawn::new(desk_mailbox).named(name).phase(phase);
    (desk, spawn.start(system, Desk::default).expect("it starts"))
}

fn reason(report: &Report, path: &str) -> ExitReason {
    let actor = report.actor(path).expect("it is in the report");
    actor.exit.as_ref().expect("it has ended").reason.clone()
}

fn every_actor_and_lane_is_in_the_report(runtime: &dyn Runtime) {
    let system = system(runtime);
    let desks = ["one", "two"].map(|name| named(&system, name, Phase::Owners));
    let (gone, running) = spawn(&system, Desk::default).expect("it starts");
    drop(gone);
    assert!(end_of(&running).reason.is_normal());
    for (number, (desk, _)) in (1..).zip(&desks) {
        (0..number).for_each(|n| desk.try_tell(Letter::note(FIFO, n)).expect("there is room"));
    }
    let report = system.stop_blocking(PATIENCE);
    assert!(report.is_clean(), "{report}");
    assert_eq!((report.started, report.actors.len()), (3, 2));
    let handled: Vec<_> =
        report.actors.iter().map(|a| (&*a.path, &*a.thread, a.lanes()[FIFO].handled)).collect();
    assert_eq!(handled, [("/one", "tested", 1), ("/two", "tested", 2)]);
    let threads: Vec<_> = report.threads.iter().map(|t| (&*t.name, t.end)).collect();
    assert_eq!(threads, [("tested", ThreadState::Ended)]);
    assert!(report.to_string().contains("/two"), "{report}");
}

/// Passes each number on, and reports its end.
struct Stage {
    name: &'static str,
    next: Option<Handle<Pass>>,
    ending: SyncSender<&'static str>,
}

struct Pass;
impl Message for Pass {}

impl Actor for Stage {
    type Message = Pass;

    async fn handle(&mut self, pass: Pass, _cx: &mut Context<Pass>) {
        if let Some(next) = &self.next {
            next.tell(pass).await.expect("the next phase still accepts");
        }
    }

    async fn stopped(&mut self, _reason: &ExitReason) {
        self.ending.send(self.name).expect("the test waits");
    }
}

fn the_phases_end_in_order_and_pass_their_messages_on(runtime: &dyn Runtime) {
    let builder = System::builder("tested").runtime(owned(runtime));
    let system = builder.executors(3).start().expect("it starts");
    let (ending, ends) = signal();
    let mut next = None;
    // Started in the reverse order, so the order of the starts is not that of the ends.
    for (phase, name) in Phase::ALL.into_iter().zip(["source", "worker", "owner", "store"]).rev() {
        let (handle, stage_mailbox) = mailbox();
        let stage = Stage { name, next: next.take(), ending: ending.clone() };
        let spawn = Spawn::new(stage_mailbox).named(name).phase(phase);
        drop(spawn.start(&system, move || stage).expect("it starts"));
        next = Some(handle);
    }
    let source = next.expect("there are stages");
    (0..100).for_each(|_| source.try_tell(Pass).expect("there is room"));
    let report = system.stop_blocking(PATIENCE);
    assert!(report.is_clean(), "{report}");
    let handled: Vec<_> = report.actors.iter().map(|a| (&*a.path, a.lanes()[0].handled)).collect();
    let expected = [("/source", 100), ("/worker", 100), ("/owner", 100), ("/store", 100)];
    assert_eq!(handled, expected);
    drop(ending);
    assert_eq!(Vec::from_iter(ends), ["source", "worker", "owner", "store"]);
}

fn stops_from_everywhere_are_one_shutdown(runtime: &dyn Runtime) {
    let system = system(runtime);
    let (desk, _running) = named(&system, "desk", Phase::Owners);
    let weak = system.downgrade();
    let stopping = move |_: &mut Desk, _: &mut Context<Letter>| {
        weak.upgrade().expect("it is there").stop(PATIENCE);
    };
    desk.try_tell(Letter::act(FIFO, stopping)).expect("there is room");
    let begin = Barrier::new(4);
    let took: BTreeSet<_> = thread::scope(|scope| {
        let stop = || {
            begin.wait();
            let report = system.stop_blocking(PATIENCE);
            assert!(report.is_clean(), "{report}");
            report.took
        };
        let threads = [(); 4].map(|()| scope.spawn(stop));
        threads.into_iter().map(|thread| thread.join().expect("a stop does not panic")).collect()
    });
    assert_eq!(took.len(), 1, "they have the same report");
}

fn a_stop_while_an_actor_starts_is_a_shutdown(runtime: &dyn Runtime) {
    let system = system(runtime);
    let (desk, desk_mailbox) = mailbox::<Letter>();
    let weak = system.downgrade();
    let make = move || {
        weak.upgrade().expect("it is there").stop(PATIENCE);
        Desk::default()
    };
    let _running = Spawn::new(desk_mailbox).start(&system, make).expect("it starts");
    let report = system.stopped_blocking(PATIENCE).expect("it ends in time");
    assert!(report.is_clean() && report.actors.len() == 1, "{report}");
    assert!(desk.is_closed());
}

fn a_wait_on_a_thread_of_the_system_returns_immediately(runtime: &dyn Runtime) {
    let system = system(runtime);
    let (sender, early) = signal();
    let inner = system.clone();
    let make = move || {
        sender.send(inner.stop_blocking(Duration::MAX)).expect("there is room");
        Desk::default()
    };
    let (_desk, _running) = spawn(&system, make).expect("it starts");
    let early: Report = wait(&early);
    assert!(!early.is_final && early.to_string().contains("still stopping"), "{early}");
    let report = system.stopped_blocking(PATIENCE).expect("the shutdown goes on");
    assert!(report.is_final && report.is_clean(), "{report}");
}

fn a_stuck_handler_and_its_thread_are_named(runtime: &dyn Runtime) {
    let builder = System::builder("tested").runtime(owned(runtime));
    let system = builder.executors(2).start().expect("it starts");
    let (stuck, _stuck_running) = named(&system, "stuck", Phase::Sources);
    let (desk, _running) = named(&system, "desk", Phase::Owners);
    let (unblock, blocked) = std::sync::mpsc::sync_channel::<()>(0);
    let (began, beginning) = signal();
    let block = move |_: &mut Desk, _: &mut Context<Letter>| {
        began.send(()).expect("the test waits");
        assert!(blocked.recv().is_err(), "the test drops the sender");
    };
    stuck.try_tell(Letter::act(FIFO, block)).expect("there is room");
    wait(&beginning);
    desk.try_tell(Letter::note(FIFO, 1)).expect("there is room");
    let report = system.stop_blocking(A_WHILE);
    let late: Vec<_> = report.late().map(|actor| (&*actor.path, &*actor.thread)).collect();
    let [(path, thread)] = late[..] else { panic!("{report}") };
    assert_eq!(path, "/stuck");
    let busy: Vec<_> = report.threads.iter().filter(|t| t.end == ThreadState::Busy).collect();
    assert_eq!(busy.iter().map(|t| &*t.name).collect::<Vec<_>>(), [thread]);
    assert!(!report.is_clean() && report.to_string().contains("still busy"), "{report}");
    assert!(report.actor("/desk").is_some_and(ActorReport::is_clean), "{report}");
    drop(unblock);
}

fn a_late_phase_leaves_time_to_the_next(runtime: &dyn Runtime) {
    let system = system(runtime);
    let (source, _source_running) = named(&system, "source", Phase::Sources);
    let (owner, _owner_running) = named(&system, "owner", Phase::Owners);
    source.try_tell(Letter::awaiting(FIFO, pending)).expect("there is room");
    let (ended, ending) = signal();
    let slow = async move || {
        ended.send(()).expect("the test waits");
    };
    owner.try_tell(Letter::awaiting(FIFO, slow)).expect("there is room");
    let report = system.stop_blocking(A_WHILE);
    assert!(matches!(reason(&report, "/source"), ExitReason::DeadlinePassed), "{report}");
    assert!(matches!(reason(&report, "/owner"), ExitReason::Stopped), "{report}");
    wait(&ending);
}

fn an_actor_waiting_at_the_deadline_is_ended_and_counted(runtime: &dyn Runtime) {
    let system = system(runtime);
    let (desk, _running) = named(&system, "desk", Phase::Owners);
    desk.try_tell(Letter::awaiting(FIFO, pending)).expect("there is room");
    (0..3).for_each(|n| desk.try_tell(Letter::note(FIFO, n)).expect("there is room"));
    let report = system.stop_blocking(SOON);
    assert!(matches!(reason(&report, "/desk"), ExitReason::DeadlinePassed), "{report}");
    let lane = &report.actors[0].lanes()[FIFO];
    assert_eq!((lane.handled, lane.undelivered), (1, 3));
    assert!(!report.is_clean());
    assert!(report.threads.iter().all(|thread| thread.end == ThreadState::Ended), "{report}");
}

/// Two children pass their queues to the child before them, up to the first one.
fn supervised_actors_are_stopped_in_the_phase_of_their_supervisor(runtime: &dyn Runtime) {
    let system = system(runtime);
    let (owner, _running) = named(&system, "owner", Phase::Owners);
    let children = ["a", "b", "c"].map(|name| (name, mailbox::<Letter>()));
    let handles = children.each_ref().map(|(_, (handle, _))| handle.clone());
    let mut net = Supervisor::new(Strategy::OneForOne).named("net").phase(Phase::Stores);
    for (name, (_, child_mailbox)) in children {
        let spawn = Spawn::new(child_mailbox).named(name).phase(Phase::Sources);
        net = net.child(spawn, &system, Desk::default);
    }
    let _net = net.start(&system).expect("it starts");
    // The owner's phase is before that of the supervisor, so the last child accepts its letters.
    // The children end in reverse order, so each accepts those of the child behind it.
    for _ in 0..20 {
        let mut letter = Letter::note(FIFO, 1);
        for next in handles.clone() {
            letter = Letter::act(FIFO, move |_, _| {
                next.try_tell(letter).expect("the next one still accepts");
            });
        }
        owner.try_tell(letter).expect("there is room");
    }
    let report = system.stop_blocking(PATIENCE);
    assert!(report.is_clean(), "{report}");
    let handled = |path| report.actor(path).map(|actor| actor.lanes()[FIFO].handled);
    let paths = ["/owner", "/net/c", "/net/b", "/net/a"];
    assert_eq!(paths.map(handled), [Some(20); 4], "{report}");
}

fn a_stopping_system_accepts_no_actor(runtime: &dyn Runtime) {
    let system = system(runtime);
    let place = system.own_thread();
    system.stop(PATIENCE);
    let refused = |spawned: Result<(Handle<Letter>, Running), SpawnError>| {
        assert_eq!(spawned.map(drop), Err(SpawnError::SystemStopping));
    };
    refused(spawn(&system, Desk::default));
    refused(spawn(&place, Desk::default));
    let report = system.stop_blocking(PATIENCE);
    assert_eq!((report.started, report.actors.len()), (0, 0));
    refused(spawn(&system, Desk::default));
}

fn spawns_racing_a_stop_are_in_the_report_or_refused(runtime: &dyn Runtime) {
    const THREADS: usize = 8;
    let builder = System::builder("tested").runtime(owned(runtime));
    let system = builder.executors(2).start().expect("it starts");
    let begin = Barrier::new(THREADS + 1);
    let (some, enough) = signal();
    let (report, spawned) = thread::scope(|scope| {
        let spawning = || {
            begin.wait();
            let mut spawned = Vec::new();
            loop {
                match spawn(&system, Desk::default) {
                    Ok(actor) => spawned.push(actor),
                    Err(SpawnError::SystemStopping) => return spawned,
                    Err(error) => panic!("{error}"),
                }
                if spawned.len() == 20 {
                    some.send(()).expect("the test waits");
                }
            }
        };
        let threads = [(); THREADS].map(|()| scope.spawn(spawning));
        begin.wait();
        wait(&enough);
        let report = system.stop_blocking(PATIENCE);
        let spawned: Vec<_> =
            threads.into_iter().flat_map(|thread| thread.join().expect("it ends")).collect();
        (report, spawned)
    });
    assert!(report.is_clean(), "{report}");
    // The handles are alive, so no actor ended before the stop.
    let count = u64::try_from(spawned.len()).expect("a count");
    assert_eq!((report.started, report.actors.len()), (count, spawned.len()));
    assert!(spawned.iter().all(|(_, running)| running.exit().is_some()), "each is stopped");
    let ids: BTreeSet<_> = report.actors.iter().map(|actor| actor.id).collect();
    assert_eq!(ids.len(), spawned.len(), "each once");
}

/// Actors that stay, become unreachable, panic or are killed, some with names, some on threads of
/// their own. One thread stops the system, and in the others a panic does.
fn ends_of_every_kind_racing_a_stop_are_counted_once(runtime: &dyn Runtime) {
    const THREADS: u64 = 4;
    const LAST: u64 = 40;
    let builder = System::builder("tested").runtime(owned(runtime));
    let system = builder.executors(2).start().expect("it starts");
    let start = |thread: u64, number: u64| {
        let (desk, desk_mailbox) = mailbox();
        let spawn = Spawn::new(desk_mailbox);
        let spawn = match number {
            LAST => spawn.on_panic(OnPanic::EndSystem),
            _ if number.is_multiple_of(4) => spawn,
            _ => spawn.named(format!("{thread}-{}", number % 8)),
        };
        let running = match number % 10 {
            9 => spawn.start(&system.own_thread(), Desk::default)?,
            _ => spawn.start(&system, Desk::default)?,
        };
        Ok((desk, running))
    };
    let spawning = |thread: u64| {
        let (mut kept, mut all) = (Vec::new(), Vec::new());
        for number in 0.. {
            let (desk, running) = match start(thread, number) {
                Ok(started) => started,
                Err(SpawnError::NameTaken(_)) => continue,
                Err(SpawnError::SystemStopping) => break,
                Err(error) => panic!("{error}"),
            };
            match number % 4 {
                0 => {
                    // Refused after a stop.
                    _ = desk.try_tell(Letter::act(FIFO, |_, _| panic!("on purpose")));
                }
                1 => running.kill(),
                2 => kept.push(desk),
                _ => {}
            }
            all.push(running);
            if thread == 0 && number == LAST {
                system.stop(PATIENCE);
            }
        }
        all
    };
    let running: Vec<_> = thread::scope(|scope| {
        let spawning = &spawning;
        let threads: Vec<_> = (0..THREADS).map(|n| scope.spawn(move || spawning(n))).collect();
        threads.into_iter().flat_map(|thread| thread.join().expect("it ends")).collect()
    });
    let report = system.stopped_blocking(PATIENCE).expect("it ends in time");
    assert!(report.actors.iter().all(|actor| actor.exit.is_some()), "{report}");
    assert!(running.iter().all(|running| running.exit().is_some()), "each has ended");
    assert_eq!(report.started, u64::try_from(running.len()).expect("a count"));
    let ids: BTreeSet<_> = report.actors.iter().map(|actor| actor.id).collect();
    assert_eq!(ids.len(), report.actors.len(), "no actor twice: {report}");
    assert!(report.threads.iter().all(|thread| thread.end == ThreadState::Ended), "{report}");
    assert!(system.actors().is_empty());
    assert!(system.executors().loads().iter().all(|load| *load == 0));
}

fn a_name_has_no_control_character_and_no_empty_part(runtime: &dyn Runtime) {
    let system = system(runtime);
    let (desk, _running) = named(&system, "kitchen/desk 1 \u{fc}", Phase::Owners);
    for name in ["", "/", "//", "a//b", "a/", "a\nb", "a\0b", "\u{1b}[31m"] {
        let (_handle, unnamed) = mailbox::<Letter>();
        let refused = Spawn::new(unnamed).named(name).start(&system, Desk::default);
        assert_eq!(refused.map(drop), Err(SpawnError::NameInvalid(name.into())));
        assert_eq!(system.register(name, &desk), Err(RegisterError::Invalid));
    }
    let text = SpawnError::NameInvalid("a\nb".into()).to_string();
    assert!(text.starts_with(r#""a\nb" is no name of an actor"#), "{text}");
}

fn names_are_unique_until_their_actors_end(runtime: &dyn Runtime) {
    let system = system(runtime);
    let (desk, running) = named(&system, "desk", Phase::Owners);
    assert_eq!(running.name().as_deref(), Some("/desk"));
    assert!(system.find::<Letter>("desk").is_some_and(|found| found.same_actor(&desk)));
    let again = || {
        let (_handle, desk_mailbox) = mailbox::<Letter>();
        Spawn::new(desk_mailbox).named("desk").start(&system, Desk::default)
    };
    assert_eq!(again().map(drop), Err(SpawnError::NameTaken("/desk".into())));
    assert_eq!(system.actors().len(), 1, "the refused one left nothing");
    drop(desk);
    assert!(end_of(&running).reason.is_normal());
    let running = again().expect("the name is free");
    assert!(end_of(&running).reason.is_normal(), "its handle is dropped");
    let (_unnamed, running) = spawn(&system, Desk::default).expect("it starts");
    let path = running.name().expect("a system names its actors");
    assert!(path.starts_with("/Desk-"), "{path}");
    assert_eq!(system.actors().iter().map(|actor| &actor.path).collect::<Vec<_>>(), [&path]);
}

fn a_name_has_parts_and_is_not_empty(runtime: &dyn Runtime) {
    let system = system(runtime);
    let start = |name: &str| {
        let (_handle, desk_mailbox) = mailbox::<Letter>();
        Spawn::new(desk_mailbox).named(name).start(&system, Desk::default)
    };
    for (name, path) in [("desk", "/desk"), ("/lamp", "/lamp"), ("room/desk", "/room/desk")] {
        assert_eq!(start(name).expect("a name").name().as_deref(), Some(path));
    }
    for name in ["", "/"] {
        let error = start(name).map(drop).expect_err("no name");
        assert_eq!(error, SpawnError::NameInvalid(name.into()), "{name:?}");
    }
}

fn a_registered_handle_keeps_no_actor(runtime: &dyn Runtime) {
    let system = system(runtime);
    let (desk, running) = spawn(&system, Desk::default).expect("it starts");
    system.register("desk", &desk).expect("the name is free");
    let found = system.find::<Letter>("desk").expect("it is registered");
    assert!(found.same_actor(&desk));
    assert!(system.find::<Pass>("desk").is_none(), "it has other messages");
    assert!(system.register("desk", &found).is_err(), "its actor is running");
    drop((desk, found));
    assert!(matches!(end_of(&running).reason, ExitReason::Unreachable));
    assert!(system.find::<Letter>("desk").is_none());
    let (next, _next_running) = spawn(&system, Desk::default).expect("it starts");
    system.register("desk", &next).expect("the name is free again");
}

fn systems_do_not_see_each_other(runtime: &dyn Runtime) {
    let systems = [system(runtime), system(runtime)];
    let desks = systems.each_ref().map(|system| named(system, "desk", Phase::Owners));
    systems[0].register("it", &desks[0].0).expect("the name is free");
    assert!(systems[1].find::<Letter>("it").is_none());
    assert!(systems[0].stop_blocking(PATIENCE).is_clean());
    assert!(!systems[1].is_stopping());
    desks[1].0.try_tell(Letter::note(FIFO, 7)).expect("the other system runs");
    assert_eq!(Desk::read(&desks[1].0), [7]);
    assert!(systems[1].stop_blocking(PATIENCE).is_clean());
}

fn the_drop_of_the_last_system_ends_it(runtime: &dyn Runtime) {
    let system = system(runtime);
    let (desk, running) = named(&system, "desk", Phase::Owners);
    let other = system.clone();
    drop(system);
    assert_eq!(Desk::read(&desk), [], "a clone is left");
    desk.try_tell(Letter::note(FIFO, 1)).expect("it runs");
    drop(other);
    let exit = end_of(&running);
    assert!(matches!(exit.reason, ExitReason::Stopped), "{exit:?}");
    assert_eq!(exit.undelivered(), 0, "what was queued is handled");
}

fn a_panic_ends_the_system_where_the_actor_says_so(runtime: &dyn Runtime) {
    let system = system(runtime);
    let (other, _other_running) = named(&system, "other", Phase::Owners);
    let start = |name, on_panic| {
        let (desk, desk_mailbox) = mailbox();
        let spawn = Spawn::new(desk_mailbox).named(name).on_panic(on_panic);
        (desk, spawn.start(&system, Desk::default).expect("it starts"))
    };
    let panics = || Letter::act(FIFO, |_, _| panic!("half changed"));
    let (simple, running) = start("simple", OnPanic::Stop);
    simple.try_tell(panics()).expect("there is room");
    assert!(matches!(end_of(&running).reason, ExitReason::Panicked(_)));
    assert!(!system.is_stopping());
    let (owner, _running) = start("owner", OnPanic::EndSystem);
    owner.try_tell(panics()).expect("there is room");
    let report = system.stopped_blocking(PATIENCE).expect("the panic ends it");
    let Cause::Panicked { path, exit } = report.cause() else { panic!("{report}") };
    assert_eq!((&**path, exit.reason.to_string()), ("/owner", "panicked: half changed".into()));
    assert!(!report.is_clean());
    assert!(matches!(reason(&report, "/owner"), ExitReason::Panicked(_)));
    assert!(report.actor("/other").is_some_and(ActorReport::is_clean), "{report}");
    assert!(other.is_closed());
}

fn an_error_ends_the_system_and_the_begin_of_the_end_names_it(runtime: &dyn Runtime) {
    let system = system(runtime);
    let stopping = system.stopping();
    let (_other, _running) = named(&system, "other", Phase::Owners);
    let (owner, owner_mailbox) = mailbox();
    let spawn = Spawn::new(owner_mailbox).named("owner").on_panic(OnPanic::EndSystem);
    drop(spawn.start(&system, Desk::default).expect("it starts"));
    let fails = |_: &mut Desk, cx: &mut Context<Letter>| cx.fail(std::fmt::Error);
    owner.try_tell(Letter::act(FIFO, fails)).expect("there is room");
    let Cause::Panicked { path, exit } = futures::executor::block_on(stopping) else {
        panic!("{system:?}")
    };
    assert_eq!(&*path, "/owner");
    assert!(matches!(exit.reason, ExitReason::Failed(_)), "{}", exit.reason);
    let report = system.stopped_blocking(PATIENCE).expect("the error ends it");
    let problems: Vec<_> = report.problems().collect();
    assert_eq!(problems, [format!("/owner: {}", exit.reason)]);
}

fn a_killed_actor_ends_no_system(runtime: &dyn Runtime) {
    let system = system(runtime);
    let (_owner, owner_mailbox) = mailbox();
    let spawn = Spawn::new(owner_mailbox).named("owner").on_panic(OnPanic::EndSystem);
    let running = spawn.start(&system, Desk::default).expect("it starts");
    running.kill();
    assert!(matches!(end_of(&running).reason, ExitReason::Killed));
    assert!(!system.is_stopping());
    assert!(system.stop_blocking(PATIENCE).is_clean());
}

fn a_system_without_executors_has_actors_on_threads_of_their_own(runtime: &dyn Runtime) {
    let builder = System::builder("tested").runtime(owned(runtime));
    let system = builder.executors(0).start().expect("it starts");
    let refused = spawn(&system, Desk::default).map(drop);
    assert_eq!(refused, Err(SpawnError::NoExecutor));
    let (desk, desk_mailbox) = mailbox();
    let spawn = Spawn::new(desk_mailbox).named("own");
    drop(spawn.start(&system.own_thread(), Desk::default).expect("it starts"));
    assert_eq!(thread_of(&desk), "own");
    let report = system.stop_blocking(PATIENCE);
    assert!(report.is_clean(), "{report}");
    assert_eq!(report.problems().count(), 0);
    assert_eq!(report.threads.len(), 1);
}

fn actors_go_to_the_least_loaded_executor(runtime: &dyn Runtime) {
    let builder = System::builder("tested").runtime(owned(runtime));
    let system = builder.executors(3).start().expect("it starts");
    let actors: Vec<_> =
        (0..6).map(|_| spawn(&system, Desk::default).expect("it starts")).collect();
    assert_eq!(system.executors().loads(), [2, 2, 2]);
    let infos = system.actors();
    let on_first = infos.iter().filter(|actor| &*actor.thread == "tested-0");
    for actor in on_first {
        actor.running.kill();
        _ = end_of(&actor.running);
    }
    assert_eq!(system.executors().loads(), [0, 2, 2]);
    let _more = [(); 2].map(|()| spawn(&system, Desk::default).expect("it starts"));
    assert_eq!(system.executors().loads(), [2, 2, 2]);
    drop(actors);
}

fn actors_go_to_one_executor_after_another(runtime: &dyn Runtime) {
    let builder = System::builder("tested").runtime(owned(runtime)).executors(2);
    let system = builder.choosing(Choice::RoundRobin).start().expect("it starts");
    let _actors = [(); 4].map(|()| spawn(&system, Desk::default).expect("it starts"));
    let threads: Vec<_> = system.actors().into_iter().map(|actor| actor.thread).collect();
    let expected = ["tested-0", "tested-1", "tested-0", "tested-1"];
    assert_eq!(threads.iter().map(|name| &**name).collect::<Vec<_>>(), expected);
}

/// Returns the name of an actor's thread, as the thread itself knows it.
fn thread_of(desk: &Handle<Letter>) -> String {
    let (tell, told) = signal();
    let look = move |_: &mut Desk, _: &mut Context<Letter>| {
        let name = thread::current().name().map(str::to_owned);
        tell.send(name.expect("it has a name")).expect("the test waits");
    };
    desk.try_tell(Letter::act(FIFO, look)).expect("there is room");
    wait(&told)
}

fn an_executor_apart_is_for_those_who_ask(runtime: &dyn Runtime) {
    let builder = System::builder("tested").runtime(owned(runtime));
    let system = builder.executor(ThreadConfig::named("apart")).start().expect("it starts");
    let place = system.executor("apart").expect("it was added");
    let (apart, _apart_running) = spawn(&place, Desk::default).expect("it starts");
    let (usual, _usual_running) = spawn(&system, Desk::default).expect("it starts");
    assert_eq!((thread_of(&apart), thread_of(&usual)), ("apart".into(), "tested".into()));
    let report = system.stop_blocking(PATIENCE);
    assert!(report.is_clean() && report.threads.len() == 2, "{report}");
}

fn a_thread_of_its_own_ends_with_its_actor(runtime: &dyn Runtime) {
    let system = system(runtime);
    let start = |name| {
        let (desk, desk_mailbox) = mailbox();
        let spawn = Spawn::new(desk_mailbox).named(name);
        let running = spawn.start(&system.own_thread(), Desk::default).expect("it starts");
        (desk, running)
    };
    let (desk, running) = start("own");
    assert_eq!(thread_of(&desk), "own");
    // Its thread-local is dropped at the end of the thread.
    let (tell, told) = signal();
    let leave = move |_: &mut Desk, _: &mut Context<Letter>| {
        struct AtEnd(SyncSender<()>);
        impl Drop for AtEnd {
            fn drop(&mut self) {
                _ = self.0.send(());
            }
        }
        thread_local! {
            static END: std::cell::Cell<Option<AtEnd>> = const { std::cell::Cell::new(None) };
        }
        END.set(Some(AtEnd(tell)));
    };
    desk.try_tell(Letter::act(FIFO, leave)).expect("there is room");
    running.stop(PATIENCE);
    assert!(end_of(&running).reason.is_normal());
    wait(&told);
    let (_other, _other_running) = start("other");
    let report = system.stop_blocking(PATIENCE);
    assert!(report.is_clean(), "{report}");
    assert!(report.threads.iter().any(|thread| &*thread.name == "other"), "{report}");
}

fn two_threads_waiting_for_the_report_both_have_it(runtime: &dyn Runtime) {
    let system = system(runtime);
    let (_desk, _running) = named(&system, "desk", Phase::Owners);
    thread::scope(|scope| {
        let waiting = [(); 2].map(|()| scope.spawn(|| system.stopped_blocking(PATIENCE)));
        system.stop(PATIENCE);
        for thread in waiting {
            let report = thread.join().expect("waiting does not panic");
            assert!(report.is_some_and(|report| report.is_clean()));
        }
    });
}

/// One process with a system on each runtime: their actors exchange messages, and each has a
/// shutdown of its own.
#[test]
fn a_system_on_each_runtime_in_one_process() {
    let runtimes = actor_lanes::runtime::all();
    assert_eq!(runtimes.len(), 3);
    let (ending, ends) = signal();
    let mut next: Option<Handle<Pass>> = None;
    let mut systems = Vec::new();
    let mut handles = Vec::new();
    for runtime in runtimes {
        let system = System::new(runtime.name(), runtime).expect("it starts");
        let (handle, stage_mailbox) = mailbox();
        let stage = Stage { name: "stage", next: next.take(), ending: ending.clone() };
        let spawn = Spawn::new(stage_mailbox).named("stage");
        drop(spawn.start(&system, move || stage).expect("the name is free in each system"));
        // Kept here as well: without a handle, the next stage would end with this one.
        handles.push(handle.clone());
        next = Some(handle);
        systems.push(system);
    }
    let first = next.expect("there are stages");
    (0..100).for_each(|_| first.try_tell(Pass).expect("there is room"));
    for system in systems.iter().rev() {
        let report = system.stop_blocking(PATIENCE);
        assert!(report.is_clean(), "{report}");
        let stage = report.actor("/stage").expect("it ran");
        assert_eq!((&*stage.thread, stage.lanes()[0].handled), (system.name(), 100));
    }
    drop(ending);
    assert_eq!(ends.iter().count(), 3);
}
