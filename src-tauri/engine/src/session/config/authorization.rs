//! How the user signs in through the system's browser: where the answer comes back to, and what is asked for besides.

use std::fmt;

/// Parameters of one request that a session's file may add.
pub const PARAMETERS_MAX: usize = 20;
/// What is made for each sign-in; a file that set one would take a protection away.
pub const RESERVED: [&str; 13] = [
    "client_id",
    "client_secret",
    "code_challenge",
    "code_challenge_method",
    "nonce",
    "redirect_uri",
    "request",
    "request_uri",
    "resource",
    "response_mode",
    "response_type",
    "scope",
    "state",
];

/// A sign-in in the browser.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Authorization {
    /// Where the answer comes back to.
    pub redirect: Redirect,
    /// What the authorization request says besides, such as `audience` or `prompt`.
    pub parameters: Vec<(String, String)>,
}

/// An address of this machine that the browser is sent back to (RFC 8252 §7.3).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Redirect {
    /// By which name of this machine.
    pub host: LoopbackHost,
    /// Absent: any port that is free, which is what RFC 8252 wants servers to allow.
    pub port: Option<u16>,
    /// The one path that is listened on, with its slash.
    pub path: String,
}

/// A name of this machine.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum LoopbackHost {
    /// `127.0.0.1`.
    #[default]
    Ipv4,
    /// `localhost`, for servers that register nothing else: what it resolves to is not ours to say (RFC 8252 §8.3).
    Localhost,
}

impl Default for Redirect {
    fn default() -> Self {
        Self {
            host: LoopbackHost::default(),
            port: None,
            path: "/callback".to_owned(),
        }
    }
}

impl LoopbackHost {
    /// As it stands in an address.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Ipv4 => "127.0.0.1",
            Self::Localhost => "localhost",
        }
    }
}

impl Redirect {
    /// Reads `http://127.0.0.1/callback` or `http://localhost:8400/callback`. Without a port: any.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn parse(text: &str) -> Result<Self, String> {
        let url = url::Url::parse(text).map_err(|error| error.to_string())?;
        let host = match url.host_str() {
            Some("127.0.0.1") => LoopbackHost::Ipv4,
            Some("localhost") => LoopbackHost::Localhost,
            _ => {
                return Err(
                    "it leads to another machine; the host is 127.0.0.1 or localhost".to_owned(),
                );
            }
        };
        let odd = url.scheme() != "http"
            || !url.username().is_empty()
            || url.password().is_some()
            || url.query().is_some()
            || url.fragment().is_some();
        if odd {
            return Err("it is http, a host, perhaps a port, and a path".to_owned());
        }
        Ok(Self {
            host,
            port: url.port(),
            path: url.path().to_owned(),
        })
    }

    /// The address with the port that is listened on.
    pub fn at(&self, port: u16) -> String {
        format!("http://{}:{port}{}", self.host.as_str(), self.path)
    }
}

impl fmt::Display for Redirect {
    /// As it is registered.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (host, path) = (self.host.as_str(), &self.path);
        match self.port {
            Some(port) => write!(f, "http://{host}:{port}{path}"),
            None => write!(f, "http://{host}{path}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_this_machine_is_come_back_to() {
        for (text, port) in [
            ("http://127.0.0.1/callback", None),
            ("http://127.0.0.1:8400/", Some(8400)),
            ("http://localhost:8400/a/b", Some(8400)),
        ] {
            let redirect = Redirect::parse(text).expect(text);
            assert_eq!((redirect.port, redirect.to_string().as_str()), (port, text));
        }
        assert_eq!(Redirect::default().at(7), "http://127.0.0.1:7/callback");
        for text in [
            "https://127.0.0.1/callback",
            "http://evil.test/callback",
            "http://127.0.0.1.evil.test/",
            "http://localhost@evil.test/",
            "http://a@127.0.0.1/",
            "http://0.0.0.0/",
            "http://127.0.0.1/?a=b",
            "http://127.0.0.1/#a",
            "app:/callback",
            "",
        ] {
            assert!(Redirect::parse(text).is_err(), "{text}");
        }
    }
}
