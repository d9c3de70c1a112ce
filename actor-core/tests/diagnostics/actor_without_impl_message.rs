//! A whole program, without the one line `impl Message for Count {}`.

use std::sync::Arc;

use actor_core::{Actor, Context, Executor, Handle, Reply};

enum Count {
    Add(u64),
    Read(Reply<u64>),
}

struct Counter(u64);

impl Actor for Counter {
    type Message = Count;

    async fn handle(&mut self, message: Count, _cx: &mut Context<Count>) {
        match message {
            Count::Add(n) => self.0 += n,
            Count::Read(reply) => reply.send(self.0),
        }
    }
}

struct Front {
    counter: Handle<Count>,
}

fn start(executor: &Arc<dyn Executor>) -> Front {
    let (counter, _running) = actor_core::spawn(executor, || Counter(0)).unwrap();
    Front { counter }
}

fn main() {}
