//! An actor adds the numbers of a stream, and answers with the sum at its end.

use futures::stream;
use kameo::message::StreamMessage;
use kameo::prelude::*;
use kameo::reply::{DelegatedReply, ReplySender};

#[derive(Actor, Default)]
struct Adder(u64, Option<ReplySender<u64>>);

struct Add;

impl Message<Add> for Adder {
    type Reply = DelegatedReply<u64>;

    async fn handle(&mut self, _add: Add, ctx: &mut Context<Self, Self::Reply>) -> Self::Reply {
        let (delegated, reply) = ctx.reply_sender();
        self.1 = reply;
        ctx.actor_ref().attach_stream(stream::iter(1..=100), (), ());
        delegated
    }
}

impl Message<StreamMessage<u64, (), ()>> for Adder {
    type Reply = ();

    async fn handle(
        &mut self,
        event: StreamMessage<u64, (), ()>,
        _ctx: &mut Context<Self, Self::Reply>,
    ) {
        match event {
            StreamMessage::Started(()) => {}
            StreamMessage::Next(n) => self.0 += n,
            StreamMessage::Finished(()) => self.1.take().expect("an asker waits").send(self.0),
        }
    }
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let adder = Adder::spawn(Adder::default());
    assert_eq!(adder.ask(Add).await?, 5050);
    Ok(())
}
