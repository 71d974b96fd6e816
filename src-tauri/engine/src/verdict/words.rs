//! What a server says about a refusal in its own words: challenges and the body. They are evidence, never a decision.

use serde_json::Value;

use crate::challenge::Challenge;
use crate::redact::server_text;

/// Members of a JSON body that hold a reason, in the order in which they are believed.
const REASONS: [&str; 7] = [
    "error_description",
    "detail",
    "message",
    "reason",
    "title",
    "error",
    "code",
];
/// Characters of a body's reason that are looked at.
const REASON_CHARS_MAX: usize = 300;

/// Everything that was said about one refusal, in lower case.
#[derive(Clone, Debug, Default)]
pub(crate) struct Said {
    text: String,
}

impl Said {
    pub(crate) fn new(challenges: &[Challenge], body: Option<&str>) -> Self {
        let mut text = String::new();
        for challenge in challenges {
            for name in ["error", "error_description"] {
                if let Some(said) = challenge.get(name) {
                    text.push_str(said);
                    text.push('\n');
                }
            }
        }
        if let Some(body) = body {
            text.push_str(body);
        }
        Self {
            text: text.to_lowercase(),
        }
    }

    /// Whether this is what was said, and nothing else beside it: "invalid or expired" says neither.
    pub(crate) fn only(&self, topic: Topic) -> bool {
        !self.text.contains(" or ")
            && Topic::ALL
                .into_iter()
                .all(|other| self.mentions(other) == (other == topic))
    }

    /// Whether this was said, whatever else was.
    pub(crate) fn mentions(&self, topic: Topic) -> bool {
        topic.words().iter().any(|word| self.text.contains(word))
    }
}

/// What a reason can be about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Topic {
    Expired,
    Revoked,
    NotYetValid,
    Audience,
    Issuer,
    Signature,
    Malformed,
    Reused,
}

impl Topic {
    const ALL: [Self; 8] = [
        Self::Expired,
        Self::Revoked,
        Self::NotYetValid,
        Self::Audience,
        Self::Issuer,
        Self::Signature,
        Self::Malformed,
        Self::Reused,
    ];

    /// Words in lower case that servers use for it.
    fn words(self) -> &'static [&'static str] {
        match self {
            Self::Expired => &["expired", "has expire", "lifetime", "past its exp"],
            Self::Revoked => &[
                "revoked",
                "blacklist",
                "denylist",
                "logged out",
                "signed out",
            ],
            Self::NotYetValid => &[
                "not yet valid",
                "not before",
                "nbf",
                "in the future",
                "used too early",
            ],
            Self::Audience => &["audience", "'aud'", "\"aud\"", " aud "],
            Self::Issuer => &["issuer", "'iss'", "\"iss\"", " iss "],
            Self::Signature => &[
                "signature",
                "signing key",
                "jwks",
                "'kid'",
                " kid ",
                "key id",
            ],
            Self::Malformed => &[
                "malformed",
                "decod",
                "pars",
                "not a jwt",
                "segments",
                "format",
            ],
            Self::Reused => &[
                "reuse",
                "used before",
                "already used",
                "already been used",
                "been redeemed",
            ],
        }
    }
}

/// The reason in a JSON body, if it gives one.
pub(crate) fn reason(body: &str) -> Option<String> {
    let value: Value = serde_json::from_str(body).ok()?;
    let object = value
        .get("error")
        .filter(|inner| inner.is_object())
        .unwrap_or(&value);
    let said: Vec<&str> = REASONS
        .iter()
        .filter_map(|name| object.get(name)?.as_str())
        .collect();
    (!said.is_empty()).then(|| server_text(&said.join(" · "), REASON_CHARS_MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reason_that_names_two_things_names_none() {
        for (words, topic, expected) in [
            ("The access token expired", Topic::Expired, true),
            ("The token is expired or revoked", Topic::Expired, false),
            ("The token is expired or revoked", Topic::Revoked, false),
            (
                "The refresh token is invalid or expired.",
                Topic::Expired,
                false,
            ),
            ("Invalid audience", Topic::Audience, true),
            ("invalid_token", Topic::Expired, false),
            ("The access token is not valid", Topic::Malformed, false),
            ("jwt malformed", Topic::Malformed, true),
            (
                "The refresh token was used before; all tokens of its sign-in are revoked",
                Topic::Revoked,
                false,
            ),
        ] {
            let said = Said::new(&[], Some(words));
            assert_eq!(said.only(topic), expected, "{words} {topic:?}");
        }
    }

    #[test]
    fn a_reason_is_found_in_the_shapes_that_servers_use() {
        for (body, expected) in [
            (
                r#"{"title":"Unauthorized","detail":"The access token expired"}"#,
                Some("The access token expired · Unauthorized"),
            ),
            (
                r#"{"error":"invalid_token","error_description":"expired"}"#,
                Some("expired · invalid_token"),
            ),
            (
                r#"{"error":{"code":"TokenExpired","message":"Too late"}}"#,
                Some("Too late · TokenExpired"),
            ),
            (r#"{"message":"Unauthorized"}"#, Some("Unauthorized")),
            ("[]", None),
            ("<html>", None),
            (r#"{"other":1}"#, None),
        ] {
            assert_eq!(reason(body).as_deref(), expected, "{body}");
        }
    }
}
