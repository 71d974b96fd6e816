//! What a send asked as it was sent, secrets and all: only for a file that the user has asked for by name, twice.

use std::collections::BTreeMap;
use std::fmt;

/// What stands at the top of a file that holds secrets.
pub(super) const BANNER: &str = "THIS FILE HOLDS SECRETS: tokens, headers and bodies as they were sent. Whoever reads it can act as you until they expire.";

/// The last requests of sends, by their numbers.
#[derive(Debug, Default)]
pub struct Secrets {
    pub(crate) requests: BTreeMap<u64, Sent>,
}

/// One request as it was sent.
pub(crate) struct Sent {
    /// The attempt that it belongs to.
    pub(crate) attempt: u32,
    pub(crate) method: String,
    pub(crate) url: String,
    /// With the token, where it is the current one still.
    pub(crate) headers: Vec<(String, String)>,
    /// Absent: there was none, or it is no text, or longer than is written.
    pub(crate) body: Option<String>,
    /// A token went with it that is not there any more.
    pub(crate) token_gone: bool,
}

impl fmt::Debug for Sent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sent")
            .field("attempt", &self.attempt)
            .finish_non_exhaustive()
    }
}

impl Sent {
    /// It as a line of cURL.
    pub(super) fn curl(&self) -> String {
        let quoted = |text: &str| format!("'{}'", text.replace('\'', r"'\''"));
        let mut line = format!("curl -X {} {}", quoted(&self.method), quoted(&self.url));
        for (name, value) in &self.headers {
            line += &format!(" \\\n  -H {}", quoted(&format!("{name}: {value}")));
        }
        if let Some(body) = &self.body {
            line += &format!(" \\\n  --data-raw {}", quoted(body));
        }
        line
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sent() -> Sent {
        Sent {
            attempt: 1,
            method: "POST".to_owned(),
            url: "https://api.test/a?b=it's".to_owned(),
            headers: vec![("Authorization".to_owned(), "Bearer CANARY".to_owned())],
            body: Some("x".to_owned()),
            token_gone: false,
        }
    }

    #[test]
    fn a_quote_does_not_end_the_quotes() {
        assert!(sent().curl().contains(r"'https://api.test/a?b=it'\''s'"));
    }

    #[test]
    fn no_log_holds_it() {
        assert!(!format!("{:?}", sent()).contains("CANARY"));
    }
}
