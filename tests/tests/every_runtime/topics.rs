//! Topics: order, bounds, slow subscribers, ends, and the counts of all of these.

use std::sync::mpsc::SyncSender;
use std::thread;
use std::time::Duration;

use actor_lanes::reply::Answer;
use actor_lanes::topic::{News, Slow, SubscriptionEnd, Topic};
use actor_lanes::{Actor, Context, Handle, Lane, Message, Reply, Runtime, System, spawn};
use actor_tests::{PATIENCE, end_of, executor, on_every_runtime, owned, signal, wait, within};

on_every_runtime! {
    an_actor_receives_all_values_of_each_publisher_in_order,
    a_waiting_publisher_loses_nothing_to_a_slow_actor,
    a_slow_actor_knows_how_many_of_the_oldest_it_has_missed,
    a_slow_actor_that_is_unsubscribed_is_told_so,
    an_actor_is_told_of_the_end_of_its_topic,
    a_closed_actor_takes_the_values_of_the_news_in_its_lanes,
    news_of_a_dropped_subscription_say_so,
    a_full_lane_refuses_no_news,
    an_ended_actor_is_no_subscriber_any_more,
    an_actor_publishes_to_itself,
    a_panic_while_a_message_is_made_hurts_that_subscriber_only,
    a_dropped_subscription_leaves_nothing_behind,
    tasks_and_threads_receive_as_actors_do,
    a_system_has_topics_by_name_and_type,
}

/// A message of the reader below.
enum Mail {
    News(News<(usize, u64)>),
    Hold(SyncSender<()>, Answer<()>),
    Read(Reply<Seen>),
    Fill,
}

impl Message for Mail {
    const LANES: &'static [Lane] = &[Lane::fifo("narrow", 4)];
}

/// What a reader has seen.
#[derive(Clone, Debug, Default)]
struct Seen {
    values: Vec<(usize, u64)>,
    missed: u64,
    end: Option<SubscriptionEnd>,
}

#[derive(Default)]
struct Reader(Seen);

impl Actor for Reader {
    type Message = Mail;

    async fn handle(&mut self, mail: Mail, _cx: &mut Context<Mail>) {
        match mail {
            Mail::News(news) => match news.take() {
                Ok(item) => {
                    self.0.missed += item.missed();
                    self.0.values.push(*item);
                }
                Err(end) => self.0.end = Some(end),
            },
            Mail::Hold(began, release) => {
                began.send(()).expect("the test waits");
                _ = release.await;
            }
            Mail::Read(reply) => reply.send(self.0.clone()),
            Mail::Fill => {}
        }
    }
}

fn seen(reader: &Handle<Mail>) -> Seen {
    reader.ask_blocking(Mail::Read, PATIENCE).expect("the reader answers")
}

/// Waits until the reader has seen so much.
fn seen_when(reader: &Handle<Mail>, is_enough: impl Fn(&Seen) -> bool) -> Seen {
    loop {
        let seen = seen(reader);
        if is_enough(&seen) {
            return seen;
        }
        thread::yield_now();
    }
}

/// Starts a reader, and keeps it in a handler until the reply is sent.
fn held(runtime: &dyn Runtime) -> (Handle<Mail>, actor_lanes::Running, Reply<()>) {
    let (reader, running) = spawn(&executor(runtime), Reader::default).expect("it starts");
    let (release, held) = Reply::pair();
    let (began, beginning) = signal();
    reader.try_tell(Mail::Hold(began, held)).expect("there is room");
    wait(&beginning);
    (reader, running, release)
}

fn publish(topic: &Topic<(usize, u64)>, n: u64) {
    _ = topic.publish_blocking((0, n), PATIENCE);
}

fn an_actor_receives_all_values_of_each_publisher_in_order(runtime: &dyn Runtime) {
    const EACH: u64 = 500;
    let (reader, _running) = spawn(&executor(runtime), Reader::default).expect("it starts");
    let topic = Topic::new();
    let _subscription =
        topic.subscribe_actor(&reader, 8, Slow::Wait, Mail::News).expect("there is room");
    thread::scope(|threads| {
        for publisher in 0..3 {
            let topic = &topic;
            threads.spawn(move || {
                for n in 0..EACH {
                    let sent = topic.publish_blocking((publisher, n), PATIENCE);
                    assert_eq!(sent.delivered, 1, "there is room in time");
                }
            });
        }
    });
    let seen = seen_when(&reader, |seen| seen.values.len() as u64 == 3 * EACH);
    for publisher in 0..3 {
        let of_one = seen.values.iter().filter(|(from, _)| *from == publisher);
        assert!(of_one.map(|(_, n)| *n).eq(0..EACH));
    }
    assert_eq!((topic.stats().received, topic.stats().missed), (3 * EACH, 0));
}

