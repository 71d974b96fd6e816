//! The filter words of the timeline: `is:refresh session:demo status:401 took:>500ms since:5m cause:R12`, and free text.
//!
//! A filter chooses causal groups: all its words must hold of one group. A word after `-` must not hold. What cannot be
//! read is an error that names the word, its place and what could stand there; it never quietly hides everything.

use std::ops::Range;

use serde::Serialize;

use super::group::Group;
use crate::clock::WallMs;
use crate::error::{Code, Failure, Result};

/// Longest filter, in characters.
pub const FILTER_CHARS_MAX: usize = 1_000;

/// The words that take a value, in the order in which help lists them.
pub const FILTER_WORDS: &[&str] = &[
    "is", "session", "gen", "status", "method", "host", "took", "since", "cause",
];
/// The values of `is`.
pub const FILTER_TRAITS: &[&str] = &[
    "request", "refresh", "sign-in", "retry", "joined", "failed", "pending", "expired",
];

/// Which causal groups are looked for.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Filter {
    words: Vec<(Word, Test)>,
}

/// One word of a filter, as it was written.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "bindings", derive(ts_rs::TS))]
pub struct Word {
    /// Where it begins, in characters.
    pub from: usize,
    /// Where it ends.
    pub to: usize,
    /// The word.
    pub text: String,
}

#[derive(Clone, Debug, PartialEq)]
struct Test {
    holds: bool,
    what: What,
}

