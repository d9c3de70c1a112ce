//! Reading and writing of streams for libp2p's request-response.

use std::io;

use futures::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use libp2p::request_response;

use wire::{
    MAX_PAYLOAD_SIZE, MAX_REQUEST_BLOCKS, WireError,
    payload::ReadError,
    request::{Request, RequestKind, encode_request, read_request},
    response::{ErrorChunk, ResponseCode, read_chunk, write_chunk},
};

/// The most decompressed bytes of blocks in one answer. The remaining blocks need another request.
///
/// A reader also keeps the chunk exceeding this limit, so it holds at most one more payload.
pub const MAX_ANSWER_SIZE: usize = 16 * 1024 * 1024;

/// An answer: the requested chunks, possibly none, and an error if there was one.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Answer {
    /// The SSZ of each successful chunk.
    pub chunks: Vec<Vec<u8>>,
    /// The error among the chunks or after them.
    pub error: Option<ErrorChunk>,
}

impl Answer {
    /// Returns an answer of one successful chunk.
    pub(super) fn success(ssz: Vec<u8>) -> Self {
        Self { chunks: vec![ssz], error: None }
    }

    /// Returns an answer with only an error.
    pub(super) fn failure(code: ResponseCode, message: &str) -> Self {
        Self { chunks: Vec::new(), error: Some(ErrorChunk::new(code, message)) }
    }

    /// Returns an answer with these blocks, or with as many of the first ones as fit.
    ///
    /// The specification allows an answer to leave blocks out. No block is taken after the first
    /// one over the limit. If the iterator encodes blocks on demand, their total size is therefore
    /// at most one answer and one block.
    pub(super) fn of_blocks(blocks: impl IntoIterator<Item = Vec<u8>>) -> Self {
        let mut room = MAX_ANSWER_SIZE;
        let fits = |ssz: &Vec<u8>| {
            let fits = ssz.len() <= room.min(MAX_PAYLOAD_SIZE);
            room = room.saturating_sub(ssz.len());
            fits
        };
        Self {
            chunks: blocks.into_iter().take(MAX_REQUEST_BLOCKS).take_while(fits).collect(),
            error: None,
        }
    }

    /// Returns the number of decompressed bytes of the answer's blocks.
    pub fn size(&self) -> usize {
        self.chunks.iter().map(Vec::len).sum()
    }
}

/// A received request. A malformed one is kept as an error, because the node must answer it with an
/// error.
pub(crate) type Asked = Result<Request, WireError>;

/// Reads and writes requests and answers of the kind named by the protocol.
///
/// Each stream has its own codec.
#[derive(Clone, Copy, Debug, Default)]
pub struct Codec {
    /// The number of blocks asked for by the written request, and so the most in its answer.
    asked: usize,
}

impl request_response::Codec for Codec {
    type Protocol = RequestKind;
    type Request = Asked;
    type Response = Answer;

    async fn read_request<T>(&mut self, kind: &RequestKind, stream: &mut T) -> io::Result<Asked>
    where
        T: AsyncRead + Unpin + Send,
    {
        match read_request(*kind, stream).await {
            Ok(request) => Ok(Ok(request)),
            Err(ReadError::Wire(error)) => Ok(Err(error)),
            Err(ReadError::Stream(error)) => Err(error),
        }
    }

    async fn read_response<T>(&mut self, kind: &RequestKind, stream: &mut T) -> io::Result<Answer>
    where
        T: AsyncRead + Unpin + Send,
    {
        match kind {
            RequestKind::Status => Ok(read_answer(stream, 1).await?.0),
            RequestKind::BlocksByRoot | RequestKind::BlocksByRange => {
                read_blocks(stream, self.asked).await
            }
        }
    }

    async fn write_request<T>(
        &mut self,
        _: &RequestKind,
        stream: &mut T,
        request: Asked,
    ) -> io::Result<()>
    where
        T: AsyncWrite + Unpin + Send,
    {
        let request = request.map_err(invalid_input)?;
        self.asked = request.block_count();
        stream.write_all(&encode_request(&request).map_err(invalid_input)?).await
    }

    async fn write_response<T>(
        &mut self,
        _: &RequestKind,
        stream: &mut T,
        answer: Answer,
    ) -> io::Result<()>
    where
        T: AsyncWrite + Unpin + Send,
    {
        let chunks = answer.chunks.iter().map(|ssz| Ok(ssz.as_slice()));
        for chunk in chunks.chain(answer.error.iter().map(Err)) {
            // Chunks are compressed one at a time, so the extra memory is that of one chunk.
            let mut bytes = Vec::new();
            write_chunk(chunk, &mut bytes).map_err(invalid_input)?;
            stream.write_all(&bytes).await?;
        }
        Ok(())
    }
}

