//! How a session's connections are made, where that is not as usual: over a proxy, under another authority, with an exception.

use url::Url;

/// The most exceptions that a session may have.
pub const PINS_MAX: usize = 20;

/// How connections are made. All of it is approved with the session's origins and endpoints.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Connection {
    /// What stands between here and the server.
    pub proxy: Proxy,
    /// An authority whose certificates are trusted beside those that the system trusts.
    pub authority: Option<Authority>,
    /// Certificates that are taken for one host each, whoever issued them. They hold for APIs only: no endpoint that takes
    /// secrets is ever trusted by exception.
    pub pins: Vec<Pin>,
}

/// What stands between here and a server.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Proxy {
    /// Nothing, whatever the environment says.
    #[default]
    None,
    /// What the system says; on Linux, `HTTPS_PROXY` and its like.
    System,
    /// This proxy.
    At(Url),
}

/// A certificate authority, from a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Authority {
    /// The file, as the session's file names it.
    pub path: String,
    /// What was in it, as PEM.
    pub pem: String,
    /// The SHA-256 of that, in hex: another content asks again.
    pub sha256: String,
}

/// A certificate that is taken for one host.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pin {
    /// The host, without a port.
    pub host: String,
    /// The SHA-256 of the certificate, in hex and lower case.
    pub sha256: String,
}

impl Connection {
    /// The same for an endpoint that takes secrets: an exception for an API says nothing about that.
    pub(crate) fn without_exceptions(&self) -> Self {
        Self {
            pins: Vec::new(),
            ..self.clone()
        }
    }

    /// What is unusual about it, a line each: what the user approves, and what is compared later. Empty: nothing is.
    pub(crate) fn in_words(&self) -> Vec<String> {
        let mut words = Vec::new();
        match &self.proxy {
            Proxy::None => {}
            Proxy::System => words.push("goes over the system's proxy".to_owned()),
            Proxy::At(url) => words.push(format!("goes over the proxy {url}")),
        }
        if let Some(authority) = &self.authority {
            let (path, sha256) = (&authority.path, &authority.sha256);
            words.push(format!("trusts the authority in {path} (SHA-256 {sha256})"));
        }
        let pin = |pin: &Pin| format!("takes the certificate {} for {}", pin.sha256, pin.host);
        words.extend(self.pins.iter().map(pin));
        words
    }
}
