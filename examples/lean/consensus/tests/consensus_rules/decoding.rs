//! Encodings: every value decodes from its encoding, and no bytes make a decoder panic.

use consensus::{
    AggregatedAttestation, AggregatedAttestations, AggregationBits, Attestation, AttestationData,
    Block, BlockBody, BlockHeader, BlockRoots, Checkpoint, GenesisConfig, MultiMessageAggregate,
    ProofBytes, Root, SignedAggregatedAttestation, SignedAttestation, SignedBlock,
    SingleMessageAggregate, State, Validator, Validators, aggregation_bits, validator_indices,
};
use libssz::{SszDecode, SszEncode};
use libssz_types::SszBitlist;
use proptest::collection::vec;
use proptest::prelude::{Just, Strategy, any, prop_assert, prop_assert_eq, proptest};
use xmss::{PublicKey, Scheme, SecretKey, Signature};

fn root() -> impl Strategy<Value = Root> {
    any::<[u8; 32]>().prop_map(Root::new)
}

fn checkpoint() -> impl Strategy<Value = Checkpoint> {
    (root(), any::<u64>()).prop_map(|(root, slot)| Checkpoint { root, slot })
}

fn attestation_data() -> impl Strategy<Value = AttestationData> {
    (any::<u64>(), checkpoint(), checkpoint(), checkpoint())
        .prop_map(|(slot, head, target, source)| AttestationData { slot, head, target, source })
}

fn bits<const N: usize>() -> impl Strategy<Value = SszBitlist<N>> {
    vec(any::<bool>(), 0..40).prop_map(|bits| bits.try_into().expect("few bits"))
}

fn proof() -> impl Strategy<Value = ProofBytes> {
    vec(any::<u8>(), 0..80).prop_map(|bytes| bytes.try_into().expect("a short proof"))
}

fn aggregated_attestation() -> impl Strategy<Value = AggregatedAttestation> {
    (bits(), attestation_data())
        .prop_map(|(aggregation_bits, data)| AggregatedAttestation { aggregation_bits, data })
}

fn signed_aggregated_attestation() -> impl Strategy<Value = SignedAggregatedAttestation> {
    (attestation_data(), bits(), proof()).prop_map(|(data, participants, proof)| {
        SignedAggregatedAttestation { data, proof: SingleMessageAggregate { participants, proof } }
    })
}

fn signed_block() -> impl Strategy<Value = SignedBlock> {
    let attestations = vec(aggregated_attestation(), 0..5);
    (any::<u64>(), any::<u64>(), root(), root(), attestations, proof()).prop_map(
        |(slot, proposer_index, parent_root, state_root, attestations, proof)| {
            let attestations = AggregatedAttestations::try_from(attestations).expect("few votes");
            let block = Block {
                slot,
                proposer_index,
                parent_root,
                state_root,
                body: BlockBody { attestations },
            };
            SignedBlock { block, proof: MultiMessageAggregate { proof } }
        },
    )
}

fn validators() -> impl Strategy<Value = Validators> {
    let key = any::<u8>().prop_map(|byte| PublicKey::new([byte; PublicKey::LENGTH]));
    let other = any::<u8>().prop_map(|byte| PublicKey::new([byte; PublicKey::LENGTH]));
    vec((key, other), 0..5).prop_map(|keys| Validators::new(keys).expect("few validators"))
}

fn state() -> impl Strategy<Value = State> {
    let roots =
        || vec(root(), 0..6).prop_map(|roots| BlockRoots::try_from(roots).expect("few roots"));
    let header = (any::<u64>(), any::<u64>(), root(), root(), root()).prop_map(
        |(slot, proposer_index, parent_root, state_root, body_root)| BlockHeader {
            slot,
            proposer_index,
            parent_root,
            state_root,
            body_root,
        },
    );
    let numbers = (any::<u64>(), any::<u64>(), header, checkpoint(), checkpoint());
    let lists = (roots(), bits(), validators(), roots(), bits());
    (numbers, lists).prop_map(|(numbers, lists)| State {
        config: GenesisConfig { genesis_time: numbers.0 },
        slot: numbers.1,
        latest_block_header: numbers.2,
        latest_justified: numbers.3,
        latest_finalized: numbers.4,
        historical_block_hashes: lists.0,
        justified_slots: lists.1,
        validators: lists.2,
        justifications_roots: lists.3,
        justifications_validators: lists.4,
    })
}

fn signed_attestation() -> impl Strategy<Value = SignedAttestation> {
    let mut key = SecretKey::generate(Scheme::TEST, [1; 32], 0, 1).expect("the range fits");
    let signature = Just(key.sign(0, &[0; 32]).expect("unused"));
    (any::<u64>(), attestation_data(), signature).prop_map(|(validator_index, data, signature)| {
        SignedAttestation { validator_index, data, signature }
    })
}

