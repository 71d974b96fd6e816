//! The head of an answer, as far as it is judged: status, challenges, kind of body, where it leads.

use std::time::UNIX_EPOCH;

use reqwest::header::{
    CONTENT_TYPE, DATE, HeaderMap, HeaderName, LOCATION, SERVER, VIA, WWW_AUTHENTICATE,
};
use url::Url;

use crate::challenge::{self, Challenge};
use crate::oauth::dpop::nonces::nonce_in;
use crate::redact::{self, Masker, server_text};
use crate::timeline::event::Answerer;

/// Characters of one challenge that the timeline keeps.
const CHALLENGE_CHARS_MAX: usize = 500;
/// Characters of `Server`, `Via` and the media type that the timeline keeps.
const ANSWERER_CHARS_MAX: usize = 120;
/// `Date` names whole seconds, cut: on average the server's clock is half a second further.
const DATE_CUT_MS: i64 = 500;

/// What was read from the head of one answer.
#[derive(Clone, Debug, Default)]
pub(crate) struct Head {
    pub(crate) status: u16,
    pub(crate) challenges: Vec<Challenge>,
    /// In lower case, without parameters.
    pub(crate) media_type: Option<String>,
    /// The `Location`, if this status and it make a redirect.
    pub(crate) location: Option<Vec<u8>>,
    /// The server's newest nonce for proofs of possession; it may come with any answer.
    pub(crate) nonce: Option<String>,
    /// The server's clock by its `Date`, in milliseconds since 1970.
    pub(crate) date_ms: Option<i64>,
    pub(crate) server: Option<String>,
    pub(crate) via: Option<String>,
}

impl Head {
    pub(crate) fn read(status: u16, headers: &HeaderMap) -> Self {
        let text = |name: &HeaderName| headers.get(name).and_then(|value| value.to_str().ok());
        let is_redirect = matches!(status, 301 | 302 | 303 | 307 | 308);
        Self {
            status,
            challenges: challenge::read(
                headers
                    .get_all(WWW_AUTHENTICATE)
                    .iter()
                    .map(|value| value.as_bytes()),
            ),
            media_type: text(&CONTENT_TYPE).map(media_type),
            location: headers
                .get(LOCATION)
                .filter(|_| is_redirect)
                .map(|value| value.as_bytes().to_vec()),
            nonce: nonce_in(headers),
            date_ms: text(&DATE).and_then(date_ms),
            server: text(&SERVER).map(str::to_owned),
            via: text(&VIA).map(str::to_owned),
        }
    }

    /// Who answered, as the timeline may keep it.
    pub(crate) fn answerer(&self, masker: &Masker) -> Answerer {
        let told = |text: &Option<String>| {
            let text = text.as_deref()?;
            Some(server_text(&masker.mask(text), ANSWERER_CHARS_MAX))
        };
        Answerer {
            server: told(&self.server),
            via: told(&self.via),
            media_type: told(&self.media_type),
        }
    }

    /// The challenges as the timeline may keep them: a server may repeat a token in its own words.
    pub(crate) fn told(&self, masker: &Masker) -> Vec<String> {
        let told = self.challenges.iter();
        told.map(|challenge| server_text(&masker.mask(&challenge.to_string()), CHALLENGE_CHARS_MAX))
            .collect()
    }

    /// The address that it leads to, else its own; without what it may carry of secrets.
    pub(crate) fn leads_to(&self, from: &Url) -> String {
        let to = self
            .location
            .as_deref()
            .and_then(|location| std::str::from_utf8(location).ok())
            .and_then(|location| from.join(location).ok());
        redact::url(to.as_ref().unwrap_or(from))
    }

    /// Whether the body is a page for people.
    pub(crate) fn is_page(&self) -> bool {
        matches!(
            self.media_type.as_deref(),
            Some("text/html" | "application/xhtml+xml")
        )
    }

    /// Whether the body is JSON by its type.
    pub(crate) fn is_json(&self) -> bool {
        self.media_type
            .as_deref()
            .is_some_and(|kind| kind.ends_with("/json") || kind.ends_with("+json"))
    }
}

/// The middle of the second that an HTTP date names (RFC 9110 §5.6.7).
fn date_ms(date: &str) -> Option<i64> {
    let since = httpdate::parse_http_date(date)
        .ok()?
        .duration_since(UNIX_EPOCH);
    let ms = i64::try_from(since.ok()?.as_millis()).ok()?;
    ms.checked_add(DATE_CUT_MS)
}

/// The media type alone, in lower case.
pub(crate) fn media_type(value: &str) -> String {
    let kind = value.split(';').next().unwrap_or_default();
    kind.trim().to_ascii_lowercase()
}

#[cfg(test)]
mod tests {
    use reqwest::header::HeaderValue;
    use secrecy::SecretString;

    use super::*;
    use crate::redact::InstallKey;

    fn head(status: u16, fields: &[(&'static str, &'static str)]) -> Head {
        let fields = fields.iter().map(|(name, value)| {
            (
                HeaderName::from_static(name),
                HeaderValue::from_static(value),
            )
        });
        let mut headers = HeaderMap::new();
        headers.extend(fields);
        Head::read(status, &headers)
    }

    #[test]
    fn only_the_statuses_that_redirect_lead_anywhere() {
        for (status, leads) in [
            (200, false),
            (201, false),
            (300, false),
            (301, true),
            (302, true),
            (303, true),
            (304, false),
            (305, false),
            (307, true),
            (308, true),
        ] {
            let head = head(status, &[("location", "/next")]);
            assert_eq!(head.location.is_some(), leads, "{status}");
        }
        assert!(head(302, &[]).location.is_none());
    }

    /// Scenario 61.
    #[test]
    fn a_nonce_comes_with_any_answer() {
        for status in [200, 401, 403, 500] {
            let head = head(status, &[("dpop-nonce", "n-2")]);
            assert_eq!(head.nonce.as_deref(), Some("n-2"), "{status}");
        }
    }

    #[test]
    fn a_token_that_a_challenge_repeats_is_masked() {
        let token = SecretString::from("a-token-that-lives");
        let key = InstallKey::generate().expect("random numbers");
        let mut masker = Masker::default();
        masker.add(&token, key.fingerprint(&token));
        let told = head(
            401,
            &[(
                "www-authenticate",
                "Bearer error_description=\"no: a-token-that-lives\"",
            )],
        )
        .told(&masker);
        assert!(!told[0].contains("a-token-that-lives"), "{told:?}");
    }
}
