//! Published views: when a value becomes visible, to whom, and what readers see of the end.

use std::sync::Arc;
use std::thread;

use actor_lanes::life::Restart;
use actor_lanes::reply::Reply;
use actor_lanes::view::{OwnerEnded, Publisher, View, publisher};
use actor_lanes::{Actor, Context, Message, Runtime, Spawn, spawn};
use actor_tests::{
    Desk, FIFO, Letter, PATIENCE, end_of, executor, on_every_runtime, signal, wait, within,
};

on_every_runtime! {
    a_value_is_visible_at_the_end_of_its_turn_and_not_before,
    a_value_is_visible_while_its_handler_waits,
    a_value_of_the_last_turn_is_visible_before_the_exit,
    a_value_published_before_a_panic_stays_published,
    a_later_value_at_once_replaces_one_that_waits,
    a_killed_actors_last_value_is_visible,
    a_view_outlives_restarts,
    readers_on_other_threads_never_see_an_older_value,
    every_waiting_reader_sees_the_newest_value_and_the_end,
    a_panic_in_the_drop_of_a_replaced_value_ends_nothing,
    an_actor_reads_the_view_of_another,
}

/// Runs code in a handler, and returns after its turn.
fn act(
    desk: &actor_lanes::Handle<Letter>,
    work: impl FnOnce(&mut Desk, &mut Context<Letter>) + Send + 'static,
) {
    desk.tell_blocking(Letter::act(FIFO, work), PATIENCE).expect("the desk lives");
}

fn changed<T>(view: &mut View<T>) -> Arc<T> {
    view.changed_blocking(PATIENCE).expect("the owner lives").expect("the change comes in time")
}

fn a_value_is_visible_at_the_end_of_its_turn_and_not_before(runtime: &dyn Runtime) {
    let (desk, _running) = spawn(&executor(runtime), Desk::default).expect("it starts");
    let (publisher, mut view) = publisher(0);
    let reading = view.clone();
    let (told, tells) = signal();
    act(&desk, move |_desk, cx| {
        (1..=3).for_each(|n| cx.publish(&publisher, n));
        told.send(*reading.get()).expect("the test waits");
        publisher_stays(publisher);
    });
    assert_eq!(wait(&tells), 0, "the turn was not over");
    assert_eq!(*changed(&mut view), 3, "the newest of the turn");
    assert_eq!(view.take_change(), None, "one publication");
}

/// Leaks the publisher: its drop would publish as well.
fn publisher_stays<T: Send + Sync + 'static>(publisher: Publisher<T>) {
    std::mem::forget(publisher);
}

fn a_value_is_visible_while_its_handler_waits(runtime: &dyn Runtime) {
    struct Waiting(Publisher<u64>);
    struct Go(actor_lanes::reply::Answer<()>);
    impl Message for Go {}
    impl Actor for Waiting {
        type Message = Go;
        async fn handle(&mut self, Go(release): Go, cx: &mut Context<Go>) {
            cx.publish(&self.0, 1);
            _ = release.await;
            cx.publish(&self.0, 2);
        }
    }
    let (publisher, mut view) = publisher(0);
    let (waiting, _running) =
        spawn(&executor(runtime), move || Waiting(publisher)).expect("it starts");
    let (release, held) = Reply::pair();
    waiting.try_tell(Go(held)).expect("there is room");
    assert_eq!(*changed(&mut view), 1, "the handler still waits");
    release.send(());
    assert_eq!(*changed(&mut view), 2);
}

fn a_value_of_the_last_turn_is_visible_before_the_exit(runtime: &dyn Runtime) {
    let (desk, running) = spawn(&executor(runtime), Desk::default).expect("it starts");
    let (publisher, view) = publisher(0);
    let publishing = publisher.clone();
    act(&desk, move |_desk, cx| {
        cx.publish(&publishing, 7);
        cx.stop();
    });
    assert!(end_of(&running).reason.is_normal());
    assert_eq!(*view.get(), 7);
    assert!(!view.is_ended(), "another publisher is left");
    drop(publisher);
    assert!(view.is_ended());
}

fn a_value_published_before_a_panic_stays_published(runtime: &dyn Runtime) {
    let (desk, running) = spawn(&executor(runtime), Desk::default).expect("it starts");
    let (publisher, view) = publisher(0);
    let publishing = publisher.clone();
    act(&desk, move |_desk, cx| {
        cx.publish(&publishing, 1);
        panic!("on purpose");
    });
    assert!(!end_of(&running).reason.is_normal());
    assert_eq!(*view.get(), 1);
    drop(publisher);
}

fn a_later_value_at_once_replaces_one_that_waits(runtime: &dyn Runtime) {
    let (desk, running) = spawn(&executor(runtime), Desk::default).expect("it starts");
    let (publisher, view) = publisher(0);
    let (publishing, reading) = (publisher.clone(), view.clone());
    let (told, tells) = signal();
    act(&desk, move |_desk, cx| {
        cx.publish(&publishing, 1);
        publishing.publish(2);
        told.send(*reading.get()).expect("the test waits");
        cx.stop();
    });
    assert_eq!(wait(&tells), 2, "at once");
    assert!(end_of(&running).reason.is_normal());
    assert_eq!(*view.get(), 2, "the older value does not replace it");
    drop(publisher);
}

