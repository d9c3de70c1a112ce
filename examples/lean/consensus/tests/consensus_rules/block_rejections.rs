//! Every reason for rejecting a block. A rejection leaves the store unchanged.

use consensus::{
    AggregatedAttestations, Block, Checkpoint, EqualKeys, HISTORICAL_ROOTS_LIMIT, MockProofs,
    MultiMessageAggregate, Rejection, Root, SignedBlock, State, Store, Validators, genesis,
    interval_from_slot, process_block, process_slots, state_transition,
};
use libssz_types::SszBitlist;
use xmss::PublicKey;

use crate::chain::{
    Signers, anchor, attestation, block_on, extend, import, import_now, unsigned_store, vote,
};

fn with_votes(block: &Block, votes: Vec<consensus::AggregatedAttestation>) -> Block {
    let mut block = block.clone();
    block.body.attestations = AggregatedAttestations::try_from(votes).expect("few votes");
    block
}

#[test]
fn a_block_is_rejected_for_the_first_rule_it_breaks() {
    let mut store = unsigned_store(4);
    let genesis = anchor(&store);
    let one = extend(&mut store, genesis.root, 1, &[]);
    let valid = block_on(&store, one.root, 2, &[]);
    let data = vote(1, genesis, one);
    let mut empty = attestation(data, &[0]);
    empty.aggregation_bits = SszBitlist::with_length(4).expect("four bits");
    let future = Checkpoint { root: Root::new([3; 32]), slot: 9 };
    let many = (0..9).map(|slot| attestation(vote(slot, genesis, one), &[0])).collect();
    let far = HISTORICAL_ROOTS_LIMIT as u64 + 1;
    let twice =
        |block: &Block| with_votes(block, vec![attestation(data, &[0]), attestation(data, &[1])]);
    store.skip_to(interval_from_slot(2));

    let cases = [
        (
            Block { parent_root: Root::new([9; 32]), slot: 0, ..valid.clone() },
            Rejection::UnknownParentBlock,
        ),
        (twice(&valid), Rejection::DuplicateAttestationData),
        (Block { slot: 1, ..valid.clone() }, Rejection::BlockSlotNotInFuture),
        (Block { proposer_index: 3, ..valid.clone() }, Rejection::WrongProposer),
        (twice(&Block { slot: far + 1, ..valid.clone() }), Rejection::BlockSlotGapTooLarge),
        (Block { slot: u64::MAX, ..valid.clone() }, Rejection::BlockSlotGapTooLarge),
        (twice(&Block { slot: far, ..valid.clone() }), Rejection::BlockTooFarInFuture),
        (twice(&Block { slot: 4, ..valid.clone() }), Rejection::BlockTooFarInFuture),
        (twice(&Block { slot: 3, ..valid.clone() }), Rejection::DuplicateAttestationData),
        (with_votes(&valid, many), Rejection::TooManyAttestationData),
        (with_votes(&valid, vec![empty]), Rejection::EmptyAggregationBits),
        (with_votes(&valid, vec![attestation(data, &[0, 4])]), Rejection::ValidatorIndexOutOfRange),
        (
            with_votes(&valid, vec![attestation(vote(1, genesis, future), &[0])]),
            Rejection::JustifiedSlotOutOfRange,
        ),
        (Block { state_root: Root::ZERO, ..valid.clone() }, Rejection::StateRootMismatch),
    ];
    let before = format!("{store:?}");
    for (block, reason) in cases {
        assert_eq!(import_now(&mut store, block), Err(reason));
        assert_eq!(format!("{store:?}"), before, "{reason}");
    }
    import_now(&mut store, valid).expect("the block that all were made of is valid");
}

