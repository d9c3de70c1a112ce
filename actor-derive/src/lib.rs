//! `#[derive(Message)]` for the message types of `actor-core` and of the facade `actor-lanes`.
//!
//! The lanes are declared at the variants, and the derive writes the implementation of `Message`
//! that one writes by hand. It changes nothing else: no method, no actor, no type. A program with
//! `actor-lanes` enables its feature `derive`, and `use actor_lanes::Message` imports both the
//! trait and the derive. A library with `actor-core` alone depends on this crate as well.
//!
//! # Examples
//!
//! ```
//! use actor_core::Message;
//! use actor_derive::Message;
//!
//! #[derive(Message)]
//! enum Chain {
//!     #[lane(control, 16)]
//!     Stop,
//!     #[lane(fifo = "blocks", 1024, share = 64)]
//!     Block { #[source] peer: u64, ssz: Vec<u8> },
//!     #[lane("blocks")]
//!     Parent { #[source] peer: u64, root: [u8; 32] },
//!     #[lane(newest_first = "votes", 4096, weight = 4)]
//!     Vote(u64),
//! }
//!
//! assert_eq!(Chain::LANES[1].name(), "blocks");
//! assert_eq!(Chain::Vote(7).lane(), 2);
//! assert_eq!(Chain::Block { peer: 3, ssz: Vec::new() }.source(), Some(3));
//! assert_eq!(Chain::KINDS[Chain::Stop.kind()], "Stop");
//!
//! let (chain, mut mailbox) = actor_core::mailbox::<Chain>();
//! let votes = chain.recipient::<u64>();
//! assert!(votes.try_tell(7).is_ok());
//! assert!(matches!(mailbox.try_recv(), Some(Chain::Vote(7))));
//! ```
//!
//! This is the code of the derive:
//!
//! ```
//! # use actor_core::{Lane, Message, mailbox::Variant};
//! # enum Chain {
//! #     Stop,
//! #     Block { peer: u64, ssz: Vec<u8> },
//! #     Parent { peer: u64, root: [u8; 32] },
//! #     Vote(u64),
//! # }
//! impl Message for Chain {
//!     const LANES: &'static [Lane] = &[
//!         Lane::control("control", 16),
//!         Lane::fifo("blocks", 1024).share(64),
//!         Lane::newest_first("votes", 4096).weight(4),
//!     ];
//!     const KINDS: &'static [&'static str] = &["Stop", "Block", "Parent", "Vote"];
//!
//!     fn kind(&self) -> usize {
//!         match self {
//!             Self::Stop => 0,
//!             Self::Block { .. } => 1,
//!             Self::Parent { .. } => 2,
//!             Self::Vote(..) => 3,
//!         }
//!     }
//!
//!     fn lane(&self) -> usize {
//!         match self {
//!             Self::Stop => 0,
//!             Self::Block { .. } => 1,
//!             Self::Parent { .. } => 1,
//!             Self::Vote(..) => 2,
//!         }
//!     }
//!
//!     fn source(&self) -> Option<u64> {
//!         match self {
//!             Self::Block { peer, .. } => Some(u64::from(*peer)),
//!             Self::Parent { peer, .. } => Some(u64::from(*peer)),
//!             _ => None,
//!         }
//!     }
//! }
//!
//! impl Variant<u64> for Chain {
//!     fn wrap(value: u64) -> Self {
//!         Self::Vote(value)
//!     }
//!
//!     fn unwrap(self) -> Option<u64> {
//!         match self {
//!             Self::Vote(value) => Some(value),
//!             _ => None,
//!         }
//!     }
//! }
//! # assert_eq!(Chain::LANES.len(), 3);
//! ```
//!
//! The attributes are described at [`Message`](derive@Message).

mod cases;
mod errors;
mod expand;
mod lanes;
mod syntax;
mod wraps;

use proc_macro::TokenStream;
use syn::{DeriveInput, Path, parse_macro_input, parse_quote};

