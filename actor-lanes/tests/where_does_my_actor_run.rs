//! The examples of the page `docs/guide/src/where-does-my-actor-run.md`, run as tests.

use std::cell::Cell;
use std::error::Error;
use std::net::{TcpListener, TcpStream};
use std::rc::Rc;
use std::thread;
use std::time::Duration;

use actor_lanes::embed::Embed;
use actor_lanes::runtime::{SmolRuntime, ThreadRuntime, TokioRuntime};
use actor_lanes::{Actor, Context, Message, Reply, Runtime, ThreadConfig, mailbox, spawn};
use async_executor::LocalExecutor;
use async_io::block_on;
use tokio::task::LocalSet;

type Outcome = Result<(), Box<dyn Error>>;

enum Count {
    Add(u64),
    Read(Reply<u64>),
}
impl Message for Count {}

#[derive(Default)]
struct Counter(Rc<Cell<u64>>);
impl Actor for Counter {
    type Message = Count;

    async fn handle(&mut self, message: Count, _cx: &mut Context<Count>) {
        match message {
            Count::Add(n) => self.0.set(self.0.get() + n),
            Count::Read(reply) => reply.send(self.0.get()),
        }
    }
}

struct Ring(Duration, Reply<()>);
impl Message for Ring {}

/// Replies after a while.
#[derive(Default)]
struct Alarm;
impl Actor for Alarm {
    type Message = Ring;

    async fn handle(&mut self, Ring(after, reply): Ring, cx: &mut Context<Ring>) {
        if after.is_zero() {
            return reply.send(());
        }
        cx.after(after, Ring(Duration::ZERO, reply));
    }
}

#[test]
fn a_thread_of_its_own() -> Outcome {
    let executor = ThreadRuntime::new().start_executor(ThreadConfig::named("owner"))?;
    let (counter, _running) = spawn(&executor, Counter::default)?;
    counter.try_tell(Count::Add(2))?;
    assert_eq!(counter.ask_blocking(Count::Read, Duration::from_secs(10))?, 2);
    Ok(())
}

#[test]
fn a_current_thread_runtime() -> Outcome {
    #[tokio::main(flavor = "current_thread")]
    async fn main() -> Result<(), Box<dyn Error>> {
        let executor = TokioRuntime::current()?;
        let (counter, running) = spawn(&executor, Counter::default)?;
        counter.tell(Count::Add(2)).await?;
        assert_eq!(counter.ask(Count::Read).await?, 2);
        running.stop(Duration::from_secs(10));
        assert!(running.join().await.reason.is_normal());
        Ok(())
    }

    main()
}

#[tokio::test(start_paused = true)]
async fn a_test_with_a_paused_clock() -> Result<(), Box<dyn Error>> {
    let executor = TokioRuntime::current()?;
    let (alarm, _running) = spawn(&executor, Alarm::default)?;
    let (before, hour) = (executor.now(), Duration::from_secs(3600));
    alarm.ask(|reply| Ring(hour, reply)).await?;
    assert!(executor.now() - before >= hour);
    Ok(())
}

#[tokio::test]
async fn a_local_set() -> Outcome {
    let set = LocalSet::new();
    let executor = TokioRuntime::in_local_set(&set)?;
    let (counter, _running) = spawn(&executor, Counter::default)?;
    counter.try_tell(Count::Add(2))?;
    assert_eq!(set.run_until(counter.ask(Count::Read)).await?, 2);
    Ok(())
}

#[test]
fn a_handle_of_tokio() -> Outcome {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let executor = TokioRuntime::on(runtime.handle())?;
    let (counter, _running) = spawn(&executor, Counter::default)?;
    counter.try_tell(Count::Add(2))?;
    assert_eq!(runtime.block_on(counter.ask(Count::Read))?, 2);
    Ok(())
}

#[test]
fn beside_a_multi_thread_runtime() -> Outcome {
    #[tokio::main]
    async fn main() -> Result<(), Box<dyn Error>> {
        let executor = TokioRuntime::new().start_executor(ThreadConfig::named("owner"))?;
        let (counter, _running) = spawn(&executor, Counter::default)?;
        counter.tell(Count::Add(2)).await?;
        assert_eq!(counter.ask(Count::Read).await?, 2);
        Ok(())
    }

    main()
}

#[tokio::test(flavor = "multi_thread")]
async fn inside_a_multi_thread_runtime() -> Outcome {
    let (counter, mut mailbox) = mailbox();
    let counting = tokio::spawn(async move {
        let mut count = 0;
        while let Some(message) = mailbox.recv().await {
            match message {
                Count::Add(n) => count += n,
                Count::Read(reply) => reply.send(count),
            }
        }
        count
    });
    counter.tell(Count::Add(2)).await?;
    assert_eq!(counter.ask(Count::Read).await?, 2);
    drop(counter);
    assert_eq!(counting.await?, 2);
    Ok(())
}

#[test]
fn a_local_executor_of_smol() -> Outcome {
    let tasks = LocalExecutor::new();
    let executor = SmolRuntime::on(&tasks)?;
    let (counter, _running) = spawn(&executor, Counter::default)?;
    counter.try_tell(Count::Add(2))?;
    assert_eq!(block_on(tasks.run(counter.ask(Count::Read)))?, 2);
    Ok(())
}

#[test]
fn a_loop_of_another_kind() -> Outcome {
    let here = thread::current();
    let (executor, mut driver) = Embed::new(move || here.unpark()).build()?;
    let (counter, running) = spawn(&executor, Counter::default)?;
    counter.try_tell(Count::Add(2))?;
    drop(counter);
    loop {
        let turn = driver.turn(Duration::from_millis(1));
        if running.exit().is_some() {
            break;
        }
        match turn.timeout(driver.now()) {
            Some(timeout) => thread::park_timeout(timeout),
            None => thread::park(),
        }
    }
    assert_eq!(running.exit().expect("nothing reaches it").lanes[0].handled, 1);
    Ok(())
}

#[test]
fn sockets_of_smol_in_a_loop_of_another_kind() -> Outcome {
    let listener = async_io::Async::<TcpListener>::bind(([127, 0, 0, 1], 0))?;
    let address = listener.get_ref().local_addr()?;
    let here = thread::current();
    let (executor, mut driver) = Embed::new(move || here.unpark()).build()?;
    let accept = async move { assert!(listener.accept().await.is_ok()) };
    executor.spawn(Box::new(move || Box::pin(accept))).expect("the executor runs");
    executor.stop();
    // Nothing connects yet, so the future waits for its socket.
    assert!(!driver.run_until_stalled().has_ended);
    let _connection = TcpStream::connect(address)?;
    while !driver.turn(Duration::from_millis(1)).has_ended {
        thread::park_timeout(Duration::from_secs(10));
    }
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
    let page = include_str!("../../docs/guide/src/where-does-my-actor-run.md");
    let own: Vec<_> = include_str!("where_does_my_actor_run.rs").lines().map(str::trim).collect();
    let examples = examples(page);
    assert_eq!(examples.len(), 10);
    for example in examples {
        let is_here = own.windows(example.len()).any(|lines| lines == example);
        assert!(is_here, "no test runs this example:\n{}", example.join("\n"));
    }
}
