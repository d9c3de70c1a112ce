//! Where actors can run, and where not. Handlers use the runtime's sockets, timers and tasks.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use actor_core::{Actor, Context, Executor, Message, Reply, spawn};
use actor_tokio::{NotCurrentThread, TokioRuntime};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::{Builder, Handle};
use tokio::task::{LocalSet, spawn_local};

use crate::rig::{Call, PATIENCE, Worker};

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
    let mut stream = TcpStream::connect(address).await?;
    stream.write_all(b"echo").await?;
    stream.shutdown().await?;
    let mut back = String::new();
    stream.read_to_string(&mut back).await?;
    Ok(back)
}

/// A server of one connection, as the program's own code on the same runtime.
async fn serve(listener: TcpListener) -> io::Result<()> {
    let (mut stream, _) = listener.accept().await?;
    let (mut reads, mut writes) = stream.split();
    tokio::io::copy(&mut reads, &mut writes).await?;
    Ok(())
}

/// Sends a word from a handler to the program's own future and back, by TCP.
async fn echoes(executor: Arc<dyn Executor>) {
    let (client, running) = spawn(&executor, || Client).expect("it takes actors");
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("it is bound");
    let (served, echoed) = tokio::join!(serve(listener), client.ask(|reply| Echo(address, reply)));
    served.expect("it serves");
    assert_eq!(echoed.expect("an answer").expect("no error"), "echo");
    running.stop(PATIENCE);
    assert!(running.join().await.reason.is_normal());
}

/// Starts a task without `Send` in a handler.
async fn starts_local_tasks(executor: Arc<dyn Executor>) {
    let (worker, _running) = spawn(&executor, Worker::default).expect("it takes actors");
    let (tell, told) = tokio::sync::oneshot::channel();
    let work = Call::work(|| async move {
        let own = std::rc::Rc::new(7);
        tell.send(spawn_local(async move { *own }).await.expect("no panic")).expect("it waits");
    });
    worker.tell(work).await.expect("it runs");
    assert_eq!(told.await, Ok(7));
}

fn current() -> Arc<dyn Executor> {
    TokioRuntime::current().expect("a current-thread runtime")
}

#[tokio::test]
async fn in_a_test_of_tokio() {
    echoes(current()).await;
}

#[test]
fn in_a_main_function_of_tokio() {
    #[tokio::main(flavor = "current_thread")]
    async fn main() {
        echoes(current()).await;
    }

    main();
}

#[test]
fn in_a_local_runtime() {
    let runtime = Builder::new_current_thread().enable_all().build_local(Default::default());
    runtime.expect("a runtime").block_on(async {
        echoes(current()).await;
        starts_local_tasks(current()).await;
    });
}

#[tokio::test]
async fn in_a_local_set() {
    let tasks = LocalSet::new();
    let executor = TokioRuntime::in_local_set(&tasks).expect("a context");
    let own = Arc::clone(&executor);
    tasks.run_until(async { echoes(own).await }).await;
    tasks.run_until(starts_local_tasks(executor)).await;
}

#[tokio::test]
async fn in_the_runtime_of_a_local_set() {
    let tasks = LocalSet::new();
    tasks.run_until(async { echoes(current()).await }).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn in_a_local_set_within_a_multi_thread_runtime() {
    // A future without `Send` is driven by `block_on`, in a thread of its own.
    let runtime = Handle::current();
    let driven = thread::spawn(move || {
        let tasks = LocalSet::new();
        tasks.block_on_within(&runtime);
    });
    tokio::task::spawn_blocking(|| driven.join().expect("no panic")).await.expect("no panic");
}

/// Drives a set of local tasks by a handle.
trait BlockOn {
    fn block_on_within(&self, runtime: &Handle);
}

impl BlockOn for LocalSet {
    fn block_on_within(&self, runtime: &Handle) {
        runtime.block_on(async {
            let executor = TokioRuntime::in_local_set(self).expect("a context");
            let own = Arc::clone(&executor);
            self.run_until(echoes(own)).await;
            self.run_until(starts_local_tasks(executor)).await;
        });
    }
}

#[test]
fn from_a_thread_with_a_handle() {
    let runtime = Builder::new_current_thread().enable_all().build().expect("a runtime");
    let executor = TokioRuntime::on(runtime.handle()).expect("a current-thread runtime");
    let (worker, running) = spawn(&executor, Worker::default).expect("it takes actors");
    let asks = thread::spawn(move || worker.ask_blocking(Call::Count, PATIENCE));
    let exit = runtime.block_on(running.join());
    assert_eq!(asks.join().expect("no panic").expect("an answer"), 1);
    assert_eq!(exit.lanes[0].handled, 1);
}

#[test]
fn a_context_entered_on_another_thread_is_not_the_thread_of_the_actors() {
    let runtime = Builder::new_current_thread().enable_all().build().expect("a runtime");
    let handle = runtime.handle().clone();
    let entered = thread::spawn(move || {
        let _context = handle.enter();
        TokioRuntime::current()
    });
    let executor = entered.join().expect("no panic").expect("a current-thread runtime");
    let (tell, told) = tokio::sync::oneshot::channel();
    let tells = move || {
        tell.send(thread::current().id()).expect("the test waits");
        Worker::default()
    };
    let (_worker, _running) = spawn(&executor, tells).expect("it takes actors");
    assert_eq!(runtime.block_on(told), Ok(thread::current().id()));
}

#[tokio::test(flavor = "multi_thread")]
async fn not_on_a_multi_thread_runtime() {
    let refused = TokioRuntime::current().expect_err("it moves tasks between threads");
    assert!(matches!(refused, NotCurrentThread::MultiThread));
    let text = refused.to_string();
    assert!(text.contains("start_executor") && text.contains("Mailbox"), "{text}");
}

#[test]
fn not_outside_of_a_runtime() {
    let refused = TokioRuntime::current().expect_err("there is no runtime");
    assert!(matches!(refused, NotCurrentThread::NoRuntime), "{refused}");
    assert!(refused.to_string().contains("start_executor"), "{refused}");
    let refused = TokioRuntime::in_local_set(&LocalSet::new()).expect_err("there is no runtime");
    assert!(matches!(refused, NotCurrentThread::NoRuntime), "{refused}");
}

#[test]
fn not_on_a_runtime_without_timers() {
    let runtime = Builder::new_current_thread().build().expect("it is built");
    let refused = [
        runtime.block_on(async { TokioRuntime::current() }),
        runtime.block_on(async { TokioRuntime::in_local_set(&LocalSet::new()) }),
        TokioRuntime::on(runtime.handle()),
    ];
    for refused in refused {
        let refused = refused.expect_err("an actor's first timer would end all actors");
        assert!(matches!(refused, NotCurrentThread::NoTimers), "{refused}");
        assert!(refused.to_string().contains("enable_time"), "{refused}");
    }
}

#[tokio::test]
async fn several_executors_on_one_runtime_are_independent() {
    let (first, second) = (current(), current());
    let (worker, running) = spawn(&first, Worker::default).expect("it takes actors");
    second.stop();
    while !second.join(Duration::ZERO) {
        tokio::task::yield_now().await;
    }
    assert_eq!(worker.ask(Call::Count).await.expect("it runs on"), 1);
    drop(worker);
    assert!(running.join().await.reason.is_normal());
}