/// Reads an answer of at most `asked` blocks. Any bytes after them make the answer malformed.
async fn read_blocks<T>(stream: &mut T, asked: usize) -> io::Result<Answer>
where
    T: AsyncRead + Unpin + Send,
{
    let (answer, end) = read_answer(stream, asked).await?;
    if matches!(end, End::Full) && stream.read(&mut [0]).await? > 0 {
        return Err(io::Error::new(io::ErrorKind::InvalidData, "more than was asked for"));
    }
    Ok(answer)
}

/// The reason for reading no further.
enum End {
    /// The answer is complete, or the rest is not needed.
    Reached,
    /// The answer has as many chunks as allowed.
    Full,
}

/// Reads at most `most` chunks. Stops at the end of the stream, at the size limit of an answer, or
/// at a final error.
async fn read_answer<T>(stream: &mut T, most: usize) -> io::Result<(Answer, End)>
where
    T: AsyncRead + Unpin + Send,
{
    let mut answer = Answer::default();
    let mut room = MAX_ANSWER_SIZE;
    for _ in 0..most {
        // A chunk exceeding the limit is kept, so an overlong answer loses its end and not all of
        // its chunks.
        if room == 0 {
            return Ok((answer, End::Reached));
        }
        match read_chunk(stream, MAX_PAYLOAD_SIZE).await? {
            None => return Ok((answer, End::Reached)),
            Some(Ok(ssz)) => {
                room = room.saturating_sub(ssz.len());
                answer.chunks.push(ssz);
            }
            Some(Err(error)) => {
                // A peer may lack one block and still send the blocks after it.
                let last = error.code != ResponseCode::ResourceUnavailable;
                answer.error = Some(error);
                if last {
                    return Ok((answer, End::Reached));
                }
            }
        }
    }
    Ok((answer, End::Full))
}

fn invalid_input(error: WireError) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidInput, error)
}

#[cfg(test)]
mod tests {
    use futures::FutureExt;

    use super::*;

    #[test]
    fn an_answer_holds_the_first_blocks_that_fit() {
        let sizes = |answer: Answer| answer.chunks.iter().map(Vec::len).collect::<Vec<_>>();
        assert_eq!(
            sizes(Answer::of_blocks(vec![vec![]; MAX_REQUEST_BLOCKS + 1])).len(),
            MAX_REQUEST_BLOCKS
        );
        let large = vec![0; MAX_ANSWER_SIZE / 4];
        assert_eq!(sizes(Answer::of_blocks(vec![large; 7])).len(), 4);
        let too_large = vec![0; MAX_PAYLOAD_SIZE + 1];
        assert_eq!(sizes(Answer::of_blocks(vec![vec![0; 3], too_large, vec![0; 4]])), [3]);
    }

    #[test]
    fn an_answer_that_is_too_long_loses_its_end() {
        let mut bytes = Vec::new();
        for _ in 0..8 {
            write_chunk(Ok(&vec![0; MAX_PAYLOAD_SIZE]), &mut bytes)
                .expect("it is just small enough");
        }
        let answer = read_blocks(&mut bytes.as_slice(), MAX_REQUEST_BLOCKS)
            .now_or_never()
            .expect("a slice is ready");
        assert_eq!(answer.expect("it is well-formed").chunks.len(), 2);
    }

    #[test]
    fn an_answer_that_goes_on_after_its_last_block_is_malformed() {
        let mut bytes = Vec::new();
        for _ in 0..3 {
            write_chunk(Ok(&[7]), &mut bytes).expect("it is small enough");
        }
        let read = |bytes: &[u8], asked| {
            let mut bytes = bytes;
            read_blocks(&mut bytes, asked).now_or_never().expect("a slice is ready")
        };
        assert_eq!(read(&bytes, 3).expect("it is well-formed").chunks.len(), 3);
        assert_eq!(read(&bytes, 2).expect_err("it goes on").kind(), io::ErrorKind::InvalidData);
    }

    #[test]
    fn a_missing_block_does_not_end_an_answer_and_another_error_does() {
        let missing = ErrorChunk::new(ResponseCode::ResourceUnavailable, "pruned");
        let failed = ErrorChunk::new(ResponseCode::ServerError, "disk");
        let mut bytes = Vec::new();
        for chunk in [Ok(&[1][..]), Err(&missing), Ok(&[2][..]), Err(&failed), Ok(&[3][..])] {
            write_chunk(chunk, &mut bytes).expect("it is small enough");
        }
        let answer = read_blocks(&mut bytes.as_slice(), MAX_REQUEST_BLOCKS)
            .now_or_never()
            .expect("a slice is ready");
        assert_eq!(
            answer.expect("it is well-formed"),
            Answer { chunks: vec![vec![1], vec![2]], error: Some(failed) }
        );
    }
}
