//! Everything that is known about one send, out of the timeline's events: its attempts hop by hop, and what stands around them.

use std::collections::BTreeMap;
use std::sync::Arc;

use url::Url;

use super::explanation::{Injected, Named};
use super::history::{History, Issued};
use super::words::{Said, Topic};
use crate::challenge::{self, Challenge};
use crate::error::Code;
use crate::fault::FaultName;
use crate::origin::Origin;
use crate::redact::Fingerprint;
use crate::timeline::event::{
    Answerer, Event, EventKey, Fact, FlightClass, Outcome, TypedAuthorization, Verdict, Withheld,
};
use crate::token::claims::TokenClaims;
use crate::token::scheme::Scheme;

/// A difference of clocks below this explains nothing: `Date` has whole seconds.
pub(crate) const SKEW_MIN_MS: i64 = 2_000;

/// One send and what stands around it.
#[derive(Debug)]
pub(crate) struct Case<'a> {
    pub(crate) queued: &'a Event,
    pub(crate) as_of: EventKey,
    pub(crate) request: u64,
    pub(crate) url: Option<Url>,
    pub(crate) session: Option<&'a str>,
    pub(crate) withheld: Option<(Withheld, EventKey)>,
    /// Every hop of every attempt, in order.
    pub(crate) tries: Vec<Try<'a>>,
    pub(crate) redirects: Vec<Redirect<'a>>,
    pub(crate) page: Option<(&'a str, EventKey)>,
    pub(crate) step_up: Option<StepUp<'a>>,
    /// Whether it was repeated, by which rule; the last decision.
    pub(crate) retry: Option<(bool, &'a str, EventKey)>,
    /// The flights that it waited for, in order.
    pub(crate) flights: Vec<Flight<'a>>,
    pub(crate) finished: Option<Finished>,
    pub(crate) history: History<'a>,
    /// What went wrong with it on purpose, in order.
    pub(crate) injected: Vec<Injected>,
}

/// One hop of one attempt.
#[derive(Debug)]
pub(crate) struct Try<'a> {
    pub(crate) started: EventKey,
    pub(crate) started_wall_ms: i64,
    pub(crate) attempt: u32,
    pub(crate) hop: u32,
    pub(crate) origin: &'a str,
    pub(crate) typed: Option<&'a TypedAuthorization>,
    /// A proof of possession went along.
    pub(crate) proven: bool,
    pub(crate) lease: Option<Lease<'a>>,
    pub(crate) head: Option<Head<'a>>,
    pub(crate) judged: Option<(Verdict, &'a str, EventKey)>,
    pub(crate) error: Option<Code>,
    /// The faults that struck it.
    pub(crate) struck: Vec<Injected>,
}

/// The session's token that went with a hop.
#[derive(Clone, Debug)]
pub(crate) struct Lease<'a> {
    pub(crate) key: EventKey,
    pub(crate) generation: u32,
    pub(crate) fingerprint: Fingerprint,
    pub(crate) age_ms: u64,
    pub(crate) expires_in_ms: Option<i64>,
    pub(crate) claims: Option<&'a TokenClaims>,
    pub(crate) issued: Option<EventKey>,
}

/// The head of an answer.
#[derive(Debug)]
pub(crate) struct Head<'a> {
    pub(crate) key: EventKey,
    pub(crate) wall_ms: i64,
    pub(crate) status: u16,
    pub(crate) challenges: Vec<Challenge>,
    pub(crate) skew_ms: Option<i64>,
    pub(crate) answerer: &'a Answerer,
    pub(crate) said: Said,
}

/// A redirect that was followed.
#[derive(Debug)]
pub(crate) struct Redirect<'a> {
    pub(crate) key: EventKey,
    pub(crate) from: &'a str,
    pub(crate) to: &'a str,
    pub(crate) stripped: &'a [String],
}

/// What the server wants more.
#[derive(Debug)]
pub(crate) struct StepUp<'a> {
    pub(crate) key: EventKey,
    pub(crate) acr_values: &'a [String],
    pub(crate) max_age_s: Option<u64>,
}

