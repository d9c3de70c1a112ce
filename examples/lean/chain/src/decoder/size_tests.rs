//! The size limits of gossip are the sizes of the largest valid messages.

use libssz::SszEncode;

use consensus::{
    AggregatedAttestation, AggregationBits, AttestationData, Block, BlockBody,
    MAX_ATTESTATIONS_DATA, MultiMessageAggregate, PROOF_BYTES_LIMIT, ProofBytes,
    SignedAggregatedAttestation, SignedBlock, SingleMessageAggregate, VALIDATOR_REGISTRY_LIMIT,
};
use network::TopicKind;
use xmss::Scheme;

fn largest_proof() -> ProofBytes {
    ProofBytes::try_from(vec![1; PROOF_BYTES_LIMIT]).expect("as many bytes as may be")
}

fn all_voters() -> AggregationBits {
    AggregationBits::with_length(VALIDATOR_REGISTRY_LIMIT).expect("as many as may be")
}

#[test]
fn a_block_on_the_wire_may_be_as_large_as_the_largest_valid_block_and_no_larger() {
    let vote =
        AggregatedAttestation { aggregation_bits: all_voters(), data: AttestationData::default() };
    let attestations =
        vec![vote; MAX_ATTESTATIONS_DATA].try_into().expect("as many votes as may be");
    let block = Block { body: BlockBody { attestations }, ..Block::default() };
    let proof = MultiMessageAggregate { proof: largest_proof() };
    let size = SignedBlock { block, proof }.to_ssz().len();
    assert_eq!(size, TopicKind::Block.max_payload_size());
}

#[test]
fn an_aggregate_on_the_wire_may_be_as_large_as_the_largest_valid_aggregate_and_no_larger() {
    let proof = SingleMessageAggregate { participants: all_voters(), proof: largest_proof() };
    let vote = SignedAggregatedAttestation { data: AttestationData::default(), proof };
    assert_eq!(vote.to_ssz().len(), TopicKind::Aggregation.max_payload_size());
}

#[test]
fn a_vote_on_the_wire_may_be_as_large_as_one_of_the_production_scheme_and_no_larger() {
    let data = AttestationData::default().to_ssz().len();
    let largest = Scheme::KNOWN.iter().map(|scheme| scheme.signature_length()).max();
    let size = 8 + data + largest.expect("there are schemes");
    assert_eq!(size, TopicKind::Attestation { subnet: 0 }.max_payload_size());
}
