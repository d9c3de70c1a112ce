//! Tests of gossipsub RPCs: round trips, and malformed input.

use proptest::prelude::*;
use wire::WireError;
use wire::gossip_rpc::{
    Control, Graft, IHave, MAX_RPC_SIZE, MessageIds, Prune, Published, Rpc, Subscription,
    decode_rpc, encode_rpc,
};

#[test]
fn an_rpc_with_every_field_survives_a_round_trip() {
    let topic = || Some(String::from("/leanconsensus/12345678/block/ssz_snappy"));
    let ids = || MessageIds { message_ids: vec![vec![0xaa; 20], vec![]] };
    let rpc = Rpc {
        subscriptions: vec![
            Subscription { subscribe: Some(false), topic_id: Some(String::new()) },
            Subscription { subscribe: Some(true), topic_id: topic() },
        ],
        publish: vec![
            Published::default(),
            Published {
                from: Some(vec![1]),
                data: Some(vec![2]),
                seqno: Some(vec![3]),
                topic: topic(),
                signature: Some(vec![4]),
                key: Some(vec![5]),
            },
        ],
        control: Some(Control {
            ihave: vec![IHave { topic_id: topic(), message_ids: vec![vec![0xbb; 20]] }],
            iwant: vec![ids()],
            graft: vec![Graft { topic_id: topic() }],
            prune: vec![Prune { topic_id: topic(), backoff: Some(60) }],
            idontwant: vec![ids()],
        }),
    };
    let bytes = encode_rpc(&rpc);
    assert_eq!(decode_rpc(&bytes), Ok(rpc));
    assert_eq!(
        bytes[..6],
        [0x0a, 0x04, 0x08, 0x00, 0x12, 0x00],
        "what is false or empty is said all the same"
    );
    assert_eq!(decode_rpc(&[]), Ok(Rpc::default()));
    for end in 1..bytes.len() {
        let cut = decode_rpc(&bytes[..end]);
        assert!(cut.is_err() || cut.is_ok_and(|rpc| encode_rpc(&rpc).len() == end), "cut at {end}");
    }
}

#[test]
fn malformed_rpcs_are_refused() {
    let malformed: [&[u8]; 6] = [
        &[0x0e],                               // a field of an unknown kind
        &[0x0a, 0x64],                         // a length past the end
        &[0x0a, 0x04, 0x08, 0x01, 0x12, 0x7f], // the same, one message deeper
        &[0x08, 0x01],                         // a number in place of a message
        &[0x12, 0x03, 0x22, 0x01, 0xff],       // a topic not in UTF-8
        &[0x0a, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01], // a length over 64 bits
    ];
    for bytes in malformed {
        assert_eq!(decode_rpc(bytes), Err(WireError::NotProtobuf), "{bytes:02x?}");
    }
    assert!(matches!(decode_rpc(&vec![0; MAX_RPC_SIZE + 1]), Err(WireError::TooLarge(_))));
}

proptest! {
    #[test]
    fn every_decoded_rpc_survives_a_round_trip(bytes in proptest::collection::vec(any::<u8>(), 0..128)) {
        if let Ok(rpc) = decode_rpc(&bytes) {
            prop_assert_eq!(decode_rpc(&encode_rpc(&rpc)), Ok(rpc));
        }
    }
}
