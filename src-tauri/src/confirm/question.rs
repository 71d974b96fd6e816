//! What is asked outside the web view, in words: what would happen, and every value that the answer is about.

use sandglass_engine::error::Failure;
use sandglass_engine::fault::FaultName;
use sandglass_engine::redact::server_text;
use sandglass_engine::token::TokenKind;
use secrecy::{ExposeSecret as _, SecretString};
use zeroize::Zeroizing;

/// Characters of one value that a question shows.
const VALUE_CHARS_MAX: usize = 400;
/// Characters of a token that are shown; what is longer can be copied.
const REVEALED_CHARS_MAX: usize = 4_000;

/// A question, or something that is only shown.
pub(crate) struct Question {
    pub(crate) title: String,
    pub(crate) text: Zeroizing<String>,
    /// What the button says that goes on.
    pub(crate) allow: String,
}

impl Question {
    /// A question whose values are added by [`Question::with`].
    pub(crate) fn new(title: &str, words: &str, allow: &str) -> Self {
        Self {
            title: title.to_owned(),
            text: Zeroizing::new(words.to_owned()),
            allow: allow.to_owned(),
        }
    }

    /// The same question with one more value on a line of its own, cut and without what could break the line.
    pub(crate) fn with(mut self, name: &str, value: &str) -> Self {
        let value = server_text(value, VALUE_CHARS_MAX);
        self.text.push_str(&format!("\n\n{name}: {value}"));
        self
    }
}

/// Whether the token may be shown.
pub(crate) fn reveal(session: &str, which: TokenKind) -> Question {
    Question::new("Show this token?", consequence(which), "Show it").with("Session", session)
}

/// Whether the refresh token may be copied.
pub(crate) fn copy_refresh_token(session: &str) -> Question {
    Question::new(
        "Copy the refresh token?",
        consequence(TokenKind::Refresh),
        "Copy it",
    )
    .with("Session", session)
}

/// Whether other tools may have the token by `sandglass token`.
pub(crate) fn portable(session: &str, origins: &str) -> Question {
    Question::new(
        "Let other tools have this token?",
        "Whoever runs as you can then have the access token by one command, `sandglass token`, and use it where it is valid. Each time stands in the timeline. The refresh token never leaves the keychain.",
        "Allow",
    )
    .with("Session", session)
    .with("Meant for", origins)
}

/// Whether evidence may be written with the secrets in it.
pub(crate) fn secrets() -> Question {
    Question::new(
        "Write the secrets into a file?",
        "The file will hold the token, the headers and the bodies as they were sent. Whoever reads it can act as you until the token expires. It is marked as such, and only you may read it.",
        "Write them",
    )
}

/// Whether a fault may be switched on for which the server may end the session.
pub(crate) fn risky_fault(session: &str, fault: FaultName) -> Question {
    let words = match fault {
        FaultName::NoSingleFlight => {
            "The same refresh token will be sent several times at once. A server that watches for theft will then end every session from this sign-in."
        }
        _ => {
            "A refresh token that was used before will be sent again. A server that watches for theft will then end every session from this sign-in."
        }
    };
    Question::new("Risk this session?", words, "Risk it").with("Session", session)
}

/// Whether what signs in may go to hosts that the issuer names and that are not its own.
pub(crate) fn other_hosts(session: &str, elsewhere: &Failure) -> Question {
    let param = |name: &str| elsewhere.params.get(name).map_or("", String::as_str);
    Question::new(
        "Does this server belong to that one?",
        "The issuer says that it does some of its work on other hosts. What signs you in would be sent there.",
        "Allow",
    )
    .with("Session", session)
    .with("Issuer", param("issuer"))
    .with("On other hosts", param("endpoints"))
}

/// The token itself.
pub(crate) fn revealed(session: &str, token: &SecretString) -> Question {
    let token = token.expose_secret();
    // A token is one line of printable ASCII (RFC 6750 §2.1); what is not cannot be told apart by eye anyway.
    let shown: Zeroizing<String> = Zeroizing::new(
        token
            .chars()
            .filter(|c| !c.is_control())
            .take(REVEALED_CHARS_MAX)
            .collect(),
    );
    let rest = token.chars().count().saturating_sub(REVEALED_CHARS_MAX);
    let note = if rest > 0 {
        format!("\n\n{rest} more characters are not shown; copy it to have it whole.")
    } else {
        String::new()
    };
    Question::new(
        "The token",
        &Zeroizing::new(format!("{}{note}", shown.as_str())),
        "Close",
    )
    .with("Session", session)
}

fn consequence(which: TokenKind) -> &'static str {
    match which {
        TokenKind::Access => {
            "Anyone who sees it can act as you until it expires. It is written into the timeline that it was shown, not the token."
        }
        TokenKind::Refresh => {
            "Anyone with this can stay signed in as you, also after the access token expires. Using it elsewhere may end this session."
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_cannot_add_lines_or_fill_the_screen() {
        let long = "x".repeat(VALUE_CHARS_MAX * 2);
        let text = Question::new("?", "Words.", "Go")
            .with("Was", "a\nNow: b\0")
            .with("Is", &long)
            .text;
        assert!(
            text.starts_with("Words.\n\nWas: aNow: b\n\nIs: xxx"),
            "{}",
            *text
        );
        assert!(text.chars().count() < VALUE_CHARS_MAX + 60);
    }

    #[test]
    fn a_long_token_is_cut_with_a_note() {
        let token = SecretString::from("t".repeat(REVEALED_CHARS_MAX + 7));
        let text = revealed("demo", &token).text;
        assert!(
            text.contains("7 more characters are not shown"),
            "{}",
            *text
        );
    }
}
