//! What was learned of a token endpoint by what it did: whether it rotates, what it makes of a spent refresh token, how it
//! says no, how long its tokens live, what its clock says. Each with the events that prove it; nothing here is a secret.
//!
//! ```text
//! events of a flight -> learn -> Noted -> Profile::take -> Profile -> replay(), margin_ms() -> the next flight
//! ```
//!
//! A profile belongs to the address that refresh tokens go to, not to the name that a session file gives its server: a file
//! that claims another one's name must not be able to teach anything about it.

pub(crate) mod book;
mod learn;

use serde::{Deserialize, Serialize};

pub(crate) use self::learn::{Noted, Observation, of_access_token, of_flight};
use crate::clock::WallMs;
use crate::timeline::event::{EventKey, ExpirySource, ReplyClass};

/// Events that are kept as the proof of one habit; of more, the newest stay.
pub const PROOF_MAX: usize = 6;
/// Ways of saying no that are remembered of one server.
pub const REFUSALS_MAX: usize = 12;
/// Oddities of replies that are remembered of one server.
pub const ODDITIES_MAX: usize = 8;
/// Longest text of a server's own that is kept, in characters.
const TEXT_CHARS_MAX: usize = 120;
/// Longest time that a slow token endpoint adds to a margin, in milliseconds.
const ANSWER_MS_MAX: u64 = 60_000;

/// A habit, how often it was seen, and where.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(ts_rs::TS))]
pub struct Habit<T> {
    /// What the server does.
    pub what: T,
    /// How often that was seen.
    pub times: u32,
    /// The events that prove it, the newest last; at most [`PROOF_MAX`].
    pub proof: Vec<EventKey>,
    /// When it was seen last.
    pub last_ms: WallMs,
}

/// What becomes of the refresh token when it is used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(ts_rs::TS))]
#[serde(rename_all = "snake_case")]
pub enum TokenRotation {
    /// A new one comes with each refresh.
    Rotates,
    /// It stays the same.
    Keeps,
    /// Now this, now that.
    Sometimes,
}

/// How the server says no.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(ts_rs::TS))]
pub struct Refusal {
    /// The HTTP status. Absent: no answer came.
    pub status: Option<u16>,
    /// Its own word for it, cut.
    pub error: Option<String>,
    /// What that was taken for.
    pub class: ReplyClass,
}

/// How long the access tokens live.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(ts_rs::TS))]
pub struct Life {
    /// The shortest, in milliseconds. Absent: it never says.
    pub least_ms: Option<u64>,
    /// The longest.
    pub most_ms: Option<u64>,
    /// Where it was read last.
    pub source: ExpirySource,
}

/// Whether an exchange without an answer is sent once more at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(ts_rs::TS))]
#[serde(rename_all = "snake_case")]
pub enum Replay {
    /// Once: most servers honour a refresh token again for a moment.
    Once,
    /// Not: this server takes a token that comes twice for stolen. It is sent again only when nothing else is left.
    Never,
}

/// Whether it is sent once more, and the rule that says so.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "bindings", derive(ts_rs::TS))]
pub struct ReplayRule {
    /// The decision.
    pub replay: Replay,
    /// The rule.
    pub rule_id: &'static str,
}

/// What is known of one token endpoint.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(ts_rs::TS))]
#[serde(default)]
pub struct Profile {
    /// Its address.
    pub endpoint: String,
    /// The name that a session gives its server, where one does.
    pub issuer: Option<String>,
    /// Whether the refresh token is replaced.
    pub rotation: Option<Habit<TokenRotation>>,
    /// A spent refresh token was still honoured so many milliseconds after its successor had come: the longest seen.
    pub spent_honoured: Option<Habit<u64>>,
    /// A spent refresh token was refused so many milliseconds after its successor had come: the shortest seen.
    pub spent_refused: Option<Habit<u64>>,
    /// After a spent refresh token was refused, the access token was still accepted (true), or was not.
    pub access_outlives_reuse: Option<Habit<bool>>,
    /// An exchange that was repeated because its answer was lost gave tokens (true), or was refused.
    pub replay_recovers: Option<Habit<bool>>,
    /// How it says no, the newest last.
    pub refusals: Vec<Habit<Refusal>>,
    /// How long its access tokens live.
    pub life: Option<Habit<Life>>,
    /// What is odd about its replies.
    pub oddities: Vec<Habit<String>>,
    /// Its clock less the local one, in milliseconds, exact to a second.
    pub clock_ms: Option<Habit<i64>>,
    /// The longest time that it took to answer, in milliseconds, of the last answers.
    pub answer_ms: Option<Habit<u64>>,
    /// What the user chose. Absent: what was learned counts.
    pub replay_chosen: Option<Replay>,
}

impl<T> Habit<T> {
    fn first(what: T, noted: &Noted) -> Self {
        Self {
            what,
            times: 1,
            proof: vec![noted.proof],
            last_ms: noted.at,
        }
    }

    /// Seen once more, as it is now.
    fn again(&mut self, what: T, noted: &Noted) {
        self.what = what;
        self.times = self.times.saturating_add(1);
        self.last_ms = noted.at;
        if !self.proof.contains(&noted.proof) {
            if self.proof.len() >= PROOF_MAX {
                self.proof.remove(0);
            }
            self.proof.push(noted.proof);
        }
    }
}

