//! What the user typed into `Authorization`: which kind of credential it is and what is odd about it, never the credential.

use reqwest::header::{AUTHORIZATION, HeaderMap};

use crate::timeline::event::{TypedAuthorization, TypedFlaw};
use crate::token::claims::TokenClaims;

/// Schemes that are named in the timeline. Any other word in front may be part of a secret.
const SCHEMES: [&str; 12] = [
    "ApiKey",
    "AWS4-HMAC-SHA256",
    "Basic",
    "Bearer",
    "Digest",
    "DPoP",
    "GNAP",
    "HOBA",
    "Key",
    "Negotiate",
    "OAuth",
    "Token",
];
/// What stands in examples where a token belongs.
const PLACEHOLDERS: [&str; 8] = [
    "{{",
    "${",
    "<",
    "your_token",
    "your-token",
    "access_token",
    "xxxx",
    "...",
];

/// What was typed, if anything was.
pub(super) fn typed(headers: &HeaderMap) -> Option<TypedAuthorization> {
    let mut values = headers.get_all(AUTHORIZATION).iter();
    let first = values.next()?;
    let mut typed = read(&String::from_utf8_lossy(first.as_bytes()));
    if values.next().is_some() {
        typed.flaw = Some(TypedFlaw::Several);
    }
    Some(typed)
}

fn read(value: &str) -> TypedAuthorization {
    let (word, rest) = value.trim().split_once(' ').unwrap_or((value.trim(), ""));
    let Some(scheme) = known(word) else {
        // Without a scheme in front, the whole of it may be the credential.
        return TypedAuthorization {
            scheme: None,
            flaw: Some(flaw_of(value).unwrap_or(TypedFlaw::NoScheme)),
            claims: None,
        };
    };
    let credential = rest.trim();
    let flaw = if credential.is_empty() {
        Some(TypedFlaw::Empty)
    } else if credential
        .split(' ')
        .next()
        .is_some_and(|next| known(next).is_some())
    {
        Some(TypedFlaw::DoubledScheme)
    } else {
        flaw_of(credential)
    };
    let is_token = matches!(scheme, "Bearer" | "DPoP" | "Token" | "OAuth");
    TypedAuthorization {
        scheme: Some(scheme.to_owned()),
        flaw,
        claims: (is_token && flaw.is_none()).then(|| TokenClaims::of(credential)),
    }
}

fn known(word: &str) -> Option<&'static str> {
    SCHEMES
        .into_iter()
        .find(|scheme| scheme.eq_ignore_ascii_case(word))
}

fn flaw_of(credential: &str) -> Option<TypedFlaw> {
    let lower = credential.to_ascii_lowercase();
    if PLACEHOLDERS.iter().any(|sign| lower.contains(sign)) {
        Some(TypedFlaw::Placeholder)
    } else if credential.starts_with(['"', '\'']) {
        Some(TypedFlaw::Quoted)
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::token::claims::TokenForm;

    #[test]
    fn what_was_typed_is_named_and_never_repeated() {
        use TypedFlaw::{DoubledScheme, Empty, NoScheme, Placeholder, Quoted};
        for (value, scheme, flaw) in [
            ("Bearer canary-1", Some("Bearer"), None),
            ("bearer canary-1", Some("Bearer"), None),
            ("Basic Y2FuYXJ5", Some("Basic"), None),
            ("canary-1", None, Some(NoScheme)),
            ("canary one", None, Some(NoScheme)),
            ("", None, Some(NoScheme)),
            ("Bearer", Some("Bearer"), Some(Empty)),
            (
                "Bearer Bearer canary-1",
                Some("Bearer"),
                Some(DoubledScheme),
            ),
            ("Bearer {{token}}", Some("Bearer"), Some(Placeholder)),
            ("Bearer YOUR_TOKEN", Some("Bearer"), Some(Placeholder)),
            ("<token>", None, Some(Placeholder)),
            ("Bearer \"canary-1\"", Some("Bearer"), Some(Quoted)),
        ] {
            let typed = read(value);
            assert_eq!(
                (typed.scheme.as_deref(), typed.flaw),
                (scheme, flaw),
                "{value}"
            );
            let kept = serde_json::to_string(&typed).expect("JSON");
            assert!(!kept.to_lowercase().contains("canary"), "{kept}");
        }
        let opaque = read("Bearer canary-1").claims.expect("a token");
        assert_eq!(opaque.form, TokenForm::Opaque);
    }
}
