//! Runs of bits in packed bytes, lowest bit first, read and written 64 at a time.

use libssz::SszDecode;
use libssz_types::SszBitlist;

/// The number of bits in a word.
pub(crate) const WORD: usize = 64;

/// Returns `length` bits, at most [`WORD`], starting at position `from`. Bits past the end of the
/// bytes are zero.
pub(crate) fn word_at(bytes: &[u8], from: usize, length: usize) -> u64 {
    let start = (from / 8).min(bytes.len());
    // A word starting within a byte spans nine bytes.
    let touched = &bytes[start..bytes.len().min(start + 9)];
    let mut window = [0; 16];
    window[..touched.len()].copy_from_slice(touched);
    let word = (u128::from_le_bytes(window) >> (from % 8)) as u64;
    if length < WORD { word & ((1 << length) - 1) } else { word }
}

/// Splits `length` bits starting at position `from` into words. The last word may be partly filled.
pub(crate) fn words(bytes: &[u8], from: usize, length: usize) -> impl Iterator<Item = u64> {
    (0..length).step_by(WORD).map(move |done| word_at(bytes, from + done, length - done))
}

/// Writes runs of bits one after the other.
#[derive(Debug, Default)]
pub(crate) struct BitWriter {
    bytes: Vec<u8>,
    length: usize,
}

impl BitWriter {
    /// Creates a writer with room for `bits` bits.
    pub(crate) fn with_capacity(bits: usize) -> Self {
        // One more byte, for the bit marking the end of a bit list's encoding.
        Self { bytes: Vec::with_capacity(bits / 8 + 1), length: 0 }
    }

    /// Appends the lowest `length` bits of the words, with [`WORD`] bits per word. Missing words
    /// count as zero.
    pub(crate) fn append(&mut self, words: impl IntoIterator<Item = u64>, length: usize) {
        let mut words = words.into_iter();
        let end = self.length + length;
        self.bytes.resize(end.div_ceil(8), 0);
        while self.length < end {
            let Some(word) = words.next() else { break };
            let count = (end - self.length).min(WORD);
            let word = if count < WORD { word & ((1 << count) - 1) } else { word };
            let shifted = (u128::from(word) << (self.length % 8)).to_le_bytes();
            let touched = (self.length % 8 + count).div_ceil(8);
            let start = self.length / 8;
            for (byte, bits) in self.bytes[start..start + touched].iter_mut().zip(shifted) {
                *byte |= bits;
            }
            self.length += count;
        }
        self.length = end;
    }

    /// Returns the written bits as a bit list, or `None` if they exceed the list's limit.
    pub(crate) fn finish<const N: usize>(mut self) -> Option<SszBitlist<N>> {
        // A list can be filled bit by bit, or decoded from its encoding with a set bit at the end.
        // Decoding is much faster.
        self.bytes.resize(self.length / 8 + 1, 0);
        self.bytes[self.length / 8] |= 1 << (self.length % 8);
        SszBitlist::from_ssz_bytes(&self.bytes).ok()
    }
}

#[cfg(test)]
mod tests {
    use libssz_types::SszBitlist;
    use proptest::prelude::{any, prop_assert_eq, proptest};

    use super::{BitWriter, words};

    proptest! {
        #[test]
        fn runs_are_read_and_written_as_bit_by_bit(
            bits in proptest::collection::vec(any::<bool>(), 0..300),
            cuts in proptest::collection::vec(0usize..300, 0..5),
        ) {
            let list = SszBitlist::<300>::try_from(bits.clone()).expect("few bits");
            let mut cuts: Vec<_> = cuts.into_iter().map(|cut| cut.min(bits.len())).collect();
            cuts.extend([0, bits.len()]);
            cuts.sort_unstable();
            let mut writer = BitWriter::with_capacity(bits.len());
            for run in cuts.windows(2) {
                writer.append(words(list.as_bytes(), run[0], run[1] - run[0]), run[1] - run[0]);
            }
            prop_assert_eq!(writer.finish(), Some(list));
        }
    }

    #[test]
    fn words_that_are_missing_are_zero_and_a_list_has_its_limit() {
        let mut writer = BitWriter::default();
        writer.append([1], 70);
        writer.append([1], 1);
        let list: SszBitlist<71> = writer.finish().expect("71 bits fit");
        let set: Vec<_> = (0..71).filter(|place| list.get(*place) == Some(true)).collect();
        assert_eq!(set, [0, 70]);

        let mut writer = BitWriter::default();
        writer.append([0], 9);
        assert_eq!(writer.finish::<8>(), None);
    }
}
