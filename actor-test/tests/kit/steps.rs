//! Steps of a harness.

use actor_core::life::Restart;
use actor_core::{ExitReason, Spawn, spawn};
use actor_system::supervise::{Strategy, Supervisor};
use actor_system::{Executors, System};
use actor_test::{Harness, expect};

use crate::actors::{Echo, Notebook, Order, SECOND, Said};

#[test]
fn a_step_handles_exactly_one_message_of_one_actor() {
    let harness = Harness::new();
    let (notebook, _running) = harness.spawn(Notebook::default);
    notebook.try_tell_all((0..200).map(Order::Note)).expect("there is room");
    for steps in 1..=200_u64 {
        assert!(harness.step());
        let lane = &notebook.stats()[1];
        // The message in hand counts as handled once the next one is taken.
        assert!(lane.handled == steps || lane.handled + 1 == steps, "{lane:?} after {steps}");
    }
    assert!(!harness.step(), "every message has had its step");
    assert_eq!(notebook.stats()[1].handled, 200);
}

#[test]
fn a_step_of_one_actor_runs_no_other_one() {
    let harness = Harness::new();
    let (one, _one) = harness.spawn(Notebook::default);
    let (other, _other) = spawn(&harness, Notebook::default).expect("the executor runs");
    for notebook in [&one, &other] {
        notebook.try_tell_all((0..3).map(Order::Note)).expect("there is room");
    }
    while harness.step_of(&other) {
        assert_eq!(one.stats()[1].handled, 0);
    }
    assert_eq!(other.stats()[1].handled, 3);
    assert_eq!(harness.run_until_idle(), 3, "the other one had kept its turn");
    assert_eq!(one.stats()[1].handled, 3);
}

#[test]
fn an_actor_that_is_never_idle_fails_the_test_after_the_stated_steps() {
    let failed = std::panic::catch_unwind(|| {
        let harness = Harness::new().most_steps(500);
        let mut probe = harness.probe::<Said>();
        let (echo, mailbox) = actor_core::mailbox();
        let own = echo.clone();
        let _running = harness.start(Spawn::new(mailbox).named("loop"), move || Echo(own));
        echo.try_tell(Said(1)).expect("there is room");
        probe.expect_no_message();
    });
    let panic = failed.expect_err("it is never idle");
    let text = panic.downcast_ref::<String>().expect("a text");
    assert!(text.starts_with("the actors are not idle after 500 steps"), "{text}");
    assert!(text.contains("\n  queued    loop: messages 1 of 1024, 500 handled"), "{text}");
}

#[test]
fn a_system_with_a_supervisor_runs_on_the_harness_and_ends_with_a_report() {
    let harness = Harness::new();
    let system = System::on("node", Executors::adopt("harness", harness.executor().clone()));
    let (worker, mailbox) = actor_core::mailbox();
    let faults = actor_test::Faults::new();
    let own = faults.clone();
    let make = move || own.wrap(Notebook::default());
    let _tree = Supervisor::new(Strategy::OneForOne)
        .child(Spawn::new(mailbox).named("notebook"), &system, make)
        .start(&system)
        .expect("the system runs");
    worker.try_tell_all((0..2).map(Order::Note)).expect("there is room");
    faults.panic_at_next();
    assert_eq!(harness.ask(&worker, Order::Notes), [1], "the first one met the fault");

    system.stop(SECOND);
    let report = harness.run(system.stopped());
    let notebook = report.actors.iter().find(|actor| actor.path.contains("notebook"));
    let exit = notebook.and_then(|actor| actor.exit.as_ref());
    assert_eq!(exit.map(|exit| exit.restarts), Some(1), "{report}");
}

#[test]
fn a_restart_waits_in_virtual_time() {
    use actor_core::life::Backoff;

    let harness = Harness::new();
    let faults = actor_test::Faults::new();
    let own = faults.clone();
    let (notebook, mailbox) = actor_core::mailbox();
    let delays = Backoff::exponential(5 * SECOND, 60 * SECOND);
    let running = Spawn::new(mailbox)
        .restart(Restart::up_to(3).within(3600 * SECOND).backoff(delays))
        .start(&harness, move || own.wrap(Notebook::default()))
        .expect("the executor runs");
    faults.panic_at_next();
    notebook.try_tell_all((0..2).map(Order::Note)).expect("there is room");
    harness.run_until_idle();
    assert_eq!(notebook.stats()[1].depth, 1, "it rests");
    harness.advance(5 * SECOND);
    assert_eq!(harness.ask(&notebook, Order::Notes), [1]);
    assert_eq!(harness.elapsed(), 5 * SECOND);
    notebook.try_tell(Order::Stop).expect("there is room");
    assert_eq!(harness.run(running.join()).restarts, 1);
}

#[test]
fn actors_of_a_dropped_executor_end_as_abandoned_and_a_stopped_one_takes_no_more() {
    let harness = Harness::new();
    let (notebook, running) = harness.spawn(Notebook::default);
    harness.stop_executor();
    assert!(spawn(&harness, Notebook::default).is_err());
    notebook.try_tell(Order::Note(1)).expect("the existing one goes on");
    harness.run_until_idle();
    assert_eq!(notebook.stats()[1].handled, 1);
    harness.drop_executor();
    assert!(matches!(running.exit().expect("it has ended").reason, ExitReason::Abandoned));
}

#[test]
fn a_seed_decides_the_order_of_actors_and_keeps_the_order_of_a_lane() {
    let order = |harness: Harness| {
        let mut probe = harness.probe::<Said>();
        let echoes: Vec<_> = (0..4)
            .map(|_| {
                let back = probe.handle();
                harness.spawn(move || Echo(back)).0
            })
            .collect();
        for (n, echo) in (0..).zip(&echoes) {
            echo.try_tell_all([Said(n), Said(n + 10)]).expect("there is room");
        }
        let said: Vec<_> = std::iter::from_fn(|| probe.receive()).map(|Said(n)| n).collect();
        for n in 0..4 {
            let place = |n| said.iter().position(|said| *said == n);
            assert!(place(n) < place(n + 10), "{said:?}");
        }
        said
    };
    assert_eq!(order(Harness::new()), [0, 1, 2, 3, 10, 11, 12, 13]);
    let orders: std::collections::BTreeSet<_> =
        (0..10).map(|seed| order(Harness::seeded(seed))).collect();
    assert!(orders.len() > 5, "{orders:?}");
    assert_eq!(order(Harness::seeded(3)), order(Harness::seeded(3)));
}

#[test]
fn offloaded_work_runs_in_a_step_on_the_thread_of_the_test() {
    use actor_core::{Actor, Context, Handle};

    struct Worker(Handle<Said>);
    impl Actor for Worker {
        type Message = Said;
        async fn handle(&mut self, Said(n): Said, cx: &mut Context<Said>) {
            if n > 0 {
                self.0.try_tell(Said(n)).expect("there is room");
                return;
            }
            let test = std::thread::current().id();
            let work = move || u32::from(std::thread::current().id() == test);
            cx.offload(work, |same| Said(same.expect("it is not cancelled")));
        }
    }

    let harness = Harness::new();
    let mut probe = harness.probe();
    let back = probe.handle();
    let (worker, _running) = harness.spawn(move || Worker(back));
    worker.try_tell(Said(0)).expect("there is room");
    expect!(probe, Said(1));
}
