//! The actor: it adds amounts, and flushes them some time after the first.

use std::time::Duration;

use actor_lanes::{Actor, Context, Message};

/// The time from an amount to its flush, at most.
const FLUSH: Duration = Duration::from_millis(5);

/// All messages to the book.
pub(crate) enum Amount {
    Add(u64),
    /// The time of a flush. The book sends it to itself.
    Flush,
}

impl Message for Amount {}

/// Owns the total.
pub(crate) struct Book {
    total: u64,
    count: u64,
    is_flush_due: bool,
    flush: Box<dyn Fn(u64, u64)>,
}

impl Book {
    pub(crate) fn new(flush: Box<dyn Fn(u64, u64)>) -> Self {
        Self { total: 0, count: 0, is_flush_due: false, flush }
    }

    fn add(&mut self, amount: u64, cx: &mut Context<Amount>) {
        self.total = self.total.checked_add(amount).expect("a total fits into 64 bits");
        self.count += 1;
        if !self.is_flush_due {
            self.is_flush_due = true;
            cx.after(FLUSH, Amount::Flush);
        }
    }
}

impl Actor for Book {
    type Message = Amount;

    async fn handle(&mut self, message: Amount, cx: &mut Context<Amount>) {
        match message {
            Amount::Add(amount) => self.add(amount, cx),
            Amount::Flush => {
                self.is_flush_due = false;
                (self.flush)(self.total, self.count);
            }
        }
    }
}
