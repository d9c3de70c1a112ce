//! A connection's socket, request bodies and answer bodies. Each reports to the connection's
//! [`Activity`].

use std::io;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};
use std::time::Duration;

use hyper::body::{Body, Bytes, Frame, SizeHint};
use hyper::rt::{Read, ReadBufCursor, Write};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tokio::time::{Instant, Sleep, sleep};

use crate::api::activity::Activity;

/// A socket whose writes end with an error if the client does not read for too long.
pub(super) struct Socket<F> {
    stream: TokioIo<TcpStream>,
    activity: Rc<Activity>,
    /// Called when an answer begins to wait for the client to read.
    on_blocked: F,
    patience: Duration,
    /// Armed while an answer waits for the client to read.
    give_up: Option<Pin<Box<Sleep>>>,
}

impl<F: Fn() + Unpin> Socket<F> {
    pub(super) fn new(
        stream: TcpStream,
        activity: Rc<Activity>,
        patience: Duration,
        on_blocked: F,
    ) -> Self {
        Self { stream: TokioIo::new(stream), activity, on_blocked, patience, give_up: None }
    }

    fn observe(
        &mut self,
        cx: &mut Context<'_>,
        written: Poll<io::Result<usize>>,
    ) -> Poll<io::Result<usize>> {
        match written {
            Poll::Ready(Ok(bytes)) => {
                self.give_up = None;
                self.activity.wrote(bytes, Instant::now());
                Poll::Ready(Ok(bytes))
            }
            Poll::Ready(Err(error)) => Poll::Ready(Err(error)),
            Poll::Pending => {
                if self.activity.blocked() {
                    (self.on_blocked)();
                }
                let patience = self.patience;
                let give_up = self.give_up.get_or_insert_with(|| Box::pin(sleep(patience)));
                give_up.as_mut().poll(cx).map(|()| Err(io::ErrorKind::TimedOut.into()))
            }
        }
    }
}

impl<F: Unpin> Read for Socket<F> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: ReadBufCursor<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(cx, buffer)
    }
}

impl<F: Fn() + Unpin> Write for Socket<F> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write(cx, bytes);
        self.observe(cx, written)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write_vectored(cx, bytes);
        self.observe(cx, written)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let flushed = Pin::new(&mut self.stream).poll_flush(cx);
        if matches!(flushed, Poll::Ready(Ok(()))) {
            self.activity.flushed(Instant::now());
        }
        flushed
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}

/// A request's body. At its end the request is complete.
pub(super) struct RequestBody<B> {
    body: B,
    activity: Rc<Activity>,
}

impl<B: Body + Unpin> RequestBody<B> {
    pub(super) fn new(body: B, activity: Rc<Activity>) -> Self {
        if body.is_end_stream() {
            activity.received();
        }
        Self { body, activity }
    }
}

impl<B: Body<Data = Bytes> + Unpin> Body for RequestBody<B> {
    type Data = Bytes;
    type Error = B::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, B::Error>>> {
        let frame = Pin::new(&mut self.body).poll_frame(cx);
        if frame.is_ready() && self.body.is_end_stream() {
            self.activity.received();
        }
        frame
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

/// An answer's body. The server drops it when it has all its bytes.
pub(super) struct AnswerBody<B> {
    body: B,
    activity: Rc<Activity>,
}

impl<B> AnswerBody<B> {
    /// Records the answer with the activity.
    pub(super) fn new(body: B, activity: Rc<Activity>) -> Self {
        activity.answered(Instant::now());
        Self { body, activity }
    }
}

impl<B: Body<Data = Bytes> + Unpin> Body for AnswerBody<B> {
    type Data = Bytes;
    type Error = B::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, B::Error>>> {
        Pin::new(&mut self.body).poll_frame(cx)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

impl<B> Drop for AnswerBody<B> {
    fn drop(&mut self) {
        self.activity.handed_over();
    }
}
