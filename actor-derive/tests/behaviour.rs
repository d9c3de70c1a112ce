//! A derived message type behaves as one written by hand.

use std::time::{Duration, Instant};

use actor_core::mailbox::Variant;
use actor_core::{Lane, Message, TryTellError, mailbox};
use actor_derive::Message;

/// A name of the network: no number by itself.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Peer(u64, bool);

fn number_of(peer: &Peer) -> u64 {
    peer.0
}

const BLOCKS: usize = 1000 + 24;

#[derive(Clone, Debug, PartialEq, Eq, Message)]
enum Derived {
    #[lane(control, 16)]
    Stop,
    #[lane(fifo = "blocks", BLOCKS, share = 64, weight = 8, when = |peer, _| peer.1)]
    #[lane(fifo = "stranger_blocks", 256, share = 8)]
    Block(#[source(number_of)] Peer, Vec<u8>),
    #[lane(newest_first = "votes", 4096, batch = 64)]
    Vote(u32),
    #[lane(latest_by_key = "statuses", 128)]
    Status {
        #[key(|peer| peer.0)]
        peer: Peer,
        #[deadline]
        until: Instant,
    },
    #[lane("blocks")]
    #[source(none)]
    Own(#[deadline(|until| *until)] Option<Instant>),
    #[lane(latest = "head")]
    r#Head(&'static str),
    #[lane("votes")]
    Sample(#[source] u32, #[key] u16),
    #[lane("votes")]
    Old(&'static str),
    #[variant(skip)]
    #[lane("control")]
    Chosen(Box<[u8]>),
    #[lane("control")]
    Other(Box<[u8]>),
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum ByHand {
    Stop,
    Block(Peer, Vec<u8>),
    Vote(u32),
    Status { peer: Peer, until: Instant },
    Own(Option<Instant>),
    Head(&'static str),
    Sample(u32, u16),
    Old(&'static str),
    Chosen(Box<[u8]>),
    Other(Box<[u8]>),
}

impl Message for ByHand {
    const LANES: &'static [Lane] = &[
        Lane::control("control", 16),
        Lane::fifo("blocks", 1024).share(64).weight(8),
        Lane::fifo("stranger_blocks", 256).share(8),
        Lane::newest_first("votes", 4096).batch(64),
        Lane::latest_by_key("statuses", 128),
        Lane::latest("head"),
    ];
    const KINDS: &'static [&'static str] =
        &["Stop", "Block", "Vote", "Status", "Own", "Head", "Sample", "Old", "Chosen", "Other"];

    fn kind(&self) -> usize {
        match self {
            Self::Stop => 0,
            Self::Block(..) => 1,
            Self::Vote(_) => 2,
            Self::Status { .. } => 3,
            Self::Own(_) => 4,
            Self::Head(_) => 5,
            Self::Sample(..) => 6,
            Self::Old(_) => 7,
            Self::Chosen(_) => 8,
            Self::Other(_) => 9,
        }
    }

    fn lane(&self) -> usize {
        match self {
            Self::Stop | Self::Chosen(_) | Self::Other(_) => 0,
            Self::Block(Peer(_, is_known), _) => {
                if *is_known {
                    1
                } else {
                    2
                }
            }
            Self::Own(_) => 1,
            Self::Vote(_) | Self::Sample(..) | Self::Old(_) => 3,
            Self::Status { .. } => 4,
            Self::Head(_) => 5,
        }
    }

    fn source(&self) -> Option<u64> {
        match self {
            Self::Block(peer, _) => Some(peer.0),
            Self::Sample(source, _) => Some(u64::from(*source)),
            _ => None,
        }
    }

    fn key(&self) -> u64 {
        match self {
            Self::Status { peer, .. } => peer.0,
            Self::Sample(_, key) => u64::from(*key),
            _ => 0,
        }
    }

    fn deadline(&self) -> Option<Instant> {
        match self {
            Self::Status { until, .. } => Some(*until),
            Self::Own(until) => *until,
            _ => None,
        }
    }
}

/// Returns the same messages of both types.
#[expect(clippy::disallowed_methods, reason = "any instant will do")]
fn messages() -> Vec<(Derived, ByHand)> {
    let until = Instant::now() + Duration::from_secs(1);
    let peer = |is_known| Peer(7, is_known);
    vec![
        (Derived::Stop, ByHand::Stop),
        (Derived::Block(peer(true), vec![1]), ByHand::Block(peer(true), vec![1])),
        (Derived::Block(peer(false), vec![1]), ByHand::Block(peer(false), vec![1])),
        (Derived::Vote(3), ByHand::Vote(3)),
        (Derived::Status { peer: peer(true), until }, ByHand::Status { peer: peer(true), until }),
        (Derived::Own(Some(until)), ByHand::Own(Some(until))),
        (Derived::Own(None), ByHand::Own(None)),
        (Derived::Head("a"), ByHand::Head("a")),
        (Derived::Sample(9, 5), ByHand::Sample(9, 5)),
        (Derived::Old("b"), ByHand::Old("b")),
        (Derived::Chosen([1].into()), ByHand::Chosen([1].into())),
        (Derived::Other([2].into()), ByHand::Other([2].into())),
    ]
}

#[test]
fn a_derived_type_is_the_same_as_one_written_by_hand() {
    assert_eq!(Derived::LANES, ByHand::LANES);
    assert_eq!(Derived::KINDS, ByHand::KINDS);
    for (derived, by_hand) in messages() {
        assert_eq!(derived.kind(), by_hand.kind(), "{derived:?}");
        assert_eq!(derived.lane(), by_hand.lane(), "{derived:?}");
        assert_eq!(derived.source(), by_hand.source(), "{derived:?}");
        assert_eq!(derived.key(), by_hand.key(), "{derived:?}");
        assert_eq!(derived.deadline(), by_hand.deadline(), "{derived:?}");
    }
}

#[test]
fn a_derived_type_is_sent_and_refused_by_its_lanes() {
    let (handle, mut mailbox) = mailbox::<Derived>();
    let block = |number| Derived::Block(Peer(number, false), Vec::new());
    let sent = (0..9).map(|_| handle.try_tell(block(1)));
    assert_eq!(sent.filter(Result::is_ok).count(), 8, "the share of one source");
    assert!(handle.try_tell(block(2)).is_ok(), "another source has its own");
    handle.try_tell(Derived::Stop).expect("there is room");
    assert_eq!(mailbox.try_recv(), Some(Derived::Stop), "control is first");
}

#[test]
fn a_variant_with_one_field_of_its_own_type_has_a_recipient() {
    let (handle, mut mailbox) = mailbox::<Derived>();
    handle.recipient::<u32>().try_tell(3).expect("there is room");
    assert_eq!(mailbox.try_recv(), Some(Derived::Vote(3)));
    assert_eq!(Variant::<u32>::unwrap(Derived::Vote(3)), Some(3));
    assert_eq!(Variant::<u32>::unwrap(Derived::Stop), None);
    // Only `Other` is left for this type.
    let boxed: Box<[u8]> = [4].into();
    assert_eq!(Derived::wrap(boxed.clone()), Derived::Other(boxed));
}

// No implementation of the derive collides with this one.
impl Variant<&'static str> for Derived {
    fn wrap(text: &'static str) -> Self {
        Self::Old(text)
    }
    fn unwrap(self) -> Option<&'static str> {
        if let Self::Old(text) = self { Some(text) } else { None }
    }
}

#[test]
fn two_variants_with_the_same_type_leave_it_to_the_program() {
    assert_eq!(Derived::wrap("x"), Derived::Old("x"));
}

#[derive(Debug, PartialEq, Eq, Message)]
enum Plain {
    Add(u64),
    Clear,
}

#[derive(Debug, PartialEq, Eq, Message)]
struct Unit;

#[derive(Message)]
enum Never {}

#[derive(Debug, PartialEq, Eq, Message)]
#[lane(fifo = "steps", 4)]
enum Steps {
    Begin,
    Take(u8),
}

#[test]
fn a_type_without_attributes_has_the_default_lane() {
    struct Default;
    impl Message for Default {}
    for (lanes, kinds) in
        [(Plain::LANES, Plain::KINDS), (Unit::LANES, Unit::KINDS), (Never::LANES, Never::KINDS)]
    {
        assert_eq!(lanes, Default::LANES);
        assert!(kinds == ["Add", "Clear"] || kinds == ["Unit"] || kinds.is_empty());
    }
    assert_eq!((Plain::Add(1).lane(), Plain::Clear.lane(), Unit.lane()), (0, 0, 0));
    assert_eq!(Plain::wrap(1_u64), Plain::Add(1));
}

#[test]
fn the_lane_of_an_enum_is_that_of_all_its_variants() {
    assert_eq!(Steps::LANES, &[Lane::fifo("steps", 4)]);
    let (handle, _mailbox) = mailbox::<Steps>();
    let sent: Vec<_> = (0..5).map(|step| handle.try_tell(Steps::Take(step))).collect();
    assert!(matches!(sent[4], Err(TryTellError::Full(Steps::Take(4)))));
    assert_eq!(Steps::Begin.lane(), 0);
}

/// Parameters, a default, a constant and a `where` clause.
#[derive(Debug, PartialEq, Eq, Message)]
enum Generic<T, U = u8, const N: usize = 2>
where
    T: Into<u64> + Copy,
{
    #[lane(fifo = "values", N, share = 1)]
    Value(#[source(|value| (*value).into())] T, U),
    #[lane(control, 4)]
    List(Vec<T>),
    #[lane("control")]
    Other(Option<U>),
}

#[test]
fn a_type_with_parameters_has_bounds_for_its_threads() {
    assert_eq!(Generic::<u32>::LANES[0].capacity(), 2);
    assert_eq!(Generic::<u32, String>::Value(7, String::new()).source(), Some(7));
    assert_eq!(Generic::<u32>::wrap(vec![1]), Generic::List(vec![1]));
    assert_eq!(Generic::<u32, char>::wrap(Some('a')), Generic::Other(Some('a')));
}

#[derive(Message)]
#[message(crate = actor_core)]
#[lane(fifo = "known", 8, share = 2, when = is_known)]
#[lane(latest_by_key = "others", 8)]
struct Named {
    #[source(|peer| peer.0)]
    #[key(number_of)]
    peer: Peer,
    text: String,
}

fn is_known(peer: &Peer, _text: &String) -> bool {
    peer.1
}

#[test]
fn a_struct_has_lanes_by_the_content_of_its_fields() {
    let of = |is_known| Named { peer: Peer(5, is_known), text: String::new() };
    assert_eq!((of(true).lane(), of(false).lane()), (0, 1));
    assert_eq!((of(true).source(), of(true).key()), (Some(5), 5));
    assert_eq!(Named::KINDS, ["Named"]);
}
