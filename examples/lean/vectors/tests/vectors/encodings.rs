//! Encodings with roots simple enough to compute here, and edge cases of network encodings.

use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::made::{run, wrong};

type Chunk = [u8; 32];

fn hash(left: Chunk, right: Chunk) -> Chunk {
    Sha256::new().chain_update(left).chain_update(right).finalize().into()
}

/// Returns the root of a power of two of chunks.
fn merkle(chunks: &[Chunk]) -> Chunk {
    match chunks {
        [root] => *root,
        chunks => {
            let (left, right) = chunks.split_at(chunks.len() / 2);
            hash(merkle(left), merkle(right))
        }
    }
}

/// Splits bytes into `n` chunks, padded with zeros.
fn chunks(bytes: &[u8], n: usize) -> Vec<Chunk> {
    let mut all = bytes.to_vec();
    all.resize(n * 32, 0);
    all.chunks_exact(32).map(|chunk| chunk.try_into().expect("32 bytes")).collect()
}

fn length(n: u64) -> Chunk {
    let mut chunk = [0; 32];
    chunk[..8].copy_from_slice(&n.to_le_bytes());
    chunk
}

fn hex_of(bytes: &[u8]) -> String {
    format!("0x{}", hex::encode(bytes))
}

fn ssz(name: &str, value: Value, bytes: &[u8], root: Chunk) -> Value {
    json!({"typeName": name, "value": value, "serialized": hex_of(bytes), "root": hex_of(&root)})
}

#[test]
fn roots_with_full_and_partial_last_chunks_are_correct() {
    let ones = |n: usize| {
        let mut bytes = vec![0xff; n / 8];
        if !n.is_multiple_of(8) {
            bytes.push((1 << (n % 8)) - 1);
        }
        bytes
    };
    let bits = |n: usize| json!({"data": vec![true; n]});
    for n in [1, 7, 9, 255, 256, 257] {
        let (bytes, root) = (ones(n), merkle(&chunks(&ones(n), n.div_ceil(256))));
        let vector = ssz(&format!("BoundaryBitvector{n}"), bits(n), &bytes, root);
        assert!(wrong(&run("ssz", &vector)).is_empty(), "{n} bits");
    }
    // The delimiter bit of the list is not part of the chunk.
    let list = [ones(256), vec![1]].concat();
    let root = hash(merkle(&chunks(&ones(256), 1)), length(256));
    assert!(wrong(&run("ssz", &ssz("BoundaryBitlist256", bits(256), &list, root))).is_empty());

    // Five numbers fill two chunks. The limit of thirty-two numbers corresponds to eight chunks.
    let numbers: Vec<u8> = (1u64..=5).flat_map(u64::to_le_bytes).collect();
    let root = hash(merkle(&chunks(&numbers, 8)), length(5));
    let vector = ssz("BoundaryUint64List32", json!({"data": [1, 2, 3, 4, 5]}), &numbers, root);
    assert!(wrong(&run("ssz", &vector)).is_empty());

    let request = [4, 0, 0, 0];
    let root = hash(merkle(&chunks(&[], 1024)), length(0));
    let vector = ssz("BlocksByRootRequest", json!({"roots": {"data": []}}), &request, root);
    assert!(wrong(&run("ssz", &vector)).is_empty());
    let range: Vec<u8> = [7u64, 3].into_iter().flat_map(u64::to_le_bytes).collect();
    let root = merkle(&[length(7), length(3)]);
    let vector = ssz("BlocksByRangeRequest", json!({"startSlot": 7, "count": 3}), &range, root);
    assert!(wrong(&run("ssz", &vector)).is_empty());
}

#[test]
fn a_different_root_value_or_encoding_is_found() {
    let root = length(300);
    let good = ssz("Uint64", json!("300"), &300u64.to_le_bytes(), root);
    assert!(wrong(&run("ssz", &good)).is_empty());
    for (field, value, what) in [
        ("value", json!("301"), "value"),
        ("root", json!(hex_of(&[0; 32])), "root"),
        ("serialized", json!("0x01"), "rejection"),
    ] {
        let mut changed = good.clone();
        changed[field] = value;
        assert_eq!(wrong(&run("ssz", &changed)), [what]);
    }
}

