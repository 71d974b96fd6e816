//! "Why was I signed out?": from where a session ended back through its causes, to the one that a person can act on.

mod lab;

use std::collections::BTreeMap;
use std::sync::Arc;

use super::explanation::{
    Certainty, Clue, Course, Explanation, Finding, Injected, Named, NextStep,
};
use super::words::{Said, Topic};
use crate::timeline::event::{Event, EventKey, Fact, LoginCause, ReplyClass, SetAside, StateName};

/// Causes that are followed from one end; a chain is a dozen events long.
const CHAIN_MAX: usize = 200;

/// A session that may have ended, and the events about its family in order.
pub(crate) struct Ending<'a> {
    pub(crate) session: &'a str,
    pub(crate) state: StateName,
    pub(crate) set_aside: Option<SetAside>,
    pub(crate) run: u64,
    pub(crate) as_of: EventKey,
    pub(crate) events: &'a [Arc<Event>],
}

/// What the rules look at.
struct End<'a> {
    of: &'a Ending<'a>,
    /// Where it ended: the server's end, or the user's.
    last: Option<&'a Event>,
    cause: Option<LoginCause>,
    chain: Vec<&'a Event>,
    /// The flight that found it out.
    flight: Option<Named>,
    replied: Option<Replied<'a>>,
}

struct Replied<'a> {
    key: EventKey,
    status: Option<u16>,
    error: Option<&'a str>,
    description: Option<&'a str>,
    said: Said,
}

type Rule = (&'static str, fn(&End<'_>) -> Option<Finding>);

const ALL: &[Rule] = &[
    ("out.not", still_in),
    ("out.keychain", keychain),
    ("out.binding", binding),
    ("out.record", record),
    ("out.you", you),
    ("out.never", never),
    ("out.peer_signed_out", peer_signed_out),
    ("out.account", account),
    ("out.lab_hidden", lab::hidden),
    ("out.lab_reuse", lab::reuse),
    ("out.lab_store", lab::store),
    ("out.no_refresh_token", no_refresh_token),
    ("out.interaction", interaction),
    ("out.store_refused", store_refused),
    ("out.process_ended", process_ended),
    ("out.reply_lost", reply_lost),
    ("out.peer_rotated", peer_rotated),
    ("out.reuse", reuse),
    ("out.refresh_token_expired", expired),
    ("out.revoked", revoked),
    ("out.dialect", dialect),
    ("out.refused", refused),
];

/// The ids of all rules, for those who hold their words.
pub const RULES: &[&str] = &{
    let mut ids = [""; ALL.len()];
    let mut at = 0;
    while at < ALL.len() {
        ids[at] = ALL[at].0;
        at += 1;
    }
    ids
};

/// Why the session needs a new sign-in, or that it does not.
pub(crate) fn explain(ending: &Ending<'_>) -> Explanation {
    let end = End::read(ending);
    let finding = ALL
        .iter()
        .find_map(|(id, rule)| {
            let finding = rule(&end)?;
            debug_assert_eq!(finding.rule_id, *id, "a rule answers under its own id");
            Some(finding)
        })
        .unwrap_or_else(|| Finding::unknown("out.refused"));
    let would_tell = match finding.certainty {
        Certainty::Unknown => vec![Clue::IssuerLog],
        Certainty::Certain | Certainty::Likely => Vec::new(),
    };
    Explanation {
        of: end.last.map_or(ending.as_of, |last| last.key),
        request: None,
        status: end.replied.as_ref().and_then(|replied| replied.status),
        as_of: ending.as_of,
        finding,
        course: Course::Nothing {},
        also: Vec::new(),
        would_tell,
        injected: end.injected(),
    }
}

