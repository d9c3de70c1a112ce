//! The examples of the page `docs/guide/src/failure.md`, run as tests.

use std::error::Error;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::mpsc::sync_channel;
use std::time::Duration;

use actor_lanes::runtime::ThreadRuntime;
use actor_lanes::{
    Actor, Backoff, Context, ExitReason, Fallible, Message, NotStarted, Reply, Restart, Runtime,
    Spawn, ThreadConfig, mailbox, spawn,
};

type Outcome = Result<(), Box<dyn Error>>;

const PATIENCE: Duration = Duration::from_secs(10);

enum Sum {
    Add(&'static str),
    Read(Reply<u64>),
}
impl Message for Sum {}

#[derive(Default)]
struct Adder(u64);
impl Actor<Fallible> for Adder {
    type Message = Sum;

    async fn handle(&mut self, message: Sum, _cx: &mut Context<Sum>) -> Fallible {
        match message {
            Sum::Add(text) => self.0 += text.parse::<u64>()?,
            Sum::Read(reply) => reply.send(self.0),
        }
        Ok(())
    }
}

impl Adder {
    fn open(path: &Path) -> Result<Self, Box<dyn Error + Send + Sync>> {
        Ok(Self(fs::read_to_string(path)?.trim().parse()?))
    }
}

#[test]
fn a_handler_fails() -> Outcome {
    let executor = ThreadRuntime::new().start_executor(ThreadConfig::named("adder"))?;
    let (adder, running) = spawn(&executor, Adder::default)?;
    adder.try_tell(Sum::Add("seven"))?;
    let exit = running.join_blocking(PATIENCE).expect("the text is no number");
    assert!(matches!(exit.reason, ExitReason::Failed(_)));
    assert_eq!(exit.reason.to_string(), "failed: invalid digit found in string");
    Ok(())
}

#[test]
fn a_maker_fails() -> Outcome {
    let executor = ThreadRuntime::new().start_executor(ThreadConfig::named("adder"))?;
    let path = PathBuf::from("no/such/file");
    let (_adder, running) = spawn(&executor, move || Adder::open(&path))?;
    let Err(NotStarted::Ended(exit)) = running.started_blocking(PATIENCE) else {
        panic!("there is no such file");
    };
    assert!(exit.reason.to_string().starts_with("failed: No such file"));
    Ok(())
}

#[test]
fn an_actor_restarts() -> Outcome {
    let executor = ThreadRuntime::new().start_executor(ThreadConfig::named("adder"))?;
    let delay = Backoff::exponential(Duration::from_millis(1), Duration::from_secs(5));
    let (adder, mailbox) = mailbox();
    let running = Spawn::new(mailbox)
        .named("adder")
        .restart(Restart::up_to(5).within(Duration::from_secs(60)).backoff(delay.jitter()))
        .start(&executor, Adder::default)?;
    adder.try_tell(Sum::Add("seven"))?;
    adder.try_tell(Sum::Add("7"))?;
    // The second life handles what the first has left.
    assert_eq!(adder.ask_blocking(Sum::Read, PATIENCE)?, 7);
    running.stop(PATIENCE);
    let exit = running.join_blocking(PATIENCE).expect("it ends in time");
    assert_eq!((exit.restarts, exit.lanes[0].handled), (1, 3));
    Ok(())
}

#[test]
fn the_poison_is_reported() -> Outcome {
    let executor = ThreadRuntime::new().start_executor(ThreadConfig::named("adder"))?;
    let (adder, mailbox) = mailbox();
    let (tell, poison) = sync_channel(16);
    let summary = |message: &Sum| match message {
        Sum::Add(text) => *text,
        Sum::Read(_) => "a question",
    };
    let _running = Spawn::new(mailbox)
        .restart(Restart::transient())
        .on_poison(summary, move |text, reason| drop(tell.send(format!("{text}: {reason}"))))
        .start(&executor, Adder::default)?;
    adder.try_tell(Sum::Add("seven"))?;
    let poison = poison.recv_timeout(PATIENCE)?;
    assert_eq!(poison, "seven: failed: invalid digit found in string");
    Ok(())
}

/// Returns the lines of each example of Rust in a page.
fn examples(page: &str) -> Vec<Vec<&str>> {
    page.split("\n```rust\n").skip(1).map(|example| code(example)).collect()
}

fn code(example: &str) -> Vec<&str> {
    example.lines().take_while(|line| *line != "```").map(str::trim).collect()
}

#[test]
fn every_example_of_the_page_is_in_this_file() {
    let page = include_str!("../../docs/guide/src/failure.md");
    let own: Vec<_> = include_str!("failure.rs").lines().map(str::trim).collect();
    let examples = examples(page);
    assert_eq!(examples.len(), 7);
    for example in examples {
        let is_here = own.windows(example.len()).any(|lines| lines == example);
        assert!(is_here, "no test runs this example:\n{}", example.join("\n"));
    }
}
