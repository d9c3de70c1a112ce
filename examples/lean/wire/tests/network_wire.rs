//! Tests of the wire formats for arbitrary input.

use std::{
    io,
    pin::Pin,
    task::{Context, Poll},
};

use futures::{
    FutureExt,
    io::{AsyncRead, AsyncReadExt},
};
use proptest::prelude::*;
use wire::{
    MAX_PAYLOAD_SIZE, MAX_REQUEST_BLOCKS, WireError,
    frames::{self, STREAM_IDENTIFIER},
    message_id::MessageId,
    payload::{ReadError, write_payload},
    raw_snappy,
    request::{Request, RequestKind, SlotRange, decode_request, encode_request, read_request},
    response::{ErrorChunk, MAX_ERROR_MESSAGE_SIZE, ResponseCode, decode_response, write_chunk},
    status::Status,
    topic::{Topic, TopicError, TopicKind},
    varint::{MAX_VARINT_SIZE, read_varint, write_varint},
};

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn garbage_is_refused_and_never_panics(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        let _ = read_varint(&bytes);
        let _ = raw_snappy::decompress(&bytes);
        let _ = frames::decompress(&bytes, 1000);
        let _ = decode_request(&bytes);
        let _ = decode_response(&bytes);
        for kind in RequestKind::ALL {
            let _ = Request::from_ssz(kind, &bytes);
        }
    }

    #[test]
    fn damaged_frames_never_decode_to_other_bytes(
        ssz in prop::collection::vec(any::<u8>(), 1..2000),
        at in any::<prop::sample::Index>(),
        change in 1..=255_u8,
    ) {
        let mut bytes = Vec::new();
        write_chunk(Ok(&ssz), &mut bytes).expect("it is small enough");
        let at = at.index(bytes.len());
        bytes[at] ^= change;
        // A change in the first byte only changes the answer into an error with the same payload.
        if let (Ok(chunks), true) = (decode_response(&bytes), at > 0) {
            prop_assert_eq!(chunks, vec![Ok(ssz)]);
        }
    }

    #[test]
    fn a_varint_survives_a_round_trip(value: u64, after in prop::collection::vec(any::<u8>(), 0..4)) {
        let mut bytes = Vec::new();
        write_varint(value, &mut bytes);
        let size = bytes.len();
        prop_assert!(size <= MAX_VARINT_SIZE);
        bytes.extend(after);
        prop_assert_eq!(read_varint(&bytes), Ok((value, size)));
    }

    #[test]
    fn a_gossip_payload_survives_a_round_trip(ssz in prop::collection::vec(any::<u8>(), 0..5000)) {
        let compressed = raw_snappy::compress(&ssz).expect("it is small enough");
        prop_assert_eq!(raw_snappy::decompress(&compressed), Ok(ssz));
    }

    #[test]
    fn a_request_for_blocks_survives_a_round_trip(roots in prop::collection::vec(any::<[u8; 32]>(), 0..40)) {
        let request = Request::BlocksByRoot(roots);
        let ssz = decode_request(&encode_request(&request).expect("it asks for few enough"));
        prop_assert_eq!(ssz.and_then(|ssz| Request::from_ssz(RequestKind::BlocksByRoot, &ssz)), Ok(request));
    }

    #[test]
    fn a_status_survives_a_round_trip(finalized_root: [u8; 32], finalized_slot: u64, head_root: [u8; 32], head_slot: u64) {
        let status = Status { finalized_root, finalized_slot, head_root, head_slot };
        prop_assert_eq!(Status::from_ssz(&status.to_ssz()), Ok(status));
    }

    #[test]
    fn a_response_survives_a_round_trip(
        chunks in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..500), 0..10),
        error in prop::option::of(".{0,100}"),
    ) {
        let mut expected: Vec<_> = chunks.into_iter().map(Ok).collect();
        expected.extend(error.map(|text| Err(ErrorChunk::new(ResponseCode::ResourceUnavailable, &text))));
        let mut bytes = Vec::new();
        for chunk in &expected {
            write_chunk(chunk.as_deref(), &mut bytes).expect("it is small enough");
        }
        prop_assert_eq!(decode_response(&bytes), Ok(expected));
    }

    #[test]
    fn a_topic_survives_a_round_trip(name in "[0-9a-zA-Z]{1,12}", kind in prop_oneof![
        Just(TopicKind::Block),
        Just(TopicKind::Aggregation),
        any::<u64>().prop_map(|subnet| TopicKind::Attestation { subnet }),
    ]) {
        let topic = Topic::new(&name, kind);
        prop_assert_eq!(topic.to_string().parse(), Ok(topic));
    }
}

#[test]
fn a_varint_of_more_than_64_bits_is_refused() {
    let mut bytes = [0xff; MAX_VARINT_SIZE];
    bytes[MAX_VARINT_SIZE - 1] = 0x01;
    assert_eq!(read_varint(&bytes), Ok((u64::MAX, MAX_VARINT_SIZE)));
    bytes[MAX_VARINT_SIZE - 1] = 0x02;
    assert_eq!(read_varint(&bytes), Err(WireError::VarintTooLong));
}