impl<'a> End<'a> {
    fn read(ending: &'a Ending<'a>) -> Self {
        let by_key: BTreeMap<EventKey, &Event> = ending
            .events
            .iter()
            .map(|event| (event.key, &**event))
            .collect();
        let ends = |event: &&Arc<Event>| {
            matches!(
                event.fact,
                Fact::LoginRequired { .. } | Fact::DegradedUntil { .. } | Fact::SignedOut {}
            )
        };
        // Runs that lived at the same time have no order but that of the clock.
        let last = ending
            .events
            .iter()
            .filter(ends)
            .max_by_key(|event| (event.wall_ms, event.key.run == ending.run, event.key))
            .map(|event| &**event);
        let mut chain: Vec<&Event> = Vec::new();
        let mut open: Vec<EventKey> = last.map_or_else(Vec::new, |last| last.cause_seq.clone());
        while let Some(key) = open.pop() {
            if chain.len() == CHAIN_MAX || chain.iter().any(|event| event.key == key) {
                continue;
            }
            if let Some(event) = by_key.get(&key) {
                chain.push(event);
                open.extend(&event.cause_seq);
            }
        }
        chain.sort_by_key(|event| event.key);
        let started = chain
            .iter()
            .rev()
            .find(|event| matches!(event.fact, Fact::FlightStarted { .. }));
        let flight = started.and_then(|event| {
            let number = event.subject.flight?;
            Some(Named {
                name: format!("F{number}"),
                key: event.key,
            })
        });
        let replied = chain.iter().rev().find_map(|event| match &event.fact {
            Fact::ExchangeReplied {
                status,
                error,
                error_description,
                ..
            } => Some(Replied {
                key: event.key,
                status: *status,
                error: error.as_deref(),
                description: error_description.as_deref(),
                said: Said::new(&[], error_description.as_deref()),
            }),
            _ => None,
        });
        let cause = last.and_then(|last| match last.fact {
            Fact::LoginRequired { cause } => Some(cause),
            // The end that follows names the cause; until then it is what the reply says.
            Fact::DegradedUntil { .. } => Some(LoginCause::InvalidGrant),
            _ => None,
        });
        Self {
            of: ending,
            last,
            cause,
            chain,
            flight,
            replied,
        }
    }

    fn caused_by(&self, causes: &[LoginCause]) -> bool {
        self.cause.is_some_and(|cause| causes.contains(&cause))
    }

    /// A finding with what every sentence about an end needs.
    fn find(&self, certainty: Certainty, rule_id: &'static str, next: &[NextStep]) -> Finding {
        let replied = self.replied.as_ref();
        Finding::new(rule_id, certainty)
            .with("session", self.of.session)
            .naming("flight", self.flight.clone())
            .with_some("status", replied.and_then(|replied| replied.status))
            .with_some("error", replied.and_then(|replied| replied.error))
            .with_some("said", replied.and_then(|replied| replied.description))
            .on(self.flight.as_ref().map(|flight| flight.key))
            .on(replied.map(|replied| replied.key))
            .on(self.last.map(|last| last.key))
            .then(next)
    }

    /// The faults that are among what led to the end, in order.
    fn injected(&self) -> Vec<Injected> {
        let chain = self.chain.iter();
        let struck = chain.filter_map(|event| match event.fact {
            Fact::FaultInjected { fault } => Some(Injected {
                fault,
                key: event.key,
            }),
            _ => None,
        });
        struck.collect()
    }

    /// The newest event of this kind before the end.
    fn newest(&self, wanted: impl Fn(&Fact) -> bool) -> Option<&'a Event> {
        let end = self.last?.key;
        let earlier = |event: &&Arc<Event>| event.key < end && wanted(&event.fact);
        self.of
            .events
            .iter()
            .rev()
            .find(earlier)
            .map(|event| &**event)
    }
}

fn still_in(end: &End<'_>) -> Option<Finding> {
    let alive = matches!(
        end.of.state,
        StateName::Active
            | StateName::Refreshing
            | StateName::Cooldown
            | StateName::Indeterminate
            | StateName::ConfigError
    );
    let finding = Finding::certain("out.not").with("session", end.of.session);
    alive.then(|| finding.then(&[NextStep::Nothing]))
}

fn keychain(end: &End<'_>) -> Option<Finding> {
    (end.of.state == StateName::StoreUnavailable).then_some(())?;
    let told = end
        .of
        .events
        .iter()
        .rev()
        .find(|event| matches!(event.fact, Fact::StoreUnavailable { .. }));
    let finding = Finding::certain("out.keychain").with("session", end.of.session);
    Some(
        finding
            .on(told.map(|event| event.key))
            .then(&[NextStep::UnlockKeychain]),
    )
}

