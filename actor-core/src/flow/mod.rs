//! Slowing down a source: by room reserved in a lane, by credit, or by watermarks.
//!
//! | the source | use |
//! |---|---|
//! | needs room before it has the message | [`Handle::reserve`], a [`Permit`] |
//! | is a stream | [`Handle::sink`], a [`HandleSink`] |
//! | may have so many messages unhandled, wherever they are | [`Credits`] |
//! | is to stop at a high depth and start again at a low one | [`Handle::watermarks`] |
//!
//! The page `docs/guide/src/flow-control.md` of the repository compares them.

mod credits;

pub use crate::handle::{
    Closed, HandleSink, Permit, PermitError, Reserve, SinkError, TryReserveError, WatermarkError,
    Watermarks,
};
pub use credits::{Credit, Credits, TakeCredit};

#[cfg(doc)]
use crate::handle::Handle;
