//! A page for Prometheus, in its text format 0.0.4.
//!
//! Every value is read when the page is written. So there is no registry, neither a global one nor
//! one of the program.

mod exporter;
mod page;

pub use exporter::Exporter;
pub use page::{Kind, Metric, Page};

/// The value of the HTTP header `Content-Type` for a page.
///
/// # Examples
///
/// ```
/// use actor_observe::prometheus::{CONTENT_TYPE, Page};
///
/// let body = Page::new().into_text();
/// let answer = format!("HTTP/1.1 200 OK\r\nContent-Type: {CONTENT_TYPE}\r\n\r\n{body}");
/// assert!(answer.contains("text/plain"));
/// ```
pub const CONTENT_TYPE: &str = "text/plain; version=0.0.4; charset=utf-8";
