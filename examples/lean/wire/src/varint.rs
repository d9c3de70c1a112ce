//! Unsigned LEB128, the length prefix of requests and responses.

use crate::WireError;

/// The most bytes that an encoded 64-bit integer takes.
pub const MAX_VARINT_SIZE: usize = 10;

/// Appends `value` in as few bytes as it takes, 1 to [`MAX_VARINT_SIZE`].
pub fn write_varint(value: u64, out: &mut Vec<u8>) {
    let mut rest = value;
    while rest >= 0x80 {
        // The low seven bits, and the mark that more follow.
        out.push((rest as u8 & 0x7f) | 0x80);
        rest >>= 7;
    }
    out.push(rest as u8);
}

/// Reads one integer from the front of `bytes` and returns it with the number of bytes it took.
///
/// # Errors
///
/// [`WireError::Truncated`] when the last byte present says that more follow, [`WireError::VarintTooLong`] when ten bytes
/// do not end it or its value needs more than 64 bits.
///
/// # Examples
///
/// ```
/// use wire::varint::read_varint;
///
/// assert_eq!(read_varint(&[0xac, 0x02, 0xff]), Ok((300, 2)));
/// ```
pub fn read_varint(bytes: &[u8]) -> Result<(u64, usize), WireError> {
    let mut decoder = VarintDecoder::default();
    for (index, byte) in bytes.iter().enumerate() {
        if let Some(value) = decoder.push(*byte)? {
            return Ok((value, index + 1));
        }
    }
    Err(WireError::Truncated)
}

/// Reads an integer a byte at a time, for a stream that gives no more than it has.
#[derive(Debug, Default)]
pub struct VarintDecoder {
    value: u64,
    size: usize,
}

impl VarintDecoder {
    /// Takes the next byte; returns the integer when that byte was its last.
    ///
    /// # Errors
    ///
    /// [`WireError::VarintTooLong`] as for [`read_varint`].
    pub fn push(&mut self, byte: u8) -> Result<Option<u64>, WireError> {
        let bits = u64::from(byte & 0x7f);
        let shift = 7 * self.size as u32;
        // The tenth byte has room for one bit: anything above it would be lost by the shift.
        if self.size >= MAX_VARINT_SIZE || (bits << shift) >> shift != bits {
            return Err(WireError::VarintTooLong);
        }
        self.value |= bits << shift;
        self.size += 1;
        if byte & 0x80 == 0 {
            return Ok(Some(self.value));
        }
        if self.size == MAX_VARINT_SIZE {
            return Err(WireError::VarintTooLong);
        }
        Ok(None)
    }
}