#[test]
fn invalid_bytes_are_rejected() {
    for (name, raw) in [
        ("DecodeBitlist8", "0x"),
        ("DecodeBitlist8", "0x00"),
        ("DecodeBitlist8", "0x0002"),
        ("SmokeBitlist8", "0x0010"),
        ("DecodeBitvector16", "0x00"),
        ("DecodeBitvector16", "0x000000"),
        ("Bytes4", "0x0102030405"),
        ("Uint32", "0x010203"),
        ("Boolean", "0x02"),
    ] {
        let vector = json!({"typeName": name, "rawBytes": raw, "serialized": raw, "root": "", "rejectionReason": "DECODE_ERROR"});
        assert!(wrong(&run("ssz", &vector)).is_empty(), "{name}: {raw}");
    }
    for (decoder, raw) in [
        ("varint", "0x80"),
        ("varint", "0x8080"),
        ("varint", "0x8080808080808080808080"),
        ("snappy_frame", "0x"),
        ("snappy_frame", "0x00000000000000000000"),
        ("snappy_frame", "0xff060000734e61507059020000"),
        ("snappy_frame", "0xff060000734e6150705902000000"),
        ("snappy_block", "0x"),
        ("gossipsub_rpc", "0x0e"),
        ("gossipsub_rpc", "0x0a64"),
        ("reqresp_request", "0x"),
        ("reqresp_request", "0x8080"),
        ("reqresp_request", "0x81808005"),
        ("reqresp_response", "0x"),
        ("reqresp_response", "0x00"),
        ("enr", "0x00"),
        ("enr", "0xc0"),
    ] {
        let vector = json!({
            "codec": {"kind": "decode_failure", "decoder": decoder, "rawBytes": raw},
            "output": {"decoder": decoder},
            "rejectionReason": "DECODE_ERROR",
        });
        assert!(wrong(&run("networking_codec", &vector)).is_empty(), "{decoder}: {raw}");
    }
}

#[test]
fn empty_and_extreme_values_are_encoded_and_decoded() {
    let identifier = "ff060000734e61507059";
    for (codec, output) in [
        (
            json!({"kind": "reqresp_request", "sszData": "0x"}),
            json!({"encoded": format!("0x00{identifier}")}),
        ),
        (
            json!({"kind": "reqresp_response", "responseCode": 3, "sszData": "0x"}),
            json!({"encoded": format!("0x0300{identifier}")}),
        ),
        (
            json!({"kind": "snappy_frame", "data": "0x"}),
            json!({"framed": format!("0x{identifier}")}),
        ),
        (json!({"kind": "snappy_block", "data": "0x"}), json!({"compressed": "0x00"})),
        (
            json!({"kind": "gossipsub_rpc", "subscriptions": [], "publish": []}),
            json!({"encoded": "0x"}),
        ),
        (
            json!({"kind": "gossipsub_rpc", "subscriptions": [], "publish": [{"topic": ""}]}),
            json!({"encoded": "0x1200"}),
        ),
        (
            json!({"kind": "gossipsub_rpc", "subscriptions": [{"subscribe": false, "topicId": ""}], "publish": []}),
            json!({"encoded": "0x0a0408001200"}),
        ),
        (
            json!({"kind": "varint", "value": u64::MAX}),
            json!({"encoded": "0xffffffffffffffffff01", "byteLength": 10}),
        ),
        (
            json!({"kind": "gossip_topic", "topicKind": "aggregation", "networkName": "00000000"}),
            json!({"topicString": "/leanconsensus/00000000/aggregation/ssz_snappy"}),
        ),
        (
            json!({"kind": "gossip_topic", "topicKind": "attestation", "networkName": "12345678", "subnetId": 63}),
            json!({"topicString": "/leanconsensus/12345678/attestation_63/ssz_snappy"}),
        ),
    ] {
        let vector = json!({"codec": codec, "output": output});
        assert_eq!(wrong(&run("networking_codec", &vector)), [""; 0], "{codec}");
    }
}
