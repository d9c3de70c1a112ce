//! An ask with a time limit: the asker goes on, and the ask still in the queue is skipped.

use std::time::Duration;

use actor_lanes::{Actor, AskBlockingError, Context, Message, Reply, System, spawn};
use tour::{Done, PATIENCE};

enum Ask {
    /// Is answered at the next `Open`.
    Enter(Reply<&'static str>),
    Open,
    Count(Reply<u32>),
}
impl Message for Ask {}

#[derive(Default)]
struct Door {
    waiting: Vec<Reply<&'static str>>,
    entered: u32,
}

impl Actor for Door {
    type Message = Ask;

    async fn handle(&mut self, ask: Ask, _cx: &mut Context<Ask>) {
        match ask {
            Ask::Enter(reply) => self.waiting.push(reply),
            Ask::Open => {
                // Askers whose time was up are gone.
                self.waiting.retain(|reply| !reply.is_cancelled());
                self.entered += self.waiting.len() as u32;
                self.waiting.drain(..).for_each(|reply| reply.send("come in"));
            }
            Ask::Count(reply) => reply.send(self.entered),
        }
    }
}

fn main() -> Done {
    let system = System::new("tour", tour::runtime()?)?;
    let (door, _running) = spawn(&system, Door::default)?;
    // The time limit needs no runtime: this is the main thread.
    futures::executor::block_on(async {
        let early = door.ask(Ask::Enter).timeout(Duration::from_millis(10)).await;
        assert!(matches!(early, Err(AskBlockingError::Timeout)), "nobody has opened");
        println!("no answer in time");

        let entering = door.ask(Ask::Enter).timeout(PATIENCE);
        let (entered, opened) = futures::join!(entering, door.tell(Ask::Open));
        assert!(opened.is_ok());
        println!("{}", entered.expect("the door was opened"));
    });
    println!("entered: {}", door.ask_blocking(Ask::Count, PATIENCE)?);
    Ok(())
}
