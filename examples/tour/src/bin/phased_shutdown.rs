//! SIGINT or SIGTERM stops the sources first, then the owner of the data, then the store.

use actor_lanes::{Actor, Context, Handle, Message, Phase, Spawn, System, mailbox};
use tour::{Done, PATIENCE};

struct Tick;
impl Message for Tick {}

struct Row(u64);
impl Message for Row {}

/// Sends numbers until it is stopped.
struct Source(u64, Handle<Row>);

impl Actor for Source {
    type Message = Tick;

    async fn started(&mut self, cx: &mut Context<Tick>) {
        cx.every(cx.now(), std::time::Duration::from_millis(1), |_beat| Tick);
    }

    async fn handle(&mut self, _tick: Tick, _cx: &mut Context<Tick>) {
        self.0 += 1;
        // A full lane refuses the row; the next one is sent at the next tick.
        drop(self.1.try_tell(Row(self.0)));
    }
}

/// Adds the rows of the source, and passes the sums on.
struct Owner(u64, Handle<Row>);

impl Actor for Owner {
    type Message = Row;

    async fn handle(&mut self, Row(n): Row, _cx: &mut Context<Row>) {
        self.0 += n;
        drop(self.1.tell(Row(self.0)).await);
    }
}

struct Store(Vec<u64>);

impl Actor for Store {
    type Message = Row;

    async fn handle(&mut self, Row(sum): Row, _cx: &mut Context<Row>) {
        self.0.push(sum);
    }
}

fn main() -> Done {
    let system = System::builder("tour").runtime(tour::runtime()?).executors(2).start()?;
    let (owner, owner_mailbox) = mailbox();
    let (store, store_mailbox) = mailbox();
    let (_source, source_mailbox) = mailbox();
    let spawn = Spawn::new(store_mailbox).named("store").phase(Phase::Stores);
    drop(spawn.start(&system, || Store(Vec::new()))?);
    let spawn = Spawn::new(owner_mailbox).named("owner");
    drop(spawn.start(&system, || Owner(0, store))?);
    let spawn = Spawn::new(source_mailbox).named("source").phase(Phase::Sources);
    drop(spawn.start(&system, || Source(0, owner))?);

    system.stop_on_signals(PATIENCE)?;
    println!("running until SIGINT or SIGTERM");
    let report = futures::executor::block_on(system.stopped());
    assert!(report.is_clean(), "nothing is lost and nobody is late: {report}");
    let handled = |path| report.actor(path).expect("it ran").lanes()[0].handled;
    assert_eq!(handled("/owner"), handled("/store"), "each row has become a sum");
    println!("ended {}", report.cause());
    Ok(())
}
