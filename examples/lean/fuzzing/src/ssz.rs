//! SSZ of gossip messages, requests, answers and states.

use std::fmt::Debug;

use libssz::{SszDecode, SszEncode};

use consensus::{
    HISTORICAL_ROOTS_LIMIT, JUSTIFICATION_VALIDATORS_LIMIT, PROOF_BYTES_LIMIT, Root,
    SignedAggregatedAttestation, SignedAttestation, SignedBlock, State, VALIDATOR_REGISTRY_LIMIT,
    validator_indices,
};
use wire::MAX_REQUEST_BLOCKS;
use wire::request::{Request, RequestKind, encode_request};

/// Decodes a value and checks that encoding it returns exactly the input.
pub(super) fn decoded<T: SszDecode + SszEncode + Debug + PartialEq>(bytes: &[u8]) -> Option<T> {
    let value = T::from_ssz_bytes(bytes).ok()?;
    let encoded = value.to_ssz();
    assert_eq!(encoded, bytes, "two encodings of one value");
    assert_eq!(value.encoded_len(), bytes.len(), "the length that is told is another");
    assert_eq!(T::from_ssz_bytes(&encoded).as_ref(), Ok(&value), "another value comes back");
    Some(value)
}

/// Checks `SignedBlock`: the gossip topic `block`, and each chunk of an answer with blocks.
pub fn ssz_block(bytes: &[u8]) {
    let Some(SignedBlock { block, proof }) = decoded(bytes) else { return };
    assert!(proof.proof.len() <= PROOF_BYTES_LIMIT);
    assert!(block.body.attestations.len() <= VALIDATOR_REGISTRY_LIMIT);
    for vote in block.body.attestations.iter() {
        assert!(
            validator_indices(&vote.aggregation_bits)
                .all(|index| index < VALIDATOR_REGISTRY_LIMIT as u64)
        );
    }
    // Hashing visits every part of the block.
    assert_eq!(Root::of(&block), Root::of(&block.clone()));
}

/// Checks `SignedAttestation`: the gossip topics `attestation_…`.
pub fn ssz_vote(bytes: &[u8]) {
    let Some(vote) = decoded::<SignedAttestation>(bytes) else { return };
    assert_eq!(vote.signature.as_bytes().len(), vote.signature.scheme().signature_length());
}

/// Checks `SignedAggregatedAttestation`: the gossip topic `aggregation`.
pub fn ssz_aggregate(bytes: &[u8]) {
    let Some(vote) = decoded::<SignedAggregatedAttestation>(bytes) else { return };
    assert!(vote.proof.proof.len() <= PROOF_BYTES_LIMIT);
    assert!(
        validator_indices(&vote.proof.participants)
            .all(|index| index < VALIDATOR_REGISTRY_LIMIT as u64)
    );
}

/// Checks `State`. A node downloads it for a checkpoint start.
pub fn ssz_state(bytes: &[u8]) {
    let Some(state) = decoded::<State>(bytes) else { return };
    assert!(state.historical_block_hashes.len() <= HISTORICAL_ROOTS_LIMIT);
    assert!(state.justifications_roots.len() <= HISTORICAL_ROOTS_LIMIT);
    assert!(state.justified_slots.len() <= HISTORICAL_ROOTS_LIMIT);
    assert!(state.justifications_validators.len() <= JUSTIFICATION_VALIDATORS_LIMIT);
    assert!(state.validators.len() <= VALIDATOR_REGISTRY_LIMIT);
    assert!(state.validators.iter().zip(0..).all(|(validator, place)| validator.index == place));
    assert_eq!(Root::of(&state), Root::of(&state.clone()));
}

/// Checks the SSZ of every request: `Status`, `BlocksByRootRequest` and `BlocksByRangeRequest`.
pub fn ssz_request(bytes: &[u8]) {
    for kind in RequestKind::ALL {
        let Ok(request) = Request::from_ssz(kind, bytes) else { continue };
        assert_eq!(request.to_ssz(), bytes, "two encodings of one request");
        assert_eq!(request.kind(), kind);
        assert!(encode_request(&request).is_ok(), "what can be asked cannot be sent");
        match request {
            Request::Status(_) => assert_eq!(request.block_count(), 0),
            Request::BlocksByRoot(roots) => assert!(roots.len() <= MAX_REQUEST_BLOCKS),
            Request::BlocksByRange(range) if range.is_valid() => {
                assert_eq!(range.slots().count() as u64, range.count);
            }
            // Any two numbers are a valid encoding. The range itself is validated before its blocks
            // are visited.
            Request::BlocksByRange(_) => {}
        }
    }
}
