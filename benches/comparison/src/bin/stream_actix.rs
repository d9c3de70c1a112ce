//! An actor adds the numbers of a stream, and answers with the sum at its end.

use actix::prelude::*;
use futures::channel::oneshot;
use futures::stream;

#[derive(Default)]
struct Adder(u64, Option<oneshot::Sender<u64>>);

impl Actor for Adder {
    type Context = Context<Self>;
}

#[derive(Message)]
#[rtype(result = "Result<u64, oneshot::Canceled>")]
struct Add;

impl Handler<Add> for Adder {
    type Result = ResponseFuture<Result<u64, oneshot::Canceled>>;

    fn handle(&mut self, _add: Add, ctx: &mut Self::Context) -> Self::Result {
        let (reply, answer) = oneshot::channel();
        self.1 = Some(reply);
        ctx.add_stream(stream::iter(1..=100));
        Box::pin(answer)
    }
}

impl StreamHandler<u64> for Adder {
    fn handle(&mut self, n: u64, _ctx: &mut Self::Context) {
        self.0 += n;
    }

    fn finished(&mut self, _ctx: &mut Self::Context) {
        let reply = self.1.take().expect("an asker waits");
        reply.send(self.0).expect("it still waits");
    }
}

#[actix::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let adder = Adder::default().start();
    assert_eq!(adder.send(Add).await??, 5050);
    Ok(())
}
