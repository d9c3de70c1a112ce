//! Unsigned LEB128, the length prefix of requests and responses.

use crate::WireError;

/// The most bytes of an encoded 64-bit integer.
pub const MAX_VARINT_SIZE: usize = 10;

/// Appends `value` in the fewest possible bytes, 1 to [`MAX_VARINT_SIZE`].
pub fn write_varint(value: u64, out: &mut Vec<u8>) {
    let mut rest = value;
    while rest >= 0x80 {
        // The low seven bits, and the continuation bit.
        out.push((rest as u8 & 0x7f) | 0x80);
        rest >>= 7;
    }
    out.push(rest as u8);
}

/// Reads one integer from the beginning of `bytes`. Returns it with its number of bytes.
///
/// # Errors
///
/// Returns [`WireError::Truncated`] if the last byte present has the continuation bit set. Returns
/// [`WireError::VarintTooLong`] if the integer has more than ten bytes or more than 64 bits.
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

/// Reads an integer byte by byte, for use with a stream.
#[derive(Debug, Default)]
pub struct VarintDecoder {
    value: u64,
    size: usize,
}

impl VarintDecoder {
    /// Takes the next byte. Returns the integer if this byte is its last.
    ///
    /// # Errors
    ///
    /// Returns [`WireError::VarintTooLong`] under the conditions of [`read_varint`].
    pub fn push(&mut self, byte: u8) -> Result<Option<u64>, WireError> {
        let bits = u64::from(byte & 0x7f);
        let shift = 7 * self.size as u32;
        // The tenth byte has room for one bit; the shift would lose any higher bit.
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
