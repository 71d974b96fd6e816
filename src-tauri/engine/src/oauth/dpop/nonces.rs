//! The nonces that servers want in proofs: the newest of each, from whatever answer it came with (RFC 9449 §8.2 and §9).

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};

use reqwest::header::{HeaderMap, HeaderName};
use url::Url;

use crate::origin::Origin;

/// RFC 9449 §8.1.
const DPOP_NONCE: HeaderName = HeaderName::from_static("dpop-nonce");
/// Servers whose nonce is remembered; the one that was heard of longest ago makes room.
const SERVERS_MAX: usize = 64;
/// Longest nonce that is taken, in bytes.
const NONCE_BYTES_MAX: usize = 1024;

/// Which part of a server: one that is both has nonces of its own for each.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Role {
    Authorization,
    Resource,
}

/// The newest nonce of each server.
#[derive(Debug, Default)]
pub(crate) struct Nonces(Mutex<VecDeque<(Role, Origin, String)>>);

impl Nonces {
    /// The nonce to use there. `None`: none was heard of.
    pub(crate) fn newest(&self, role: Role, url: &Url) -> Option<String> {
        let origin = Origin::of(url);
        let known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let found = known
            .iter()
            .find(|(of, at, _)| *of == role && *at == origin);
        found.map(|(_, _, nonce)| nonce.clone())
    }

    /// Takes a nonce that an answer brought.
    pub(crate) fn learn(&self, role: Role, url: &Url, nonce: &str) {
        let origin = Origin::of(url);
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        known.retain(|(of, at, _)| *of != role || *at != origin);
        known.truncate(SERVERS_MAX - 1);
        known.push_front((role, origin, nonce.to_owned()));
    }
}

/// The nonce that came with an answer, if one did that can be used.
pub(crate) fn nonce_in(headers: &HeaderMap) -> Option<String> {
    let nonce = headers.get(DPOP_NONCE)?.to_str().ok()?;
    (1..=NONCE_BYTES_MAX)
        .contains(&nonce.len())
        .then(|| nonce.to_owned())
}

#[cfg(test)]
mod tests {
    use reqwest::header::HeaderValue;

    use super::*;

    #[test]
    fn each_part_of_each_server_has_its_own_newest_nonce() {
        let nonces = Nonces::default();
        let url = |host: &str| Url::parse(&format!("https://{host}/x")).expect("a URL");
        nonces.learn(Role::Resource, &url("api.test"), "1");
        nonces.learn(Role::Authorization, &url("api.test"), "2");
        nonces.learn(Role::Resource, &url("api.test:8443"), "3");
        nonces.learn(Role::Resource, &url("api.test"), "4");
        for (role, host, expected) in [
            (Role::Resource, "api.test", Some("4")),
            (Role::Authorization, "api.test", Some("2")),
            (Role::Resource, "api.test:8443", Some("3")),
            (Role::Authorization, "api.test:8443", None),
        ] {
            assert_eq!(nonces.newest(role, &url(host)).as_deref(), expected);
        }
        for n in 0..SERVERS_MAX {
            nonces.learn(Role::Resource, &url(&format!("h{n}.test")), "n");
        }
        assert_eq!(nonces.newest(Role::Resource, &url("api.test")), None);
    }

    #[test]
    fn what_cannot_be_a_nonce_is_none() {
        let read = |value: &str| {
            let mut headers = HeaderMap::new();
            let value = HeaderValue::from_bytes(value.as_bytes()).expect("a value");
            headers.insert(DPOP_NONCE, value);
            nonce_in(&headers)
        };
        assert_eq!(read("n-1").as_deref(), Some("n-1"));
        for odd in ["", "ü", &"n".repeat(NONCE_BYTES_MAX + 1)] {
            assert_eq!(read(odd), None);
        }
        assert_eq!(nonce_in(&HeaderMap::new()), None);
    }
}
