//! Valid encodings of all messages from peers, created by the node's own code.

use std::net::Ipv4Addr;

use consensus::{
    AggregatedAttestation, AggregatedAttestations, AttestationData, Block, BlockBody, BlockHeader,
    BlockRoots, Checkpoint, JustificationsValidators, JustifiedSlots, MultiMessageAggregate,
    ProofBytes, Root, SignedAggregatedAttestation, SignedAttestation, SignedBlock,
    SingleMessageAggregate, State, Validators, aggregation_bits, genesis,
};
use fuzzing::{records_of_a_far_slot, records_of_a_small_chain, rows_of_a_small_chain};
use libssz::SszEncode as _;
use network::{HostKey, NodeRecord, SlotRange, Status};
use wire::gossip_rpc::{
    Control, Graft, IHave, MessageIds, Prune, Published, Rpc, Subscription, encode_rpc,
};
use wire::raw_snappy::compress;
use wire::request::{Request, encode_request};
use wire::response::{ErrorChunk, ResponseCode, write_chunk};
use wire::topic::{Topic, TopicKind};
use xmss::{PublicKey, Scheme, SecretKey, TreeKey};

use crate::files;

/// A valid encoding with its name.
#[derive(Clone, Debug)]
pub(crate) struct Seed {
    pub(crate) name: &'static str,
    pub(crate) bytes: Vec<u8>,
}

pub(crate) fn seed(name: &'static str, bytes: impl Into<Vec<u8>>) -> Seed {
    Seed { name, bytes: bytes.into() }
}

/// Returns the valid encodings for a target.
pub(crate) fn of(target: &str) -> Vec<Seed> {
    match target {
        "api_request" => vec![
            seed("health", "/lean/v0/health"),
            seed("metrics", "/metrics?name=lean_head_slot"),
            seed("aggregator", "/lean/v0/admin/aggregator\n{\"enabled\":true}"),
        ],
        "checkpoint" => vec![
            seed(
                "genesis",
                checkpoint(
                    &genesis(1_700_000_000, registry(2)).1,
                    &genesis(1_700_000_000, registry(2)).0,
                ),
            ),
            seed("grown", checkpoint(&block(2), &state())),
        ],
        "gossip_message" => vec![
            seed("block", gossip(0, &signed_block(1).to_ssz())),
            seed("aggregation", gossip(1, &aggregate().to_ssz())),
            seed("attestation", gossip(2, &vote(Scheme::TEST).to_ssz())),
            seed("elsewhere", gossip(3, &vote(Scheme::TEST).to_ssz())),
        ],
        "gossip_rpc" => vec![
            seed("everything", encode_rpc(&rpc())),
            seed("nothing", encode_rpc(&Rpc::default())),
        ],
        "node_record" => {
            vec![seed("signed", record(30303).to_rlp()), seed("no_port", record(0).to_rlp())]
        }
        "node_record_text" => {
            vec![
                seed("signed", record(30303).to_string()),
                seed("padded", format!(" {}==\n", record(9000))),
            ]
        }
        "raw_snappy" => vec![
            seed("zeros", compressed(&[0; 5000])),
            seed("vote", compressed(&vote(Scheme::TEST).to_ssz())),
            seed("nothing", compressed(&[])),
        ],
        "request_stream" => requests()
            .into_iter()
            .zip(0..)
            .map(|((name, request), kind)| {
                seed(
                    name,
                    chosen(&[kind], &encode_request(&request).expect("it asks for few blocks")),
                )
            })
            .collect(),
        "response_stream" => responses(),
        "ssz_aggregate" => vec![seed("mock", aggregate().to_ssz())],
        "ssz_block" => {
            vec![seed("empty", signed_block(0).to_ssz()), seed("votes", signed_block(3).to_ssz())]
        }
        "ssz_request" => {
            requests().into_iter().map(|(name, request)| seed(name, request.to_ssz())).collect()
        }
        "ssz_state" => {
            vec![
                seed("genesis", genesis(1_700_000_000, registry(2)).0.to_ssz()),
                seed("grown", state().to_ssz()),
            ]
        }
        "ssz_vote" => vec![
            seed("test", vote(Scheme::TEST).to_ssz()),
            seed("long", vote(Scheme::LONG).to_ssz()),
        ],
        "chain_file" => vec![
            seed("small", records_of_a_small_chain()),
            seed("far-slot", records_of_a_far_slot()),
        ],
        "stored_file" => vec![
            seed("whole", u32::MAX.to_le_bytes()),
            seed("half", 200_000_u32.to_le_bytes()),
            seed("header", [&u32::MAX.to_le_bytes()[..], &[9, 0, 0, 0, 1, 7]].concat()),
            seed("page", [&u32::MAX.to_le_bytes()[..], &[0, 32, 0, 0, 2, 7, 7]].concat()),
        ],
        "stored_rows" => vec![seed("chain", rows_of_a_small_chain()), seed("nothing", [])],
        "topic" => {
            [TopicKind::Block, TopicKind::Aggregation, TopicKind::Attestation { subnet: 63 }]
                .into_iter()
                .zip(["block", "aggregation", "attestation"])
                .map(|(kind, name)| seed(name, Topic::new("12345678", kind).to_string()))
                .collect()
        }
        "tree_key" => vec![seed("test", tree_key().to_ssz())],
        file => files::of(file),
    }
}