/// A refresh that the send waited for.
#[derive(Debug)]
pub(crate) struct Flight<'a> {
    pub(crate) name: Named,
    pub(crate) waited: EventKey,
    /// The hops before which it was waited for.
    pub(crate) before_try: usize,
    pub(crate) class: Option<FlightClass>,
    pub(crate) took_us: Option<u64>,
    pub(crate) status: Option<u16>,
    pub(crate) error: Option<&'a str>,
    pub(crate) published: Option<Named>,
    /// All requests that waited for it.
    pub(crate) waiters: Vec<Named>,
    /// The faults that struck it.
    pub(crate) struck: Vec<Injected>,
    /// The one that made up the answer to its last call.
    pub(crate) made_up: Option<Injected>,
}

/// How the send ended.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Finished {
    pub(crate) key: EventKey,
    pub(crate) outcome: Outcome,
    pub(crate) status: Option<u16>,
    pub(crate) error: Option<Code>,
}

impl<'a> Case<'a> {
    /// Reads a case out of the events about a send and its session, in order. `words` is what the body of the last answer
    /// gives as a reason. `None`: the send is not among them.
    pub(crate) fn read(
        events: &'a [Arc<Event>],
        run: u64,
        request: u64,
        words: Option<&str>,
    ) -> Option<Self> {
        let own =
            |event: &&Arc<Event>| event.key.run == run && event.subject.request == Some(request);
        let queued = events
            .iter()
            .filter(own)
            .find(|event| matches!(event.fact, Fact::RequestQueued { .. }))?;
        let Fact::RequestQueued { url, .. } = &queued.fact else {
            return None;
        };
        let mut case = Self {
            queued,
            as_of: events.last().map_or(queued.key, |event| event.key),
            request,
            url: Url::parse(url).ok(),
            session: queued.subject.session.as_deref(),
            withheld: None,
            tries: Vec::new(),
            redirects: Vec::new(),
            page: None,
            step_up: None,
            retry: None,
            flights: Vec::new(),
            finished: None,
            history: History::read(events),
            injected: Vec::new(),
        };
        let mut leases: Option<Lease<'a>> = None;
        for event in events.iter().filter(own) {
            case.learn(event, &mut leases);
            case.learn_faults(event);
        }
        if let (Some(words), Some(head)) = (
            words,
            case.tries.last_mut().and_then(|last| last.head.as_mut()),
        ) {
            head.said = Said::new(&head.challenges, Some(words));
        }
        case.learn_flights(events, run);
        let of_flights = case.flights.iter().flat_map(|flight| &flight.struck);
        case.injected.extend(of_flights.copied());
        let clock = case.wrong_clock().map(|(key, _)| Injected {
            fault: FaultName::ClockSkew,
            key,
        });
        case.injected.extend(clock);
        case.injected.sort_unstable_by_key(|injected| injected.key);
        case.injected.dedup();
        Some(case)
    }

    /// Notes what the fault lab did to this send: what struck it, and what it was led to by a strike elsewhere.
    fn learn_faults(&mut self, event: &Event) {
        if let Fact::FaultInjected { fault } = event.fact {
            let injected = Injected {
                fault,
                key: event.key,
            };
            self.injected.push(injected);
            // What happens to an attempt is told after its beginning; what was decided about the token, before.
            if let (FaultName::CorruptAccessToken | FaultName::RefuseAlways, Some(last)) =
                (fault, self.tries.last_mut())
            {
                last.struck.push(injected);
            }
        }
        let led = event.cause_seq.iter().filter_map(|cause| {
            let fault = self.history.faults.get(cause)?;
            Some(Injected {
                fault: *fault,
                key: *cause,
            })
        });
        self.injected.extend(led);
    }

