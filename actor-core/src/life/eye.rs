//! The observer of an actor, as the loop calls it.
//!
//! The loop is compiled for its kind of eye. With `()`, nothing of this is in the program.
//!
//! The loop, the future of the handler in flight and a batch share the observer, all in one task.
//! So it is in a cell, and each call takes it out: a call never meets another one. A panic drops
//! the observer, and the actor goes on without it.

use std::cell::Cell;
use std::future::Future;
use std::marker::PhantomData;
use std::pin::Pin;
use std::rc::Rc;
use std::sync::Arc;
use std::task::{Context as Task, Poll};
use std::thread::panicking;
use std::time::Duration;

use pin_project::{pin_project, pinned_drop};

use crate::actor::observer::{Begun, HandlerEnd, Observer};
use crate::actor::{Actor, Context, Noting, Outcome};
use crate::mailbox::Message;
use crate::mailbox::exit::ExitReason;
use crate::panic::{Contained, contained};
use crate::runtime::Executor;

/// Sees an actor at work.
pub(crate) trait Eye<M: Message>: Clone {
    /// Whether there is an observer at all.
    const SEES: bool;

    /// Called with a message before its handler runs. `begun` states the actor, and the lane.
    fn began<'a>(&self, message: &M, begun: impl FnOnce() -> Site<'a>);

    /// Returns the handler of a message, as [`around`](Self::around) does. It makes the handler
    /// itself, because a handler passed in would be moved once more.
    fn handle<O: Outcome, A: Actor<O, Message = M>>(
        self,
        actor: &mut A,
        message: M,
        cx: &mut Context<M>,
    ) -> impl Future<Output = O>;

    /// Returns the handler, with the observer's calls around its polls and at its end.
    fn around<O: Outcome, F: Future<Output = O>>(self, handler: F) -> impl Future<Output = O>;

    fn timer_late(&self, by: impl FnOnce() -> Option<Duration>);

    fn life_began(&self, name: Option<&Arc<str>>);

    fn life_ended(&self, reason: &ExitReason);
}

/// Where a message is handled.
#[derive(Clone, Copy)]
pub(crate) struct Site<'a> {
    pub(crate) actor: Option<&'a Arc<str>>,
    pub(crate) lane: &'static str,
    pub(crate) clock: &'a dyn Executor,
}

/// No observer.
impl<M: Message> Eye<M> for () {
    const SEES: bool = false;

    #[inline(always)]
    fn began<'a>(&self, _message: &M, _begun: impl FnOnce() -> Site<'a>) {}

    #[inline(always)]
    fn handle<O: Outcome, A: Actor<O, Message = M>>(
        self,
        actor: &mut A,
        message: M,
        cx: &mut Context<M>,
    ) -> impl Future<Output = O> {
        actor.handle(message, cx)
    }

    #[inline(always)]
    fn around<O: Outcome, F: Future<Output = O>>(self, handler: F) -> impl Future<Output = O> {
        handler
    }

    #[inline(always)]
    fn timer_late(&self, _by: impl FnOnce() -> Option<Duration>) {}

    #[inline(always)]
    fn life_began(&self, _name: Option<&Arc<str>>) {}

    #[inline(always)]
    fn life_ended(&self, _reason: &ExitReason) {}
}

/// An observer, with the state of the message in its handler.
pub(crate) struct Observing<O> {
    /// `None` during a call, and after a panic.
    observer: Cell<Option<Contained<O>>>,
    in_hand: Cell<InHand>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum InHand {
    Nothing,
    Runs,
    Waits,
}

impl<O> Observing<O> {
    pub(crate) fn new(observer: O) -> Rc<Self> {
        let observer = Cell::new(Some(Contained::new(observer)));
        Rc::new(Self { observer, in_hand: Cell::new(InHand::Nothing) })
    }

    fn call(&self, call: impl FnOnce(&mut O)) {
        let Some(mut observer) = self.observer.take() else { return };
        // The panic hook has reported any panic. The observer is dropped then.
        if contained(|| call(observer.get_mut())).is_ok() {
            self.observer.set(Some(observer));
        }
    }

    fn pause<M: Message>(&self)
    where
        O: Observer<M>,
    {
        if self.in_hand.get() == InHand::Runs {
            self.in_hand.set(InHand::Waits);
            self.call(O::paused);
        }
    }

    fn resume<M: Message>(&self)
    where
        O: Observer<M>,
    {
        if self.in_hand.get() == InHand::Waits {
            self.in_hand.set(InHand::Runs);
            self.call(O::resumed);
        }
    }

