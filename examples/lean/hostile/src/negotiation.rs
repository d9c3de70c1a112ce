//! The negotiation of a stream's protocol (multistream-select), written by hand.
//!
//! A dialing side sends its proposal together with its first bytes, and need not wait for the
//! answer.

use std::io;

use futures::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use wire::varint::{VarintDecoder, write_varint};

const HEADER: &str = "/multistream/1.0.0";

/// The most bytes of a line.
const LONGEST_LINE: u64 = 1024;

/// The most proposals of a dialing side.
const MOST_PROPOSALS: usize = 16;

/// Returns the bytes that propose a protocol.
pub fn proposal(protocol: &str) -> Vec<u8> {
    let mut bytes = line(HEADER);
    bytes.extend(line(protocol));
    bytes
}

/// Reads the answer to a proposal.
///
/// # Errors
///
/// Returns an error if the stream fails or if the other side does not speak the protocol.
///
/// # Cancel safety
///
/// Not cancel safe: the bytes already read are lost.
pub async fn read_answer(stream: &mut (impl AsyncRead + Unpin), protocol: &str) -> io::Result<()> {
    for expected in [HEADER, protocol] {
        let found = read_line(stream).await?;
        if found != expected {
            return Err(io::Error::new(io::ErrorKind::Unsupported, found));
        }
    }
    Ok(())
}

/// Accepts any protocol with a wanted name, and returns the name.
///
/// # Errors
///
/// Returns an error if the stream fails, or after too many unwanted proposals.
///
/// # Cancel safety
///
/// Not cancel safe: the bytes already read are lost.
pub async fn accept(
    stream: &mut (impl AsyncRead + AsyncWrite + Unpin),
    is_wanted: impl Fn(&str) -> bool,
) -> io::Result<String> {
    read_line(stream).await?;
    stream.write_all(&line(HEADER)).await?;
    stream.flush().await?;
    for _ in 0..MOST_PROPOSALS {
        let proposed = read_line(stream).await?;
        let wanted = is_wanted(&proposed);
        stream.write_all(&line(if wanted { &proposed } else { "na" })).await?;
        stream.flush().await?;
        if wanted {
            return Ok(proposed);
        }
    }
    Err(io::Error::new(io::ErrorKind::Unsupported, "no wanted protocol was proposed"))
}

fn line(text: &str) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(text.len() + 3);
    write_varint(text.len() as u64 + 1, &mut bytes);
    bytes.extend_from_slice(text.as_bytes());
    bytes.push(b'\n');
    bytes
}

async fn read_line(stream: &mut (impl AsyncRead + Unpin)) -> io::Result<String> {
    let mut decoder = VarintDecoder::default();
    let size = loop {
        let mut byte = [0];
        stream.read_exact(&mut byte).await?;
        match decoder.push(byte[0]) {
            Ok(Some(size)) if size <= LONGEST_LINE => break size as usize,
            Ok(None) => {}
            Ok(Some(_)) | Err(_) => return Err(malformed()),
        }
    };
    let mut bytes = vec![0; size];
    stream.read_exact(&mut bytes).await?;
    let text = String::from_utf8(bytes).map_err(|_| malformed())?;
    text.strip_suffix('\n').map(str::to_owned).ok_or_else(malformed)
}

fn malformed() -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, "not multistream-select")
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures::executor::block_on;
    use futures::io::Cursor;

    #[test]
    fn an_answer_is_read_back_and_a_refusal_is_an_error() {
        let mut agreed = Cursor::new(proposal("/meshsub/1.1.0"));
        assert!(block_on(read_answer(&mut agreed, "/meshsub/1.1.0")).is_ok());
        let mut refused = Cursor::new(proposal("na"));
        assert!(block_on(read_answer(&mut refused, "/meshsub/1.1.0")).is_err());
    }

    #[test]
    fn a_line_of_four_gigabytes_is_an_error() {
        let mut bytes = Cursor::new(vec![0xff, 0xff, 0xff, 0xff, 0x0f]);
        assert!(block_on(read_answer(&mut bytes, "/meshsub/1.1.0")).is_err());
    }
}