    /// The clock as it was made wrong on purpose when the refused attempt was sent: where that was switched on, and by how
    /// many milliseconds it goes ahead.
    pub(crate) fn wrong_clock(&self) -> Option<(EventKey, i64)> {
        let sent = self.refused().or(self.last())?.started;
        let mut before = self.history.clocks.iter().rev();
        let (key, ahead_ms) = before.find(|(key, _)| *key < sent)?;
        ahead_ms.map(|ahead_ms| (*key, ahead_ms))
    }

    /// Whether this fault had a part in it, and where.
    pub(crate) fn injected(&self, fault: FaultName) -> Option<EventKey> {
        let mut injected = self.injected.iter();
        injected
            .find(|injected| injected.fault == fault)
            .map(|injected| injected.key)
    }

    fn learn(&mut self, event: &'a Event, lease: &mut Option<Lease<'a>>) {
        let key = event.key;
        match &event.fact {
            Fact::TokenWithheld { reason } => self.withheld = Some((*reason, key)),
            Fact::LeaseTaken {
                fingerprint,
                age_ms,
                expires_in_ms,
            } => {
                let (epoch, generation) = (
                    event.subject.epoch.unwrap_or_default(),
                    event.subject.generation.unwrap_or_default(),
                );
                let issued: Option<&Issued<'a>> = self.history.token(epoch, generation);
                *lease = Some(Lease {
                    key,
                    generation,
                    fingerprint: *fingerprint,
                    age_ms: *age_ms,
                    expires_in_ms: *expires_in_ms,
                    claims: issued.and_then(|issued| issued.claims),
                    issued: issued.map(|issued| issued.key),
                });
            }
            Fact::AttemptStarted {
                origin,
                authorized,
                scheme,
                typed,
            } => self.tries.push(Try {
                started: key,
                started_wall_ms: event.wall_ms.0,
                attempt: event.subject.attempt.unwrap_or(1),
                hop: event.subject.hop.unwrap_or_default(),
                origin,
                typed: typed.as_ref(),
                proven: *scheme == Some(Scheme::Dpop),
                lease: lease.clone().filter(|_| *authorized),
                head: None,
                judged: None,
                error: None,
                struck: Vec::new(),
            }),
            Fact::ResponseHead {
                status,
                challenges,
                skew_ms,
                answerer,
                ..
            } => {
                let challenges = challenge::read(challenges.iter().map(|text| text.as_bytes()));
                let head = Head {
                    key,
                    wall_ms: event.wall_ms.0,
                    status: *status,
                    said: Said::new(&challenges, None),
                    challenges,
                    skew_ms: *skew_ms,
                    answerer,
                };
                if let Some(last) = self.tries.last_mut() {
                    last.head = Some(head);
                }
            }
            Fact::ResponseClassified { verdict, rule_id } => {
                if let Some(last) = self.tries.last_mut() {
                    last.judged = Some((*verdict, rule_id, key));
                }
            }
            Fact::AttemptFailed {
                error,
                verdict,
                rule_id,
            } => {
                if let Some(last) = self.tries.last_mut() {
                    last.error = Some(*error);
                    last.judged = Some((*verdict, rule_id, key));
                }
            }
            Fact::Redirected {
                from, to, stripped, ..
            } => self.redirects.push(Redirect {
                key,
                from,
                to,
                stripped,
            }),
            Fact::StepUpNeeded {
                acr_values,
                max_age_s,
                ..
            } => {
                self.step_up = Some(StepUp {
                    key,
                    acr_values,
                    max_age_s: *max_age_s,
                });
            }
            Fact::LoginPageDetected { url } => self.page = Some((url, key)),
            Fact::RetryDecided { retry, rule_id } => self.retry = Some((*retry, rule_id, key)),
            Fact::WaitingForRefresh { .. } => {
                if let Some(number) = event.subject.flight {
                    self.flights.push(Flight {
                        name: Named {
                            name: format!("F{number}"),
                            key,
                        },
                        waited: key,
                        before_try: self.tries.len(),
                        class: None,
                        took_us: None,
                        status: None,
                        error: None,
                        published: None,
                        waiters: Vec::new(),
                        struck: Vec::new(),
                        made_up: None,
                    });
                }
            }
            Fact::RequestFinished {
                outcome,
                status,
                error,
                ..
            } => {
                self.finished = Some(Finished {
                    key,
                    outcome: *outcome,
                    status: *status,
                    error: *error,
                });
            }
            _ => {}
        }
    }