/// Generates a small key with its trees.
pub(crate) fn tree_key() -> TreeKey {
    TreeKey::generate(Scheme::TEST, [7; 32], 0, 32).expect("two bottom trees of 16 slots")
}

fn chosen(choices: &[u8], bytes: &[u8]) -> Vec<u8> {
    [choices, bytes].concat()
}

fn compressed(ssz: &[u8]) -> Vec<u8> {
    compress(ssz).expect("it is small")
}

fn gossip(topic: u8, ssz: &[u8]) -> Vec<u8> {
    chosen(&[topic], &compressed(ssz))
}

fn root(number: u8) -> Root {
    Root::new([number; 32])
}

fn checkpoint_at(slot: u64) -> Checkpoint {
    Checkpoint { root: root(slot as u8), slot }
}

fn data(slot: u64) -> AttestationData {
    let (head, target, source) =
        (checkpoint_at(slot), checkpoint_at(slot), checkpoint_at(slot.saturating_sub(1)));
    AttestationData { slot, head, target, source }
}

fn vote(scheme: Scheme) -> SignedAttestation {
    let mut key = SecretKey::generate(scheme, [3; 32], 0, 8).expect("eight slots");
    let data = data(2);
    let signature = key.sign(2, Root::of(&data).as_bytes()).expect("slot 2 is active");
    SignedAttestation { validator_index: 1, data, signature }
}

fn proof() -> ProofBytes {
    let bytes = [b"\0MOCKED-AGGREGATION-PROOF\0".as_slice(), &[9; 32]].concat();
    bytes.try_into().expect("a proof may be longer")
}

fn aggregate() -> SignedAggregatedAttestation {
    let participants = aggregation_bits([0, 2, 9]).expect("three validators");
    SignedAggregatedAttestation {
        data: data(3),
        proof: SingleMessageAggregate { participants, proof: proof() },
    }
}

fn block(votes: u64) -> Block {
    let attestations: Vec<_> = (0..votes)
        .map(|n| AggregatedAttestation {
            aggregation_bits: aggregation_bits([n, n + 8]).expect("two validators"),
            data: data(n),
        })
        .collect();
    let attestations = AggregatedAttestations::try_from(attestations).expect("few votes");
    let body = BlockBody { attestations };
    Block { slot: 5, proposer_index: 1, parent_root: root(4), state_root: root(5), body }
}

fn signed_block(votes: u64) -> SignedBlock {
    SignedBlock { block: block(votes), proof: MultiMessageAggregate { proof: proof() } }
}

fn registry(validators: u8) -> Validators {
    let key = |byte: u8| {
        SecretKey::generate(Scheme::TEST, [byte; 32], 0, 2)
            .map(|key| *key.public_key())
            .expect("two slots")
    };
    let keys: Vec<(PublicKey, PublicKey)> =
        (0..validators).map(|n| (key(n), key(100 + n))).collect();
    Validators::new(keys).expect("few validators")
}

