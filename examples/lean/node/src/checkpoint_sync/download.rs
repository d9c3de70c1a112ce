//! Bounded HTTP requests, one after another.

use std::time::Duration;

use libssz::DecodeError;
use ureq::http::Uri;
use ureq::http::uri::Authority;
use ureq::{Agent, Error};

use crate::checkpoint_sync::CheckpointError;

/// The time limit of one answer, from the name lookup to the last byte (the specification's value).
const PATIENCE: Duration = Duration::from_secs(60);

/// The time limit for establishing a connection.
const CONNECT_PATIENCE: Duration = Duration::from_secs(10);

/// The most redirects per request.
const MOST_REDIRECTS: u32 = 3;

/// The most bytes shown of an error's text (the specification's value, in characters there).
const SHOWN_TEXT: u64 = 200;

/// A node with an HTTP API to download from.
#[derive(Debug)]
pub(super) struct Source {
    agent: Agent,
    /// Without a trailing slash.
    base: String,
}

impl Source {
    /// Creates a source from the address of its API.
    pub(super) fn at(url: &str) -> Result<Self, CheckpointError> {
        let base = url.trim_end_matches('/');
        let is_source = base.parse::<Uri>().is_ok_and(|uri| {
            matches!(uri.scheme_str(), Some("http" | "https"))
                && uri.authority().is_some_and(has_host_and_port)
        });
        if !is_source {
            return Err(CheckpointError::Url(url.to_owned()));
        }
        let agent = Agent::config_builder()
            .timeout_global(Some(PATIENCE))
            .timeout_connect(Some(CONNECT_PATIENCE))
            .max_redirects(MOST_REDIRECTS)
            .http_status_as_error(false)
            // The source is asked directly, without a proxy from the environment.
            .proxy(None)
            .user_agent(concat!("lean-node/", env!("CARGO_PKG_VERSION")))
            .build()
            .new_agent();
        Ok(Self { agent, base: base.to_owned() })
    }

    /// Downloads the content at `path`, limited to `limit` bytes.
    pub(super) fn get(&self, path: &str, limit: u64) -> Result<Vec<u8>, CheckpointError> {
        let url = format!("{}{path}", self.base);
        let failed = |error: Error| match error {
            Error::BodyExceedsLimit(_) => CheckpointError::TooLarge { url: url.clone(), limit },
            Error::BadUri(_)
            | Error::Http(_)
            | Error::Tls(_)
            | Error::Rustls(_)
            | Error::TooManyRedirects
            | Error::RedirectFailed
            | Error::RequireHttpsOnly(_) => {
                CheckpointError::Unusable { url: url.clone(), problem: error.to_string() }
            }
            _ => CheckpointError::Unreachable { url: url.clone(), problem: error.to_string() },
        };
        let mut answer = self
            .agent
            .get(&url)
            .header("accept", "application/octet-stream")
            .call()
            .map_err(failed)?;
        let status = answer.status();
        if !status.is_success() {
            // If the error text cannot be read, the status alone describes the error.
            let text =
                answer.body_mut().with_config().limit(SHOWN_TEXT).lossy_utf8(true).read_to_string();
            let text = text.unwrap_or_else(|_| {
                status.canonical_reason().unwrap_or("no reason given").to_owned()
            });
            return Err(CheckpointError::Status { url, status: status.as_u16(), text });
        }
        answer.body_mut().with_config().limit(limit).read_to_vec().map_err(failed)
    }

    /// Returns an error for an answer of this source that is not SSZ of the expected type.
    pub(super) fn undecodable(&self, what: &'static str, error: &DecodeError) -> CheckpointError {
        CheckpointError::Undecodable { url: self.base.clone(), what, problem: format!("{error:?}") }
    }
}

/// Returns whether the host has a name, and the port is missing or can be dialled. Without this
/// check, the default port would be dialled in place of a port above 65535.
fn has_host_and_port(authority: &Authority) -> bool {
    let host = authority.host();
    let is_port_named = !authority.as_str().ends_with(host);
    !host.is_empty() && (!is_port_named || authority.port_u16().is_some_and(|port| port > 0))
}
