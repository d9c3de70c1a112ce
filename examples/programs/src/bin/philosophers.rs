//! Five philosophers share five forks. The table hands out both forks of a seat at once, so nobody
//! waits for ever with one fork in hand.

use actor_lanes::{Actor, Context, Handle, Message, Reply, System, spawn};
use programs::{Done, PATIENCE};

const SEATS: usize = 5;
const MEALS: u32 = 200;

enum Order {
    /// Answered when both forks of the seat are free.
    Eat(usize, Reply<()>),
    Finished(usize),
}
impl Message for Order {}

#[derive(Default)]
struct Table {
    fork_is_used: [bool; SEATS],
    hungry: Vec<(usize, Reply<()>)>,
}

impl Table {
    fn serve(&mut self) {
        for (seat, reply) in std::mem::take(&mut self.hungry) {
            let (left, right) = (seat, (seat + 1) % SEATS);
            if self.fork_is_used[left] || self.fork_is_used[right] {
                self.hungry.push((seat, reply));
            } else {
                (self.fork_is_used[left], self.fork_is_used[right]) = (true, true);
                reply.send(());
            }
        }
    }
}

impl Actor for Table {
    type Message = Order;

    async fn handle(&mut self, order: Order, _cx: &mut Context<Order>) {
        match order {
            Order::Eat(seat, reply) => self.hungry.push((seat, reply)),
            Order::Finished(seat) => {
                for fork in [seat, (seat + 1) % SEATS] {
                    assert!(std::mem::take(&mut self.fork_is_used[fork]), "it was in use");
                }
            }
        }
        self.serve();
    }
}

async fn dine(seat: usize, table: Handle<Order>) -> Option<u32> {
    for _ in 0..MEALS {
        table.ask(|reply| Order::Eat(seat, reply)).await.ok()?;
        table.tell(Order::Finished(seat)).await.ok()?;
    }
    Some(MEALS)
}

fn main() -> Done {
    let system = System::new("table", programs::runtime()?)?;
    let (table, _running) = spawn(&system, Table::default)?;
    // The philosophers need no runtime: here each is a plain thread.
    let guests = (0..SEATS).map(|seat| {
        let table = table.clone();
        std::thread::spawn(move || futures::executor::block_on(dine(seat, table)))
    });
    let guests: Vec<_> = guests.collect();
    let meals: u32 = guests.into_iter().filter_map(|guest| guest.join().ok()?).sum();
    assert_eq!(meals, SEATS as u32 * MEALS);
    assert!(system.stop_blocking(PATIENCE).is_clean());
    println!("{meals} meals");
    Ok(())
}
