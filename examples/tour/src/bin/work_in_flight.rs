//! Asynchronous work of an actor: it goes on handling messages while the work waits.

use std::time::Duration;

use actor_lanes::actor::WorkId;
use actor_lanes::{Actor, Context, Message, Reply, System, WorkError, spawn};
use tour::{Done, PATIENCE};

enum Fetch {
    /// Asks for a page; the answer comes when the page is there.
    Page(u32, Reply<String>),
    Fetched(Result<String, WorkError>, Reply<String>),
    InFlight(Reply<usize>),
    /// Aborts the last page.
    Abort,
}
impl Message for Fetch {}

#[derive(Default)]
struct Fetcher(Option<WorkId>);

/// Returns a page at once, or never.
async fn page(number: u32) -> String {
    if number == 404 {
        std::future::pending::<()>().await;
    }
    format!("page {number}")
}

impl Actor for Fetcher {
    type Message = Fetch;

    async fn handle(&mut self, fetch: Fetch, cx: &mut Context<Fetch>) {
        match fetch {
            Fetch::Page(number, reply) => {
                let deadline = cx.now() + Duration::from_secs(3600);
                let fetched = |page| Fetch::Fetched(page, reply);
                self.0 = Some(cx.spawn_by(deadline, page(number), fetched));
            }
            Fetch::Fetched(Ok(page), reply) => reply.send(page),
            // The dropped reply becomes an error for the asker.
            Fetch::Fetched(Err(_late), _reply) => {}
            Fetch::InFlight(reply) => reply.send(cx.work_in_flight()),
            Fetch::Abort => assert!(self.0.take().is_some_and(|id| cx.abort(id))),
        }
    }
}

fn main() -> Done {
    let system = System::new("tour", tour::runtime()?)?;
    let (fetcher, running) = spawn(&system, Fetcher::default)?;
    let missing = fetcher.try_ask(|reply| Fetch::Page(404, reply))?;
    println!("{}", fetcher.ask_blocking(|reply| Fetch::Page(7, reply), PATIENCE)?);
    println!("in flight: {}", fetcher.ask_blocking(Fetch::InFlight, PATIENCE)?);

    let aborted = fetcher.try_ask(|reply| Fetch::Page(404, reply))?;
    fetcher.try_tell(Fetch::Abort)?;
    assert!(futures::executor::block_on(aborted).is_err(), "its reply was dropped");
    println!("after an abort: {}", fetcher.ask_blocking(Fetch::InFlight, PATIENCE)?);

    // A stop waits for work in flight until its deadline, and counts the dropped pieces.
    running.stop(Duration::ZERO);
    let exit = running.join_blocking(PATIENCE).expect("the deadline has passed");
    println!("dropped: {}", exit.in_flight);
    assert!(futures::executor::block_on(missing).is_err(), "no answer will come");
    Ok(())
}