#[test]
fn a_declared_length_over_the_limit_is_refused() {
    let mut bytes = Vec::new();
    write_varint(MAX_PAYLOAD_SIZE as u64 + 1, &mut bytes);
    assert_eq!(decode_request(&bytes), Err(WireError::TooLarge(MAX_PAYLOAD_SIZE as u64 + 1)));
    // A raw snappy block begins with the same kind of length.
    assert_eq!(
        raw_snappy::decompress(&bytes),
        Err(WireError::TooLarge(MAX_PAYLOAD_SIZE as u64 + 1))
    );
    assert!(raw_snappy::compress(&vec![0; MAX_PAYLOAD_SIZE + 1]).is_err());
    assert!(raw_snappy::compress(&vec![0; MAX_PAYLOAD_SIZE]).is_ok());
}

#[test]
fn a_payload_of_another_length_than_declared_is_refused() {
    for declared in [3, 5] {
        let mut bytes = Vec::new();
        write_varint(declared, &mut bytes);
        bytes.extend(frames::compress(&[1, 2, 3, 4]).expect("it is small enough"));
        assert!(decode_request(&bytes).is_err(), "declared {declared}, sent 4");
    }
}

#[test]
fn padding_without_end_is_refused() {
    let mut bytes = vec![1];
    bytes.extend(STREAM_IDENTIFIER);
    for _ in 0..1000 {
        bytes.extend([0xfe, 0, 0, 0]);
    }
    assert!(matches!(decode_request(&bytes), Err(WireError::TooLarge(_))));
}

#[test]
fn an_empty_payload_is_valid() {
    let mut bytes = Vec::new();
    write_chunk(Ok(&[]), &mut bytes).expect("it is small enough");
    assert_eq!(bytes[..2], [0, 0]);
    assert_eq!(bytes[2..], STREAM_IDENTIFIER);
    assert_eq!(decode_response(&bytes), Ok(vec![Ok(Vec::new())]));
    assert_eq!(decode_response(&[]), Ok(Vec::new()));
}

#[test]
fn a_request_for_too_many_blocks_is_refused_by_both_sides() {
    let most = Request::BlocksByRoot(vec![[7; 32]; MAX_REQUEST_BLOCKS]);
    assert!(encode_request(&most).is_ok());
    let more = Request::BlocksByRoot(vec![[7; 32]; MAX_REQUEST_BLOCKS + 1]);
    assert!(encode_request(&more).is_err());
    assert!(Request::from_ssz(RequestKind::BlocksByRoot, &more.to_ssz()).is_err());
}

#[test]
fn roots_need_the_right_offset_and_whole_roots() {
    let refused: [&[u8]; 4] = [&[], &[4, 0, 0], &[5, 0, 0, 0, 0], &[4, 0, 0, 0, 1]];
    for ssz in refused {
        assert!(Request::from_ssz(RequestKind::BlocksByRoot, ssz).is_err(), "{ssz:?}");
    }
    assert_eq!(
        Request::from_ssz(RequestKind::BlocksByRoot, &[4, 0, 0, 0]),
        Ok(Request::BlocksByRoot(Vec::new()))
    );
}

#[test]
fn a_status_of_another_size_is_refused() {
    assert!(Status::from_ssz(&[0; 79]).is_err());
    assert!(Status::from_ssz(&[0; 81]).is_err());
}

#[test]
fn an_error_text_is_sent_up_to_its_last_allowed_byte_and_read_up_to_its_last_whole_character() {
    let code = ResponseCode::ServerError;
    for text in ["é".repeat(200), format!("a{}", "é".repeat(200)), "short".to_owned()] {
        let mut sent = Vec::new();
        write_chunk(Err(&ErrorChunk::new(code, &text)), &mut sent).expect("it is small enough");
        // The specification's node cuts the bytes of a text, not its characters.
        let cut = &text.as_bytes()[..text.len().min(MAX_ERROR_MESSAGE_SIZE)];
        let mut expected = Vec::new();
        write_payload(cut, &mut expected).expect("it is small enough");
        assert_eq!(sent[1..], expected, "{text}");
        let read = decode_response(&sent).expect("it is well-formed").remove(0);
        let message = read.expect_err("it is an error").message;
        assert!(text.starts_with(&message), "{message}");
        assert_eq!(message.len(), cut.len() - usize::from(text.starts_with('a')));
    }
}

