//! The body of every request and response chunk: a length prefix and snappy frames.

use std::io;

use futures::io::{AsyncRead, AsyncReadExt};

use crate::{
    MAX_PAYLOAD_SIZE, WireError,
    frames::{self, ChunkHeader, HEADER_SIZE},
    varint::{VarintDecoder, write_varint},
};

/// The reason why a payload could not be read from a stream.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// The stream itself failed. The failure says nothing about the peer's data.
    #[error("the stream failed: {0}")]
    Stream(#[source] io::Error),
    /// The peer's bytes are not a payload.
    #[error(transparent)]
    Wire(#[from] WireError),
}

impl From<io::Error> for ReadError {
    fn from(error: io::Error) -> Self {
        if error.kind() == io::ErrorKind::UnexpectedEof {
            Self::Wire(WireError::Truncated)
        } else {
            Self::Stream(error)
        }
    }
}

impl From<ReadError> for io::Error {
    fn from(error: ReadError) -> Self {
        match error {
            ReadError::Stream(error) => error,
            ReadError::Wire(error) => Self::new(io::ErrorKind::InvalidData, error),
        }
    }
}

/// Appends the length prefix and the frames of `ssz`.
///
/// # Errors
///
/// Returns [`WireError::TooLarge`] if `ssz` is longer than [`MAX_PAYLOAD_SIZE`]. Nothing is
/// appended then.
pub fn write_payload(ssz: &[u8], out: &mut Vec<u8>) -> Result<(), WireError> {
    let framed = frames::compress(ssz)?;
    write_varint(ssz.len() as u64, out);
    out.extend_from_slice(&framed);
    Ok(())
}

/// Reads one payload of at most `limit` decompressed bytes, and no byte of the stream after it.
///
/// Memory grows with the bytes received, never with the declared length alone.
///
/// # Errors
///
/// Returns [`ReadError`]: an error of the stream, or a fault in the bytes.
///
/// # Cancel safety
///
/// Not cancel safe: the bytes already read are lost, and the stream is in the middle of a payload.
pub async fn read_payload<R>(stream: &mut R, limit: usize) -> Result<Vec<u8>, ReadError>
where
    R: AsyncRead + Unpin,
{
    let declared = read_length(stream).await?;
    let limit = limit.min(MAX_PAYLOAD_SIZE);
    let declared = usize::try_from(declared).unwrap_or(usize::MAX);
    if declared > limit {
        return Err(WireError::TooLarge(declared as u64).into());
    }
    let framed = read_frames(stream, declared).await?;
    let ssz = frames::decompress(&framed, declared)?;
    if ssz.len() != declared {
        return Err(WireError::LengthMismatch.into());
    }
    Ok(ssz)
}

async fn read_length<R>(stream: &mut R) -> Result<u64, ReadError>
where
    R: AsyncRead + Unpin,
{
    let mut decoder = VarintDecoder::default();
    loop {
        let mut byte = [0];
        stream.read_exact(&mut byte).await?;
        if let Some(length) = decoder.push(byte[0])? {
            return Ok(length);
        }
    }
}

/// Reads chunks, without decompressing them, until their declared sizes add up to `declared` bytes.
async fn read_frames<R>(stream: &mut R, declared: usize) -> Result<Vec<u8>, ReadError>
where
    R: AsyncRead + Unpin,
{
    let most = frames::max_framed_size(declared);
    let mut framed = vec![0; frames::STREAM_IDENTIFIER.len()];
    stream.read_exact(&mut framed).await?;
    if framed != frames::STREAM_IDENTIFIER {
        return Err(WireError::NotSnappy.into());
    }
    let mut held = 0;
    while held < declared {
        let mut bytes = [0; HEADER_SIZE];
        stream.read_exact(&mut bytes).await?;
        let header = ChunkHeader::read(bytes)?;
        let body_start = framed.len() + HEADER_SIZE;
        let body_end = body_start + header.body_size();
        // Empty and padding chunks add nothing to `held`, so this bound on bytes also bounds their
        // number.
        if body_end > most {
            return Err(WireError::TooLarge(body_end as u64).into());
        }
        framed.extend_from_slice(&bytes);
        framed.resize(body_end, 0);
        let body = &mut framed[body_start..];
        stream.read_exact(body).await?;
        held += header.decompressed_size(body)?;
    }
    if held > declared {
        return Err(WireError::LengthMismatch.into());
    }
    Ok(framed)
}
