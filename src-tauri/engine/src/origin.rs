//! Exact origins: the only question that decides where a token may go (RFC 6454; security N1-N4).

use std::fmt;
use std::net::IpAddr;
use std::sync::Arc;

use url::{Host, Position, Url};

use crate::error::{Code, Failure, Result};

/// Scheme, host and port of an http or https address.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Origin {
    scheme: &'static str,
    host: Host<String>,
    port: u16,
    /// All of it as text, which is asked for more often than it is read.
    text: Arc<str>,
}

impl Origin {
    /// Reads an origin such as `https://api.example.test` or `http://127.0.0.1:4000`.
    ///
    /// # Errors
    /// `url.invalid` for everything that carries more than an origin.
    pub fn parse(text: &str) -> Result<Self> {
        let url = parse_url(text)?;
        if url.path() != "/" || url.query().is_some() || url.fragment().is_some() {
            return Err(invalid(
                text,
                "an origin is a scheme, a host and a port, with no path behind it",
            ));
        }
        Ok(Self::of(&url))
    }

    /// The origin of an address that [`parse_url`] has accepted.
    pub fn of(url: &Url) -> Self {
        let scheme = match url.scheme() {
            "https" => "https",
            _ => "http",
        };
        Self {
            scheme,
            // A port that goes without saying is not in there.
            text: format!(
                "{scheme}://{}",
                &url[Position::BeforeHost..Position::BeforePath]
            )
            .into(),
            host: url
                .host()
                .map_or_else(|| Host::Domain(String::new()), |host| host.to_owned()),
            port: url.port_or_known_default().unwrap_or(0),
        }
    }

    /// Whether what goes there crosses a network in clear text.
    pub fn is_cleartext(&self) -> bool {
        self.scheme == "http" && !self.is_loopback()
    }

    fn is_loopback(&self) -> bool {
        match &self.host {
            Host::Domain(name) => name == "localhost",
            Host::Ipv4(ip) => IpAddr::from(*ip).is_loopback(),
            Host::Ipv6(ip) => IpAddr::from(*ip).is_loopback(),
        }
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// Reads an address that may be sent to: absolute, http or https, with a host, and with nothing that makes it look like another one.
///
/// # Errors
/// `url.invalid`, with what is wrong in `detail`.
pub fn parse_url(text: &str) -> Result<Url> {
    let url = Url::parse(text.trim()).map_err(|error| invalid(text, &error.to_string()))?;
    if !matches!(url.scheme(), "http" | "https") {
        return Err(invalid(text, "only http and https can be sent"));
    }
    if text
        .split(['?', '#'])
        .next()
        .is_some_and(|address| address.contains('\\'))
    {
        return Err(invalid(text, "a backslash makes two readers see two hosts"));
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err(invalid(
            text,
            "a name or password before the host is not sent; choose a session, or type an Authorization header",
        ));
    }
    if url
        .host_str()
        .is_none_or(|host| host.is_empty() || host.ends_with('.'))
    {
        return Err(invalid(text, "the host is missing or ends with a dot"));
    }
    if url.port() == Some(0) {
        return Err(invalid(text, "port 0 cannot be connected to"));
    }
    Ok(url)
}

fn invalid(text: &str, detail: &str) -> Failure {
    // What was typed may hold secrets where it does not parse: nothing before an `@` is shown, nor what follows the path.
    let path: String = text
        .split(['?', '#'])
        .next()
        .unwrap_or_default()
        .chars()
        .take(200)
        .collect();
    let shown = path
        .rsplit_once('@')
        .map_or(path.clone(), |(_, host)| format!("***@{host}"));
    Failure::new(Code::UrlInvalid)
        .with("url", shown)
        .with("detail", detail)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_exact_origin_is_the_same() {
        let allowed = Origin::parse("https://api.acme.test").expect("an origin");
        let same = |text: &str| parse_url(text).is_ok_and(|url| Origin::of(&url) == allowed);
        for text in [
            "https://api.acme.test/orders",
            "https://API.ACME.TEST:443/",
            "https://api.acme.test?x#y",
        ] {
            assert!(same(text), "{text}");
        }
        for text in [
            "http://api.acme.test/",
            "https://api.acme.test:8443/",
            "https://api.acme.test.evil.test/",
            "https://api.acme.test@evil.test/",
            "https://api.acme.test\\@evil.test/",
            "https://API.ACME.TEST./",
            "https://evil.test/api.acme.test",
        ] {
            assert!(!same(text), "{text}");
        }
    }

    #[test]
    fn an_address_that_cannot_be_sent_says_why() {
        for (text, word) in [
            ("orders", "relative"),
            ("https://a.test\\@b.test/", "backslash"),
            ("ftp://a.test/", "only http"),
            ("http://ada:pw@a.test/", "before the host"),
            ("http://a.test./", "dot"),
            ("http://127.0.0.1:0/", "port 0"),
            ("http://", "host"),
        ] {
            let failure = parse_url(text).expect_err(text);
            assert_eq!(failure.code, Code::UrlInvalid);
            assert!(failure.params["detail"].contains(word), "{text}: {failure}");
            assert!(!failure.to_string().contains("pw"), "{failure}");
        }
    }

    #[test]
    fn clear_text_is_told_from_loopback() {
        for (text, cleartext) in [
            ("http://127.0.0.1:4000", false),
            ("http://[::1]:4000", false),
            ("http://localhost", false),
            ("https://api.test", false),
            ("http://api.test", true),
            ("http://10.0.0.5", true),
        ] {
            assert_eq!(
                Origin::parse(text).expect(text).is_cleartext(),
                cleartext,
                "{text}"
            );
        }
    }
}
