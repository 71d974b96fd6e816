//! What may leave the engine: fingerprints instead of secrets, addresses without what they carry, bodies with live tokens masked.

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

use hmac::{Hmac, KeyInit, Mac};
use memchr::memmem;
use secrecy::{ExposeSecret, SecretString};
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use sha2::Sha256;
use url::Url;

/// Length of the install key, in bytes.
pub const INSTALL_KEY_BYTES: usize = 32;
/// Secrets shorter than this are not searched for in bodies: they would match by chance.
const MASKED_SECRET_BYTES_MIN: usize = 8;
/// Of a secret, this many bytes are looked for first.
const NEEDLE_BYTES_MAX: usize = 32;
/// Times that those bytes may stand where the secret does not before it is looked for as a whole.
const NEAR_MISSES_MAX: usize = 8;
/// Query parameters whose values are secrets by their names (RFC 6749, RFC 6750, RFC 7636, OpenID Connect, API keys).
const SECRET_PARAMETERS: [&str; 16] = [
    "access_token",
    "api_key",
    "apikey",
    "client_assertion",
    "client_secret",
    "code",
    "code_verifier",
    "id_token",
    "id_token_hint",
    "key",
    "password",
    "refresh_token",
    "secret",
    "sig",
    "signature",
    "token",
];
/// What stands where a secret was.
pub(crate) const MASK: &str = "***";

/// A keyed hash that tells whether two secrets are equal, to nobody but this installation.
///
/// HMAC-SHA256 under the install key, cut to 8 bytes, in hex. Equal tokens correlate only inside one install (scenario 126).
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Fingerprint([u8; 8]);

impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl Serialize for Fingerprint {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Fingerprint {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = Cow::<str>::deserialize(deserializer)?;
        let mut bytes = [0; 8];
        if text.len() != 16 || !text.is_ascii() {
            return Err(D::Error::custom("a fingerprint is 16 hex digits"));
        }
        for (index, byte) in bytes.iter_mut().enumerate() {
            *byte = u8::from_str_radix(&text[index * 2..index * 2 + 2], 16)
                .map_err(D::Error::custom)?;
        }
        Ok(Self(bytes))
    }
}

#[cfg(feature = "bindings")]
impl ts_rs::TS for Fingerprint {
    type WithoutGenerics = Self;
    type OptionInnerType = Self;

    fn name(_: &ts_rs::Config) -> String {
        "string".to_owned()
    }

    fn inline(config: &ts_rs::Config) -> String {
        Self::name(config)
    }
}

/// The key of this installation's fingerprints. It lives in the keychain, not beside the files it protects.
///
/// It cannot be printed:
/// ```compile_fail
/// fn show(key: sandglass_engine::redact::InstallKey) { println!("{key}"); }
/// ```
pub struct InstallKey([u8; INSTALL_KEY_BYTES]);

impl InstallKey {
    /// A new random key.
    ///
    /// # Errors
    /// Where the system has no random numbers.
    pub fn generate() -> Result<Self, getrandom::Error> {
        let mut bytes = [0; INSTALL_KEY_BYTES];
        getrandom::fill(&mut bytes)?;
        Ok(Self(bytes))
    }

    /// The key that was stored, if it is one.
    pub(crate) fn from_stored(bytes: &[u8]) -> Option<Self> {
        bytes.try_into().ok().map(Self)
    }

    /// The bytes to store.
    pub(crate) fn expose(&self) -> &[u8] {
        &self.0
    }

    /// The fingerprint of a secret.
    pub fn fingerprint(&self, secret: &SecretString) -> Fingerprint {
        let mut mac =
            Hmac::<Sha256>::new_from_slice(&self.0).expect("HMAC takes keys of any length");
        mac.update(secret.expose_secret().as_bytes());
        let mut cut = [0; 8];
        cut.copy_from_slice(&mac.finalize().into_bytes()[..8]);
        Fingerprint(cut)
    }
}

impl fmt::Debug for InstallKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("InstallKey(***)")
    }
}

/// An address as it may be shown and kept: no user info, and no values of parameters that are secrets by their names.
pub fn url(url: &Url) -> String {
    let plain = url.username().is_empty() && url.password().is_none();
    if plain && url.query().is_none() && url.fragment().is_none() {
        return url.as_str().to_owned();
    }
    let mut shown = url.clone();
    // Both fail only for addresses that cannot have user info, which is what is wanted.
    let _: Result<(), ()> = shown.set_username("");
    let _: Result<(), ()> = shown.set_password(None);
    let secret = |name: &str| {
        SECRET_PARAMETERS
            .iter()
            .any(|known| name.eq_ignore_ascii_case(known))
    };
    if url.query_pairs().any(|(name, _)| secret(&name)) {
        shown
            .query_pairs_mut()
            .clear()
            .extend_pairs(url.query_pairs().map(|(name, value)| {
                if secret(&name) {
                    (name, Cow::Borrowed(MASK))
                } else {
                    (name, value)
                }
            }));
    }
    shown.set_fragment(None);
    shown.into()
}

