//! Four workers behind one handle: messages of one account go to one worker, in order.

use actor_lanes::{Actor, Context, Message, Pool, Restart, Route, System};
use tour::{Done, PATIENCE};

struct Deposit {
    account: u64,
    amount: u64,
}
impl Message for Deposit {}

#[derive(Default)]
struct Teller(Vec<(u64, u64)>);

impl Actor for Teller {
    type Message = Deposit;

    async fn handle(&mut self, Deposit { account, amount }: Deposit, _cx: &mut Context<Deposit>) {
        let last = self.0.iter().rfind(|(other, _)| *other == account);
        assert!(last.is_none_or(|(_, before)| *before < amount), "in order");
        self.0.push((account, amount));
    }
}

fn main() -> Done {
    let system = System::new("tour", tour::runtime()?)?;
    let (tellers, running) = Pool::new(4)
        .named("teller")
        .route(Route::by_key(|deposit: &Deposit| deposit.account))
        .restart(Restart::up_to(5))
        .start(&system, |_index| Teller::default())?;
    for amount in 1..=10 {
        for account in 0..6 {
            tellers.try_tell(Deposit { account, amount })?;
        }
    }
    running.stop(PATIENCE);
    let exit = running.join_blocking(PATIENCE).expect("it ends in time");
    println!("{} deposits by {} workers", exit.handled(), running.workers().len());
    Ok(())
}
