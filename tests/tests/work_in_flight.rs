//! The examples of `docs/guide/src/work-in-flight.md`, as programs.

use std::time::Duration;

use actor_lanes::actor::WorkError;
use actor_lanes::handle::AskBlockingError;
use actor_lanes::runtime::ThreadRuntime;
use actor_lanes::{Actor, Context, Handle, Message, Reply, Running, Runtime, spawn};
use actor_tests::{PATIENCE, end_of, executor};
use futures::executor::block_on;

fn started<A: Actor>(make: impl FnOnce() -> A + Send + 'static) -> (Handle<A::Message>, Running) {
    spawn(&executor(&ThreadRuntime::new() as &dyn Runtime), make).expect("it starts")
}

/// Waits for the end of an actor that ends itself.
fn ended<A: Actor>(make: impl FnOnce() -> A + Send + 'static) {
    let (_handle, running) = started(make);
    let exit = end_of(&running);
    assert!(exit.reason.is_normal(), "{exit:?}");
}

struct Read(u64, Reply<u64>);
impl Message for Read {}

struct Store;
impl Actor for Store {
    type Message = Read;
    async fn handle(&mut self, Read(key, reply): Read, _cx: &mut Context<Read>) {
        reply.send(10 * key);
    }
}

enum Cache {
    Get(u64, Reply<u64>),
    Got(Result<Option<u64>, WorkError>, Reply<u64>),
}
impl Message for Cache {}

struct CacheOwner {
    store: Handle<Read>,
}

#[rustfmt::skip]
impl Actor for CacheOwner {
    type Message = Cache;
    async fn handle(&mut self, message: Cache, cx: &mut Context<Cache>) {
        match message {
            Cache::Get(key, reply) => {
                let store = self.store.clone();
                let read = async move { store.ask(|reply| Read(key, reply)).await.ok() };
                cx.spawn(read, |value| Cache::Got(value, reply));
            }
            Cache::Got(Ok(Some(value)), reply) => reply.send(value),
            // The dropped reply becomes an error for the asker.
            Cache::Got(..) => {}
        }
    }
}

#[test]
fn a_handler_asks_another_actor_and_goes_on() {
    let (store, _running) = started(|| Store);
    let (cache, _running) = started(move || CacheOwner { store });
    let answer = cache.ask_blocking(|reply| Cache::Get(7, reply), PATIENCE);
    assert_eq!(answer.ok(), Some(70));
}

struct Answer(Result<u64, WorkError>);
impl Message for Answer {}

struct Client;
impl Actor for Client {
    type Message = Answer;
    async fn started(&mut self, cx: &mut Context<Answer>) {
        let never = std::future::pending::<u64>;
        let aborted = cx.spawn(never(), |_| unreachable!("it was aborted"));
        assert!(cx.abort(aborted));
        cx.spawn_by(cx.now() + Duration::from_millis(1), never(), Answer);
    }
    async fn handle(&mut self, Answer(answer): Answer, cx: &mut Context<Answer>) {
        assert_eq!(answer, Err(WorkError::DeadlinePassed));
        cx.stop();
    }
}

#[test]
fn a_future_has_a_deadline_or_is_aborted() {
    ended(|| Client);
}

struct Square(Result<u64, WorkError>);
impl Message for Square {}

struct Squares {
    threads: rayon::ThreadPool,
    squares: Vec<u64>,
}

#[rustfmt::skip]
impl Actor for Squares {
    type Message = Square;
    async fn started(&mut self, cx: &mut Context<Square>) {
        for n in 1..=3 {
            let pool = |work| self.threads.spawn(work);
            let started = cx.offloading().ordered().on(&pool).run(move || n * n, Square);
            assert!(started.is_ok());
        }
    }
    async fn handle(&mut self, Square(square): Square, cx: &mut Context<Square>) {
        self.squares.extend(square);
        if self.squares.len() == 3 {
            assert_eq!(self.squares, [1, 4, 9]);
            cx.stop();
        }
    }
}

#[test]
fn a_pool_of_the_program_computes_in_order() {
    let pool = rayon::ThreadPoolBuilder::new().num_threads(2).build().expect("its threads start");
    ended(move || Squares { threads: pool, squares: Vec::new() });
}

struct Found(Result<usize, WorkError>);
impl Message for Found {}

struct Search;
impl Actor for Search {
    type Message = Found;
    async fn started(&mut self, cx: &mut Context<Found>) {
        let mut work = cx.offloading().by(cx.now() + Duration::from_millis(1));
        let cancel = work.cancel();
        let search = move || (0..u64::MAX).take_while(|_| !cancel.is_cancelled()).count();
        work.run(search, Found).expect("nothing else is in flight");
    }
    async fn handle(&mut self, Found(found): Found, cx: &mut Context<Found>) {
        assert_eq!(found, Err(WorkError::DeadlinePassed));
        cx.stop();
    }
}

#[test]
fn a_search_is_cancelled_at_its_deadline() {
    ended(|| Search);
}

enum Done {
    Never,
    Refused(bool),
}
impl Message for Done {}

struct Limited;
impl Actor for Limited {
    type Message = Done;
    async fn started(&mut self, cx: &mut Context<Done>) {
        cx.work_limit(1);
        cx.spawn(std::future::pending::<()>(), |_| Done::Never);
        let refused = cx.offloading().run(|| 7, |_| Done::Never).expect_err("one is in flight");
        assert_eq!((refused.work)(), 7);
        cx.offload(|| (), |result| Done::Refused(result == Err(WorkError::Refused)));
    }
    async fn handle(&mut self, done: Done, cx: &mut Context<Done>) {
        assert!(matches!(done, Done::Refused(true)));
        cx.stop();
    }
}

#[test]
fn work_above_the_limit_is_refused() {
    ended(|| Limited);
}

enum Count {
    Read(Reply<u64>),
}
impl Message for Count {}

struct Counter;
impl Actor for Counter {
    type Message = Count;
    async fn handle(&mut self, Count::Read(reply): Count, _cx: &mut Context<Count>) {
        reply.send(7);
    }
}

#[test]
fn an_ask_has_a_time_limit() {
    let (counter, _running) = started(|| Counter);
    let (silent, _mailbox) = actor_lanes::mailbox::<Count>();
    block_on(async {
        let answer = counter.ask(Count::Read).timeout(Duration::from_secs(10)).await;
        assert!(matches!(answer, Ok(7)));
        let late = silent.ask(Count::Read).timeout(Duration::from_millis(1)).await;
        assert!(matches!(late, Err(AskBlockingError::Timeout)));
    });
}

fn code(example: &str) -> Vec<&str> {
    example.lines().take_while(|line| *line != "```").map(str::trim).collect()
}

#[test]
fn every_example_of_the_page_is_in_this_file() {
    let page = include_str!("../../docs/guide/src/work-in-flight.md");
    let own: Vec<_> = include_str!("work_in_flight.rs").lines().map(str::trim).collect();
    let examples: Vec<_> = page.split("\n```rust\n").skip(1).map(code).collect();
    assert_eq!(examples.len(), 6);
    for example in examples {
        let is_here = own.windows(example.len()).any(|lines| lines == example);
        assert!(is_here, "no test runs this example:\n{}", example.join("\n"));
    }
}
