//! Requests that a browser sends on behalf of another web site.
//!
//! The API has no login, so a browser on this machine could act for any site that it shows. Two
//! ways are closed. A site can ask for this address from its own page; the browser then names the
//! site in `Origin` or describes the relation in `Sec-Fetch-Site`. Or a site can let its own name
//! point to this machine (DNS rebinding); then the name in `Host` is the site's.

use std::net::IpAddr;

use hyper::header::{HOST, HeaderMap, HeaderName, HeaderValue, ORIGIN};
use hyper::http::uri::Authority;
use hyper::{Method, StatusCode};

use crate::api::places::Client;
use crate::api::responder::{Answer, refusal};

const FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");
const FETCH_MODE: HeaderName = HeaderName::from_static("sec-fetch-mode");
const FETCH_DEST: HeaderName = HeaderName::from_static("sec-fetch-dest");

/// Returns the refusal of a request that a browser sends for another site. Programs send no such
/// headers.
pub(super) fn refused(client: Client, method: &Method, headers: &HeaderMap) -> Option<Answer> {
    if client == Client::Local && !headers.get_all(HOST).iter().all(is_local_name) {
        return Some(refusal(
            StatusCode::MISDIRECTED_REQUEST,
            "Ask for an IP address or localhost: other names do not lead to this node",
        ));
    }
    is_of_another_site(method, headers)
        .then(|| refusal(StatusCode::FORBIDDEN, "Requests of other sites are refused"))
}

/// Returns whether no site can own this name: an IP address, `localhost`, or a name without a dot,
/// as in networks of containers.
fn is_local_name(host: &HeaderValue) -> bool {
    let Ok(authority) = Authority::try_from(host.as_bytes()) else { return false };
    let name = authority.host();
    let port = authority.as_str().rsplit_once(name).map(|(_, port)| port);
    if port.is_none_or(|port| !(port.is_empty() || port.starts_with(':'))) {
        return false;
    }
    let ip = name.trim_start_matches('[').trim_end_matches(']');
    let name = name.trim_end_matches('.').to_ascii_lowercase();
    ip.parse::<IpAddr>().is_ok() || !name.contains('.') || name.ends_with(".localhost")
}

fn is_of_another_site(method: &Method, headers: &HeaderMap) -> bool {
    // A page of this node has the scheme of the connection, or that of a proxy.
    let own = headers.get(HOST).map(HeaderValue::as_bytes).unwrap_or_default();
    let is_own = |origin: &HeaderValue| {
        let origin = origin.as_bytes();
        let host = origin.strip_prefix(b"http://").or(origin.strip_prefix(b"https://"));
        host.is_some_and(|host| host.eq_ignore_ascii_case(own))
    };
    if headers.get_all(ORIGIN).iter().any(|origin| !is_own(origin)) {
        return true;
    }
    let is = |name: &HeaderName, value: &str| headers.get(name).is_some_and(|it| it == value);
    let is_foreign = is(&FETCH_SITE, "cross-site") || is(&FETCH_SITE, "same-site");
    // A link on another site may open a page or an answer in a tab of its own.
    let is_link = matches!(*method, Method::GET | Method::HEAD)
        && is(&FETCH_MODE, "navigate")
        && is(&FETCH_DEST, "document");
    is_foreign && !is_link
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_names_that_no_site_can_own_lead_to_this_machine() {
        for host in [
            "127.0.0.1:5052",
            "127.0.0.1",
            "[::1]:5052",
            "192.168.1.7",
            "localhost:5052",
            "LOCALHOST",
            "a.localhost:1",
            "node-0:5052",
        ] {
            assert!(is_local_name(&HeaderValue::from_static(host)), "{host}");
        }
        for host in [
            "attacker.example",
            "attacker.example:5052",
            "127.0.0.1.attacker.example",
            "localhost.attacker.example.",
            "notlocalhost.example",
            "user@attacker.example",
            "[::1].attacker.example",
            "a b",
            "",
        ] {
            assert!(!is_local_name(&HeaderValue::from_static(host)), "{host:?}");
        }
    }
}