/// One more sight of a habit of which one value is kept: `join` says which.
fn see<T: Copy>(
    habit: &mut Option<Habit<T>>,
    what: T,
    noted: &Noted,
    join: impl FnOnce(T, T) -> T,
) {
    match habit {
        Some(habit) => habit.again(join(habit.what, what), noted),
        None => *habit = Some(Habit::first(what, noted)),
    }
}

/// One more sight of one habit among many; beyond `max`, the one that was seen longest ago goes.
fn see_among<T: PartialEq>(habits: &mut Vec<Habit<T>>, what: T, noted: &Noted, max: usize) {
    let mut habit = match habits.iter().position(|habit| habit.what == what) {
        Some(at) => habits.remove(at),
        None => {
            if habits.len() >= max {
                habits.remove(0);
            }
            habits.push(Habit::first(what, noted));
            return;
        }
    };
    habit.again(what, noted);
    habits.push(habit);
}

impl Profile {
    /// Learns one thing more.
    pub(crate) fn take(&mut self, noted: &Noted) {
        match &noted.what {
            Observation::Rotated(rotated) => {
                let now = if *rotated {
                    TokenRotation::Rotates
                } else {
                    TokenRotation::Keeps
                };
                see(&mut self.rotation, now, noted, |before, now| {
                    if before == now {
                        now
                    } else {
                        TokenRotation::Sometimes
                    }
                });
            }
            Observation::SpentHonoured { after_ms } => {
                see(&mut self.spent_honoured, *after_ms, noted, u64::max)
            }
            Observation::SpentRefused { after_ms } => {
                see(&mut self.spent_refused, *after_ms, noted, u64::min)
            }
            // The harm counts: what was refused once may be refused again.
            Observation::AccessAfterReuse { accepted } => see(
                &mut self.access_outlives_reuse,
                *accepted,
                noted,
                |before, now| before && now,
            ),
            Observation::Replayed { recovered } => {
                see(&mut self.replay_recovers, *recovered, noted, |_, now| now)
            }
            Observation::Refused(refusal) => {
                let refusal = Refusal {
                    error: refusal.error.as_deref().map(cut),
                    ..refusal.clone()
                };
                see_among(&mut self.refusals, refusal, noted, REFUSALS_MAX);
            }
            Observation::Lives(life) => see(&mut self.life, *life, noted, |before, now| Life {
                least_ms: least(before.least_ms, now.least_ms),
                most_ms: before.most_ms.max(now.most_ms),
                source: now.source,
            }),
            Observation::Odd(text) => see_among(&mut self.oddities, cut(text), noted, ODDITIES_MAX),
            Observation::Clock { skew_ms } => {
                see(&mut self.clock_ms, *skew_ms, noted, |_, now| now)
            }
            // The slow ones are forgotten by and by: an eighth each time.
            Observation::Answered { took_ms } => {
                see(&mut self.answer_ms, *took_ms, noted, |before, now| {
                    now.max(before - before / 8)
                })
            }
        }
    }

    /// Whether an exchange without an answer is sent once more at once (scenarios 24 to 26).
    pub fn replay(&self) -> ReplayRule {
        let (replay, rule_id) = match (self.replay_chosen, self.revokes_on_reuse()) {
            (Some(replay), _) => (replay, "replay.chosen"),
            (None, true) if crate::rules::on("replay.revokes_on_reuse") => {
                (Replay::Never, "replay.revokes_on_reuse")
            }
            _ => (Replay::Once, "replay.usual"),
        };
        ReplayRule { replay, rule_id }
    }

    /// It ended a working access token because a refresh token came twice, and was never seen to forgive that.
    fn revokes_on_reuse(&self) -> bool {
        let ended = self
            .access_outlives_reuse
            .as_ref()
            .is_some_and(|habit| !habit.what);
        let forgave = self
            .replay_recovers
            .as_ref()
            .is_some_and(|habit| habit.what);
        ended && !forgave && self.spent_honoured.is_none()
    }

    /// How much earlier a refresh before expiry begins because this server takes its time, in milliseconds.
    pub(crate) fn margin_ms(&self) -> u64 {
        self.answer_ms
            .as_ref()
            .map_or(0, |habit| habit.what.min(ANSWER_MS_MAX))
    }

    /// Whether nothing is known.
    pub fn is_blank(&self) -> bool {
        *self
            == Self {
                endpoint: self.endpoint.clone(),
                issuer: self.issuer.clone(),
                ..Self::default()
            }
    }

    /// When anything was learned last.
    fn last_ms(&self) -> WallMs {
        let of_life = self.life.as_ref().map(|habit| habit.last_ms);
        let of_no = self.refusals.last().map(|habit| habit.last_ms);
        of_life.max(of_no).unwrap_or(WallMs(0))
    }
}

fn least(one: Option<u64>, other: Option<u64>) -> Option<u64> {
    match (one, other) {
        (Some(one), Some(other)) => Some(one.min(other)),
        (one, other) => one.or(other),
    }
}

fn cut(text: &str) -> String {
    text.chars().take(TEXT_CHARS_MAX).collect()
}

#[cfg(test)]
mod tests;
