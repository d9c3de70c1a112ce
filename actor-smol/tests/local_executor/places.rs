//! Where actors can run. Handlers use smol's sockets, timers and tasks.

use std::io;
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::time::Duration;

use actor_core::{Actor, Context, Executor, Message, Reply, spawn};
use actor_smol::SmolRuntime;
use async_executor::LocalExecutor;
use async_io::{Async, Timer};
use futures::io::{AsyncReadExt, AsyncWriteExt, copy};

use crate::rig::{Call, PATIENCE, Worker, yield_now};

/// Sends a word through a socket, and reads it back.
struct Echo(SocketAddr, Reply<io::Result<String>>);

impl Message for Echo {}

/// A client with sockets of the runtime.
struct Client;

impl Actor for Client {
    type Message = Echo;

    async fn handle(&mut self, Echo(address, reply): Echo, _cx: &mut Context<Echo>) {
        reply.send(echo(address).await);
    }
}

async fn echo(address: SocketAddr) -> io::Result<String> {
    let mut stream = Async::<TcpStream>::connect(address).await?;
    stream.write_all(b"echo").await?;
    stream.get_ref().shutdown(Shutdown::Write)?;
    let mut back = String::new();
    stream.read_to_string(&mut back).await?;
    Ok(back)
}

/// A server of one connection, as the program's own code on the same executor.
async fn serve(listener: Async<TcpListener>) -> io::Result<()> {
    let (stream, _) = listener.accept().await?;
    copy(&stream, &mut &stream).await?;
    Ok(())
}

/// Sends a word from a handler to the program's own future and back, by TCP.
async fn echoes(executor: Arc<dyn Executor>) {
    let (client, running) = spawn(&executor, || Client).expect("it takes actors");
    let listener = Async::<TcpListener>::bind(([127, 0, 0, 1], 0)).expect("a port");
    let address = listener.get_ref().local_addr().expect("it is bound");
    let (served, echoed) =
        futures::join!(serve(listener), client.ask(|reply| Echo(address, reply)));
    served.expect("it serves");
    assert_eq!(echoed.expect("an answer").expect("no error"), "echo");
    running.stop(PATIENCE);
    assert!(running.join().await.reason.is_normal());
}

#[test]
fn in_a_local_executor() {
    let tasks = LocalExecutor::new();
    let executor = SmolRuntime::on(&tasks).expect("a place");
    async_io::block_on(tasks.run(echoes(executor)));
}

#[test]
fn in_a_local_executor_that_borrows() {
    let text = String::from("borrowed");
    let tasks = LocalExecutor::new();
    let executor = SmolRuntime::on(&tasks).expect("a place");
    let length = tasks.spawn(async { text.len() });
    async_io::block_on(tasks.run(async {
        echoes(executor).await;
        assert_eq!(length.await, text.len());
    }));
}

#[test]
fn timers_of_the_runtime_wake_handlers() {
    let tasks = LocalExecutor::new();
    let executor = SmolRuntime::on(&tasks).expect("a place");
    async_io::block_on(tasks.run(async {
        let (worker, _running) = spawn(&executor, Worker::default).expect("it takes actors");
        let sleeps = Call::work(|| async {
            Timer::after(Duration::from_millis(2)).await;
        });
        let before = executor.now();
        worker.tell(sleeps).await.expect("it runs");
        assert_eq!(worker.ask(Call::Count).await.expect("it runs"), 2);
        assert!(executor.now() - before >= Duration::from_millis(2));
    }));
}

#[test]
fn several_executors_on_one_thread_are_independent() {
    let tasks = LocalExecutor::new();
    let first = SmolRuntime::on(&tasks).expect("a place");
    let second = SmolRuntime::on(&tasks).expect("a place");
    async_io::block_on(tasks.run(async {
        let (worker, running) = spawn(&first, Worker::default).expect("it takes actors");
        second.stop();
        while !second.join(Duration::ZERO) {
            yield_now().await;
        }
        assert_eq!(worker.ask(Call::Count).await.expect("it runs on"), 1);
        drop(worker);
        assert!(running.join().await.reason.is_normal());
    }));
}

#[test]
fn blocking_work_runs_on_a_thread_of_the_executors_own() {
    let tasks = LocalExecutor::new();
    let executor = SmolRuntime::on(&tasks).expect("a place");
    let (tell, told) = std::sync::mpsc::sync_channel(1);
    executor.run_blocking(Box::new(move || {
        let name = std::thread::current().name().map(str::to_owned);
        tell.send(name).expect("the test waits");
    }));
    let name = told.recv_timeout(PATIENCE).expect("it runs while the local executor does not");
    assert_eq!(name.as_deref(), Some("smol-work"));
}
