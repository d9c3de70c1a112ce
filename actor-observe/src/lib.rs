//! Shows actors at work.
//!
//! | you want | you write |
//! |---|---|
//! | a page for Prometheus | [`Exporter`], and [`render`](Exporter::render) at each request |
//! | metrics of your own on that page | [`prometheus::Page`] |
//! | a span for each message | feature `tracing`: `Spans` |
//! | the figures in the `metrics` facade | feature `metrics`: `Publisher` |
//!
//! The figures themselves are always counted, and any thread reads them from a handle:
//! [`Handle::figures`](actor_core::Handle::figures). The features add adapters only.

#[cfg(feature = "metrics")]
pub mod facade;
mod group;
pub mod prometheus;
#[cfg(feature = "tracing")]
pub mod spans;

#[cfg(feature = "metrics")]
pub use facade::Publisher;
pub use prometheus::Exporter;
#[cfg(feature = "tracing")]
pub use spans::{Spans, Trace};