/// Returns whether the encoding of `value` decodes to `value`, and no shorter part of it does.
fn survives<T: SszEncode + SszDecode + PartialEq>(value: &T) -> bool {
    let bytes = value.to_ssz();
    let whole =
        bytes.len() == value.encoded_len() && T::from_ssz_bytes(&bytes).as_ref() == Ok(value);
    whole
        && (0..bytes.len()).all(|length| T::from_ssz_bytes(&bytes[..length]).as_ref() != Ok(value))
}

/// Returns whether bytes either do not decode as `T`, or decode to a value encoded as the same
/// bytes. Each value has only one encoding.
fn canonical<T: SszEncode + SszDecode>(bytes: &[u8]) -> bool {
    T::from_ssz_bytes(bytes).map_or(true, |value| value.to_ssz() == bytes)
}

fn all_canonical(bytes: &[u8]) -> bool {
    canonical::<Checkpoint>(bytes)
        && canonical::<AttestationData>(bytes)
        && canonical::<Attestation>(bytes)
        && canonical::<SignedAttestation>(bytes)
        && canonical::<Signature>(bytes)
        && canonical::<AggregationBits>(bytes)
        && canonical::<AggregatedAttestation>(bytes)
        && canonical::<SignedAggregatedAttestation>(bytes)
        && canonical::<MultiMessageAggregate>(bytes)
        && canonical::<BlockBody>(bytes)
        && canonical::<Block>(bytes)
        && canonical::<SignedBlock>(bytes)
        && canonical::<Validator>(bytes)
        && canonical::<Validators>(bytes)
        && canonical::<State>(bytes)
}

proptest! {
    #[test]
    fn blocks_round_trip_through_their_encoding(block in signed_block()) {
        prop_assert!(survives(&block));
    }

    #[test]
    fn states_round_trip_through_their_encoding(state in state()) {
        prop_assert!(survives(&state));
    }

    #[test]
    fn votes_round_trip_through_their_encoding(one in signed_attestation(), many in signed_aggregated_attestation()) {
        prop_assert!(survives(&one));
        prop_assert!(survives(&many));
    }

    #[test]
    fn no_bytes_make_a_decoder_panic(bytes in vec(any::<u8>(), 0..700)) {
        prop_assert!(all_canonical(&bytes));
    }

    #[test]
    fn damaged_encodings_do_not_make_a_decoder_panic(block in signed_block(), state in state(), at in any::<u16>(), byte in any::<u8>()) {
        for mut bytes in [block.to_ssz(), state.to_ssz()] {
            let at = usize::from(at) % bytes.len();
            bytes[at] = byte;
            prop_assert!(all_canonical(&bytes));
        }
    }

    #[test]
    fn a_block_has_the_same_root_as_its_header(block in signed_block()) {
        let Block { slot, proposer_index, parent_root, state_root, body } = &block.block;
        let header = BlockHeader {
            slot: *slot,
            proposer_index: *proposer_index,
            parent_root: *parent_root,
            state_root: *state_root,
            body_root: Root::of(body),
        };
        prop_assert_eq!(Root::of(&block.block), Root::of(&header));
    }

    #[test]
    fn bits_list_the_validators_they_were_built_from(voters in proptest::collection::btree_set(0u64..4096, 1..20)) {
        let bits = aggregation_bits(voters.iter().copied()).expect("within the limit");
        prop_assert!(validator_indices(&bits).eq(voters.iter().copied()));
        prop_assert_eq!(bits.len() as u64, voters.last().expect("at least one") + 1);
    }
}

#[test]
fn a_registry_in_another_order_does_not_decode() {
    let keys = (0..3).map(|tag| (PublicKey::new([tag; 52]), PublicKey::new([tag; 52])));
    let validators = Validators::new(keys).expect("few validators");
    let mut bytes = validators.to_ssz();
    assert_eq!(Validators::from_ssz_bytes(&bytes), Ok(validators));
    bytes[112 + 104] = 2;
    assert!(Validators::from_ssz_bytes(&bytes).is_err());
}

#[test]
fn an_empty_or_out_of_range_set_of_validators_has_no_bits() {
    assert_eq!(aggregation_bits([]), None);
    assert_eq!(aggregation_bits([4096]), None);
    assert_eq!(aggregation_bits([u64::MAX]), None);
}

#[test]
fn roots_and_keys_are_written_in_hex() {
    let root = Root::new([0xab; 32]);
    assert_eq!(root.to_string(), format!("0x{}", "ab".repeat(32)));
    assert_eq!(format!("{root:?}"), root.to_string());
    assert_eq!(root.to_string().parse(), Ok(root));
    assert_eq!(serde_json::to_string(&root).expect("text"), format!("\"{root}\""));
    assert_eq!(serde_json::from_str::<Root>(&format!("\"{root}\"")).expect("hex"), root);
    let key = PublicKey::new([1; 52]);
    assert_eq!(key.to_string().parse(), Ok(key));
    assert!("0x01".parse::<Root>().is_err());
}