    fn learn_flights(&mut self, events: &'a [Arc<Event>], run: u64) {
        if self.flights.is_empty() {
            return;
        }
        let mut queued: BTreeMap<u64, EventKey> = BTreeMap::new();
        for event in events.iter().filter(|event| event.key.run == run) {
            if let (Fact::RequestQueued { .. }, Some(request)) =
                (&event.fact, event.subject.request)
            {
                queued.insert(request, event.key);
            }
            let Some(number) = event.subject.flight else {
                continue;
            };
            let name = format!("F{number}");
            for flight in self
                .flights
                .iter_mut()
                .filter(|flight| flight.name.name == name)
            {
                flight.learn(event, &queued);
            }
        }
    }

    /// The last hop on the wire.
    pub(crate) fn last(&self) -> Option<&Try<'a>> {
        self.tries.last()
    }

    /// The hop whose refusal is to be explained: the last one where that was refused, else the first that was.
    pub(crate) fn refused(&self) -> Option<&Try<'a>> {
        self.last()
            .filter(|last| last.is_refused())
            .or_else(|| self.tries.iter().find(|one| one.is_refused()))
    }

    /// What a refusal says that the API says of itself (RFC 9728 §5.1): the event, where that is, and what had been called.
    pub(crate) fn resource_metadata(&self) -> Option<(EventKey, &str, Url)> {
        let refused = self.refused()?;
        let named = refused
            .challenges()
            .find_map(|challenge| challenge.get("resource_metadata"))?;
        let there = |url: &Url| Origin::of(url).to_string() == refused.origin;
        let asked = match refused.hop {
            0 => self.url.clone(),
            _ => {
                let led_to = self.redirects.iter().rev();
                led_to.filter_map(|one| Url::parse(one.to).ok()).find(there)
            }
        };
        Some((refused.head.as_ref()?.key, named, asked?))
    }

    /// Whether the answer that was returned is a refusal.
    pub(crate) fn ends_refused(&self) -> bool {
        self.last().is_some_and(Try::is_refused)
    }

    /// Whether a refused attempt was repeated with another token, and that was answered.
    pub(crate) fn was_repaired(&self) -> bool {
        self.tries.iter().any(Try::is_refused)
            && self
                .last()
                .is_some_and(|last| last.head.is_some() && !last.is_refused())
    }

    /// `G7`, and where it was published.
    pub(crate) fn generation(lease: &Lease<'_>) -> Named {
        Named {
            name: format!("G{}", lease.generation),
            key: lease.issued.unwrap_or(lease.key),
        }
    }
}

impl<'a> Flight<'a> {
    fn learn(&mut self, event: &'a Event, queued: &BTreeMap<u64, EventKey>) {
        match &event.fact {
            Fact::FlightStarted { .. } => self.name.key = event.key,
            Fact::WaitingForRefresh { .. } => {
                if let Some(request) = event.subject.request {
                    self.waiters.push(Named {
                        name: format!("R{request}"),
                        key: queued.get(&request).copied().unwrap_or(event.key),
                    });
                }
            }
            Fact::ExchangeReplied { status, error, .. } => {
                (self.status, self.error) = (*status, error.as_deref());
            }
            Fact::Published { .. } => {
                let generation = event.subject.generation.unwrap_or_default();
                self.published = Some(Named {
                    name: format!("G{generation}"),
                    key: event.key,
                });
            }
            Fact::FlightFinished { class, took_us, .. } => {
                (self.class, self.took_us) = (Some(*class), Some(*took_us));
            }
            Fact::ExchangeSent { .. } => self.made_up = None,
            Fact::FaultInjected { fault } => {
                let injected = Injected {
                    fault: *fault,
                    key: event.key,
                };
                self.struck.push(injected);
                self.made_up = Some(injected).filter(|_| fault.makes_up_reply());
            }
            _ => {}
        }
    }

