//! Requests from one node to another.

use futures::{
    FutureExt,
    io::{AsyncRead, AsyncReadExt},
};

use crate::{
    MAX_REQUEST_BLOCKS, Root, WireError,
    payload::{ReadError, read_payload, write_payload},
    status::{STATUS_SIZE, Status},
};

/// The offset of the only field of `BlocksByRootRequest`, equal to the size of its fixed part.
const ROOTS_OFFSET: usize = 4;

/// The bytes of an encoded `BlocksByRangeRequest`: two numbers.
const RANGE_SIZE: usize = 16;

/// The protocols of requests. The protocol of a stream determines the kind of request on it.
///
/// A new kind of request needs a variant here, a variant of [`Request`] and an arm in
/// [`Request::from_ssz`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum RequestKind {
    /// An exchange of statuses.
    Status,
    /// A request for blocks by their roots.
    BlocksByRoot,
    /// A request for blocks by their slots.
    BlocksByRange,
}

impl RequestKind {
    /// Every kind, in the order offered to peers.
    pub const ALL: [Self; 3] = [Self::Status, Self::BlocksByRoot, Self::BlocksByRange];

    /// Returns the libp2p protocol name.
    #[must_use]
    pub fn protocol(self) -> &'static str {
        match self {
            Self::Status => "/leanconsensus/req/status/1/ssz_snappy",
            Self::BlocksByRoot => "/leanconsensus/req/blocks_by_root/1/ssz_snappy",
            Self::BlocksByRange => "/leanconsensus/req/blocks_by_range/1/ssz_snappy",
        }
    }

    /// Returns the most decompressed bytes of a valid request of this kind.
    fn max_size(self) -> usize {
        match self {
            Self::Status => STATUS_SIZE,
            Self::BlocksByRoot => ROOTS_OFFSET + MAX_REQUEST_BLOCKS * size_of::<Root>(),
            Self::BlocksByRange => RANGE_SIZE,
        }
    }
}

impl AsRef<str> for RequestKind {
    fn as_ref(&self) -> &str {
        self.protocol()
    }
}

/// A request from one node to another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Request {
    /// The sender's status. The answer is the receiver's status.
    Status(Status),
    /// A request for the blocks with these roots, at most [`MAX_REQUEST_BLOCKS`].
    BlocksByRoot(Vec<Root>),
    /// A request for the blocks of the receiver's chain in these slots.
    BlocksByRange(SlotRange),
}

/// A range of slots, as in a request.
///
/// The specification's `BlocksByRangeRequest`. Any two numbers can be sent, but only a
/// [valid](Self::is_valid) range is answered with blocks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SlotRange {
    /// The first slot.
    pub start_slot: u64,
    /// The number of slots, including empty ones.
    pub count: u64,
}

impl SlotRange {
    /// Returns whether the range has 1 to [`MAX_REQUEST_BLOCKS`] slots, none of them above the
    /// largest slot number.
    #[must_use]
    pub fn is_valid(self) -> bool {
        (1..=MAX_REQUEST_BLOCKS as u64).contains(&self.count)
            && self.start_slot.checked_add(self.count - 1).is_some()
    }

    /// Returns the slots from first to last, without any above the largest slot number.
    pub fn slots(self) -> impl Iterator<Item = u64> {
        (0..self.count).map_while(move |place| self.start_slot.checked_add(place))
    }

    fn to_ssz(self) -> Vec<u8> {
        [self.start_slot.to_le_bytes(), self.count.to_le_bytes()].concat()
    }

    fn from_ssz(ssz: &[u8]) -> Option<Self> {
        let (&[start_slot, count], []) = ssz.as_chunks() else { return None };
        Some(Self { start_slot: u64::from_le_bytes(start_slot), count: u64::from_le_bytes(count) })
    }
}

impl Request {
    /// Returns the kind of this request, and with it its protocol.
    #[must_use]
    pub fn kind(&self) -> RequestKind {
        match self {
            Self::Status(_) => RequestKind::Status,
            Self::BlocksByRoot(_) => RequestKind::BlocksByRoot,
            Self::BlocksByRange(_) => RequestKind::BlocksByRange,
        }
    }

