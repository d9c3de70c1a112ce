//! The two ways of a program on tokio's multi-thread runtime.

use std::rc::Rc;
use std::time::Duration;

use actor_core::handle::AskBlockingError;
use actor_core::{
    Actor, Context, Mailbox, Message, Reply, Runtime, ThreadConfig, TryTellError, spawn,
};
use actor_tokio::TokioRuntime;

const PATIENCE: Duration = Duration::from_secs(30);

enum Count {
    Add(u64),
    Read(Reply<u64>),
}

impl Message for Count {}

/// State without `Send`.
struct Counter(Rc<u64>);

impl Actor for Counter {
    type Message = Count;

    async fn handle(&mut self, message: Count, _cx: &mut Context<Count>) {
        match message {
            Count::Add(n) => *Rc::make_mut(&mut self.0) += n,
            Count::Read(reply) => reply.send(*self.0),
        }
    }
}

#[test]
fn an_executor_thread_runs_beside_a_multi_thread_runtime() {
    #[tokio::main(worker_threads = 2)]
    async fn main() {
        let executor = TokioRuntime::new().start_executor(ThreadConfig::named("owner"));
        let executor = executor.expect("a thread");
        let (counter, running) = spawn(&executor, || Counter(Rc::new(0))).expect("it runs");
        running.started().await.expect("it starts");

        let adds = |counter: actor_core::Handle<Count>| async move {
            counter.tell(Count::Add(10)).await.expect("it runs");
        };
        let tasks: Vec<_> = (0..4).map(|_| tokio::spawn(adds(counter.clone()))).collect();
        for task in tasks {
            task.await.expect("no panic");
        }
        assert_eq!(counter.ask(Count::Read).await.expect("it answers"), 40);
        running.stop(PATIENCE);
        assert!(running.join().await.reason.is_normal());
    }

    main();
}

/// A loop with state that is `Send`, and the sockets, timers and tasks of the runtime.
async fn count(mut mailbox: Mailbox<Count>) -> u64 {
    let mut count = 0;
    while let Some(message) = mailbox.recv().await {
        match message {
            Count::Add(n) => count += n,
            Count::Read(reply) => reply.send(count),
        }
    }
    count
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_loop_on_a_mailbox_runs_as_a_task_of_a_multi_thread_runtime() {
    let (counter, mailbox) = actor_core::mailbox();
    let counting = tokio::spawn(count(mailbox));
    let adds = |counter: actor_core::Handle<Count>| async move {
        for _ in 0..1_000 {
            counter.tell(Count::Add(1)).await.expect("it runs");
            tokio::task::yield_now().await;
        }
    };
    let tasks: Vec<_> = (0..4).map(|_| tokio::spawn(adds(counter.clone()))).collect();
    for task in tasks {
        task.await.expect("no panic");
    }
    assert_eq!(counter.ask(Count::Read).await.expect("it answers"), 4_000);
    drop(counter);
    assert_eq!(counting.await.expect("no panic"), 4_000);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_aborted_loop_returns_messages_to_their_senders() {
    let (counter, mailbox) = actor_core::mailbox();
    let counting = tokio::spawn(count(mailbox));
    counting.abort();
    assert!(counting.await.expect_err("it is aborted").is_cancelled());
    assert!(matches!(counter.try_tell(Count::Add(1)), Err(TryTellError::Closed(Count::Add(1)))));
    assert!(counter.ask(Count::Read).await.is_err());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_ask_ends_at_its_limit_in_a_task_of_a_multi_thread_runtime() {
    let (counter, _mailbox) = actor_core::mailbox::<Count>();
    let asks = |counter: actor_core::Handle<Count>| async move {
        let asked = counter.ask(Count::Read).timeout(Duration::from_millis(1)).await;
        assert!(matches!(asked, Err(AskBlockingError::Timeout)), "{asked:?}");
    };
    let tasks: Vec<_> = (0..8).map(|_| tokio::spawn(asks(counter.clone()))).collect();
    for task in tasks {
        task.await.expect("no panic");
    }
}
