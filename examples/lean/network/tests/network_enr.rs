//! Tests of reading node records, and of refusing malformed ones.

use std::net::Ipv4Addr;

use alloy_rlp::{Encodable as _, Header};
use network::{HostKey, MAX_RECORD_SIZE, NodeRecord, RecordError};

const EXTENDED: &str = "enr:-PK4QAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAFh2F0dG5ldHOIgQAAAAAAAICEZXRoMpASNFZ4q83vAGQAAAAAAAAAgmlkgnY0gmlwhAoAAAGDaXA2kCABDbgAAAAAAAAAAAAAAAGNaXNfYWdncmVnYXRvcgGEcXVpY4IjKYVxdWljNoIjKolzZWNwMjU2azGhA8pjTK4NSay0Adikxrb-jFW3DRFb9AB2nMFADzJYzTE4iHN5bmNuZXRzCoN1ZHCCdl-EdWRwNoJ2YA";

/// Encodes a list of byte strings in the format of a record.
fn record(items: &[&[u8]]) -> Vec<u8> {
    let mut content = Vec::new();
    items.iter().for_each(|item| item[..].encode(&mut content));
    let mut bytes = Vec::new();
    Header { list: true, payload_length: content.len() }.encode(&mut bytes);
    bytes.extend(content);
    bytes
}

fn refused(bytes: &[u8]) -> RecordError {
    NodeRecord::from_rlp(bytes).expect_err("not a record")
}

#[test]
fn every_key_of_a_record_is_read_even_with_a_wrong_signature() {
    let record: NodeRecord = EXTENDED.parse().expect("a record");
    assert_eq!(record.to_string(), EXTENDED);
    assert_eq!((record.seq(), record.identity_scheme()), (5, Some("v4")));
    assert!(record.is_valid() && !record.verify_signature(), "its signature is all zeros");
    assert_eq!((record.ip4(), record.udp_port()), (Some(Ipv4Addr::new(10, 0, 0, 1)), Some(30303)));
    assert_eq!(record.quic_port(), Some(9001));
    let address = record.multiaddr().expect("it has an address");
    assert_eq!(address.to_string(), "/ip4/10.0.0.1/udp/9001/quic-v1");
    assert_eq!(record.attestation_subnets(), Some(vec![0, 7, 63]));
    let eth2 = record.eth2().expect("it names its fork");
    assert_eq!(
        (eth2.fork_digest, eth2.next_fork_version),
        ([0x12, 0x34, 0x56, 0x78], [0xab, 0xcd, 0xef, 0x00])
    );
    assert_eq!(eth2.next_fork_epoch, 100);
    assert!(record.is_aggregator());
    let peer = record.peer_id().expect("its key is a point of the curve");
    assert_eq!(peer.to_string(), "16Uiu2HAmSH2XVgZqYHWucap5kuPzLnt2TsNQkoppVxB5eJGvaXwm");
}

#[test]
fn a_signed_record_verifies_and_any_change_breaks_it() {
    let key = HostKey::from_secret([7; 32]).expect("a secret");
    let record = NodeRecord::sign(&key, 3, Ipv4Addr::LOCALHOST, 9000, true);
    assert!(record.verify_signature() && record.is_valid() && record.is_aggregator());
    assert_eq!(record.peer_id(), Some(key.peer_id()));
    assert_eq!(
        record.multiaddr().expect("an address").to_string(),
        "/ip4/127.0.0.1/udp/9000/quic-v1"
    );
    assert_eq!(record.to_string().parse(), Ok(record.clone()));

    let bytes = record.to_rlp();
    for place in 0..bytes.len() {
        let mut changed = bytes.clone();
        changed[place] ^= 1;
        let still_good =
            NodeRecord::from_rlp(&changed).is_ok_and(|record| record.verify_signature());
        assert!(!still_good, "byte {place}");
    }
}

#[test]
fn bytes_that_are_not_one_flat_list_in_order_are_refused() {
    let signature = [0; 64].as_slice();
    let seq = [1].as_slice();
    assert!(NodeRecord::from_rlp(&record(&[signature, seq])).is_ok());
    assert!(
        NodeRecord::from_rlp(&record(&[signature, seq, b"id", b"v4", b"ip", &[127, 0, 0, 1]]))
            .is_ok()
    );

    assert_eq!(refused(&[0xff; MAX_RECORD_SIZE + 1]), RecordError::TooLarge(301));
    assert_eq!(
        refused(&record(&[signature, seq, b"ip", &[127, 0, 0, 1], b"id", b"v4"])),
        RecordError::Order
    );
    assert_eq!(refused(&record(&[signature, seq, b"id", b"v4", b"id", b"v4"])), RecordError::Order);
    assert_eq!(refused(&record(&[&signature[1..], seq])), RecordError::Signature(63));
    assert_eq!(refused(&record(&[signature, seq, &[0xff], b"v4"])), RecordError::Key);
    for malformed in [
        vec![],
        vec![0x00],
        vec![0xc0],
        record(&[signature]),
        record(&[signature, seq, b"id"]),
        record(&[signature, &[0, 1]]),
        record(&[signature, &[1; 9]]),
        [record(&[signature, seq]), vec![0]].concat(),
        [record(&[signature, seq, b"id", b"v4"])].concat()[..20].to_vec(),
        // A list in place of a value.
        [&[0xf8, 0x47, 0xb8, 0x40], signature, &[0x01, 0x82], b"id", &[0xc1, 0x01]].concat(),
        // The long form for a length within the limit of the short form.
        [&[0xf8, 0x03], b"abc".as_slice()].concat(),
    ] {
        assert!(matches!(refused(&malformed), RecordError::Rlp(_)), "{malformed:02x?}");
    }
}

#[test]
fn each_kind_of_malformed_text_has_its_own_error() {
    let error = |text: &str| text.parse::<NodeRecord>().expect_err("not a record");
    assert_eq!(error("-IS4Q"), RecordError::Prefix);
    assert_eq!(error("enr:+/=="), RecordError::Base64);
    assert_eq!(error(&format!("enr:{}", "A".repeat(500))), RecordError::TooLarge(375));
    assert!(matches!(error("enr:AA"), RecordError::Rlp(_)));
}

#[test]
fn a_port_of_zero_or_of_more_than_two_bytes_is_no_address() {
    let with_ports = |quic: &[u8], udp: &[u8]| {
        let pairs: [&[u8]; 8] = [&[0; 64], &[1], b"ip", &[10, 0, 0, 1], b"quic", quic, b"udp", udp];
        NodeRecord::from_rlp(&record(&pairs))
            .expect("a record")
            .multiaddr()
            .map(|address| address.to_string())
    };
    assert_eq!(with_ports(&[0], &[0x23, 0x29]).as_deref(), Some("/ip4/10.0.0.1/udp/9001/quic-v1"));
    assert_eq!(with_ports(&[], &[]), None);
    assert_eq!(with_ports(&[1, 0, 0], &[0]), None);
}