#[derive(Clone, Debug, PartialEq)]
enum What {
    Is(Trait),
    Session(String),
    Generation(u32),
    /// The lowest and the highest status.
    Status(u16, u16),
    Method(String),
    Host(String),
    Took(Bound, u64),
    /// Not before this moment.
    Since(WallMs),
    Cause(String),
    Text(String),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Trait {
    Request,
    Refresh,
    SignIn,
    Retry,
    Joined,
    Failed,
    Pending,
    Expired,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Bound {
    More,
    Less,
}

impl Filter {
    /// Reads a filter. `now` is what `since:` counts from.
    ///
    /// # Errors
    /// [`Code::FilterUnknownWord`] and [`Code::FilterBadValue`], with the place of the word in characters.
    pub fn parse(text: &str, now: WallMs) -> Result<Self> {
        let characters: Vec<char> = text.chars().collect();
        if characters.len() > FILTER_CHARS_MAX {
            let over = Word {
                from: FILTER_CHARS_MAX,
                to: characters.len(),
                text: String::new(),
            };
            return Err(bad_value(
                &over,
                "",
                &format!("{FILTER_CHARS_MAX} characters"),
            ));
        }
        let mut words = Vec::new();
        for range in split(&characters) {
            let text: String = characters[range.clone()].iter().collect();
            let word = Word {
                from: range.start,
                to: range.end,
                text,
            };
            let test = read(&word, now)?;
            words.push((word, test));
        }
        Ok(Self { words })
    }

    /// The words, in order.
    pub fn words(&self) -> Vec<Word> {
        self.words.iter().map(|(word, _)| word.clone()).collect()
    }

    /// Whether everything is wanted.
    pub fn is_empty(&self) -> bool {
        self.words.is_empty()
    }

    /// Whether a group is wanted. `folded` is what [`folded`] makes of it.
    pub(super) fn matches(&self, group: &Group, folded: &str) -> bool {
        self.words
            .iter()
            .all(|(_, test)| test.what.holds_of(group, folded) == test.holds)
    }

    /// The same of a group that is looked at once.
    pub(super) fn finds(&self, group: &Group) -> bool {
        self.matches(group, &folded(group))
    }

    /// Whether everything that this one finds is found by the other one too, which has no other words.
    pub(super) fn narrows(&self, other: &Self) -> bool {
        let has = |wanted: &Test| self.words.iter().any(|(_, test)| test == wanted);
        other.words.iter().all(|(_, test)| has(test))
    }
}

/// What free text is looked for in, in lower case: a line for each of the address, the session and what went wrong.
pub(super) fn folded(group: &Group) -> Box<str> {
    let session = group.session.as_deref().unwrap_or_default();
    let mut text = format!("{}\n{session}", group.text);
    for error in &group.errors {
        text.push('\n');
        text.push_str(error);
    }
    text.to_lowercase().into_boxed_str()
}

/// Splits at spaces, but not within quotes.
fn split(characters: &[char]) -> Vec<Range<usize>> {
    let mut words = Vec::new();
    let (mut start, mut quoted) = (None, false);
    for (at, character) in characters.iter().enumerate() {
        match character {
            '"' => {
                quoted = !quoted;
                start.get_or_insert(at);
            }
            space if space.is_whitespace() && !quoted => {
                words.extend(start.take().map(|start| start..at));
            }
            _ => {
                start.get_or_insert(at);
            }
        }
    }
    words.extend(start.map(|start| start..characters.len()));
    words
}

fn read(word: &Word, now: WallMs) -> Result<Test> {
    let (holds, text) = match word.text.strip_prefix('-') {
        Some(rest) if !rest.is_empty() => (false, rest),
        _ => (true, word.text.as_str()),
    };
    let key_and_value = text
        .split_once(':')
        .filter(|(key, _)| {
            !key.is_empty()
                && key
                    .chars()
                    .all(|one| one.is_ascii_alphabetic() || one == '-')
        })
        // An address is free text.
        .filter(|(_, value)| !value.starts_with("//"));
    let Some((key, value)) = key_and_value else {
        let text = text.replace('"', "").to_lowercase();
        return Ok(Test {
            holds,
            what: What::Text(text),
        });
    };
    let key = key.to_ascii_lowercase();
    let value = value.replace('"', "").to_lowercase();
    let wrong = |expected: &str| bad_value(word, &value, expected);
    let what = match key.as_str() {
        "is" => What::Is(trait_named(&value).ok_or_else(|| wrong(&FILTER_TRAITS.join(", ")))?),
        "session" if !value.is_empty() => What::Session(value),
        "session" => return Err(wrong("demo")),
        "gen" => {
            let number = value.strip_prefix('g').unwrap_or(&value);
            What::Generation(number.parse().map_err(|_| wrong("7, G7"))?)
        }
        "status" => {
            let (low, high) = statuses(&value).ok_or_else(|| wrong("401, 4xx"))?;
            What::Status(low, high)
        }
        "method" if !value.is_empty() => What::Method(value),
        "method" => return Err(wrong("GET, POST")),
        "host" if !value.is_empty() => What::Host(value),
        "host" => return Err(wrong("api.acme.test")),
        "took" => {
            let (bound, length) = match value.strip_prefix('<') {
                Some(rest) => (Bound::Less, rest),
                None => (Bound::More, value.strip_prefix('>').unwrap_or(&value)),
            };
            let length = length.strip_prefix('=').unwrap_or(length);
            What::Took(bound, micros(length).ok_or_else(|| wrong(">500ms, <2s"))?)
        }
        "since" => {
            let ago = micros(&value).ok_or_else(|| wrong("5m, 2h, 30s"))? / 1_000;
            What::Since(WallMs(now.0.saturating_sub_unsigned(ago)))
        }
        "cause" => {
            let numbered = value
                .strip_prefix(['r', 'f'])
                .is_some_and(|number| number.parse::<u64>().is_ok());
            if !numbered {
                return Err(wrong("R12, F7"));
            }
            What::Cause(value.to_uppercase())
        }
        _ => {
            return Err(Failure::new(Code::FilterUnknownWord)
                .with("word", &key)
                .with("from", word.from)
                .with("to", word.to)
                .with("expected", FILTER_WORDS.join(", ")));
        }
    };
    Ok(Test { holds, what })
}

fn bad_value(word: &Word, value: &str, expected: &str) -> Failure {
    let key = word
        .text
        .trim_start_matches('-')
        .split(':')
        .next()
        .unwrap_or_default();
    Failure::new(Code::FilterBadValue)
        .with("word", key)
        .with("value", value)
        .with("from", word.from)
        .with("to", word.to)
        .with("expected", expected)
}

fn trait_named(name: &str) -> Option<Trait> {
    Some(match name {
        "request" => Trait::Request,
        "refresh" => Trait::Refresh,
        "sign-in" => Trait::SignIn,
        "retry" => Trait::Retry,
        "joined" => Trait::Joined,
        "failed" => Trait::Failed,
        "pending" => Trait::Pending,
        "expired" => Trait::Expired,
        _ => return None,
    })
}

/// `401`, or `4xx` for all that begin so.
fn statuses(value: &str) -> Option<(u16, u16)> {
    if let Some(hundreds) = value.strip_suffix("xx") {
        let first: u16 = hundreds
            .parse()
            .ok()
            .filter(|first| (1..=9).contains(first))?;
        return Some((first * 100, first * 100 + 99));
    }
    let status: u16 = value
        .parse()
        .ok()
        .filter(|status| (100..1_000).contains(status))?;
    Some((status, status))
}

/// A length of time in microseconds: a whole number with its unit.
fn micros(value: &str) -> Option<u64> {
    let digits = value.find(|one: char| !one.is_ascii_digit())?;
    let (number, unit) = value.split_at(digits);
    let unit: u64 = match unit {
        "us" => 1,
        "ms" => 1_000,
        "s" => 1_000_000,
        "m" | "min" => 60_000_000,
        "h" => 3_600_000_000,
        "d" => 86_400_000_000,
        _ => return None,
    };
    number.parse::<u64>().ok()?.checked_mul(unit)
}

impl What {
    fn holds_of(&self, group: &Group, folded: &str) -> bool {
        use super::group::GroupKind;
        match self {
            Self::Is(Trait::Request) => group.kind == GroupKind::Request,
            Self::Is(Trait::Refresh) => !group.flights.is_empty(),
            Self::Is(Trait::SignIn) => group.kind == GroupKind::SignIn,
            Self::Is(Trait::Retry) => group.traits.retry,
            Self::Is(Trait::Joined) => group.traits.joined,
            Self::Is(Trait::Failed) => group.traits.failed,
            Self::Is(Trait::Pending) => group.traits.pending,
            Self::Is(Trait::Expired) => group.kind == GroupKind::Expiry,
            Self::Session(name) => group
                .session
                .as_ref()
                .is_some_and(|session| session.to_lowercase() == *name),
            Self::Generation(number) => group.generations.contains(number),
            Self::Status(low, high) => group
                .statuses
                .iter()
                .any(|status| (low..=high).contains(&status)),
            Self::Method(method) => group.method.eq_ignore_ascii_case(method),
            Self::Host(host) => {
                group.host == *host || group.host.split(':').next() == Some(host.as_str())
            }
            Self::Took(Bound::More, least) => group.took_us.is_some_and(|took| took > *least),
            Self::Took(Bound::Less, most) => group.took_us.is_some_and(|took| took < *most),
            Self::Since(moment) => group.to_ms >= *moment,
            Self::Cause(name) => group.caused_by.contains(name) || named(group, name),
            Self::Text(text) => {
                folded.contains(text.as_str())
                    || group.method.eq_ignore_ascii_case(text)
                    || named(group, &text.to_uppercase())
            }
        }
    }
}

/// Whether a group holds what people call by this name: a send, a refresh, a generation.
fn named(group: &Group, name: &str) -> bool {
    let (letter, number) = name.split_at_checked(1).unwrap_or_default();
    let Ok(number) = number.parse::<u64>() else {
        return false;
    };
    match letter {
        "R" => group.request == Some(number),
        "F" => group.flights.contains(&number),
        "G" => group
            .generations
            .iter()
            .any(|one| u64::from(*one) == number),
        _ => false,
    }
}

#[cfg(test)]
mod tests;
