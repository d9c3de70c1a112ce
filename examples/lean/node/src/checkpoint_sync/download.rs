//! One bounded HTTP request after the other.

use std::time::Duration;

use libssz::DecodeError;
use ureq::http::Uri;
use ureq::{Agent, Error};

use crate::checkpoint_sync::CheckpointError;

/// How long one answer may take, from the first look-up of a name to the last byte (the specification's).
const PATIENCE: Duration = Duration::from_secs(60);

/// How long a connection may take to be there.
const CONNECT_PATIENCE: Duration = Duration::from_secs(10);

/// How often a source may send us elsewhere.
const MOST_REDIRECTS: u32 = 3;

/// How much of an error's text is shown, in bytes (the specification's, in characters).
const SHOWN_TEXT: u64 = 200;

/// A node whose HTTP API is asked.
#[derive(Debug)]
pub(super) struct Source {
    agent: Agent,
    /// Without a slash at its end.
    base: String,
}

impl Source {
    /// Takes a source by the address of its API.
    pub(super) fn at(url: &str) -> Result<Self, CheckpointError> {
        let base = url.trim_end_matches('/');
        let is_source = base.parse::<Uri>().is_ok_and(|uri| {
            matches!(uri.scheme_str(), Some("http" | "https")) && uri.host().is_some_and(|host| !host.is_empty())
        });
        if !is_source {
            return Err(CheckpointError::Url(url.to_owned()));
        }
        let agent = Agent::config_builder()
            .timeout_global(Some(PATIENCE))
            .timeout_connect(Some(CONNECT_PATIENCE))
            .max_redirects(MOST_REDIRECTS)
            .http_status_as_error(false)
            // One source is asked, not whatever the environment names as a proxy.
            .proxy(None)
            .user_agent(concat!("lean-node/", env!("CARGO_PKG_VERSION")))
            .build()
            .new_agent();
        Ok(Self { agent, base: base.to_owned() })
    }

    /// Fetches what is at `path`, if it is no larger than `limit` bytes.
    pub(super) fn get(&self, path: &str, limit: u64) -> Result<Vec<u8>, CheckpointError> {
        let url = format!("{}{path}", self.base);
        let failed = |error: Error| match error {
            Error::BodyExceedsLimit(_) => CheckpointError::TooLarge { url: url.clone(), limit },
            other => CheckpointError::Unreachable { url: url.clone(), problem: other.to_string() },
        };
        let mut answer = self.agent.get(&url).header("accept", "application/octet-stream").call().map_err(failed)?;
        let status = answer.status();
        if !status.is_success() {
            // An answer that is no success and cannot even be read is told by its status alone.
            let text = answer.body_mut().with_config().limit(SHOWN_TEXT).lossy_utf8(true).read_to_string();
            let text = text.unwrap_or_else(|_| status.canonical_reason().unwrap_or("no reason given").to_owned());
            return Err(CheckpointError::Status { url, status: status.as_u16(), text });
        }
        answer.body_mut().with_config().limit(limit).read_to_vec().map_err(failed)
    }

    /// Says that an answer of this source was not SSZ of what was asked for.
    pub(super) fn undecodable(&self, what: &'static str, error: &DecodeError) -> CheckpointError {
        CheckpointError::Undecodable { url: self.base.clone(), what, problem: format!("{error:?}") }
    }
}