#[test]
fn a_block_one_slot_early_is_imported_and_one_two_slots_early_when_its_time_comes() {
    let mut store = unsigned_store(4);
    let genesis = anchor(&store);
    let block = block_on(&store, genesis.root, 2, &[]);
    assert_eq!(import_now(&mut store, block.clone()), Err(Rejection::BlockTooFarInFuture));
    assert!(!Rejection::BlockTooFarInFuture.is_sender_at_fault());
    store.skip_to(interval_from_slot(1) - 1);
    assert_eq!(import_now(&mut store, block.clone()), Err(Rejection::BlockTooFarInFuture));
    store.skip_to(interval_from_slot(1));
    import_now(&mut store, block).expect("its slot is the next one");
    assert_eq!(store.time(), interval_from_slot(1));
}

#[test]
fn a_block_for_which_a_state_has_no_room_is_rejected_before_its_slots_are_filled() {
    let mut store = unsigned_store(4);
    let genesis = anchor(&store);
    let one = extend(&mut store, genesis.root, 1, &[]);
    let far = HISTORICAL_ROOTS_LIMIT as u64 + 1;
    let block =
        Block { slot: far, proposer_index: far % 4, parent_root: one.root, ..Block::default() };
    assert_eq!(import(&mut store, block), Err(Rejection::HistoricalRootsLimitExceeded));
}

#[test]
fn a_state_with_unreadable_tallies_is_rejected_in_the_specifications_order() {
    let key = |tag: u8| PublicKey::new([tag; PublicKey::LENGTH]);
    let registry = Validators::new((0..4).map(|tag| (key(tag), key(tag + 100))));
    let (state, _) = genesis(0, registry.expect("few validators"));
    let block = |state: &State| {
        let advanced = process_slots(state, 1).expect("slot 1 is after genesis");
        let header = advanced.latest_block_header;
        let block = Block {
            slot: 1,
            proposer_index: 1,
            parent_root: Root::of(&header),
            ..Block::default()
        };
        process_block(&mut advanced.clone(), &block)
    };
    let with = |roots: &[Root], bits: usize| State {
        justifications_roots: roots.to_vec().try_into().expect("few roots"),
        justifications_validators: SszBitlist::with_length(bits).expect("few bits"),
        ..state.clone()
    };
    let root = Root::new([1; 32]);
    for (roots, bits, expected) in [
        (&[][..], 0, Ok(())),
        (&[root][..], 4, Ok(())),
        (&[root, Root::ZERO], 4, Err(Rejection::JustificationVotesLengthMismatch)),
        (&[root], 5, Err(Rejection::JustificationVotesLengthMismatch)),
        (&[], 1, Err(Rejection::JustificationVotesLengthMismatch)),
        (&[Root::ZERO, root], 8, Err(Rejection::ZeroHashJustificationRoot)),
    ] {
        let state = with(roots, bits);
        assert_eq!(state.check_justification_votes(), expected, "{roots:?}, {bits}");
        assert_eq!(block(&state), expected, "{roots:?}, {bits}");
    }
    let empty = State { validators: Validators::default(), ..with(&[Root::ZERO], 3) };
    assert_eq!(empty.check_justification_votes(), Err(Rejection::EmptyValidatorRegistry));
    assert_eq!(block(&empty), Err(Rejection::EmptyValidatorRegistry));
}

#[test]
fn a_validator_with_one_key_for_both_roles_is_found() {
    let key = |tag: u8| PublicKey::new([tag; PublicKey::LENGTH]);
    let registry = |keys: &[(u8, u8)]| {
        Validators::new(keys.iter().map(|(one, other)| (key(*one), key(*other))))
            .expect("few validators")
    };
    assert_eq!(registry(&[(1, 2), (2, 1)]).check_keys_differ(), Ok(()));
    let equal = registry(&[(1, 2), (3, 3), (4, 4)]).check_keys_differ();
    assert_eq!(equal, Err(EqualKeys { index: 1 }));
}

