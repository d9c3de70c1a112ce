//! One attached stream, with the function for its messages. Foreign code runs contained.

use std::pin::Pin;
use std::task::{Context, Poll};

use futures::Stream;
use pin_project::pin_project;

use crate::actor::streams::event::Streamed;
use crate::panic::{Contained, Panicked, contained};

/// A stream whose items are messages.
pub(super) trait Source<M> {
    /// Pulls at most one item.
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Pulled<M>>;
}

/// What a poll of a stream has yielded.
pub(super) enum Pulled<M> {
    Item(M),
    /// The stream is over, with a message or in silence.
    Last(Option<M>),
    /// The stream panicked, or the function did, and no message could be made.
    Lost,
}

/// The function for the messages of a stream.
pub(super) trait IntoMessage<T, M> {
    fn item(&mut self, item: T) -> M;
    /// Makes the message of the last event, or none.
    fn last(&mut self, event: Streamed<T>) -> Option<M>;
}

/// A function of all events.
pub(super) struct OfEvents<F>(pub(super) F);

impl<T, M, F: FnMut(Streamed<T>) -> M> IntoMessage<T, M> for OfEvents<F> {
    fn item(&mut self, item: T) -> M {
        (self.0)(Streamed::Item(item))
    }

    fn last(&mut self, event: Streamed<T>) -> Option<M> {
        Some((self.0)(event))
    }
}

/// A function of the items. The end is silent.
pub(super) struct OfItems<F>(pub(super) F);

impl<T, M, F: FnMut(T) -> M> IntoMessage<T, M> for OfItems<F> {
    fn item(&mut self, item: T) -> M {
        (self.0)(item)
    }

    fn last(&mut self, _event: Streamed<T>) -> Option<M> {
        None
    }
}

#[pin_project]
pub(super) struct Attachment<S, I> {
    #[pin]
    stream: S,
    /// Its drop follows that of the stream, which may panic.
    into_message: Contained<I>,
}

impl<S, I> Attachment<S, I> {
    pub(super) fn new(stream: S, into_message: I) -> Self {
        Self { stream, into_message: Contained::new(into_message) }
    }
}

impl<M, S: Stream, I: IntoMessage<S::Item, M>> Source<M> for Attachment<S, I> {
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Pulled<M>> {
        let this = self.project();
        let into = this.into_message.get_mut();
        let panicked = match contained(|| this.stream.poll_next(cx)) {
            Ok(Poll::Pending) => return Poll::Pending,
            Ok(Poll::Ready(None)) => {
                let last = contained(|| into.last(Streamed::Ended));
                return Poll::Ready(last.map_or(Pulled::Lost, Pulled::Last));
            }
            Ok(Poll::Ready(Some(item))) => match contained(|| into.item(item)) {
                Ok(message) => return Poll::Ready(Pulled::Item(message)),
                Err(panicked) => panicked,
            },
            Err(panicked) => panicked,
        };
        let last = contained(|| into.last(Streamed::Panicked(panicked.0)));
        Poll::Ready(match last {
            Ok(Some(message)) => Pulled::Last(Some(message)),
            // A panic is never silent.
            Ok(None) | Err(Panicked(_)) => Pulled::Lost,
        })
    }
}
