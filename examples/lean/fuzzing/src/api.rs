//! Parsing of HTTP API requests. Hyper parses the head and the framing.

use hyper::Uri;

use lean_node::api::{is_endpoint, requested_role};

/// Checks the parsing of a request. The first line is the target, the rest is the body.
pub fn api_request(bytes: &[u8]) {
    let end = bytes.iter().position(|byte| *byte == b'\n').unwrap_or(bytes.len());
    let (target, body) = (&bytes[..end], bytes.get(end + 1..).unwrap_or_default());
    if let Ok(uri) = Uri::try_from(target)
        && is_endpoint(uri.path())
    {
        let path = uri.path();
        assert!(path.starts_with("/lean/v0/") || ["/", "/events", "/metrics"].contains(&path));
    }
    if let Ok(enabled) = requested_role(body) {
        let written = serde_json::json!({ "enabled": enabled }).to_string();
        assert_eq!(requested_role(written.as_bytes()), Ok(enabled), "another role comes back");
    }
}