    /// Whether it brought new tokens.
    pub(crate) fn brought(&self) -> bool {
        matches!(
            self.class,
            Some(FlightClass::Committed | FlightClass::Adopted)
        )
    }
}

impl<'a> Try<'a> {
    /// Where this fault struck it.
    pub(crate) fn struck_by(&self, fault: FaultName) -> Option<EventKey> {
        let mut struck = self.struck.iter();
        struck
            .find(|injected| injected.fault == fault)
            .map(|injected| injected.key)
    }

    /// Whether it was turned away for who asks, not for what is asked.
    pub(crate) fn is_refused(&self) -> bool {
        let status = self.status();
        matches!(status, Some(401 | 403 | 407))
            // RFC 6750 §3.1: the one reason about credentials that is a 400.
            || (status == Some(400) && self.has_error("invalid_request"))
            || matches!(
                self.judged,
                Some((
                    Verdict::TokenRefused
                        | Verdict::NonceNeeded
                        | Verdict::StepUpNeeded
                        | Verdict::LoginPage,
                    ..
                ))
            )
    }

    pub(crate) fn status(&self) -> Option<u16> {
        self.head.as_ref().map(|head| head.status)
    }

    /// The rule by which the engine judged the answer.
    pub(crate) fn rule(&self) -> &'a str {
        self.judged.map_or("", |(_, rule_id, _)| rule_id)
    }

    /// Whether the server gave this reason, and none beside it.
    pub(crate) fn says(&self, topic: Topic) -> bool {
        self.head.as_ref().is_some_and(|head| head.said.only(topic))
    }

    /// Whether a challenge about the token names this error.
    pub(crate) fn has_error(&self, error: &str) -> bool {
        self.challenges()
            .any(|challenge| challenge.has_error(error))
    }

    pub(crate) fn challenges(&self) -> impl Iterator<Item = &Challenge> {
        self.head.iter().flat_map(|head| &head.challenges)
    }

    /// What the token that went along says of itself: the session's, or the one that the user typed.
    pub(crate) fn claims(&self) -> Option<&'a TokenClaims> {
        match &self.lease {
            Some(lease) => lease.claims,
            None => self.typed.and_then(|typed| typed.claims.as_ref()),
        }
    }

    /// How far the server's clock is from the local one, where that is known and matters.
    pub(crate) fn skew_ms(&self) -> Option<i64> {
        let skew = self.head.as_ref()?.skew_ms?;
        (skew.abs() > SKEW_MIN_MS).then_some(skew)
    }

    /// Time that the token had left when it was sent, by the local clock. Negative: it had expired.
    pub(crate) fn left_ms(&self) -> Option<i64> {
        match &self.lease {
            Some(lease) => lease.expires_in_ms,
            None => {
                let exp = self.claims()?.expires_at_ms?;
                Some(exp.0.saturating_sub(self.started_wall_ms))
            }
        }
    }

    /// Time that the token had left when the answer was written, by its own `exp` and the answerer's own clock: what the API
    /// saw. `None`: one of the two is not known.
    pub(crate) fn left_at_server_ms(&self) -> Option<i64> {
        let (head, exp) = (self.head.as_ref()?, self.claims()?.expires_at_ms?);
        let now = head.wall_ms.saturating_add(head.skew_ms?);
        Some(exp.0.saturating_sub(now))
    }

    /// The events that a finding about this hop rests on at least.
    pub(crate) fn evidence(&self) -> Vec<EventKey> {
        let lease = self.lease.as_ref().map(|lease| lease.key);
        let head = self.head.as_ref().map(|head| head.key);
        let judged = self.judged.map(|(.., key)| key).filter(|_| head.is_none());
        [
            Some(self.started).filter(|_| lease.is_none()),
            lease,
            head,
            judged,
        ]
        .into_iter()
        .flatten()
        .collect()
    }
}