#[test]
fn a_block_must_fit_the_state_that_it_is_applied_to() {
    let store = unsigned_store(4);
    let root = anchor(&store).root;
    let (one, two) = (block_on(&store, root, 1, &[]), block_on(&store, root, 2, &[]));
    let advanced = process_slots(store.head_state(), 1).expect("slot 1 is after genesis");

    assert_eq!(process_block(&mut advanced.clone(), &two), Err(Rejection::BlockSlotMismatch));
    let mut after = advanced.clone();
    process_block(&mut after, &one).expect("a valid block");
    assert_eq!(process_block(&mut after, &one), Err(Rejection::BlockOlderThanLatestHeader));
    let orphan = Block { parent_root: Root::ZERO, ..one };
    assert_eq!(process_block(&mut advanced.clone(), &orphan), Err(Rejection::ParentRootMismatch));
    assert_eq!(process_slots(&advanced, 1), Err(Rejection::BlockSlotNotInFuture));
}

#[test]
fn no_block_can_be_proposed_without_validators() {
    let (state, anchor) = genesis(0, Validators::default());
    let block = Block { slot: 1, parent_root: Root::of(&anchor), ..Block::default() };
    assert_eq!(state_transition(&state, &block), Err(Rejection::EmptyValidatorRegistry));
    let mut store = Store::new(state, anchor, None).expect("genesis names its state");
    let produced = store.produce_block(1, 0, &MockProofs::Bound).map(|block| block.root());
    assert_eq!(produced, Err(Rejection::EmptyValidatorRegistry));
}

#[test]
fn an_anchor_must_name_its_state() {
    let (state, block) = genesis(0, Validators::default());
    let block = Block { state_root: Root::ZERO, ..block };
    assert_eq!(Store::new(state, block, None).map(drop), Err(Rejection::AnchorStateRootMismatch));
}

#[test]
fn a_block_needs_the_proof_of_its_own_signatures() {
    let mut signers = Signers::new(2);
    let (mut proposer, mut listener) = (signers.store(), signers.store());
    let block = signers.propose(&mut proposer, 1);
    let before = format!("{listener:?}");

    let mut unproved = block.clone();
    unproved.proof = MultiMessageAggregate::default();
    let mut altered = block.clone();
    altered.block.state_root = Root::ZERO;
    for (block, reason) in [
        (unproved, Rejection::InvalidBlockProof),
        (altered, Rejection::InvalidBlockProof),
        (
            SignedBlock {
                block: Block { proposer_index: 2, ..block.block.clone() },
                ..block.clone()
            },
            Rejection::ProposerIndexOutOfRange,
        ),
    ] {
        assert_eq!(listener.on_block(&block, &MockProofs::Bound), Err(reason));
        assert_eq!(format!("{listener:?}"), before);
    }
    assert!(listener.on_block(&block, &MockProofs::Bound).expect("an honest block").is_new);
}

#[test]
fn voters_outside_of_the_registry_are_found_before_the_proof_is_checked() {
    let mut store = unsigned_store(2);
    let root = anchor(&store).root;
    let block = block_on(&store, root, 1, &[]);
    let data = vote(0, anchor(&store), anchor(&store));
    let mut empty = attestation(data, &[0]);
    empty.aggregation_bits = SszBitlist::new();
    for (votes, reason) in [
        (attestation(data, &[2]), Rejection::ValidatorIndexOutOfRange),
        (empty, Rejection::EmptyAggregationBits),
    ] {
        let block = with_votes(&block, vec![votes]);
        let signed = SignedBlock { block, proof: MultiMessageAggregate::default() };
        assert_eq!(store.on_block(&signed, &MockProofs::Bound), Err(reason));
    }
}

#[test]
fn a_refused_proposal_leaves_the_store_as_it_was() {
    let mut store = unsigned_store(4);
    let root = anchor(&store).root;
    extend(&mut store, root, 5, &[]);
    let before = format!("{store:?}");
    let not_its_turn = store.produce_block(6, 1, &MockProofs::Bound).map(|block| block.root());
    assert_eq!(not_its_turn, Err(Rejection::WrongProposer));
    assert_eq!(format!("{store:?}"), before);
    let behind_the_head = store.produce_block(5, 1, &MockProofs::Bound).map(|block| block.root());
    assert_eq!(behind_the_head, Err(Rejection::BlockSlotNotInFuture));
    assert_eq!(format!("{store:?}"), before);
}
