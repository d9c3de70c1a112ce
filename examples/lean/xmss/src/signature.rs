//! Signatures: checked bytes of a known scheme, with canonical field elements.

use std::error::Error;
use std::fmt;
use std::sync::Arc;

use libssz::{DecodeError, SszDecode, SszEncode};
use libssz_merkle::{HashTreeRoot, Node, Sha256Hasher, merkleize, mix_in_length, pack};
use p3_koala_bear::KoalaBear;

use crate::field::{
    DIGEST_BYTES, Digest, NonCanonical, append_elements, check_elements, elements_from_bytes,
};
use crate::scheme::{PATH_START, RHO_BYTES, RHO_ELEMENTS, Scheme};

/// One XMSS signature. Its length identifies its [`Scheme`].
///
/// It is stored as its SSZ bytes, `{path: {siblings}, rho, hashes}`, because most signatures are
/// only forwarded. Clones share the bytes.
///
/// The specification treats a signature as fixed in size, although two of its fields are lists.
/// Here the size depends on the scheme, a run-time value, so the SSZ traits report a variable size.
/// A container with a signature must therefore implement its own layout.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Signature {
    scheme: Scheme,
    bytes: Arc<[u8]>,
}

impl Signature {
    /// Creates a signature from its bytes after checking them.
    ///
    /// # Errors
    ///
    /// * [`SignatureError::UnknownLength`] if no scheme has signatures of this length.
    /// * [`SignatureError::WrongOffset`] if the lists are not at the scheme's offsets.
    /// * [`SignatureError::NonCanonical`] if a field element is not below the field's order.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, SignatureError> {
        let scheme = Scheme::of_signature_length(bytes.len())
            .ok_or(SignatureError::UnknownLength(bytes.len()))?;
        let offsets = [(0, PATH_START), (4 + RHO_BYTES, scheme.hashes_start()), (PATH_START, 4)];
        for (at, expected) in offsets {
            let found =
                u32::from_le_bytes([bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]]);
            if found as usize != expected {
                return Err(SignatureError::WrongOffset { at, found, expected });
            }
        }
        check_elements(&bytes[4..4 + RHO_BYTES])?;
        check_elements(&bytes[PATH_START + 4..])?;
        Ok(Self { scheme, bytes: bytes.into() })
    }

    /// Encodes a signature from its parts, which must have the scheme's sizes.
    pub(crate) fn from_parts(
        scheme: Scheme,
        siblings: &[Digest],
        rho: &[KoalaBear],
        hashes: &[Digest],
    ) -> Self {
        let mut bytes = Vec::with_capacity(scheme.signature_length());
        bytes.extend_from_slice(&(PATH_START as u32).to_le_bytes());
        append_elements(rho, &mut bytes);
        bytes.extend_from_slice(&(scheme.hashes_start() as u32).to_le_bytes());
        bytes.extend_from_slice(&4u32.to_le_bytes());
        siblings.iter().for_each(|sibling| append_elements(sibling, &mut bytes));
        hashes.iter().for_each(|hash| append_elements(hash, &mut bytes));
        debug_assert_eq!(bytes.len(), scheme.signature_length());
        Self { scheme, bytes: bytes.into() }
    }

    /// Returns the scheme of the signature.
    pub fn scheme(&self) -> Scheme {
        self.scheme
    }

    /// Returns the signature's SSZ bytes.
    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes
    }

    pub(crate) fn rho(&self) -> [KoalaBear; RHO_ELEMENTS] {
        elements_from_bytes(self.rho_bytes())
            .expect("the elements were checked when the signature was made")
    }

    /// Iterates over the siblings from the leaf to the root.
    pub(crate) fn siblings(&self) -> impl Iterator<Item = Digest> {
        digests(self.sibling_bytes())
    }

    /// Iterates over the revealed chain values.
    pub(crate) fn hashes(&self) -> impl Iterator<Item = Digest> {
        digests(self.hash_bytes())
    }

    fn rho_bytes(&self) -> &[u8] {
        &self.bytes[4..4 + RHO_BYTES]
    }

    fn sibling_bytes(&self) -> &[u8] {
        &self.bytes[PATH_START + 4..self.scheme.hashes_start()]
    }

    fn hash_bytes(&self) -> &[u8] {
        &self.bytes[self.scheme.hashes_start()..]
    }
}

