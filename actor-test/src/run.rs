//! Futures of the test beside the actors of a harness.

use std::future::Future;
use std::pin::pin;
use std::task::{Context, Poll, Waker};
use std::time::{Duration, Instant};

use actor_core::{Handle, Message, Reply, TryTellError};

use crate::harness::Harness;
use crate::report::Text;

/// The most virtual time that passes while the test waits for a future.
const MOST_TIME: Duration = Duration::from_secs(60);

impl Harness {
    /// Runs a future of the test to its end, with the actors beside it.
    ///
    /// If everything waits, the time moves to the next timer, for at most a minute. The future
    /// stays on this thread and may borrow: `harness.run(handle.tell(message))`,
    /// `harness.run(running.join())`. Timeouts in it are on the virtual clock.
    ///
    /// # Panics
    ///
    /// Panics if everything waits and no timer is armed, or after a minute of virtual time, as
    /// [`run_until_idle`](Self::run_until_idle) does, and in a handler.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// # use actor_core::{Actor, Context, Message};
    /// # struct Job;
    /// # impl Message for Job {}
    /// # struct Worker;
    /// # impl Actor for Worker {
    /// #     type Message = Job;
    /// #     async fn handle(&mut self, _job: Job, _cx: &mut Context<Job>) {}
    /// # }
    /// let harness = actor_test::Harness::new();
    /// let (worker, running) = harness.spawn(|| Worker);
    /// harness.run(worker.tell(Job)).expect("it runs");
    /// running.stop(Duration::from_secs(1));
    /// let exit = harness.run(running.join());
    /// assert_eq!(exit.lanes[0].handled, 1);
    /// ```
    #[track_caller]
    pub fn run<F: Future>(&self, future: F) -> F::Output {
        self.run_within(MOST_TIME, future)
    }

    /// Does the same as [`run`](Self::run), with another limit of the virtual time.
    ///
    /// # Panics
    ///
    /// As [`run`](Self::run).
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// # use actor_core::{Actor, Context, Message};
    /// # struct Rest;
    /// # impl Message for Rest {}
    /// # struct Sleeper;
    /// impl Actor for Sleeper {
    /// #   type Message = Rest;
    ///     async fn started(&mut self, cx: &mut Context<Rest>) {
    ///         cx.after(Duration::from_secs(24 * 3600), Rest);
    ///     }
    ///     async fn handle(&mut self, _rest: Rest, cx: &mut Context<Rest>) {
    ///         cx.stop();
    ///     }
    /// }
    ///
    /// let harness = actor_test::Harness::new();
    /// let (_sleeper, running) = harness.spawn(|| Sleeper);
    /// let a_week = Duration::from_secs(7 * 24 * 3600);
    /// assert!(harness.run_within(a_week, running.join()).reason.is_normal());
    /// assert_eq!(harness.elapsed(), Duration::from_secs(24 * 3600));
    /// ```
    #[track_caller]
    pub fn run_within<F: Future>(&self, limit: Duration, future: F) -> F::Output {
        match self.try_run(limit, future) {
            Ok(output) => output,
            Err(why) => {
                let first = format!("the future waits, and {why}");
                panic!("{}", self.describe(Text::new(first)).into_string())
            }
        }
    }

    #[track_caller]
    fn try_run<F: Future>(&self, limit: Duration, future: F) -> Result<F::Output, &'static str> {
        let limit = self.now().checked_add(limit);
        let mut future = pin!(future);
        let mut steps = 0;
        loop {
            // Polled after each step, so its waker has nothing to do.
            let mut cx = Context::from_waker(Waker::noop());
            let polled = self.with_driver(|driver| driver.within(|| future.as_mut().poll(&mut cx)));
            match polled {
                Some(Poll::Ready(output)) => return Ok(output),
                Some(Poll::Pending) => {}
                None => match future.as_mut().poll(&mut cx) {
                    Poll::Ready(output) => return Ok(output),
                    Poll::Pending => return Err("the executor of the harness was dropped"),
                },
            }
            if self.step() {
                steps += 1;
                self.check_steps(steps);
            } else if self.advance_to_next(limit) {
                steps = 0;
            } else {
                return Err(self.why_none(limit));
            }
        }
    }

    fn why_none(&self, limit: Option<Instant>) -> &'static str {
        let is_armed = self.with_driver(|driver| driver.poll(Duration::ZERO).next_deadline);
        match (is_armed.flatten(), limit) {
            (Some(_later), _) => "the next timer is past the limit",
            (None, _) => "nothing else is ready or armed",
        }
    }

    /// Asks an actor, and runs until the answer is here.
    ///
    /// # Panics
    ///
    /// Panics if no answer comes: the lane is full, the actor has ended, it drops the reply, or it
    /// never answers. The text shows what waits in the lanes.
    ///
    /// # Examples
    ///
    /// ```
    /// # use actor_core::{Actor, Context, Message, Reply};
    /// struct Double(u32, Reply<u32>);
    /// # impl Message for Double {}
    /// # struct Doubler;
    /// # impl Actor for Doubler {
    /// #     type Message = Double;
    /// #     async fn handle(&mut self, Double(n, reply): Double, _cx: &mut Context<Double>) {
    /// #         reply.send(2 * n);
    /// #     }
    /// # }
    /// let harness = actor_test::Harness::new();
    /// let (doubler, _running) = harness.spawn(|| Doubler);
    /// assert_eq!(harness.ask(&doubler, |reply| Double(21, reply)), 42);
    /// ```
    #[track_caller]
    pub fn ask<M: Message, T: Send + 'static>(
        &self,
        handle: &Handle<M>,
        make: impl FnOnce(Reply<T>) -> M,
    ) -> T {
        let why = match handle.try_ask(make) {
            Ok(answer) => match self.try_run(MOST_TIME, answer) {
                Ok(Ok(answer)) => return answer,
                Ok(Err(_dropped)) => "the actor dropped the reply",
                Err(why) => why,
            },
            Err(TryTellError::Full(_)) => "the lane is full",
            Err(TryTellError::Closed(_)) => "the actor has ended",
        };
        let first = format!("the ask has no answer: {why}");
        panic!("{}", self.describe(Text::new(first)).into_string())
    }
}
