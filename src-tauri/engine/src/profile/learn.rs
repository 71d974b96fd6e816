//! What the events of one flight say about the server that it called. Pure: the same events always teach the same.
//!
//! An answer that the fault lab made up, or delayed, or damaged says nothing about the server and is passed over. What the
//! lab *sends* wrong, the server itself answers: that is how one learns what it makes of a spent refresh token.

use std::sync::Arc;

use super::{Life, Refusal};
use crate::clock::WallMs;
use crate::fault::FaultName;
use crate::timeline::event::{Event, EventKey, Fact, Purpose, ReplyClass, Verdict};

/// One thing that was seen, and the event that proves it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Noted {
    pub(crate) what: Observation,
    pub(crate) proof: EventKey,
    pub(crate) at: WallMs,
}

/// What can be seen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Observation {
    /// A refresh brought a new refresh token, or none.
    Rotated(bool),
    /// A refresh token was honoured so long after its successor had come.
    SpentHonoured { after_ms: u64 },
    /// It was refused so long after that.
    SpentRefused { after_ms: u64 },
    /// What became of a working access token after a spent refresh token was refused.
    AccessAfterReuse { accepted: bool },
    /// An exchange was repeated because its answer was lost.
    Replayed { recovered: bool },
    /// It said no.
    Refused(Refusal),
    /// A reply said how long its access token lives, or did not.
    Lives(Life),
    /// Something was odd about a reply.
    Odd(String),
    /// Its clock less the local one.
    Clock { skew_ms: i64 },
    /// It took so long to answer.
    Answered { took_ms: u64 },
}

/// One call of the token endpoint with a refresh token, as its events tell it.
struct Call {
    sent: EventKey,
    replay: bool,
    with_refresh_token: bool,
    reply: Option<Answer>,
}

struct Answer {
    key: EventKey,
    at: WallMs,
    class: ReplyClass,
}

/// Learns from the events of one flight, in order. `since_ms` is when the refresh token came that the flight should have
/// sent: one that the lab sends instead was spent then.
pub(crate) fn of_flight(events: &[Arc<Event>], since_ms: Option<WallMs>) -> Vec<Noted> {
    let mut noted = Vec::new();
    let mut calls: Vec<Call> = Vec::new();
    let (mut reused, mut copied) = (false, false);
    for event in events {
        let note = |what| Noted {
            what,
            proof: event.key,
            at: event.wall_ms,
        };
        match &event.fact {
            Fact::FaultInjected { fault } => match fault {
                FaultName::ReuseRefreshToken => reused = true,
                FaultName::NoSingleFlight => copied = true,
                _ => {}
            },
            Fact::ExchangeSent {
                purpose: Purpose::Refresh,
                fingerprint,
                replay,
                ..
            } => calls.push(Call {
                sent: event.key,
                replay: *replay,
                with_refresh_token: fingerprint.is_some(),
                reply: None,
            }),
            Fact::ExchangeReplied {
                status,
                class,
                error,
                took_us,
                ..
            } => {
                let is = |call: &&mut Call| event.cause_seq.contains(&call.sent);
                let Some(call) = calls.iter_mut().find(is) else {
                    // The lab stands between: its strike is the cause, not the call.
                    continue;
                };
                call.reply = Some(Answer {
                    key: event.key,
                    at: event.wall_ms,
                    class: *class,
                });
                let (status, class, error) = (*status, *class, error.clone());
                if status.is_some() {
                    let took_ms = took_us / 1_000;
                    noted.push(note(Observation::Answered { took_ms }));
                }
                if says_no(class) {
                    let refusal = Refusal {
                        status,
                        error,
                        class,
                    };
                    noted.push(note(Observation::Refused(refusal)));
                }
            }
            Fact::ReplyParsed {
                lifetime_ms,
                expiry_source,
                rotated,
                warnings,
            } => {
                let damaged = calls.last().is_none_or(|call| call.reply.is_none());
                if damaged {
                    continue;
                }
                let life = Life {
                    least_ms: *lifetime_ms,
                    most_ms: *lifetime_ms,
                    source: *expiry_source,
                };
                noted.push(note(Observation::Lives(life)));
                let odd = warnings
                    .iter()
                    .map(|text| note(Observation::Odd(text.clone())));
                noted.extend(odd);
                if calls.iter().any(|call| call.with_refresh_token) {
                    noted.push(note(Observation::Rotated(*rotated)));
                }
            }
            _ => {}
        }
    }
    noted.extend(of_spent(&calls, reused, copied, since_ms));
    noted.extend(of_replay(&calls));
    noted
}

/// Whether an answer is the server's own no: an answer that was lost is not, and one that asks for a nonce neither.
fn says_no(class: ReplyClass) -> bool {
    !matches!(
        class,
        ReplyClass::Granted | ReplyClass::NotSent | ReplyClass::Ambiguous | ReplyClass::NonceNeeded
    )
}

/// What the server made of a refresh token that it had replaced: one that the lab kept, or one that it sent several times.
fn of_spent(calls: &[Call], reused: bool, copied: bool, since_ms: Option<WallMs>) -> Option<Noted> {
    let answers = || {
        let with_token = calls.iter().filter(|call| call.with_refresh_token);
        with_token.filter_map(|call| call.reply.as_ref())
    };
    let (answer, after_ms) = if reused {
        let answer = answers().next()?;
        (answer, elapsed(since_ms?, answer.at))
    } else if copied {
        let first = answers().find(|answer| answer.class == ReplyClass::Granted)?;
        let settled = |class| matches!(class, ReplyClass::Granted | ReplyClass::Definitive);
        let others = answers().filter(|answer| answer.key != first.key && settled(answer.class));
        // One refusal says more than any number of grants.
        let told = others.min_by_key(|answer| answer.class == ReplyClass::Granted)?;
        (told, elapsed(first.at, told.at))
    } else {
        return None;
    };
    let what = match answer.class {
        ReplyClass::Granted => Observation::SpentHonoured { after_ms },
        ReplyClass::Definitive => Observation::SpentRefused { after_ms },
        _ => return None,
    };
    Some(Noted {
        what,
        proof: answer.key,
        at: answer.at,
    })
}

/// How a repetition after a lost answer ended. Whether the server had done what the first call asked for, nobody knows.
fn of_replay(calls: &[Call]) -> Option<Noted> {
    let is_replay = |call: &&Call| call.replay && call.with_refresh_token;
    let answer = calls.iter().rfind(is_replay)?.reply.as_ref()?;
    let recovered = match answer.class {
        ReplyClass::Granted => true,
        ReplyClass::Definitive => false,
        _ => return None,
    };
    Some(Noted {
        what: Observation::Replayed { recovered },
        proof: answer.key,
        at: answer.at,
    })
}

/// What an API's answer says about an access token that worked when a spent refresh token was refused. `None`: nothing, as
/// a token that has run out is refused by everybody, and an error of the API is no word about the token.
pub(crate) fn of_access_token(
    verdict: Verdict,
    status: u16,
    has_expired: bool,
    proof: EventKey,
    at: WallMs,
) -> Option<Noted> {
    let accepted = match verdict {
        Verdict::Returned if (200..300).contains(&status) => true,
        Verdict::TokenRefused if !has_expired => false,
        _ => return None,
    };
    Some(Noted {
        what: Observation::AccessAfterReuse { accepted },
        proof,
        at,
    })
}

fn elapsed(from: WallMs, to: WallMs) -> u64 {
    u64::try_from(to.since_ms(from)).unwrap_or(0)
}
