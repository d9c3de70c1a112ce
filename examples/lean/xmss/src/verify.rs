//! Verification: recomputes the root from a message and a signature.

use std::error::Error;
use std::fmt;

use crate::message::codeword;
use crate::public_key::PublicKey;
use crate::scheme::{CHAIN_STEPS, Scheme};
use crate::signature::Signature;
use crate::tweak::Tweaked;

/// Checks a signature over `message` in `epoch` against a public key, in the given scheme.
///
/// Costs about 30 permutations in the test scheme and 180 in the production scheme.
///
/// # Errors
///
/// Returns the [`VerifyError`] of the failed check. Consensus treats all of them as one result, an
/// invalid signature.
pub fn verify(
    scheme: Scheme,
    public_key: &PublicKey,
    epoch: u64,
    message: &[u8; 32],
    signature: &Signature,
) -> Result<(), VerifyError> {
    if signature.scheme() != scheme {
        return Err(VerifyError::OtherScheme);
    }
    if epoch >= scheme.lifetime() {
        return Err(VerifyError::EpochOutOfRange);
    }
    let (root, parameter) = public_key.parts().map_err(|_| VerifyError::MalformedPublicKey)?;
    let hashes = Tweaked::new(scheme, parameter);

    let digits =
        codeword(&hashes, epoch, message, &signature.rho()).ok_or(VerifyError::NoCodeword)?;
    let chain_ends: Vec<_> = signature
        .hashes()
        .zip(&digits)
        .enumerate()
        .map(|(chain, (value, digit))| hashes.chain(epoch, chain, *digit, CHAIN_STEPS, value))
        .collect();

    let mut node = hashes.leaf(epoch, &chain_ends);
    for (level, sibling) in signature.siblings().enumerate() {
        let (left, right) =
            if (epoch >> level) & 1 == 0 { (&node, &sibling) } else { (&sibling, &node) };
        node = hashes.node(level + 1, epoch >> (level + 1), left, right);
    }
    if node == root { Ok(()) } else { Err(VerifyError::WrongRoot) }
}

/// The reason why a signature does not verify.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum VerifyError {
    /// The signature uses a scheme other than the requested one.
    OtherScheme,
    /// The epoch is past the lifetime of the scheme's keys.
    EpochOutOfRange,
    /// The public key does not consist of canonical field elements.
    MalformedPublicKey,
    /// The message and the randomness do not hash to a codeword with the scheme's sum.
    NoCodeword,
    /// The path does not lead to the public key's root.
    WrongRoot,
}

impl fmt::Display for VerifyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::OtherScheme => "the signature is of another scheme",
            Self::EpochOutOfRange => "the epoch is past the end of the scheme's keys",
            Self::MalformedPublicKey => {
                "the public key holds something that is not a field element"
            }
            Self::NoCodeword => "the message and the randomness do not give a codeword",
            Self::WrongRoot => "the path does not lead to the public key",
        })
    }
}

impl Error for VerifyError {}
