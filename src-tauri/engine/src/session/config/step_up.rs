//! What a further sign-in must ask for, read out of challenges and added up.

use serde::{Deserialize, Serialize};

use crate::challenge::Challenge;
use crate::redact::server_text;

/// Scopes, and ways to sign in, that are kept; a server that names more is not believed.
pub(crate) const NAMES_MAX: usize = 100;
/// Characters of each.
const NAME_CHARS_MAX: usize = 200;

/// What a further sign-in must ask for.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(ts_rs::TS))]
pub struct StepUp {
    /// All scopes: granted, asked for before, and wanted now.
    pub scopes: Vec<String>,
    /// How the user must sign in, as the server names it (RFC 9470).
    pub acr_values: Vec<String>,
    /// The longest time since that sign-in, in seconds.
    #[cfg_attr(feature = "bindings", ts(type = "number | null"))]
    pub max_age_s: Option<u64>,
}

impl StepUp {
    /// What these challenges want.
    pub(crate) fn read<'a>(challenges: impl IntoIterator<Item = &'a Challenge>) -> Self {
        let mut wanted = Self::default();
        for challenge in challenges {
            let max_age_s = challenge
                .get("max_age")
                .and_then(|value| value.parse().ok());
            wanted.add(&Self {
                scopes: words(challenge.get("scope")),
                acr_values: words(challenge.get("acr_values")),
                max_age_s,
            });
        }
        wanted
    }

    /// Adds what is missing; the shorter time counts.
    pub(crate) fn add(&mut self, more: &Self) {
        add(&mut self.scopes, &more.scopes);
        add(&mut self.acr_values, &more.acr_values);
        self.max_age_s = match (self.max_age_s, more.max_age_s) {
            (Some(one), Some(other)) => Some(one.min(other)),
            (one, other) => one.or(other),
        };
    }
}

/// The words of one parameter, cut and counted.
pub(crate) fn words(text: Option<&str>) -> Vec<String> {
    let words = text.unwrap_or_default().split_ascii_whitespace();
    words
        .take(NAMES_MAX)
        .map(|word| server_text(word, NAME_CHARS_MAX))
        .collect()
}

/// Adds the names that are missing.
pub(crate) fn add(names: &mut Vec<String>, more: &[String]) {
    for name in more {
        if names.len() < NAMES_MAX && !names.contains(name) {
            names.push(name.clone());
        }
    }
}
