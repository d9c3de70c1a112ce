//! Blocks without their parent: parked by its number, bounded, and used in order.

use actor_lanes::{Actor, Context, Message, Parked, Reply, System, spawn};
use tour::{Done, PATIENCE};

enum Chain {
    Block { number: u64, parent: u64 },
    Report(Reply<String>),
}
impl Message for Chain {}

struct Blocks {
    imported: Vec<u64>,
    /// By the number of the awaited parent.
    orphans: Parked<u64, u64>,
}

impl Blocks {
    fn import(&mut self, number: u64) {
        let mut ready = vec![number];
        while let Some(number) = ready.pop() {
            self.imported.push(number);
            ready.extend(self.orphans.release(&number));
        }
    }
}

impl Actor for Blocks {
    type Message = Chain;

    async fn handle(&mut self, message: Chain, _cx: &mut Context<Chain>) {
        match message {
            Chain::Block { number, parent } if self.imported.contains(&parent) => {
                self.import(number);
            }
            Chain::Block { number, parent } => {
                for (_parent, evicted) in self.orphans.park(parent, number).evicted {
                    println!("no place for block {evicted}");
                }
            }
            Chain::Report(reply) => {
                let waiting = self.orphans.len();
                reply.send(format!("imported {:?}, {waiting} waiting", self.imported));
            }
        }
    }
}

fn main() -> Done {
    let system = System::new("tour", tour::runtime()?)?;
    let orphans = Parked::new(3);
    let (chain, _running) = spawn(&system, || Blocks { imported: vec![0], orphans })?;
    // A stranger, two blocks before their parents, and another stranger: one too many.
    for (number, parent) in [(70, 69), (3, 2), (2, 1), (80, 79)] {
        chain.try_tell(Chain::Block { number, parent })?;
    }
    println!("{}", chain.ask_blocking(Chain::Report, PATIENCE)?);
    chain.try_tell(Chain::Block { number: 1, parent: 0 })?;
    println!("{}", chain.ask_blocking(Chain::Report, PATIENCE)?);
    Ok(())
}