fn a_waiting_publisher_loses_nothing_to_a_slow_actor(runtime: &dyn Runtime) {
    let (reader, _running, release) = held(runtime);
    let topic = Topic::new();
    let _subscription =
        topic.subscribe_actor(&reader, 2, Slow::Wait, Mail::News).expect("there is room");
    (0..2).for_each(|n| publish(&topic, n));
    let rest = topic.try_publish((0, 2)).expect_err("the queue is full");
    assert_eq!(rest.full().count(), 1);
    let delivering = thread::spawn(move || futures::executor::block_on(rest.deliver()));
    release.send(());
    assert_eq!(delivering.join().expect("it delivers").delivered, 1);
    let seen = seen_when(&reader, |seen| seen.values.len() == 3);
    assert_eq!((seen.values, seen.missed), (vec![(0, 0), (0, 1), (0, 2)], 0));
}

fn a_slow_actor_knows_how_many_of_the_oldest_it_has_missed(runtime: &dyn Runtime) {
    let (reader, _running, release) = held(runtime);
    let topic = Topic::new();
    let subscription =
        topic.subscribe_actor(&reader, 2, Slow::DropOldest, Mail::News).expect("there is room");
    (0..10).for_each(|n| publish(&topic, n));
    assert_eq!((subscription.stats().waiting, subscription.stats().missed), (2, 8));
    release.send(());
    let seen = seen_when(&reader, |seen| seen.values.len() == 2);
    assert_eq!((seen.values, seen.missed), (vec![(0, 8), (0, 9)], 8));
    assert_eq!(topic.stats().missed, 8);
}

fn a_slow_actor_that_is_unsubscribed_is_told_so(runtime: &dyn Runtime) {
    let (reader, _running, release) = held(runtime);
    let topic = Topic::new();
    let _subscription =
        topic.subscribe_actor(&reader, 1, Slow::Unsubscribe, Mail::News).expect("there is room");
    publish(&topic, 0);
    assert_eq!(topic.publish_blocking((0, 1), PATIENCE).unsubscribed, 1);
    assert_eq!(topic.stats().subscribers, 0);
    release.send(());
    let seen = seen_when(&reader, |seen| seen.end.is_some());
    assert_eq!(seen.values, [(0, 0)], "what waited is still received");
    assert_eq!(seen.end, Some(SubscriptionEnd::TooSlow { missed: 1 }));
}

fn an_actor_is_told_of_the_end_of_its_topic(runtime: &dyn Runtime) {
    let (reader, _running, release) = held(runtime);
    let topic = Topic::new();
    let _subscription =
        topic.subscribe_actor(&reader, 4, Slow::Wait, Mail::News).expect("there is room");
    publish(&topic, 0);
    drop(topic);
    release.send(());
    let seen = seen_when(&reader, |seen| seen.end.is_some());
    assert_eq!(seen.values, [(0, 0)], "what waited comes first");
    assert_eq!(seen.end, Some(SubscriptionEnd::TopicEnded { missed: 0 }));
}

fn a_closed_actor_takes_the_values_of_the_news_in_its_lanes(runtime: &dyn Runtime) {
    let (reader, running, release) = held(runtime);
    let topic = Topic::new();
    let subscription =
        topic.subscribe_actor(&reader, 4, Slow::Wait, Mail::News).expect("there is room");
    (0..2).for_each(|n| publish(&topic, n));
    let (reply, answer) = Reply::pair();
    reader.try_tell(Mail::Read(reply)).expect("there is room");
    running.stop(PATIENCE);
    // Neither a value nor the end is for a closed actor.
    assert_eq!(topic.try_publish((0, 2)).expect("nobody is full").delivered, 0);
    drop(topic);
    release.send(());
    let seen = futures::executor::block_on(answer).expect("the queue is handled");
    assert_eq!((seen.values, seen.missed, seen.end), (vec![(0, 0), (0, 1)], 0, None));
    assert!(end_of(&running).reason.is_normal());
    let stats = subscription.stats();
    assert_eq!((stats.offered, stats.received, stats.waiting), (2, 2, 0));
}

fn news_of_a_dropped_subscription_say_so(runtime: &dyn Runtime) {
    let (reader, _running, release) = held(runtime);
    let topic = Topic::new();
    let subscription =
        topic.subscribe_actor(&reader, 4, Slow::Wait, Mail::News).expect("there is room");
    publish(&topic, 0);
    drop(subscription);
    release.send(());
    let seen = seen_when(&reader, |seen| seen.end.is_some());
    assert_eq!(seen.end, Some(SubscriptionEnd::Unsubscribed { missed: 1 }));
}

fn a_full_lane_refuses_no_news(runtime: &dyn Runtime) {
    let (reader, _running, release) = held(runtime);
    (0..4).for_each(|_| reader.try_tell(Mail::Fill).expect("there is room"));
    assert!(reader.try_tell(Mail::Fill).is_err(), "the lane is full");
    let topic = Topic::new();
    let _subscription =
        topic.subscribe_actor(&reader, 8, Slow::Unsubscribe, Mail::News).expect("there is room");
    (0..8).for_each(|n| publish(&topic, n));
    assert_eq!(topic.stats().subscribers, 1, "its own queue has room for eight");
    release.send(());
    let seen = seen_when(&reader, |seen| seen.values.len() == 8);
    assert!(seen.values.iter().map(|(_, n)| *n).eq(0..8), "in order");
}