fn binding(end: &End<'_>) -> Option<Finding> {
    (end.of.state == StateName::BindingChanged).then_some(())?;
    let told = end
        .of
        .events
        .iter()
        .rev()
        .find(|event| matches!(event.fact, Fact::BindingQuestioned {}));
    let finding = Finding::certain("out.binding").with("session", end.of.session);
    Some(
        finding
            .on(told.map(|event| event.key))
            .then(&[NextStep::ChangeSession]),
    )
}

fn record(end: &End<'_>) -> Option<Finding> {
    end.of
        .set_aside
        .filter(|reason| *reason == SetAside::Corrupt)?;
    let told = end
        .of
        .events
        .iter()
        .rev()
        .find(|event| matches!(event.fact, Fact::RecordSetAside { .. }));
    let finding = Finding::certain("out.record").with("session", end.of.session);
    Some(
        finding
            .on(told.map(|event| event.key))
            .then(&[NextStep::SignIn]),
    )
}

fn you(end: &End<'_>) -> Option<Finding> {
    end.last
        .filter(|last| matches!(last.fact, Fact::SignedOut {}))?;
    Some(end.find(Certainty::Certain, "out.you", &[NextStep::SignIn]))
}

fn never(end: &End<'_>) -> Option<Finding> {
    (end.last.is_none() && end.of.state == StateName::SignedOut).then_some(())?;
    let finding = Finding::certain("out.never").with("session", end.of.session);
    Some(finding.then(&[NextStep::SignIn]))
}

fn peer_signed_out(end: &End<'_>) -> Option<Finding> {
    end.caused_by(&[LoginCause::PeerSignedOut]).then(|| {
        end.find(
            Certainty::Certain,
            "out.peer_signed_out",
            &[NextStep::SignIn],
        )
        .on(end.chain.iter().map(|event| event.key))
    })
}

fn account(end: &End<'_>) -> Option<Finding> {
    end.caused_by(&[LoginCause::AccountMismatch])
        .then(|| end.find(Certainty::Certain, "out.account", &[NextStep::SignIn]))
}

fn no_refresh_token(end: &End<'_>) -> Option<Finding> {
    end.caused_by(&[LoginCause::NoRefreshToken]).then(|| {
        let next = [NextStep::SignIn, NextStep::ChangeSession];
        end.find(Certainty::Certain, "out.no_refresh_token", &next)
    })
}

fn interaction(end: &End<'_>) -> Option<Finding> {
    end.caused_by(&[LoginCause::Interaction])
        .then(|| end.find(Certainty::Certain, "out.interaction", &[NextStep::SignIn]))
}

/// New tokens came, the keychain did not take them, and the process that held them is gone.
fn store_refused(end: &End<'_>) -> Option<Finding> {
    end.caused_by(&[LoginCause::SuccessorLost, LoginCause::ResponseLost])
        .then_some(())?;
    let failed = end.newest(|fact| matches!(fact, Fact::PersistFailed { .. }))?;
    let stored = end.newest(|fact| matches!(fact, Fact::Persisted { .. }));
    if stored.is_some_and(|stored| (stored.wall_ms, stored.key) > (failed.wall_ms, failed.key)) {
        return None;
    }
    let next = [NextStep::UnlockKeychain, NextStep::SignIn];
    Some(
        end.find(Certainty::Certain, "out.store_refused", &next)
            .on([failed.key]),
    )
}

fn process_ended(end: &End<'_>) -> Option<Finding> {
    end.caused_by(&[LoginCause::SuccessorLost]).then(|| {
        end.find(Certainty::Certain, "out.process_ended", &[NextStep::SignIn])
            .on(end.chain.iter().map(|event| event.key))
    })
}

