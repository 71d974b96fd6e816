//! What looks like a secret in a line of text, replaced.

/// What stands where a secret was.
pub(super) const MASK: &str = "***";
/// Shortest run of letters and digits that counts as random, in bytes: 192 bits in base64url.
const RANDOM_BYTES_MIN: usize = 32;
/// Words that a secret follows, as HTTP writes it.
const SCHEMES: [&str; 3] = ["bearer", "basic", "dpop"];
/// Names of secrets, in lower case without `_` and `-`. A name that ends with one of them counts too.
const NAMES: [&str; 12] = [
    "token",
    "password",
    "secret",
    "authorization",
    "cookie",
    "apikey",
    "assertion",
    "codeverifier",
    "privatekey",
    "installkey",
    "credentials",
    "passphrase",
];

/// Whether a field of this name holds a secret.
pub(super) fn is_secret_name(name: &str) -> bool {
    let plain: String = name
        .chars()
        .filter(|c| c.is_ascii_alphanumeric())
        .map(|c| c.to_ascii_lowercase())
        .collect();
    NAMES.iter().any(|secret| plain.ends_with(secret))
}

/// The same line with everything masked that is shaped like a secret.
pub(crate) fn mask(line: &str) -> String {
    let mut masked = String::with_capacity(line.len());
    let (mut before, mut gap) = ("", "");
    let mut rest = line;
    while !rest.is_empty() {
        let word = &rest[..rest.find(|c| !is_word(c)).unwrap_or(rest.len())];
        if is_secret(word) || follows(before, gap, word) {
            masked.push_str(MASK);
        } else {
            masked.push_str(word);
        }
        if !word.is_empty() {
            before = word;
        }
        rest = &rest[word.len()..];
        gap = &rest[..rest.find(is_word).unwrap_or(rest.len())];
        masked.push_str(gap);
        rest = &rest[gap.len()..];
    }
    masked
}

/// The characters of a token (RFC 6750 §2.1), without the padding.
fn is_word(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '-' | '.' | '_' | '~' | '+' | '/')
}

/// By its own shape: a JWT, or a long random text.
fn is_secret(word: &str) -> bool {
    let is_jwt = word.contains("eyJ") && word.contains('.') && word.len() >= 20;
    let has = |test: fn(&char) -> bool| word.chars().any(|c| test(&c));
    let is_random = word.len() >= RANDOM_BYTES_MIN
        && !word.contains(['/', '.'])
        && has(char::is_ascii_digit)
        && has(char::is_ascii_lowercase)
        && has(char::is_ascii_uppercase);
    is_jwt || is_random
}

/// By what stands before it: `Bearer x`, `refresh_token=x`, `"password": "x"`.
fn follows(before: &str, gap: &str, word: &str) -> bool {
    if word.is_empty() {
        return false;
    }
    let scheme = SCHEMES
        .iter()
        .any(|scheme| before.eq_ignore_ascii_case(scheme))
        && gap == " ";
    let named =
        is_secret_name(before) && gap.len() <= 6 && gap.contains(['=', ':']) && !gap.contains("::");
    // `authorization: Bearer x`: the scheme may be read, what follows it may not.
    scheme
        || (named
            && !SCHEMES
                .iter()
                .any(|scheme| word.eq_ignore_ascii_case(scheme)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_looks_like_a_secret_is_masked() {
        for (line, expected) in [
            (
                "sent eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJ1In0.c2ln to the API",
                "sent *** to the API",
            ),
            ("cut: eyJhbGciOiJIUzI1NiJ9.eyJzdWI", "cut: ***"),
            ("authorization: Bearer abc", "authorization: Bearer ***"),
            (
                "Authorization: Basic d2ViOnNlY3JldA==",
                "Authorization: Basic ***==",
            ),
            (
                "grant_type=refresh_token&refresh_token=r1&client_id=web",
                "grant_type=refresh_token&refresh_token=***&client_id=web",
            ),
            (
                r#"{"refreshToken": "r1", "expiresIn": 6}"#,
                r#"{"refreshToken": "***", "expiresIn": 6}"#,
            ),
            (
                r#"{"username":"ada","password":"hourglass"}"#,
                r#"{"username":"ada","password":"***"}"#,
            ),
            ("opaque Zx81kd0Lq2mN7vB3xT9wR5yU1iO6pA4s", "opaque ***"),
            (
                "client-secret=\"web-basic-secret\"",
                "client-secret=\"***\"",
            ),
        ] {
            assert_eq!(mask(line), expected);
        }
    }

    #[test]
    fn what_a_reader_needs_stays() {
        for line in [
            "",
            "2026-11-23T20:07:00.123456Z  INFO sandglass_engine::flight: token refreshed session=\"demo\" generation=2",
            "reading /home/ada/.local/share/dev.sandglass.desktop/Timeline2/timeline.db",
            "GET http://127.0.0.1:40117/orders?limit=5 -> 401 (fingerprint 0a1b2c3d4e5f6071)",
            "token expired 0.4 s ago",
        ] {
            assert_eq!(mask(line), line);
        }
    }
}
