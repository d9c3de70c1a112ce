//! A stream as messages of an actor, and a slow store behind it. The stream is polled only when the
//! actor is ready, so nothing piles up between them.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use actor_lanes::actor::Streamed;
use actor_lanes::{Actor, Context, Handle, Lane, Message, Reply, System, spawn};
use futures::stream;
use programs::{Done, PATIENCE};

const ROWS: u64 = 200;
const ROOM: u64 = 4;

struct Row(u64);
impl Message for Row {
    const LANES: &'static [Lane] = &[Lane::fifo("rows", ROOM as usize)];
}

/// Counts how far the source is ahead of it.
struct Store {
    produced: Arc<AtomicU64>,
    furthest: u64,
    done: Option<Reply<u64>>,
}
impl Actor for Store {
    type Message = Row;

    async fn handle(&mut self, Row(n): Row, _cx: &mut Context<Row>) {
        let ahead = self.produced.load(Ordering::Relaxed) - n;
        self.furthest = self.furthest.max(ahead);
        if n == ROWS
            && let Some(done) = self.done.take()
        {
            done.send(self.furthest);
        }
    }
}

struct Read(Streamed<u64>);
impl Message for Read {}

struct Reader(Arc<AtomicU64>, Handle<Row>);
impl Actor for Reader {
    type Message = Read;

    async fn started(&mut self, cx: &mut Context<Read>) {
        // The state of a stream needs no `Send`: it stays on the thread of the actor.
        let produced = Arc::clone(&self.0);
        let next = move |n| produced.fetch_max(n, Ordering::Relaxed).max(n) + 1;
        let numbers =
            stream::unfold(1, move |n| std::future::ready((n <= ROWS).then(|| (n, next(n)))));
        cx.attach(numbers, Read);
    }

    async fn handle(&mut self, Read(event): Read, cx: &mut Context<Read>) {
        match event {
            // A wait for room in the store. Meanwhile the stream is not polled.
            Streamed::Item(n) => drop(self.1.tell(Row(n)).await),
            Streamed::Ended => cx.stop(),
            failed => cx.fail(failed.to_string()),
        }
    }
}

fn main() -> Done {
    let system = System::builder("stream").runtime(programs::runtime()?).executors(2).start()?;
    let (produced, (done, furthest)) = (Arc::new(AtomicU64::new(0)), Reply::pair());
    let own = Arc::clone(&produced);
    let store = move || Store { produced: own, furthest: 0, done: Some(done) };
    let (store, _store_runs) = spawn(&system, store)?;
    let (_reader, reader_runs) = spawn(&system, || Reader(produced, store))?;
    let furthest = futures::executor::block_on(furthest)?;
    // The room of the store, the row in hand of the reader, and the one in hand of the store.
    assert!(furthest <= ROOM + 2, "{furthest} rows ahead");
    assert!(reader_runs.join_blocking(PATIENCE).is_some_and(|exit| exit.reason.is_normal()));
    println!("{ROWS} rows, never far ahead");
    Ok(())
}
