//! Each account is an actor. Many transfers run at the same time, and no money is made or lost.

use actor_lanes::{Actor, Context, Handle, Message, Reply, System, spawn};
use futures::future::{join_all, try_join_all};
use programs::{Done, PATIENCE};

const ACCOUNTS: usize = 4;
const DEPOSIT: u64 = 1000;

enum Order {
    Deposit(u64),
    /// Answers whether the account had enough.
    Withdraw(u64, Reply<bool>),
    Balance(Reply<u64>),
}
impl Message for Order {}

#[derive(Default)]
struct Account {
    balance: u64,
}

impl Actor for Account {
    type Message = Order;

    async fn handle(&mut self, order: Order, _cx: &mut Context<Order>) {
        match order {
            Order::Deposit(amount) => self.balance += amount,
            Order::Withdraw(amount, reply) => {
                let rest = self.balance.checked_sub(amount);
                self.balance = rest.unwrap_or(self.balance);
                reply.send(rest.is_some());
            }
            Order::Balance(reply) => reply.send(self.balance),
        }
    }
}

/// Returns whether the money has moved.
async fn transfer(from: &Handle<Order>, to: &Handle<Order>, amount: u64) -> bool {
    let withdrawn = from.ask(|reply| Order::Withdraw(amount, reply)).await;
    if !matches!(withdrawn, Ok(true)) {
        return false;
    }
    to.tell(Order::Deposit(amount)).await.is_ok()
}

fn main() -> Done {
    let system = System::builder("bank").runtime(programs::runtime()?).executors(2).start()?;
    let mut accounts = Vec::new();
    for _ in 0..ACCOUNTS {
        let (account, _running) = spawn(&system, Account::default)?;
        account.try_tell(Order::Deposit(DEPOSIT))?;
        accounts.push(account);
    }
    let pairs = (0..400).map(|n| (n % ACCOUNTS, n / ACCOUNTS % ACCOUNTS, 1 + n as u64 % 300));
    let transfers = pairs.map(|(from, to, n)| transfer(&accounts[from], &accounts[to], n));
    let moved = futures::executor::block_on(join_all(transfers));
    let balances = try_join_all(accounts.iter().map(|account| account.ask(Order::Balance)));
    let sum: u64 = futures::executor::block_on(balances)?.iter().sum();
    assert_eq!(sum, ACCOUNTS as u64 * DEPOSIT);
    assert!(moved.iter().any(|moved| *moved), "some accounts had enough");
    assert!(system.stop_blocking(PATIENCE).is_clean());
    println!("400 transfers, {sum} in the bank");
    Ok(())
}