fn a_killed_actors_last_value_is_visible(runtime: &dyn Runtime) {
    let (publisher, view) = publisher(0);
    let publishing = publisher.clone();
    let (handle, mailbox) = actor_lanes::mailbox();
    let running = Spawn::new(mailbox).start(&executor(runtime), Desk::default).expect("it starts");
    let killing = running.clone();
    act(&handle, move |_desk, cx| {
        cx.publish(&publishing, 1);
        killing.kill();
    });
    _ = end_of(&running);
    assert_eq!(*view.get(), 1);
    drop(publisher);
}

fn a_view_outlives_restarts(runtime: &dyn Runtime) {
    struct Count(u64);
    impl Message for Count {}
    struct Counting(Publisher<u64>);
    impl Actor for Counting {
        type Message = Count;
        async fn handle(&mut self, Count(n): Count, cx: &mut Context<Count>) {
            cx.publish(&self.0, n);
            assert!(n != 1, "on purpose");
        }
    }
    let (publisher, mut view) = publisher(0);
    let (handle, mailbox) = actor_lanes::mailbox();
    let running = Spawn::new(mailbox)
        .restart(Restart::up_to(3))
        .start(&executor(runtime), move || Counting(publisher.clone()))
        .expect("it starts");
    for n in [1, 2] {
        handle.try_tell(Count(n)).expect("there is room");
    }
    while *view.get() != 2 {
        assert!(*changed(&mut view) <= 2);
    }
    drop(handle);
    _ = end_of(&running);
    assert!(view.is_ended(), "the maker's publisher has ended as well");
    assert_eq!(*view.get(), 2);
}

fn readers_on_other_threads_never_see_an_older_value(runtime: &dyn Runtime) {
    const LAST: u64 = 2_000;
    let (publisher, view) = publisher(0);
    let (desk, _running) = spawn(&executor(runtime), Desk::default).expect("it starts");
    let readers = [(); 4].map(|()| {
        let view = view.clone();
        thread::spawn(move || {
            let mut last = 0;
            while last < LAST {
                let value = *view.get();
                assert!(value >= last, "{value} after {last}");
                last = value;
                thread::yield_now();
            }
        })
    });
    for n in 1..=LAST {
        let publishing = publisher.clone();
        act(&desk, move |_desk, cx| cx.publish(&publishing, n));
    }
    for reader in readers {
        reader.join().expect("a reader does not panic");
    }
}

fn every_waiting_reader_sees_the_newest_value_and_the_end(runtime: &dyn Runtime) {
    let (publisher, view) = publisher(0_u64);
    let (desk, running) = spawn(&executor(runtime), Desk::default).expect("it starts");
    let (told, tells) = signal();
    let (ready, readiness) = signal();
    let readers: Vec<_> = (0..3).map(|_| executor(runtime)).collect();
    for reader in &readers {
        let (mut view, told, ready) = (view.clone(), told.clone(), ready.clone());
        let reading = async move {
            ready.send(()).expect("the test waits");
            let mut last = 0;
            let end = loop {
                match view.changed().await {
                    Ok(value) => last = *value,
                    Err(end) => break end,
                }
            };
            told.send((last, end)).expect("the test waits");
        };
        reader.spawn(Box::new(|| Box::pin(reading))).expect("the executor takes futures");
    }
    readers.iter().for_each(|_| wait(&readiness));
    act(&desk, move |_desk, cx| {
        (1..=100).for_each(|n| cx.publish(&publisher, n));
        cx.stop();
    });
    _ = end_of(&running);
    for _ in &readers {
        assert_eq!(wait(&tells), (100, OwnerEnded));
    }
}

fn a_panic_in_the_drop_of_a_replaced_value_ends_nothing(runtime: &dyn Runtime) {
    struct Bomb(bool);
    impl Drop for Bomb {
        fn drop(&mut self) {
            assert!(!std::mem::take(&mut self.0), "on purpose");
        }
    }
    let (desk, _running) = spawn(&executor(runtime), Desk::default).expect("it starts");
    let ((bombs, _), (numbers, mut view)) = (publisher(Bomb(true)), publisher(0));
    act(&desk, move |_desk, cx| {
        cx.publish(&bombs, Bomb(false));
        cx.publish(&numbers, 1);
        publisher_stays(bombs);
        publisher_stays(numbers);
    });
    assert_eq!(*changed(&mut view), 1, "the other value of the turn");
    desk.try_tell(Letter::note(FIFO, 5)).expect("there is room");
    assert_eq!(Desk::read(&desk), [5], "the actor lives");
}

fn an_actor_reads_the_view_of_another(runtime: &dyn Runtime) {
    let (publisher, view) = publisher("first");
    let (owner, _owning) = spawn(&executor(runtime), Desk::default).expect("it starts");
    let other = executor(runtime);
    let mut waiting = view.clone();
    let publishing = publisher.clone();
    act(&owner, move |_desk, cx| cx.publish(&publishing, "second"));
    let seen = within(&other, move || async move { waiting.changed().await.map(|seen| *seen) });
    assert_eq!((seen, *view.get()), (Ok("second"), "second"));
    drop(publisher);
}