/// Implements `actor_core::Message` for an enum or a struct, and `Variant` for its variants.
///
/// | attribute | of | it states |
/// |---|---|---|
/// | `#[lane(control, 16)]` | a variant | its lane, declared here; the name is that of the kind |
/// | `#[lane(fifo = "blocks", 1024)]` | a variant | the same, with a name |
/// | `#[lane("blocks")]` | a variant | its lane, declared at another variant |
/// | `#[lane(…)]` | an enum | the lane of all variants |
/// | `#[source]`, `#[key]`, `#[deadline]` | a field | the result of the method of this name |
/// | `#[source(function)]` … | a field | the same, by a function of a reference to the field |
/// | `#[source(none)]` | a variant | no source: the lane's share does not bound it |
/// | `#[variant(skip)]` | a variant | no implementation of `Variant` |
/// | `#[message(crate = path)]` | the type | the crate with the traits |
///
/// # Lanes
///
/// The kinds are those of `Lane`: `control`, `fifo`, `newest_first`, `latest` and `latest_by_key`.
/// The capacity follows, except for `latest`, and then the options `share`, `weight` and `batch`.
/// Each value is a constant expression. The order of the lanes is that of their declarations. It
/// decides whose turn is first.
///
/// With one `#[lane]`, every variant needs one: a forgotten variant is an error. Without any, the
/// type has the default lane. A struct is a variant of its own.
///
/// A variant has several lanes if each but the last one has the option `when`. It is a function of
/// references to all fields, in their order. The first lane whose condition holds is the message's.
///
/// ```
/// use actor_core::Message;
/// use actor_derive::Message;
///
/// struct Peer {
///     number: u64,
///     is_known: bool,
/// }
///
/// #[derive(Message)]
/// #[lane(fifo = "blocks", 1024, share = 64, weight = 4, when = |peer| peer.is_known)]
/// #[lane(fifo = "stranger_blocks", 256, share = 8)]
/// struct Block(#[source(|peer| peer.number)] Peer);
///
/// let of = |number, is_known| Block(Peer { number, is_known });
/// assert_eq!((of(7, true).lane(), of(8, false).lane()), (0, 1));
/// assert_eq!(of(7, true).source(), Some(7));
/// ```
///
/// # Functions
///
/// A function is a path, such as `source_of`, or a closure, such as `|peer| peer.number`. The body
/// of a closure stands in an arm of a `match`. For a source it returns a `u64` or an `Option<u64>`,
/// for a key a `u64`, for a deadline an `Instant` or an `Option<Instant>`. Without a function, the
/// field itself is a deadline of such a type, or anything that a `u64` is made from.
///
/// # Variants
///
/// A variant with one field without a name gets `Variant<T>` for the type of this field, so
/// `handle.recipient::<T>()` compiles. If two variants have the same type, neither gets it:
/// `#[variant(skip)]` at one of them decides for the other. The types of two variants that may
/// become the same type by a parameter are an error. Two names of one type, such as an alias, look
/// different to a macro. Then the compiler reports the collision at the variant, and
/// `#[variant(skip)]` settles it.
///
/// # Kinds
///
/// `Message::KINDS` has the names of the variants, or the name of the struct.
///
/// # Bounds
///
/// Type parameters get the bounds `Send + 'static`, as `derive(Clone)` adds `Clone`.
///
/// # Examples
///
/// The crate's [first page](crate) has a larger one, and its code.
///
/// ```
/// use actor_core::Message;
/// use actor_derive::Message;
///
/// #[derive(Message)]
/// enum Count {
///     #[lane(fifo = "numbers", 64)]
///     Add(u64),
///     #[lane(control, 4)]
///     Clear,
/// }
///
/// assert_eq!((Count::Add(1).lane(), Count::Clear.lane()), (0, 1));
/// assert_eq!(Count::KINDS, ["Add", "Clear"]);
/// ```
#[proc_macro_derive(Message, attributes(lane, source, key, deadline, variant, message))]
pub fn derive_message(input: TokenStream) -> TokenStream {
    derive(input, parse_quote!(::actor_core))
}

/// The same derive with the traits of `actor_lanes`, re-exported there as `Message`.
#[doc(hidden)]
#[proc_macro_derive(LanesMessage, attributes(lane, source, key, deadline, variant, message))]
pub fn derive_message_of_lanes(input: TokenStream) -> TokenStream {
    derive(input, parse_quote!(::actor_lanes))
}

fn derive(input: TokenStream, path: Path) -> TokenStream {
    let input = parse_macro_input!(input as DeriveInput);
    expand::expand(input, path).unwrap_or_else(|error| error.into_compile_error()).into()
}

/// The README, whose example is a test.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
