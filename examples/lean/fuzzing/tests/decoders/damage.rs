//! Ways to damage what was valid.

use proptest::prelude::*;
use proptest::sample::{Index, select};

/// One thing done to bytes. Places are given as parts of the whole, so that they fit whatever is damaged.
#[derive(Clone, Debug)]
enum Damage {
    /// A byte is changed.
    Flip(Index, u8),
    /// The end is missing.
    Cut(Index),
    /// A piece in the middle is missing.
    Remove(Index, usize),
    /// A piece comes twice.
    Repeat(Index, usize),
    /// The rest is that of another encoding.
    Splice(Index, Index, Index),
    /// A length or an offset is another: four bytes are overwritten.
    Overwrite(Index, u32),
    /// Bytes that look like a length are inserted.
    Insert(Index, Vec<u8>),
}

/// Draws one of the valid encodings and damages it once to four times.
pub(crate) fn damaged(valid: Vec<Vec<u8>>) -> impl Strategy<Value = Vec<u8>> {
    let all = valid.clone();
    (select(valid), prop::collection::vec(damage(), 1..5)).prop_map(move |(mut bytes, damages)| {
        damages.into_iter().for_each(|damage| apply(damage, &mut bytes, &all));
        bytes
    })
}

fn damage() -> impl Strategy<Value = Damage> {
    let length =
        prop_oneof![Just(0), Just(1), Just(4), 0_u32..2000, Just(u32::MAX), Just(i32::MAX as u32), any::<u32>(),];
    let inserted = prop_oneof![
        length.clone().prop_map(|length| length.to_le_bytes().to_vec()),
        // A variable-length integer, of any length and one too long.
        (0_usize..12).prop_map(|more| [vec![0xff; more], vec![0x01]].concat()),
        prop::collection::vec(any::<u8>(), 1..9),
    ];
    prop_oneof![
        4 => (any::<Index>(), 1_u8..).prop_map(|(at, change)| Damage::Flip(at, change)),
        1 => any::<Index>().prop_map(Damage::Cut),
        1 => (any::<Index>(), 1_usize..40).prop_map(|(at, size)| Damage::Remove(at, size)),
        1 => (any::<Index>(), 1_usize..40).prop_map(|(at, size)| Damage::Repeat(at, size)),
        1 => (any::<Index>(), any::<Index>(), any::<Index>()).prop_map(|(at, other, from)| Damage::Splice(at, other, from)),
        2 => (any::<Index>(), length).prop_map(|(at, length)| Damage::Overwrite(at, length)),
        2 => (any::<Index>(), inserted).prop_map(|(at, inserted)| Damage::Insert(at, inserted)),
    ]
}

fn apply(damage: Damage, bytes: &mut Vec<u8>, all: &[Vec<u8>]) {
    // One place more than there are bytes: the end is a place, too.
    let place = |at: Index, length: usize| at.index(length + 1);
    let length = bytes.len();
    match damage {
        Damage::Flip(at, change) => {
            if let Some(byte) = bytes.get_mut(place(at, length)) {
                *byte ^= change;
            }
        }
        Damage::Cut(at) => bytes.truncate(place(at, length)),
        Damage::Remove(at, size) => {
            let at = place(at, length);
            bytes.drain(at..length.min(at + size));
        }
        Damage::Repeat(at, size) => {
            let at = place(at, length);
            let piece = bytes[at..length.min(at + size)].to_vec();
            bytes.splice(at..at, piece);
        }
        Damage::Splice(at, other, from) => {
            let other = &all[other.index(all.len())];
            bytes.truncate(place(at, length));
            bytes.extend_from_slice(&other[place(from, other.len())..]);
        }
        Damage::Overwrite(at, value) => {
            let at = place(at, length);
            bytes.splice(at..length.min(at + 4), value.to_le_bytes());
        }
        Damage::Insert(at, inserted) => {
            let at = place(at, length);
            bytes.splice(at..at, inserted);
        }
    }
}
