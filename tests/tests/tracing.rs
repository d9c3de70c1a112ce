//! Spans of messages, with a real subscriber. Each test has a subscriber of its own, on its thread
//! and on those of its actors.

use std::fmt::Debug;
use std::sync::mpsc::{Receiver, SyncSender};

use actor_lanes::observe::{Spans, Trace};
use actor_lanes::reply::Answer;
use actor_lanes::{Actor, Context, Executor, Handle, Message, Reply, Runtime, Spawn, mailbox};
use actor_tests::{end_of, executor, on_every_runtime, signal, wait};
use tracing::dispatcher::DefaultGuard;
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Dispatch, Event, Subscriber, dispatcher, info, info_span};
use tracing_subscriber::Registry;
use tracing_subscriber::layer::{Context as Of, Layer, SubscriberExt as _};
use tracing_subscriber::registry::LookupSpan;

on_every_runtime! {
    a_span_follows_a_message_from_its_sender_into_its_handler,
    a_span_is_left_while_its_handler_waits,
    a_span_closes_with_the_end_of_its_handler,
}

/// Sends a line for each event, with the names of the spans around it, and for each closed span.
struct Lines(SyncSender<String>);

fn subscriber() -> (Dispatch, Receiver<String>) {
    let (told, tells) = signal();
    (Dispatch::new(Registry::default().with(Lines(told))), tells)
}

#[derive(Default)]
struct Text {
    message: String,
    name: String,
}

impl Visit for Text {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        match field.name() {
            "message" => self.message = format!("{value:?}"),
            "otel.name" => self.name = format!("{value:?}"),
            "end" => self.name = format!(" {value:?}"),
            _ => {}
        }
    }
}

/// The name of a span.
struct Name(String);

impl<S: Subscriber + for<'a> LookupSpan<'a>> Layer<S> for Lines {
    fn on_new_span(&self, attributes: &Attributes<'_>, id: &Id, of: Of<'_, S>) {
        let mut text = Text::default();
        attributes.record(&mut text);
        let name = attributes.metadata().name();
        let name = if text.name.is_empty() { name.to_owned() } else { text.name };
        of.span(id).expect("it is new").extensions_mut().insert(Name(name));
    }

    fn on_record(&self, id: &Id, record: &Record<'_>, of: Of<'_, S>) {
        let mut text = Text::default();
        record.record(&mut text);
        let span = of.span(id).expect("it is open");
        span.extensions_mut().get_mut::<Name>().expect("it has one").0.push_str(&text.name);
    }

    fn on_event(&self, event: &Event<'_>, of: Of<'_, S>) {
        let mut text = Text::default();
        event.record(&mut text);
        let mut line = text.message;
        for span in of.event_scope(event).into_iter().flatten() {
            line = format!("{line} < {}", span.extensions().get::<Name>().expect("it has one").0);
        }
        self.0.send(line).expect("the test waits");
    }

    fn on_close(&self, id: Id, of: Of<'_, S>) {
        let span = of.span(&id).expect("it closes");
        let line = format!("closed {}", span.extensions().get::<Name>().expect("it has one").0);
        // A span may close after its test.
        drop(self.0.send(line));
    }
}

enum Work {
    /// Logs its text, waits for the answer, and logs again.
    Log(&'static str, Answer<()>, Trace),
    /// Passes on a message with the trace of this one.
    Pass(Handle<Self>, Box<Self>, Trace),
    Panic,
}

impl Message for Work {
    const KINDS: &'static [&'static str] = &["Log", "Pass", "Panic"];

    fn kind(&self) -> usize {
        match self {
            Self::Log(..) => 0,
            Self::Pass(..) => 1,
            Self::Panic => 2,
        }
    }
}

impl Work {
    fn log(text: &'static str) -> (Self, Reply<()>) {
        let (reply, answer) = Reply::pair();
        (Self::Log(text, answer, Trace::here()), reply)
    }

    fn trace(&self) -> Option<&Trace> {
        match self {
            Self::Log(_, _, trace) | Self::Pass(_, _, trace) => Some(trace),
            Self::Panic => None,
        }
    }

