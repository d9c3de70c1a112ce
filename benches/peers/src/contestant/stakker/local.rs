//! Everything on one thread, in stakker's own way: deferred calls, and answers as further calls.

use std::cell::Cell;
use std::rc::Rc;

use stakker::{
    Actor, ActorOwn, CX, Ret, Stakker, actor, call, ret, ret_nop, ret_some_do, ret_some_to,
};

use crate::actor::Parcel;
use crate::measure::{Sample, Span, counting, live_bytes, now};
use crate::stage::{Stage, on_stage, open};
use crate::workload::BATCH;

use super::stage::{StakkerStage, with};

/// Adds numbers, answers with their sum, and passes hops on.
struct Adder {
    sum: u64,
    next: Option<Actor<Adder>>,
}

impl Adder {
    fn init(_cx: CX![]) -> Option<Self> {
        Some(Self { sum: 0, next: None })
    }

    fn take(&mut self, _cx: CX![], parcel: Parcel) {
        if let Parcel::Add(number) = parcel {
            self.sum += number;
        }
    }

    fn sum(&mut self, _cx: CX![], asker: Ret<u64>) {
        ret!([asker], self.sum);
    }

    fn precede(&mut self, _cx: CX![], next: Option<Actor<Adder>>) {
        self.next = next;
    }

    fn hop(&mut self, _cx: CX![], left: u64) {
        match &self.next {
            Some(next) if left > 0 => call!([next], hop(left - 1)),
            _ => {}
        }
    }
}

/// Asks `at_once` times, and again after the last of these answers.
struct Asker {
    adder: Actor<Adder>,
    at_once: u64,
    unanswered: u64,
    left: u64,
}

impl Asker {
    fn init(_cx: CX![], adder: Actor<Adder>, at_once: u64, asks: u64) -> Option<Self> {
        Some(Self { adder, at_once, unanswered: 0, left: asks })
    }

    fn ask(&mut self, cx: CX![]) {
        for _ in 0..self.at_once {
            call!([self.adder], sum(ret_some_to!([cx], answered() as (u64))));
        }
        self.unanswered = self.at_once;
        self.left -= self.at_once;
    }

    fn answered(&mut self, cx: CX![], sum: u64) {
        assert_eq!(sum, 0, "nothing was added");
        self.unanswered -= 1;
        if self.unanswered == 0 && self.left > 0 {
            self.ask(cx);
        }
    }
}

/// Defers a batch of calls and runs them, repeatedly.
pub(super) fn tell(n: u64) -> Sample {
    let n = (n / BATCH).max(1) * BATCH;
    on_stakker(move |stakker| {
        let adder = adder(stakker);
        let span = Span::begin();
        for batch in 0..n / BATCH {
            for number in batch * BATCH..(batch + 1) * BATCH {
                call!([adder], take(Parcel::Add(number)));
            }
            stakker.run(now().instant(), false);
        }
        let sample = span.end(n);
        let sum = adder.query(stakker, |adder, _cx| adder.sum);
        assert_eq!(sum, Some(n * (n - 1) / 2), "a message was lost, doubled or changed");
        sample
    })
}

/// Asks from another actor.
pub(super) fn ask(n: u64, at_once: u64) -> Sample {
    on_stakker(move |stakker| {
        let adder = adder(stakker);
        let n = (n / at_once).max(1) * at_once;
        let asker = actor!(stakker, Asker::init(adder.clone(), at_once, n), ret_nop!());
        stakker.run(now().instant(), false);
        let span = Span::begin();
        call!([asker], ask());
        stakker.run(now().instant(), false);
        let sample = span.end(n);
        let left = asker.query(stakker, |asker, _cx| asker.left + asker.unanswered);
        assert_eq!(left, Some(0), "every ask is answered");
        sample
    })
}

/// Passes a number round a ring of two.
pub(super) fn hop(n: u64) -> Sample {
    on_stakker(move |stakker| {
        let (first, second) = (adder(stakker), adder(stakker));
        call!([first], precede(Some(second.clone())));
        call!([second], precede(Some(first.clone())));
        stakker.run(now().instant(), false);
        let span = Span::begin();
        call!([first], hop(n));
        stakker.run(now().instant(), false);
        let sample = span.end(n);
        call!([first], precede(None));
        stakker.run(now().instant(), false);
        sample
    })
}

/// Starts actors, drops them, and counts the reported ends.
pub(super) fn life(n: u64) -> Sample {
    on_stakker(move |stakker| {
        let mut actors = Vec::with_capacity(places(n));
        let ended = Rc::new(Cell::new(0));
        let span = Span::begin();
        for _ in 0..n {
            let ended = Rc::clone(&ended);
            let on_end = ret_some_do!(move |_cause| ended.set(ended.get() + 1));
            actors.push(actor!(stakker, Adder::init(), on_end));
        }
        stakker.run(now().instant(), false);
        drop(actors);
        stakker.run(now().instant(), false);
        assert_eq!(ended.get(), n, "every actor has ended");
        span.end(n)
    })
}

/// The heap used by actors, and by a further reference to each.
pub(super) fn idle_bytes(n: u64) -> Sample {
    counting(|| {
        on_stakker(move |stakker| {
            let mut actors = Vec::with_capacity(places(n));
            let mut further = Vec::with_capacity(places(n));
            let span = Span::begin();
            let before = live_bytes();
            for _ in 0..n {
                actors.push(actor!(stakker, Adder::init(), ret_nop!()));
            }
            stakker.run(now().instant(), false);
            let idle = live_bytes();
            further.extend(actors.iter().map(|actor: &ActorOwn<Adder>| Actor::clone(actor)));
            let figures = [idle - before, live_bytes() - idle].map(|bytes| each(bytes, n));
            span.end_with(n, figures)
        })
    })
}

fn adder(stakker: &mut Stakker) -> ActorOwn<Adder> {
    let adder = actor!(stakker, Adder::init(), ret_nop!());
    stakker.run(now().instant(), false);
    adder
}

fn on_stakker(work: impl FnOnce(&mut Stakker) -> Sample + Send + 'static) -> Sample {
    let stage = open::<StakkerStage>();
    let sample = on_stage(&stage, move |()| async move { with(work) });
    stage.close();
    sample
}

fn places(n: u64) -> usize {
    usize::try_from(n).expect("a thousand")
}

#[expect(clippy::cast_precision_loss, reason = "byte counts are far below 2^53")]
fn each(bytes: i64, n: u64) -> f64 {
    bytes as f64 / n as f64
}