fn state() -> State {
    let block = block(2);
    let mut justified_slots = JustifiedSlots::with_length(4).expect("four slots");
    justified_slots.set(2, true).expect("there are four");
    let mut justifications_validators =
        JustificationsValidators::with_length(6).expect("two tallies of three");
    justifications_validators.set(4, true).expect("there are six");
    State {
        slot: block.slot,
        latest_block_header: BlockHeader {
            slot: block.slot,
            proposer_index: block.proposer_index,
            parent_root: block.parent_root,
            state_root: Root::ZERO,
            body_root: Root::of(&block.body),
        },
        latest_justified: checkpoint_at(3),
        latest_finalized: checkpoint_at(1),
        historical_block_hashes: BlockRoots::try_from(vec![
            root(0),
            root(1),
            Root::ZERO,
            root(3),
            root(4),
        ])
        .expect("few"),
        justified_slots,
        justifications_roots: BlockRoots::try_from(vec![root(3), root(4)]).expect("few"),
        justifications_validators,
        ..genesis(1_700_000_000, registry(3)).0
    }
}

fn checkpoint(block: &Block, state: &State) -> Vec<u8> {
    let block =
        SignedBlock { block: block.clone(), proof: MultiMessageAggregate::default() }.to_ssz();
    [&(block.len() as u32).to_le_bytes(), block.as_slice(), &state.to_ssz()].concat()
}

fn status() -> Status {
    Status { finalized_root: [1; 32], finalized_slot: 3, head_root: [2; 32], head_slot: 7 }
}

fn requests() -> [(&'static str, Request); 3] {
    [
        ("status", Request::Status(status())),
        ("blocks_by_root", Request::BlocksByRoot(vec![[5; 32], [6; 32]])),
        ("blocks_by_range", Request::BlocksByRange(SlotRange { start_slot: 3, count: 64 })),
    ]
}

fn responses() -> Vec<Seed> {
    let block = signed_block(1).to_ssz();
    let missing = ErrorChunk::new(ResponseCode::ResourceUnavailable, "pruned");
    let refused = ErrorChunk::new(ResponseCode::InvalidRequest, "too many blocks");
    let answer = |choices: &[u8], chunks: &[Result<&[u8], &ErrorChunk>]| {
        let mut bytes = choices.to_vec();
        chunks.iter().for_each(|chunk| write_chunk(*chunk, &mut bytes).expect("it is small"));
        bytes
    };
    vec![
        seed("status", answer(&[0, 1], &[Ok(&status().to_ssz())])),
        seed("blocks_by_root", answer(&[1, 8], &[Ok(&block), Err(&missing), Ok(&block)])),
        seed("blocks_by_range", answer(&[5, 64], &[Ok(&block), Ok(&block)])),
        seed("refused", answer(&[2, 2], &[Err(&refused)])),
    ]
}

fn record(port: u16) -> NodeRecord {
    let key = HostKey::from_secret([4; 32]).expect("a small number is a secret");
    NodeRecord::sign(&key, 300, Ipv4Addr::LOCALHOST, port, true)
}

fn rpc() -> Rpc {
    let topic = || Some(Topic::new("12345678", TopicKind::Block).to_string());
    let ids = || vec![vec![1; 20], vec![2; 20]];
    Rpc {
        subscriptions: vec![Subscription { subscribe: Some(true), topic_id: topic() }],
        publish: vec![Published {
            data: Some(compressed(&vote(Scheme::TEST).to_ssz())),
            topic: topic(),
            ..Published::default()
        }],
        control: Some(Control {
            ihave: vec![IHave { topic_id: topic(), message_ids: ids() }],
            iwant: vec![MessageIds { message_ids: ids() }],
            graft: vec![Graft { topic_id: topic() }],
            prune: vec![Prune { topic_id: topic(), backoff: Some(60) }],
            idontwant: vec![MessageIds { message_ids: ids() }],
        }),
    }
}