    /// Returns the most blocks of an answer to this request; 0 for a [`Status`].
    #[must_use]
    pub fn block_count(&self) -> usize {
        match self {
            Self::Status(_) => 0,
            Self::BlocksByRoot(roots) => roots.len(),
            Self::BlocksByRange(range) => usize::try_from(range.count).unwrap_or(usize::MAX),
        }
    }

    /// Returns the SSZ encoding.
    #[must_use]
    pub fn to_ssz(&self) -> Vec<u8> {
        match self {
            Self::Status(status) => status.to_ssz().to_vec(),
            Self::BlocksByRoot(roots) => {
                let mut ssz = (ROOTS_OFFSET as u32).to_le_bytes().to_vec();
                ssz.extend(roots.iter().flatten());
                ssz
            }
            Self::BlocksByRange(range) => range.to_ssz(),
        }
    }

    /// Reads the SSZ of a request of `kind`.
    ///
    /// # Errors
    ///
    /// Returns [`WireError::NotSsz`] if `ssz` is not a request of that kind.
    pub fn from_ssz(kind: RequestKind, ssz: &[u8]) -> Result<Self, WireError> {
        match kind {
            RequestKind::Status => Status::from_ssz(ssz).map(Self::Status),
            RequestKind::BlocksByRoot => read_roots(ssz)
                .map(Self::BlocksByRoot)
                .ok_or(WireError::NotSsz("BlocksByRootRequest")),
            RequestKind::BlocksByRange => SlotRange::from_ssz(ssz)
                .map(Self::BlocksByRange)
                .ok_or(WireError::NotSsz("BlocksByRangeRequest")),
        }
    }
}

fn read_roots(ssz: &[u8]) -> Option<Vec<Root>> {
    let (offset, list) = ssz.split_first_chunk()?;
    let (roots, rest) = list.as_chunks();
    let valid = u32::from_le_bytes(*offset) as usize == ROOTS_OFFSET
        && rest.is_empty()
        && roots.len() <= MAX_REQUEST_BLOCKS;
    valid.then(|| roots.to_vec())
}

/// Returns the bytes of `request` as sent over its stream.
///
/// # Errors
///
/// Returns [`WireError::TooLarge`] if the request asks for more than [`MAX_REQUEST_BLOCKS`] blocks.
pub fn encode_request(request: &Request) -> Result<Vec<u8>, WireError> {
    let ssz = request.to_ssz();
    if ssz.len() > request.kind().max_size() {
        return Err(WireError::TooLarge(ssz.len() as u64));
    }
    let mut bytes = Vec::new();
    write_payload(&ssz, &mut bytes)?;
    Ok(bytes)
}

/// Reads a request of `kind` from a stream.
///
/// Waits for no byte after the request, because the sender may keep its side of the stream open.
///
/// # Errors
///
/// Returns [`ReadError`]: an error of the stream, or a fault in the request;
/// [`WireError::LengthMismatch`] if bytes after the request have already arrived.
///
/// # Cancel safety
///
/// Not cancel safe: the bytes already read are lost.
pub async fn read_request<R>(kind: RequestKind, stream: &mut R) -> Result<Request, ReadError>
where
    R: AsyncRead + Unpin,
{
    let ssz = read_payload(stream, kind.max_size()).await?;
    if let Some(Ok(1..)) = stream.read(&mut [0]).now_or_never() {
        return Err(WireError::LengthMismatch.into());
    }
    Ok(Request::from_ssz(kind, &ssz)?)
}

/// Reads the SSZ of a request of any kind from all of the request's bytes.
///
/// # Errors
///
/// Returns [`WireError`]; [`WireError::LengthMismatch`] if bytes remain after the request.
pub fn decode_request(bytes: &[u8]) -> Result<Vec<u8>, WireError> {
    let mut rest = bytes;
    let ssz = whole(read_payload(&mut rest, usize::MAX).now_or_never())?;
    if rest.is_empty() { Ok(ssz) } else { Err(WireError::LengthMismatch) }
}

/// Returns the result of a read from memory.
pub(super) fn whole<T>(read: Option<Result<T, ReadError>>) -> Result<T, WireError> {
    match read {
        Some(Ok(value)) => Ok(value),
        Some(Err(ReadError::Wire(error))) => Err(error),
        // A read from a slice neither fails nor returns `Pending`. If it ever did, bytes would be
        // missing.
        Some(Err(ReadError::Stream(_))) | None => Err(WireError::Truncated),
    }
}
