//! Requests and answers arriving on a stream, decoded by the codec for libp2p.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use futures::FutureExt as _;
use futures::io::AsyncRead;
use libp2p::request_response::Codec as _;

use crate::split_choice;
use network::{Answer, Codec, MAX_ANSWER_SIZE, SlotRange, Status};
use wire::request::{Request, RequestKind};
use wire::response::MAX_ERROR_MESSAGE_SIZE;
use wire::{MAX_PAYLOAD_SIZE, MAX_REQUEST_BLOCKS};

/// A stream that returns a few bytes per read, like a network.
struct Piecewise<'a> {
    rest: &'a [u8],
    most: usize,
}

impl AsyncRead for Piecewise<'_> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
        out: &mut [u8],
    ) -> Poll<io::Result<usize>> {
        let size = self.rest.len().min(self.most).min(out.len());
        let (read, rest) = self.rest.split_at(size);
        out[..size].copy_from_slice(read);
        self.rest = rest;
        Poll::Ready(Ok(size))
    }
}

/// Returns the output of an I/O future. The future must never return `Pending`.
fn at_once<T>(reading: impl Future<Output = T>) -> T {
    reading.now_or_never().expect("a stream of bytes in memory makes nobody wait")
}

fn kind(choice: u8) -> RequestKind {
    RequestKind::ALL[usize::from(choice) % RequestKind::ALL.len()]
}

/// Checks a request on a stream. The first byte selects the kind of request and the size of the
/// pieces.
pub fn request_stream(bytes: &[u8]) {
    let (choice, sent) = split_choice(bytes);
    let kind = kind(choice);
    let read = |mut bytes: &[u8]| at_once(Codec::default().read_request(&kind, &mut bytes));
    let whole = read(sent);
    let mut pieces = Piecewise { rest: sent, most: 1 + usize::from(choice / 3) };
    let piecewise = at_once(Codec::default().read_request(&kind, &mut pieces));
    assert_eq!(
        whole.as_ref().ok(),
        piecewise.as_ref().ok(),
        "what is read depends on how it arrives"
    );
    let Ok(Ok(request)) = whole else { return };
    assert_eq!(request.kind(), kind);
    if let Request::BlocksByRoot(roots) = &request {
        assert!(roots.len() <= MAX_REQUEST_BLOCKS);
    }
    let mut written = Vec::new();
    at_once(Codec::default().write_request(&kind, &mut written, Ok(request.clone())))
        .expect("it was read");
    assert_eq!(
        read(&written).expect("memory does not fail"),
        Ok(request),
        "another request comes back"
    );
}

/// Checks an answer on a stream. The first byte selects the kind of request and the size of the
/// pieces, the second the number of requested blocks.
pub fn response_stream(bytes: &[u8]) {
    let (choice, rest) = split_choice(bytes);
    let (asked, sent) = split_choice(rest);
    let kind = kind(choice);
    let most = if kind == RequestKind::Status { 1 } else { usize::from(asked) };
    let whole = read_answer(kind, asked, &mut { sent });
    let piecewise =
        read_answer(kind, asked, &mut Piecewise { rest: sent, most: 1 + usize::from(choice / 3) });
    assert_eq!(
        whole.as_ref().ok(),
        piecewise.as_ref().ok(),
        "what is read depends on how it arrives"
    );
    let Ok(answer) = whole else { return };
    assert!(answer.chunks.len() <= most, "more blocks than were asked for");
    assert!(answer.chunks.iter().all(|ssz| ssz.len() <= MAX_PAYLOAD_SIZE));
    assert!(answer.size() <= MAX_ANSWER_SIZE + MAX_PAYLOAD_SIZE);
    if let Some(error) = &answer.error {
        assert!(error.message.len() <= MAX_ERROR_MESSAGE_SIZE);
    }
    if let (RequestKind::Status, Some(ssz)) = (kind, answer.chunks.first())
        && let Ok(status) = Status::from_ssz(ssz)
    {
        assert_eq!(status.to_ssz(), ssz.as_slice(), "two encodings of one status");
    }
    // A full answer may be truncated when it is written, as intended.
    if answer.size() < MAX_ANSWER_SIZE {
        let mut written = Vec::new();
        let (chunks, error) = (answer.chunks.clone(), answer.error.clone());
        at_once(Codec::default().write_response(&kind, &mut written, Answer { chunks, error }))
            .expect("it was read");
        let again = read_answer(kind, asked, &mut written.as_slice()).expect("it was just written");
        assert_eq!(again, answer, "another answer comes back");
    }
}

/// Reads an answer as the sender of a request for `asked` blocks.
fn read_answer(
    kind: RequestKind,
    asked: u8,
    stream: &mut (impl AsyncRead + Unpin + Send),
) -> io::Result<Answer> {
    let mut codec = Codec::default();
    let request = Request::BlocksByRange(SlotRange { start_slot: 0, count: asked.into() });
    at_once(codec.write_request(&RequestKind::BlocksByRange, &mut Vec::new(), Ok(request)))
        .expect("it is short");
    at_once(codec.read_response(&kind, stream))
}