    fn traced(mut self, here: Trace) -> Self {
        if let Self::Log(_, _, trace) | Self::Pass(_, _, trace) = &mut self {
            *trace = here;
        }
        self
    }
}

/// Has its thread's subscriber.
struct Worker {
    _subscriber: DefaultGuard,
}

impl Actor for Worker {
    type Message = Work;

    async fn handle(&mut self, work: Work, _cx: &mut Context<Work>) {
        match work {
            Work::Log(text, wait, _trace) => {
                info!("{text} begins");
                _ = wait.await;
                info!("{text} ends");
            }
            Work::Pass(to, work, _trace) => {
                to.try_tell(work.traced(Trace::here())).expect("there is room");
            }
            Work::Panic => panic!("it panicked"),
        }
    }
}

fn worker(
    executor: &std::sync::Arc<dyn Executor>,
    name: &'static str,
    subscriber: &Dispatch,
) -> (Handle<Work>, actor_lanes::Running) {
    let (worker, worker_mailbox) = mailbox();
    let subscriber = subscriber.clone();
    let spawn = Spawn::new(worker_mailbox).named(name).observed(Spans::new().parent(Work::trace));
    let make = move || Worker { _subscriber: dispatcher::set_default(&subscriber) };
    (worker, spawn.start(executor, make).expect("the executor runs"))
}

fn a_span_follows_a_message_from_its_sender_into_its_handler(runtime: &dyn Runtime) {
    let (subscriber, lines) = subscriber();
    let (near, far) = (executor(runtime), executor(runtime));
    let (first, first_runs) = worker(&near, "first", &subscriber);
    let (second, second_runs) = worker(&far, "second", &subscriber);
    let (work, release) = Work::log("work");
    release.send(());
    dispatcher::with_default(&subscriber, || {
        info_span!("request").in_scope(|| {
            let pass = Work::Pass(second.clone(), Box::new(work), Trace::here());
            first.try_tell(pass).expect("there is room");
        });
    });
    drop((first, second));
    _ = end_of(&first_runs);
    _ = end_of(&second_runs);
    let lines: Vec<_> = lines.try_iter().filter(|line| line.starts_with("work")).collect();
    let path = "< second Log < first Pass < request";
    assert_eq!(lines, [format!("work begins {path}"), format!("work ends {path}")]);
}

fn a_span_is_left_while_its_handler_waits(runtime: &dyn Runtime) {
    let (subscriber, lines) = subscriber();
    let executor = executor(runtime);
    // Two actors on one thread, each with a waiting handler.
    let (one, one_runs) = worker(&executor, "one", &subscriber);
    let (other, other_runs) = worker(&executor, "other", &subscriber);
    let ((work, release), (more, release_more)) = (Work::log("work"), Work::log("more"));
    one.try_tell(work).expect("there is room");
    assert_eq!(wait(&lines), "work begins < one Log");
    other.try_tell(more).expect("there is room");
    assert_eq!(wait(&lines), "more begins < other Log");
    release.send(());
    assert_eq!(wait(&lines), "work ends < one Log");
    assert_eq!(wait(&lines), "closed one Log");
    release_more.send(());
    assert_eq!(wait(&lines), "more ends < other Log");
    drop((one, other));
    _ = end_of(&one_runs);
    _ = end_of(&other_runs);
}

fn a_span_closes_with_the_end_of_its_handler(runtime: &dyn Runtime) {
    let (subscriber, lines) = subscriber();
    let executor = executor(runtime);
    let (panics, panics_runs) = worker(&executor, "panics", &subscriber);
    panics.try_tell(Work::Panic).expect("there is room");
    _ = end_of(&panics_runs);
    assert_eq!(wait(&lines), "closed panics Panic \"panicked\"");
    let (waits, waits_runs) = worker(&executor, "waits", &subscriber);
    let (work, _release) = Work::log("work");
    waits.try_tell(work).expect("there is room");
    assert_eq!(wait(&lines), "work begins < waits Log");
    waits_runs.kill();
    _ = end_of(&waits_runs);
    assert_eq!(wait(&lines), "closed waits Log \"dropped\"");
}
