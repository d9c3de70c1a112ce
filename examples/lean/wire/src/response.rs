//! Responses: a sequence of chunks, each with its own code.

use futures::{
    FutureExt,
    io::{AsyncRead, AsyncReadExt},
};

use crate::{
    WireError,
    payload::{ReadError, read_payload, write_payload},
    request::whole,
};

/// The most bytes of an error's text.
///
/// The specification's `MAX_ERROR_MESSAGE_SIZE`.
pub const MAX_ERROR_MESSAGE_SIZE: usize = 256;

/// The result of a response chunk, in its first byte.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ResponseCode {
    /// The payload is the requested data.
    Success,
    /// The request was malformed; the payload is a text.
    InvalidRequest,
    /// The other node failed; the payload is a text.
    ServerError,
    /// The other node does not have the requested data; the payload is a text.
    ResourceUnavailable,
}

impl ResponseCode {
    /// Returns the byte of this code.
    #[must_use]
    pub fn to_byte(self) -> u8 {
        match self {
            Self::Success => 0,
            Self::InvalidRequest => 1,
            Self::ServerError => 2,
            Self::ResourceUnavailable => 3,
        }
    }

    /// Returns the code of a byte.
    ///
    /// Unknown bytes are errors as well: by the specification, 4 to 127 are a server error and the
    /// rest an invalid request.
    #[must_use]
    pub fn from_byte(byte: u8) -> Self {
        match byte {
            0 => Self::Success,
            1 | 128..=255 => Self::InvalidRequest,
            3 => Self::ResourceUnavailable,
            2 | 4..=127 => Self::ServerError,
        }
    }
}

/// A chunk with an error instead of data.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{code:?}: {message}")]
pub struct ErrorChunk {
    /// The error; never [`ResponseCode::Success`].
    pub code: ResponseCode,
    /// The description of the error, for people to read. Its first [`MAX_ERROR_MESSAGE_SIZE`]
    /// bytes are sent.
    pub message: String,
}

impl ErrorChunk {
    /// Returns the error with `code` and the characters of `message` that begin within the limit.
    #[must_use]
    pub fn new(code: ResponseCode, message: &str) -> Self {
        let mut end = message.len().min(MAX_ERROR_MESSAGE_SIZE);
        while !message.is_char_boundary(end) {
            end += 1;
        }
        Self { code, message: message[..end].to_owned() }
    }

    /// Returns the text as sent: cut at the limit, possibly within a character, as in the
    /// specification's node.
    fn text(&self) -> &[u8] {
        let text = self.message.as_bytes();
        &text[..text.len().min(MAX_ERROR_MESSAGE_SIZE)]
    }

    /// Reads a text as received: whole characters within the limit. The text may be too long, and
    /// need not be UTF-8. It is only shown to people; no code depends on it.
    fn read(code: ResponseCode, text: &[u8]) -> Self {
        let text = &text[..text.len().min(MAX_ERROR_MESSAGE_SIZE)];
        let mut message = String::from_utf8_lossy(text).into_owned();
        while message.len() > MAX_ERROR_MESSAGE_SIZE {
            message.pop();
        }
        Self { code, message }
    }
}

/// One chunk of a response: the requested SSZ, or an error.
pub type Chunk = Result<Vec<u8>, ErrorChunk>;

/// Appends a chunk in its wire format.
///
/// # Errors
///
/// Returns [`WireError::TooLarge`] if the SSZ is longer than a payload may be. Nothing is appended
/// then.
pub fn write_chunk(chunk: Result<&[u8], &ErrorChunk>, out: &mut Vec<u8>) -> Result<(), WireError> {
    let (code, payload) = match chunk {
        Ok(ssz) => (ResponseCode::Success, ssz),
        Err(error) => (error.code, error.text()),
    };
    let mut body = Vec::new();
    write_payload(payload, &mut body)?;
    out.push(code.to_byte());
    out.append(&mut body);
    Ok(())
}

/// Reads the next chunk of at most `limit` decompressed bytes. Returns `None` if the stream ends
/// before the next chunk.
///
/// # Errors
///
/// Returns [`ReadError`]: an error of the stream, or a fault in the chunk.
///
/// # Cancel safety
///
/// Not cancel safe: the bytes already read are lost, and the stream is in the middle of a chunk.
pub async fn read_chunk<R>(stream: &mut R, limit: usize) -> Result<Option<Chunk>, ReadError>
where
    R: AsyncRead + Unpin,
{
    let mut first = [0];
    if stream.read(&mut first).await? == 0 {
        return Ok(None);
    }
    let payload = read_payload(stream, limit).await?;
    Ok(Some(match ResponseCode::from_byte(first[0]) {
        ResponseCode::Success => Ok(payload),
        code => Err(ErrorChunk::read(code, &payload)),
    }))
}

/// Reads all chunks from all of a response's bytes.
///
/// # Errors
///
/// Returns [`WireError`] for the first malformed or truncated chunk.
pub fn decode_response(bytes: &[u8]) -> Result<Vec<Chunk>, WireError> {
    let mut rest = bytes;
    let mut chunks = Vec::new();
    while let Some(chunk) = whole(read_chunk(&mut rest, usize::MAX).now_or_never())? {
        chunks.push(chunk);
    }
    Ok(chunks)
}