fn digests(bytes: &[u8]) -> impl Iterator<Item = Digest> {
    bytes.chunks_exact(DIGEST_BYTES).map(|chunk| {
        elements_from_bytes(chunk).expect("the elements were checked when the signature was made")
    })
}

impl SszEncode for Signature {
    fn is_fixed_size() -> bool {
        false
    }

    fn fixed_size() -> usize {
        0
    }

    fn encoded_len(&self) -> usize {
        self.bytes.len()
    }

    fn ssz_append(&self, buf: &mut Vec<u8>) {
        buf.extend_from_slice(&self.bytes);
    }
}

impl SszDecode for Signature {
    fn is_fixed_size() -> bool {
        false
    }

    fn fixed_size() -> usize {
        0
    }

    fn from_ssz_bytes(bytes: &[u8]) -> Result<Self, DecodeError> {
        Self::from_bytes(bytes).map_err(DecodeError::from)
    }
}

impl HashTreeRoot for Signature {
    /// Returns the hash tree root of the container encoded by the bytes.
    fn hash_tree_root(&self, hasher: &impl Sha256Hasher) -> Node {
        let limit = self.scheme.node_list_limit();
        // A digest is one chunk, so a list of digests is a list of chunks.
        let list = |bytes: &[u8]| {
            let root = merkleize(hasher, &pack(bytes), Some(limit));
            mix_in_length(hasher, &root, bytes.len() / DIGEST_BYTES)
        };
        // The path is a container with one field, so its root is the root of the field.
        let fields = [
            list(self.sibling_bytes()),
            merkleize(hasher, &pack(self.rho_bytes()), None),
            list(self.hash_bytes()),
        ];
        merkleize(hasher, &fields, None)
    }
}

impl fmt::Debug for Signature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The full hex would take 850 to 5,100 characters of a log line. The randomness is enough
        // to identify a signature.
        write!(f, "Signature({} bytes, rho 0x{})", self.bytes.len(), hex::encode(self.rho_bytes()))
    }
}

/// The reason why bytes are not a valid signature.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SignatureError {
    /// No known scheme has signatures of this many bytes.
    UnknownLength(usize),
    /// A list does not start at the scheme's offset.
    WrongOffset {
        /// The position of the offset, in bytes.
        at: usize,
        /// The offset found in the bytes.
        found: u32,
        /// The only offset allowed by the scheme.
        expected: usize,
    },
    /// A field element is not canonical.
    NonCanonical(NonCanonical),
}

impl fmt::Display for SignatureError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::UnknownLength(length) => {
                write!(f, "no signature scheme has signatures of {length} bytes")
            }
            Self::WrongOffset { at, found, expected } => {
                write!(
                    f,
                    "the offset at byte {at} of a signature is {found} and must be {expected}"
                )
            }
            Self::NonCanonical(error) => error.fmt(f),
        }
    }
}

impl Error for SignatureError {}

impl From<NonCanonical> for SignatureError {
    fn from(error: NonCanonical) -> Self {
        Self::NonCanonical(error)
    }
}

impl From<SignatureError> for DecodeError {
    /// Converts to the closest of the decoder's own errors. None describes a non-canonical element.
    fn from(error: SignatureError) -> Self {
        match error {
            SignatureError::UnknownLength(got) => {
                Self::InvalidByteLength { expected: Scheme::TEST.signature_length(), got }
            }
            SignatureError::WrongOffset { found, expected, .. } => {
                Self::InvalidFirstOffset { expected, got: found as usize }
            }
            SignatureError::NonCanonical(_) => Self::ExcessBitsNotZero,
        }
    }
}