fn an_ended_actor_is_no_subscriber_any_more(runtime: &dyn Runtime) {
    let (reader, running) = spawn(&executor(runtime), Reader::default).expect("it starts");
    let topic = Topic::new();
    let _subscription =
        topic.subscribe_actor(&reader, 1, Slow::Wait, Mail::News).expect("there is room");
    running.stop(Duration::ZERO);
    _ = end_of(&running);
    let sent = topic.publish_blocking((0, 0), PATIENCE);
    assert_eq!((sent.delivered, topic.stats().subscribers), (0, 0));
}

fn an_actor_publishes_to_itself(runtime: &dyn Runtime) {
    struct Count(News<u64>);
    impl Message for Count {}
    struct Down(Topic<u64>, SyncSender<u64>);
    impl Actor for Down {
        type Message = Count;
        async fn handle(&mut self, Count(news): Count, cx: &mut Context<Count>) {
            match news.take() {
                Ok(item) if *item > 0 => _ = self.0.publish(*item - 1).await,
                Ok(_) | Err(_) => {
                    self.1.send(self.0.stats().received).expect("the test waits");
                    cx.stop();
                }
            }
        }
    }
    let topic = Topic::new();
    let (told, tells) = signal();
    let own = topic.clone();
    let (down, _running) = spawn(&executor(runtime), move || Down(own, told)).expect("it starts");
    let _subscription = topic.subscribe_actor(&down, 1, Slow::Wait, Count).expect("there is room");
    topic.try_publish(10).expect("there is room");
    assert_eq!(wait(&tells), 11);
}

fn a_panic_while_a_message_is_made_hurts_that_subscriber_only(runtime: &dyn Runtime) {
    let (reader, _running) = spawn(&executor(runtime), Reader::default).expect("it starts");
    let topic = Topic::new();
    let faulty = |_news| -> Mail { panic!("on purpose") };
    let broken = topic.subscribe_actor(&reader, 4, Slow::Wait, faulty).expect("there is room");
    let _sound = topic.subscribe_actor(&reader, 4, Slow::Wait, Mail::News).expect("there is room");
    (0..3).for_each(|n| publish(&topic, n));
    let seen = seen_when(&reader, |seen| seen.values.len() == 3);
    assert_eq!((seen.missed, broken.stats().missed), (0, 3));
}

fn a_dropped_subscription_leaves_nothing_behind(runtime: &dyn Runtime) {
    let (reader, running, release) = held(runtime);
    let topic = Topic::keeping_last();
    publish(&topic, 0);
    let subscription =
        topic.subscribe_actor(&reader, 4, Slow::Wait, Mail::News).expect("there is room");
    publish(&topic, 1);
    drop(subscription);
    assert_eq!(topic.stats().subscribers, 0);
    assert_eq!(topic.stats().missed, 2, "what waited for it");
    drop(reader);
    release.send(());
    assert!(end_of(&running).reason.is_normal(), "nothing keeps the actor reachable");
}

fn tasks_and_threads_receive_as_actors_do(runtime: &dyn Runtime) {
    let topic = Topic::keeping_last();
    topic.try_publish(0_u64).expect("there is room");
    let mut for_task = topic.subscribe(2, Slow::Wait).expect("there is room");
    let mut for_thread = topic.subscribe(2, Slow::Wait).expect("there is room");
    let publishing = topic.clone();
    let publisher = thread::spawn(move || {
        (1..100).for_each(|n| {
            assert_eq!(publishing.publish_blocking(n, PATIENCE).delivered, 2);
        });
    });
    drop(topic);
    let reader = thread::spawn(move || {
        let mut values = Vec::new();
        while let Ok(Some(item)) = for_thread.recv_blocking(PATIENCE) {
            values.push(*item);
        }
        values
    });
    let of_task = within(&executor(runtime), move || async move {
        let mut values = Vec::new();
        while let Ok(item) = for_task.recv().await {
            values.push(*item);
        }
        values
    });
    publisher.join().expect("publishing does not panic");
    assert!(of_task.into_iter().eq(0..100));
    assert!(reader.join().expect("reading does not panic").into_iter().eq(0..100));
}

fn a_system_has_topics_by_name_and_type(runtime: &dyn Runtime) {
    let system = System::new("topics", owned(runtime)).expect("it starts");
    let (reader, running) = spawn(&system, Reader::default).expect("it starts");
    let topic = system.topic::<(usize, u64)>("values");
    let subscription =
        topic.subscribe_actor(&reader, 4, Slow::Wait, Mail::News).expect("there is room");
    system.topic("values").try_publish((7_usize, 1_u64)).expect("there is room");
    system.topic("others").try_publish((8_usize, 2_u64)).expect("there is room");
    system.topic("values").try_publish("another type").expect("there is room");
    let seen = seen_when(&reader, |seen| !seen.values.is_empty());
    assert_eq!(seen.values, [(7, 1)]);
    drop((reader, subscription));
    assert!(end_of(&running).reason.is_normal());
    assert!(system.stop_blocking(PATIENCE).is_clean());
}