    fn end<M: Message>(&self, end: HandlerEnd)
    where
        O: Observer<M>,
    {
        if self.in_hand.replace(InHand::Nothing) != InHand::Nothing {
            self.call(|observer| observer.ended(end));
        }
    }
}

impl<M: Message, O: Observer<M>> Eye<M> for Rc<Observing<O>> {
    const SEES: bool = true;

    fn began<'a>(&self, message: &M, begun: impl FnOnce() -> Site<'a>) {
        // The message before it in a batch.
        self.end(HandlerEnd::Returned);
        let Site { actor, lane, clock } = begun();
        self.in_hand.set(InHand::Runs);
        self.call(|observer| {
            let kind = M::KINDS.get(message.kind()).copied();
            observer.began(message, &Begun::new(actor, lane, kind, clock));
        });
    }

    fn handle<R: Outcome, A: Actor<R, Message = M>>(
        self,
        actor: &mut A,
        message: M,
        cx: &mut Context<M>,
    ) -> impl Future<Output = R> {
        self.around(actor.handle(message, cx))
    }

    fn around<R: Outcome, F: Future<Output = R>>(self, handler: F) -> impl Future<Output = R> {
        Around { handler: Some(handler), eye: self, message: PhantomData::<fn(M)> }
    }

    fn timer_late(&self, by: impl FnOnce() -> Option<Duration>) {
        if let Some(by) = by() {
            self.call(|observer| observer.timer_late(by));
        }
    }

    fn life_began(&self, name: Option<&Arc<str>>) {
        self.call(|observer| observer.life_began(name));
    }

    fn life_ended(&self, reason: &ExitReason) {
        self.call(|observer| observer.life_ended(reason));
    }
}

/// A handler whose polls are observed.
#[pin_project(PinnedDrop)]
struct Around<F, O: Observer<M>, M: Message> {
    /// `None` once dropped.
    #[pin]
    handler: Option<F>,
    eye: Rc<Observing<O>>,
    message: PhantomData<fn(M)>,
}

impl<R: Outcome, F: Future<Output = R>, O: Observer<M>, M: Message> Future for Around<F, O, M> {
    type Output = R;

    fn poll(self: Pin<&mut Self>, task: &mut Task<'_>) -> Poll<R> {
        let this = self.project();
        let Some(handler) = this.handler.as_pin_mut() else { return Poll::Pending };
        this.eye.resume();
        let polled = handler.poll(task);
        match &polled {
            Poll::Pending => this.eye.pause(),
            Poll::Ready(outcome) if outcome.is_failure() => this.eye.end(HandlerEnd::Failed),
            Poll::Ready(_) => this.eye.end(HandlerEnd::Returned),
        }
        polled
    }
}

#[pinned_drop]
impl<F, O: Observer<M>, M: Message> PinnedDrop for Around<F, O, M> {
    /// The handler's values may run code of the program at their drop, so they are dropped first,
    /// and the end is reported in any case.
    fn drop(self: Pin<&mut Self>) {
        struct End<'a, O: Observer<M>, M: Message>(&'a Observing<O>, PhantomData<fn(M)>);
        impl<O: Observer<M>, M: Message> Drop for End<'_, O, M> {
            fn drop(&mut self) {
                let end = if panicking() { HandlerEnd::Panicked } else { HandlerEnd::Dropped };
                self.0.end(end);
            }
        }

        let mut this = self.project();
        this.eye.resume();
        let _end = End(this.eye, PhantomData);
        this.handler.set(None);
    }
}

/// What sees each message of a batch: the hook for the message in hand, and the observer.
pub(crate) struct BatchNotes<'a, M, E> {
    pub(crate) noting: Option<&'a mut dyn Noting<M>>,
    pub(crate) eye: E,
    pub(crate) site: Site<'a>,
}

impl<M: Message, E: Eye<M>> BatchNotes<'_, M, E> {
    /// Returns the notes, if there is anything to be called.
    #[inline(always)]
    pub(crate) fn if_any(&mut self) -> Option<&mut dyn Noting<M>> {
        if E::SEES {
            return Some(self);
        }
        match &mut self.noting {
            Some(noting) => Some(&mut **noting),
            None => None,
        }
    }
}

impl<M: Message, E: Eye<M>> Noting<M> for BatchNotes<'_, M, E> {
    fn took_first(&mut self, message: &M) {
        self.eye.began(message, || self.site);
    }

    fn note(&mut self, message: &M) {
        if let Some(noting) = &mut self.noting {
            noting.note(message);
        }
        self.eye.began(message, || self.site);
    }
}
