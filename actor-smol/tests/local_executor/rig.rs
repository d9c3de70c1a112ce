//! Shared by the tests: an actor that runs the work in its messages, and a timeout for every wait.

use std::future::Future;
use std::pin::Pin;
use std::time::Duration;

use actor_core::{Actor, Context, Message, Reply};

/// The timeout of every wait. Far longer than any machine needs.
pub(crate) const PATIENCE: Duration = Duration::from_secs(30);

pub(crate) type Work = Box<dyn FnOnce() -> Pin<Box<dyn Future<Output = ()>>> + Send>;

pub(crate) enum Call {
    /// Awaits a future made in the handler.
    Do(Work),
    Count(Reply<u32>),
}

impl Message for Call {}

impl Call {
    pub(crate) fn work<F: Future<Output = ()> + 'static>(
        make: impl FnOnce() -> F + Send + 'static,
    ) -> Self {
        Self::Do(Box::new(move || Box::pin(make())))
    }
}

/// Counts its messages in state without `Send`.
#[derive(Default)]
pub(crate) struct Worker(std::rc::Rc<std::cell::Cell<u32>>);

impl Actor for Worker {
    type Message = Call;

    async fn handle(&mut self, call: Call, _cx: &mut Context<Call>) {
        self.0.set(self.0.get() + 1);
        match call {
            Call::Do(work) => work().await,
            Call::Count(reply) => reply.send(self.0.get()),
        }
    }
}

/// Waits for a turn of the thread's other tasks.
pub(crate) async fn yield_now() {
    let mut gave_way = false;
    std::future::poll_fn(|cx| {
        if std::mem::replace(&mut gave_way, true) {
            return std::task::Poll::Ready(());
        }
        cx.waker().wake_by_ref();
        std::task::Poll::Pending
    })
    .await;
}
