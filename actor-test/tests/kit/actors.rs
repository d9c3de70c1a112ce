//! Actors for the tests.

use std::time::Duration;

use actor_core::{Actor, Context, Handle, Lane, Message, Reply};

pub(crate) const SECOND: Duration = Duration::from_secs(1);

/// A message with two lanes and named kinds.
#[derive(Debug)]
pub(crate) enum Order {
    Stop,
    Note(u32),
    Notes(Reply<Vec<u32>>),
}

impl Message for Order {
    const LANES: &'static [Lane] = &[Lane::control("control", 4), Lane::fifo("notes", 512)];
    const KINDS: &'static [&'static str] = &["Stop", "Note", "Notes"];

    fn lane(&self) -> usize {
        match self {
            Self::Stop => 0,
            Self::Note(_) | Self::Notes(_) => 1,
        }
    }

    fn kind(&self) -> usize {
        match self {
            Self::Stop => 0,
            Self::Note(_) => 1,
            Self::Notes(_) => 2,
        }
    }
}

/// Keeps what it is told.
#[derive(Default)]
pub(crate) struct Notebook(pub(crate) Vec<u32>);

impl Actor for Notebook {
    type Message = Order;

    async fn handle(&mut self, order: Order, cx: &mut Context<Order>) {
        match order {
            Order::Stop => cx.stop(),
            Order::Note(note) => self.0.push(note),
            Order::Notes(reply) => reply.send(self.0.clone()),
        }
    }
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Said(pub(crate) u32);
impl Message for Said {}

/// Passes on what it hears.
pub(crate) struct Echo(pub(crate) Handle<Said>);

impl Actor for Echo {
    type Message = Said;

    async fn handle(&mut self, said: Said, _cx: &mut Context<Said>) {
        self.0.tell(said).await.expect("it listens");
    }
}
