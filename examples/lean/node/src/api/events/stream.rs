//! The stream of events for one client, as the body of its answer.

use std::convert::Infallible;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};

use futures::FutureExt as _;
use hyper::body::{Body, Bytes, Frame};
use tokio::time::{Instant, Sleep, sleep_until};

use crate::api::connection::Stop;
use crate::api::events::board::{Board, Taken};
use crate::api::events::viewers::Viewing;

/// The first line: the time for a client to wait before it connects again, in milliseconds.
const RETRY: &[u8] = b"retry: 1000\n\n";

/// Events until the end of the connection's life or of the API. It holds no event: the server asks
/// for the next text once the connection has room for it.
pub(in crate::api) struct EventStream {
    board: Rc<Board>,
    taken: Taken,
    has_begun: bool,
    next: Pin<Box<Sleep>>,
    end: Pin<Box<Sleep>>,
    stop: Stop,
    _viewing: Viewing,
}

impl EventStream {
    /// Creates a stream that lasts until `end`, or until the API stops.
    pub(in crate::api) fn new(
        board: Rc<Board>,
        viewing: Viewing,
        end: Instant,
        stop: Stop,
    ) -> Self {
        let next = Box::pin(sleep_until(Instant::now()));
        let end = Box::pin(sleep_until(end));
        Self {
            board,
            taken: Taken::default(),
            has_begun: false,
            next,
            end,
            stop,
            _viewing: viewing,
        }
    }
}

impl Body for EventStream {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        let this = &mut *self;
        if this.stop.poll_unpin(cx).is_ready() || this.end.as_mut().poll(cx).is_ready() {
            return Poll::Ready(None);
        }
        if !std::mem::replace(&mut this.has_begun, true) {
            return Poll::Ready(Some(Ok(Frame::data(Bytes::from_static(RETRY)))));
        }
        loop {
            let now = Instant::now();
            if let Some(text) = this.board.next(&mut this.taken, now) {
                return Poll::Ready(Some(Ok(Frame::data(text))));
            }
            this.next.as_mut().reset(this.board.due(now));
            if this.next.as_mut().poll(cx).is_pending() {
                return Poll::Pending;
            }
        }
    }
}
