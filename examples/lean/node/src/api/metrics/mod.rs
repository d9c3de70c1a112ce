//! The page at `/metrics`. `docs/metrics.md` lists all metrics.
//!
//! Every value is read at the time of a request, from data written by the other threads.

mod lean;
mod own;

use crate::api::ApiSources;
use crate::api::exposition::Exposition;
use crate::api::meters::Meters;
use crate::api::process;

/// Returns the page for the data published now.
pub(super) fn page(sources: &ApiSources, api: &Meters) -> String {
    let chain = sources.published.get();
    let mut page = Exposition::default();
    lean::write(&mut page, sources, &chain);
    own::write(&mut page, sources, &chain);
    api.write(&mut page);
    process::write(&mut page);
    page.into_text()
}
