//! Tests of the page's answer.

use crate::api::Limits;
use crate::api::tests::Served;
use crate::api::tests::client::{ask, connect, get, post};

#[test]
fn the_page_comes_with_a_policy_that_lets_its_own_script_run_and_no_other() {
    let served = Served::start(Limits::default());
    let page = get(served.address(), "/");
    assert_eq!(page.status, "200 OK");
    assert_eq!(page.header("content-type"), Some("text/html; charset=utf-8"));
    assert!(page.text().starts_with("<!doctype html>"), "{}", &page.text()[..40]);
    let policy = page.header("content-security-policy").expect("it has one");
    assert!(policy.starts_with("default-src 'none'; script-src 'sha256-"), "{policy}");
    assert!(policy.contains("frame-ancestors 'none'"), "{policy}");
    assert!(policy.contains("require-trusted-types-for 'script'"), "{policy}");
    assert_eq!(page.header("x-content-type-options"), Some("nosniff"));
    assert_eq!(page.header("referrer-policy"), Some("no-referrer"));
    assert_eq!(page.header("access-control-allow-origin"), None, "no other site reads it");
    served.stop();
}

#[test]
fn the_page_is_read_only_and_has_no_other_path() {
    let served = Served::start(Limits::default());
    let address = served.address();
    let head = ask(&mut connect(address), "HEAD / HTTP/1.1\r\nhost: node\r\n\r\n");
    assert_eq!(head.status, "200 OK");
    assert_eq!(post(address, "/", "{}").status, "405 Method Not Allowed");
    assert_eq!(post(address, "/events", "{}").status, "405 Method Not Allowed");
    for path in ["/index.html", "//", "/events/", "/page.js"] {
        assert_eq!(get(address, path).status, "404 Not Found", "{path}");
    }
    served.stop();
}
