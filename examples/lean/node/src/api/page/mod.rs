//! The page at `/`: one file with its style and its script, and nothing from elsewhere.
//!
//! The page reads `/events` alone. Its policy names its own style and script by their hashes, so
//! the browser runs no other, wherever a text comes from. The script sets texts and attributes
//! only; the policy's trusted types forbid it to write HTML.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hyper::body::Bytes;
use hyper::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, HeaderValue, REFERRER_POLICY};
use sha2::{Digest as _, Sha256};

use crate::api::responder::{Answer, found};

const HTML: HeaderValue = HeaderValue::from_static("text/html; charset=utf-8");

const STYLE: &str = include_str!("page.css");

/// The script. Its names are those of a block, because many usual names are taken by the browser.
macro_rules! script {
    () => {
        concat!(
            "\"use strict\";\n{\n",
            include_str!("basics.js"),
            include_str!("tree.js"),
            include_str!("charts.js"),
            include_str!("page.js"),
            "}\n"
        )
    };
}

const SCRIPT: &str = script!();

const PAGE: &str = concat!(
    include_str!("head.html"),
    "<style>",
    include_str!("page.css"),
    "</style>\n</head>\n",
    include_str!("body.html"),
    "<script>",
    script!(),
    "</script>\n</body>\n</html>\n",
);

/// The page and its policy.
pub(super) struct Page {
    policy: HeaderValue,
}

impl Page {
    pub(super) fn new() -> Self {
        let policy = HeaderValue::try_from(policy()).expect("a hash in base64 is visible ASCII");
        Self { policy }
    }

    /// Returns the answer with the page.
    pub(super) fn answer(&self) -> Answer {
        let mut answer = found(HTML, Bytes::from_static(PAGE.as_bytes()));
        let headers = answer.headers_mut();
        headers.insert(CONTENT_SECURITY_POLICY, self.policy.clone());
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-cache"));
        headers.insert(REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
        answer
    }
}

fn policy() -> String {
    format!(
        "default-src 'none'; script-src '{}'; style-src '{}'; connect-src 'self'; img-src data:; \
         base-uri 'none'; form-action 'none'; frame-ancestors 'none'; \
         require-trusted-types-for 'script'; trusted-types 'none'",
        source(SCRIPT),
        source(STYLE)
    )
}

/// Returns the name of a text in a policy.
fn source(text: &str) -> String {
    format!("sha256-{}", STANDARD.encode(Sha256::digest(text)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_is_one_file_with_one_style_and_one_script_named_by_the_policy() {
        let between = |begin: &str, end: &str| {
            let parts: Vec<_> = PAGE.split(begin).collect();
            assert_eq!(parts.len(), 2, "one {begin}");
            parts[1].split_once(end).expect("it ends").0.to_owned()
        };
        let policy = policy();
        for text in [between("<style>", "</style>"), between("<script>", "</script>")] {
            assert!(policy.contains(&source(&text)), "{policy}");
        }
        assert!(!policy.contains("unsafe"), "{policy}");
    }

    #[test]
    fn the_page_loads_nothing_from_elsewhere_and_writes_no_html() {
        // The namespace of SVG is a name, and no address is read.
        let text = PAGE.replace("http://www.w3.org/2000/svg", "");
        for forbidden in [
            "http:",
            "https:",
            "//cdn",
            "@import",
            "url(",
            " src=",
            "innerHTML",
            "outerHTML",
            "insertAdjacent",
            "document.write",
            "eval(",
            "Function(",
            " onclick",
            " onload",
            " style=",
            "\r",
        ] {
            assert!(!text.contains(forbidden), "{forbidden}");
        }
        assert!(PAGE.len() < 64 * 1024, "{} bytes", PAGE.len());
    }
}