/// Words in the names of headers, fields and variables whose values are secrets.
const SECRET_WORDS: [&str; 9] = [
    "apikey",
    "authorization",
    "credential",
    "passphrase",
    "passwd",
    "password",
    "privatekey",
    "secret",
    "token",
];

/// Whether what has this name is a secret: by what it is called, in whatever spelling.
pub fn is_secret_name(name: &str) -> bool {
    let plain = |text: &str| -> String {
        let letters = text.chars().filter(char::is_ascii_alphanumeric);
        letters.collect::<String>().to_ascii_lowercase()
    };
    let name = plain(name);
    SECRET_WORDS.iter().any(|word| name.contains(word))
}

/// Whether a query parameter of this name is a secret.
pub fn is_secret_parameter(name: &str) -> bool {
    let is_known = SECRET_PARAMETERS
        .iter()
        .any(|known| name.eq_ignore_ascii_case(known));
    is_known || is_secret_name(name)
}

/// What holds a secret, for a masker that shares it instead of copying it.
pub trait Secret: Send + Sync {
    /// The secret.
    fn secret(&self) -> &SecretString;
}

impl Secret for SecretString {
    fn secret(&self) -> &SecretString {
        self
    }
}

/// A `Set-Cookie` as it may be shown: the cookie's name and its attributes.
pub(crate) fn set_cookie(text: &str) -> String {
    let (pair, attributes) = text
        .split_once(';')
        .map_or((text, None), |(pair, rest)| (pair, Some(rest)));
    let name = pair.split_once('=').map_or("", |(name, _)| name.trim());
    let attributes = attributes.map_or_else(String::new, |rest| format!(";{rest}"));
    format!("{name}={MASK}{attributes}")
}

/// Live secrets that must not be seen in what a server sends back.
#[derive(Default)]
pub struct Masker {
    secrets: Vec<(Arc<dyn Secret>, Fingerprint)>,
}

impl Masker {
    /// One more secret to look for.
    pub fn add(&mut self, secret: &SecretString, fingerprint: Fingerprint) {
        self.share(Arc::new(secret.clone()), fingerprint);
    }

    /// One more secret to look for, which somebody else holds.
    pub fn share(&mut self, secret: Arc<dyn Secret>, fingerprint: Fingerprint) {
        if secret.secret().expose_secret().len() >= MASKED_SECRET_BYTES_MIN {
            self.secrets.push((secret, fingerprint));
        }
    }

    /// The same text with each known secret replaced by its fingerprint.
    pub fn mask<'a>(&self, text: &'a str) -> Cow<'a, str> {
        let mut masked = Cow::Borrowed(text);
        for (secret, fingerprint) in &self.secrets {
            let secret = secret.secret().expose_secret();
            if find(masked.as_bytes(), secret.as_bytes()).is_some() {
                masked = Cow::Owned(masked.replace(secret, &format!("[token {fingerprint}]")));
            }
        }
        masked
    }
}

impl Masker {
    /// Takes from bytes what can be shown of them, with each known secret replaced by its fingerprint. Unless they are
    /// `whole`, more will follow: what may be the beginning of a secret stays.
    pub fn mask_beginning(&self, held: &mut Vec<u8>, whole: bool) -> Vec<u8> {
        let lengths = self
            .secrets
            .iter()
            .map(|(secret, _)| secret.secret().expose_secret().len());
        let longest = lengths.max().unwrap_or(1);
        let mut ready = Vec::new();
        let mut from = 0;
        loop {
            let first = self.secrets.iter().filter_map(|(secret, fingerprint)| {
                let secret = secret.secret().expose_secret().as_bytes();
                let at = find(&held[from..], secret)?;
                // The longer one of two that begin together: it holds the other.
                Some((at, std::cmp::Reverse(secret.len()), fingerprint))
            });
            let Some((at, length, fingerprint)) =
                first.min_by_key(|(at, length, _)| (*at, *length))
            else {
                break;
            };
            // It may be the beginning of a longer one that is not here yet.
            if !whole && from + at + longest > held.len() {
                break;
            }
            ready.extend_from_slice(&held[from..from + at]);
            ready.extend_from_slice(format!("[token {fingerprint}]").as_bytes());
            from += at + length.0;
        }
        let kept = if whole { 0 } else { longest - 1 };
        let end = held.len().saturating_sub(kept).max(from);
        ready.extend_from_slice(&held[from..end]);
        held.drain(..end);
        ready
    }
}

/// Where in a text a secret begins.
///
/// Its last bytes are looked for, and what is before them is compared: tokens differ from each other at their ends, and a
/// short needle is made ready at once, where a long one costs more than most searches. Where a text is full of those last
/// bytes, by chance or on purpose, the whole secret is looked for instead, in time that grows with the text alone.
fn find(text: &[u8], secret: &[u8]) -> Option<usize> {
    if text.len() < secret.len() {
        return None;
    }
    let before = secret.len().saturating_sub(NEEDLE_BYTES_MAX);
    let needle = memmem::Finder::new(&secret[before..]);
    let mut from = 0;
    for _ in 0..NEAR_MISSES_MAX {
        from += needle.find(&text[from + before..])?;
        if text[from..].starts_with(secret) {
            return Some(from);
        }
        from += 1;
    }
    memmem::find(&text[from..], secret).map(|found| from + found)
}