#[test]
fn a_request_followed_by_bytes_is_refused_and_one_on_an_open_stream_is_read() {
    let request = Request::BlocksByRange(SlotRange { start_slot: 1, count: 2 });
    let bytes = encode_request(&request).expect("it asks for few enough");
    let read = |stream: &mut (dyn AsyncRead + Unpin)| {
        read_request(RequestKind::BlocksByRange, &mut { stream })
            .now_or_never()
            .expect("the whole request is there")
    };
    assert_eq!(read(&mut bytes.as_slice()).expect("it is well-formed"), request);
    let open = bytes.as_slice().chain(Silent);
    assert_eq!(read(&mut { open }).expect("it is well-formed"), request);
    let followed = [bytes.as_slice(), &[0]].concat();
    let refused = read(&mut followed.as_slice()).expect_err("a byte follows");
    assert!(matches!(refused, ReadError::Wire(WireError::LengthMismatch)), "{refused}");
}

/// A stream that stays open and receives nothing.
struct Silent;

impl AsyncRead for Silent {
    fn poll_read(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
        _: &mut [u8],
    ) -> Poll<io::Result<usize>> {
        Poll::Pending
    }
}

#[test]
fn no_gossip_is_decompressed_when_a_length_is_over_its_limit() {
    let compressed = raw_snappy::compress(&[7; 1000]).expect("it is small enough");
    assert_eq!(raw_snappy::declared_size(&compressed, 1000), Ok(1000));
    assert_eq!(raw_snappy::declared_size(&compressed, 999), Err(WireError::TooLarge(1000)));
    // The declared size is small, and the block is longer than that size compresses to.
    let padded = [&[3], [0; 100].as_slice()].concat();
    assert_eq!(raw_snappy::declared_size(&padded, 3), Err(WireError::TooLarge(101)));
    assert_eq!(raw_snappy::declared_size(&[0xff; 20], 1000), Err(WireError::NotSnappy));
}

#[test]
fn unknown_codes_are_errors() {
    assert_eq!(ResponseCode::from_byte(4), ResponseCode::ServerError);
    assert_eq!(ResponseCode::from_byte(127), ResponseCode::ServerError);
    assert_eq!(ResponseCode::from_byte(128), ResponseCode::InvalidRequest);
    for code in [0, 1, 2, 3] {
        assert_eq!(ResponseCode::from_byte(code).to_byte(), code);
    }
}

#[test]
fn other_topics_are_refused() {
    let refused = [
        ("", TopicError::Form),
        ("/leanconsensus/1/block", TopicError::Form),
        ("leanconsensus/1/block/ssz_snappy", TopicError::Form),
        ("/eth2/1/block/ssz_snappy", TopicError::Form),
        ("/leanconsensus/1/block/ssz", TopicError::Form),
        ("/leanconsensus/1/block/ssz_snappy/", TopicError::Form),
        ("/leanconsensus/1/blocks/ssz_snappy", TopicError::Kind),
        ("/leanconsensus/1/attestation_/ssz_snappy", TopicError::Kind),
        ("/leanconsensus/1/attestation_+1/ssz_snappy", TopicError::Kind),
        ("/leanconsensus/1/attestation_99999999999999999999/ssz_snappy", TopicError::Kind),
    ];
    for (text, error) in refused {
        assert_eq!(text.parse::<Topic>(), Err(error), "{text}");
    }
}

#[test]
fn message_ids_differ_by_topic_and_by_validity() {
    let ids = [
        MessageId::of_valid(b"a", b"bc"),
        MessageId::of_valid(b"ab", b"c"),
        MessageId::of_invalid(b"a", b"bc"),
    ];
    assert_ne!(ids[0], ids[1]);
    assert_ne!(ids[0], ids[2]);
}

#[test]
fn a_request_for_a_range_is_two_numbers() {
    let range = SlotRange { start_slot: 0x0102, count: 64 };
    let ssz = [[2, 1, 0, 0, 0, 0, 0, 0], [64, 0, 0, 0, 0, 0, 0, 0]].concat();
    let request = Request::BlocksByRange(range);
    assert_eq!((request.to_ssz(), request.block_count()), (ssz.clone(), 64));
    assert_eq!(Request::from_ssz(RequestKind::BlocksByRange, &ssz), Ok(request));
    for wrong in [&ssz[..15], &[ssz.as_slice(), &[0]].concat(), &[]] {
        assert!(Request::from_ssz(RequestKind::BlocksByRange, wrong).is_err(), "{wrong:?}");
    }
    let valid = |start_slot, count| SlotRange { start_slot, count }.is_valid();
    assert!(valid(0, 1) && valid(5, 1024) && valid(u64::MAX - 1023, 1024) && valid(u64::MAX, 1));
    assert!(!valid(0, 0) && !valid(5, 1025) && !valid(u64::MAX, 2) && !valid(0, u64::MAX));
    let slots = |start_slot, count| SlotRange { start_slot, count }.slots().collect::<Vec<_>>();
    assert_eq!((slots(5, 2), slots(u64::MAX, 1)), (vec![5, 6], vec![u64::MAX]));
    assert_eq!(slots(u64::MAX, 2), [u64::MAX], "none above the largest slot number");
}
