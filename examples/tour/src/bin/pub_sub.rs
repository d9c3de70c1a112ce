//! Publishers and subscribers that do not know each other, each subscriber with its own bound.

use actor_lanes::topic::{News, Slow, Topic};
use actor_lanes::{Actor, Context, Message, Phase, Reply, Spawn, System, mailbox};
use tour::{Done, PATIENCE};

enum Archive {
    Block(News<String>),
    Read(Reply<Vec<String>>),
}
impl Message for Archive {}

/// Needs every block.
#[derive(Default)]
struct Archivist(Vec<String>);

impl Actor for Archivist {
    type Message = Archive;

    async fn handle(&mut self, message: Archive, _cx: &mut Context<Archive>) {
        match message {
            Archive::Block(news) => self.0.extend(news.take().map(|block| (*block).clone())),
            Archive::Read(reply) => reply.send(std::mem::take(&mut self.0)),
        }
    }
}

fn main() -> Done {
    let system = System::new("tour", tour::runtime()?)?;
    let (archive, archive_mailbox) = mailbox();
    let spawned = Spawn::new(archive_mailbox).named("archivist").phase(Phase::Stores);
    drop(spawned.start(&system, Archivist::default)?);

    let blocks = system.topic_or("blocks", Topic::keeping_last);
    let _archived = blocks.subscribe_actor(&archive, 64, Slow::Wait, Archive::Block)?;
    let mut screen = blocks.subscribe(1, Slow::DropOldest)?; // shows the newest only

    let publisher = system.topic("blocks"); // found by its name and type
    for height in 0..5 {
        publisher.publish_blocking(format!("block {height}"), PATIENCE);
    }
    println!("archived: {}", archive.ask_blocking(Archive::Read, PATIENCE)?.join(", "));
    let newest = screen.try_recv()?.ok_or("a block waits")?;
    println!("on the screen: {}, after {} others", *newest, newest.missed());

    let mut late = blocks.subscribe(1, Slow::DropOldest)?;
    println!("late: {}", *late.try_recv()?.ok_or("the last block is kept")?);
    let stats = blocks.stats();
    println!("{} published, {} received, {} missed", stats.published, stats.received, stats.missed);
    assert!(system.stop_blocking(PATIENCE).is_clean());
    Ok(())
}