impl fmt::Debug for Masker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Masker({} secrets)", self.secrets.len())
    }
}

/// A server's own words, as text of a bounded length without control characters.
pub fn server_text(text: &str, chars_max: usize) -> String {
    let mut cut: String = text
        .chars()
        .filter(|c| !c.is_control())
        .take(chars_max)
        .collect();
    if text
        .chars()
        .filter(|c| !c.is_control())
        .nth(chars_max)
        .is_some()
    {
        cut.push('…');
    }
    cut
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_shown_without_its_secrets() {
        let check = |input: &str, expected: &str| {
            assert_eq!(
                super::url(&Url::parse(input).expect("a test address")),
                expected,
                "{input}"
            );
        };
        check(
            "https://api.test/orders?limit=5",
            "https://api.test/orders?limit=5",
        );
        check("https://ada:pw@api.test/", "https://api.test/");
        check(
            "https://api.test/?a=1&access_token=abc&b=2",
            "https://api.test/?a=1&access_token=***&b=2",
        );
        check(
            "https://api.test/?API_KEY=abc#frag",
            "https://api.test/?API_KEY=***",
        );
    }

    /// Scenario 126.
    #[test]
    fn equal_secrets_correlate_only_under_one_key() {
        let (one, other) = (InstallKey([1; 32]), InstallKey([2; 32]));
        let secret = SecretString::from("a token");
        assert_eq!(
            one.fingerprint(&secret),
            one.fingerprint(&SecretString::from("a token"))
        );
        assert_ne!(
            one.fingerprint(&secret),
            one.fingerprint(&SecretString::from("b token"))
        );
        assert_ne!(one.fingerprint(&secret), other.fingerprint(&secret));
        let text = serde_json::to_string(&one.fingerprint(&secret)).expect("a string");
        assert_eq!(
            serde_json::from_str::<Fingerprint>(&text).expect("it reads back"),
            one.fingerprint(&secret)
        );
    }

    #[test]
    fn a_live_token_is_masked_wherever_it_comes_back() {
        let key = InstallKey([1; 32]);
        let token = SecretString::from("eyJhbGciOi.abc.def");
        let mut masker = Masker::default();
        masker.add(&token, key.fingerprint(&token));
        let masked = masker.mask("{\"seen\": \"Bearer eyJhbGciOi.abc.def\"}");
        assert_eq!(
            masked,
            format!(
                "{{\"seen\": \"Bearer [token {}]\"}}",
                key.fingerprint(&token)
            )
        );
        assert!(matches!(masker.mask("nothing here"), Cow::Borrowed(_)));
    }

    #[test]
    fn a_secret_is_found_where_others_end_or_begin_like_it() {
        let secret = format!("{}{}", "h".repeat(50), "t".repeat(40));
        for (text, expected) in [
            (secret.clone(), Some(0)),
            (format!("x{secret}y"), Some(1)),
            (format!("{}{secret}", "t".repeat(60)), Some(60)),
            (format!("{}{}", "g".repeat(50), "t".repeat(45)), None),
            (format!("{secret}t"), Some(0)),
            (secret[1..].to_owned(), None),
            (secret[..89].to_owned(), None),
            (String::new(), None),
        ] {
            assert_eq!(find(text.as_bytes(), secret.as_bytes()), expected, "{text}");
        }
        assert_eq!(find(b"a short-one b", b"short-one"), Some(2));
    }

    #[test]
    fn a_live_token_is_masked_however_its_bytes_are_cut_into_pieces() {
        let key = InstallKey([1; 32]);
        let mut masker = Masker::default();
        for token in ["a-token-of-15-b", "a-token-of-15-bytes"] {
            let token = SecretString::from(token);
            masker.add(&token, key.fingerprint(&token));
        }
        let body = b"x\xff a-token-of-15-bytes, a-token-of-15-b; a-token-of-1 end, a-token-of-15-b";
        let whole = masker.mask_beginning(&mut body.to_vec(), true);
        assert!(!String::from_utf8_lossy(&whole).contains("15-b"));
        assert!(String::from_utf8_lossy(&whole).contains("; a-token-of-1 end, [token "));
        for size in 1..body.len() {
            let (mut held, mut shown) = (Vec::new(), Vec::new());
            for piece in body.chunks(size) {
                held.extend_from_slice(piece);
                shown.extend(masker.mask_beginning(&mut held, false));
            }
            shown.extend(masker.mask_beginning(&mut held, true));
            assert_eq!(shown, whole, "{size}");
        }
    }

    #[test]
    fn a_servers_words_are_cut_and_hold_no_control_characters() {
        assert_eq!(server_text("a\u{0}b\nc", 10), "abc");
        assert_eq!(server_text("abcdef", 3), "abc…");
    }
}