/// The answer to a refresh never came, and the server would not repeat it.
fn reply_lost(end: &End<'_>) -> Option<Finding> {
    end.caused_by(&[LoginCause::ResponseLost]).then_some(())?;
    let lost = end.newest(|fact| {
        matches!(fact, Fact::ExchangeReplied { class, .. } if *class == ReplyClass::Ambiguous)
    });
    let finding = end.find(Certainty::Certain, "out.reply_lost", &[NextStep::SignIn]);
    let number = lost.and_then(|lost| lost.subject.flight);
    let flight = lost.zip(number).map(|(lost, number)| Named {
        name: format!("F{number}"),
        key: lost.key,
    });
    Some(
        finding
            .with_some("lost_at", lost.map(|lost| lost.wall_ms))
            .naming("lost", flight)
            .on(lost.map(|lost| lost.key)),
    )
}

/// Another run used the refresh token first: its tokens are newer than those of this one.
fn peer_rotated(end: &End<'_>) -> Option<Finding> {
    end.caused_by(&[LoginCause::InvalidGrant, LoginCause::Reuse])
        .then_some(())?;
    let last = end.last?;
    let mine = end
        .chain
        .iter()
        .rev()
        .find(|event| matches!(event.fact, Fact::FlightStarted { .. }))
        .map(|event| (event.subject.epoch, event.subject.generation))?;
    let peer = end.of.events.iter().rev().find(|event| {
        let newer =
            (event.subject.epoch, event.subject.generation) > mine && event.subject.epoch == mine.0;
        event.key.run != end.of.run
            && event.wall_ms <= last.wall_ms
            && newer
            && matches!(event.fact, Fact::Published { .. })
    })?;
    let generation = peer.subject.generation.unwrap_or_default();
    let named = Named {
        name: format!("G{generation}"),
        key: peer.key,
    };
    let finding = end.find(Certainty::Likely, "out.peer_rotated", &[NextStep::SignIn]);
    Some(finding.naming("generation", Some(named)).on([peer.key]))
}

/// The server says that the refresh token was used twice (RFC 9700 §4.14.2).
fn reuse(end: &End<'_>) -> Option<Finding> {
    let said = end
        .replied
        .as_ref()
        .is_some_and(|replied| replied.said.mentions(Topic::Reused));
    let told = end.caused_by(&[LoginCause::Reuse]);
    (told || (said && end.caused_by(&[LoginCause::InvalidGrant]))).then(|| {
        let next = [NextStep::SignIn, NextStep::AskIssuer];
        end.find(Certainty::Certain, "out.reuse", &next)
    })
}

fn expired(end: &End<'_>) -> Option<Finding> {
    let replied = end.replied.as_ref()?;
    let said = replied.said.only(Topic::Expired) || replied.error == Some("refresh_token_expired");
    (said && end.caused_by(&[LoginCause::InvalidGrant])).then_some(())?;
    let published = end.newest(|fact| matches!(fact, Fact::Published { .. }));
    let idle = published
        .zip(end.last)
        .map(|(published, last)| last.wall_ms.since_ms(published.wall_ms).max(0));
    let finding = end.find(
        Certainty::Certain,
        "out.refresh_token_expired",
        &[NextStep::SignIn],
    );
    Some(
        finding
            .with_some("idle_ms", idle)
            .on(published.map(|published| published.key)),
    )
}

fn revoked(end: &End<'_>) -> Option<Finding> {
    let said = end
        .replied
        .as_ref()
        .is_some_and(|replied| replied.said.only(Topic::Revoked));
    (said && end.caused_by(&[LoginCause::InvalidGrant])).then(|| {
        let next = [NextStep::SignIn, NextStep::AskIssuer];
        end.find(Certainty::Certain, "out.revoked", &next)
    })
}

fn dialect(end: &End<'_>) -> Option<Finding> {
    end.caused_by(&[LoginCause::ServerDialect]).then(|| {
        let next = [NextStep::SignIn, NextStep::AskIssuer];
        end.find(Certainty::Likely, "out.dialect", &next)
    })
}

/// The server ended it, and gave no reason that tells more.
fn refused(end: &End<'_>) -> Option<Finding> {
    end.cause?;
    let next = [NextStep::SignIn, NextStep::AskIssuer];
    Some(end.find(Certainty::Unknown, "out.refused", &next))
}
