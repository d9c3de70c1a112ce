//! The address of a node's HTTP API.

use std::fmt;
use std::str::FromStr;

use ureq::http::Uri;

/// The address of a node's HTTP API.
///
/// # Examples
///
/// ```
/// use watch::Address;
///
/// let shown = |text: &str| text.parse::<Address>().map(|address| address.to_string());
/// assert_eq!(shown("127.0.0.1:5052"), Ok("http://127.0.0.1:5052".to_owned()));
/// assert_eq!(shown("https://node.example/"), Ok("https://node.example".to_owned()));
/// assert!(shown("ftp://node.example").is_err());
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Address {
    /// Without a trailing slash.
    base: String,
}

/// The error for a text that is no address.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "{0:?} is no address of a node: name it as HOST:PORT or http://HOST:PORT, for example 127.0.0.1:5052"
)]
pub struct AddressError(String);

impl Address {
    /// Returns the address of the events.
    pub(crate) fn events(&self) -> String {
        format!("{}/events", self.base)
    }
}

impl FromStr for Address {
    type Err = AddressError;

    fn from_str(text: &str) -> Result<Self, AddressError> {
        let whole = if text.contains("://") { text.to_owned() } else { format!("http://{text}") };
        let base = whole.trim_end_matches('/');
        let is_address = base.parse::<Uri>().is_ok_and(|uri| {
            matches!(uri.scheme_str(), Some("http" | "https"))
                && uri.host().is_some_and(|host| !host.is_empty())
                && matches!(uri.path_and_query().map(|path| path.as_str()), None | Some("/"))
        });
        if is_address {
            Ok(Self { base: base.to_owned() })
        } else {
            Err(AddressError(text.to_owned()))
        }
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.base)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_has_a_host_and_no_path() {
        for text in ["[::1]:5052", "localhost:5052", "http://localhost:5052/", "https://a.example"]
        {
            let address: Address = text.parse().expect("it is an address");
            assert!(address.events().ends_with("/events"), "{text}");
            assert!(!address.events().contains("//events"), "{text}");
        }
        for text in ["", "http://", "file:///etc", "http://a/b", "a b", "http://a?b", "5052:a:b"] {
            assert!(text.parse::<Address>().is_err(), "{text}");
        }
    }
}
