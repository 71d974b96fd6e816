//! What else happened to the token and the origin of a request: answers to other attempts, and the session's own course.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::fault::FaultName;
use crate::redact::Fingerprint;
use crate::timeline::event::{Answerer, Event, EventKey, Fact};
use crate::token::claims::TokenClaims;

/// One answer to one attempt of any request.
#[derive(Clone, Debug)]
pub(crate) struct Answered<'a> {
    /// The event of its head.
    pub(crate) key: EventKey,
    pub(crate) request: u64,
    pub(crate) origin: &'a str,
    pub(crate) status: u16,
    pub(crate) answerer: &'a Answerer,
    /// The session's token that it carried.
    pub(crate) fingerprint: Option<Fingerprint>,
}

/// One token of the session, where it became current.
#[derive(Clone, Debug)]
pub(crate) struct Issued<'a> {
    /// The event that published or restored it.
    pub(crate) key: EventKey,
    pub(crate) epoch: u32,
    pub(crate) generation: u32,
    pub(crate) claims: Option<&'a TokenClaims>,
}

/// The past and the future of a session's tokens, as far as the timeline goes.
#[derive(Debug, Default)]
pub(crate) struct History<'a> {
    pub(crate) answers: Vec<Answered<'a>>,
    pub(crate) tokens: Vec<Issued<'a>>,
    /// The clock of the sign-in server less the local one, newest last.
    pub(crate) issuer_skews: Vec<(EventKey, i64)>,
    /// Moves of the local clock.
    pub(crate) jumps: Vec<(EventKey, i64)>,
    /// Origins that were put into quarantine, by the generation.
    pub(crate) quarantines: Vec<(EventKey, &'a str, u32)>,
    /// Where a fault struck.
    pub(crate) faults: BTreeMap<EventKey, FaultName>,
    /// Where the clock was made wrong on purpose, by how much it goes ahead from there, in milliseconds; `None`: it is right.
    pub(crate) clocks: Vec<(EventKey, Option<i64>)>,
}

impl<'a> History<'a> {
    /// Reads the events of one session, in order.
    pub(crate) fn read(events: &'a [Arc<Event>]) -> Self {
        let mut history = Self::default();
        // By request: the origin of the hop under way, and the token that was taken for it.
        let mut under_way: BTreeMap<u64, (&'a str, Option<Fingerprint>)> = BTreeMap::new();
        let mut leases: BTreeMap<u64, Fingerprint> = BTreeMap::new();
        for event in events {
            let request = event.subject.request;
            match (&event.fact, request) {
                (Fact::LeaseTaken { fingerprint, .. }, Some(request)) => {
                    leases.insert(request, *fingerprint);
                }
                (
                    Fact::AttemptStarted {
                        origin, authorized, ..
                    },
                    Some(request),
                ) => {
                    let lease = leases.get(&request).copied().filter(|_| *authorized);
                    under_way.insert(request, (origin, lease));
                }
                (
                    Fact::ResponseHead {
                        status, answerer, ..
                    },
                    Some(request),
                ) => {
                    if let Some((origin, fingerprint)) = under_way.get(&request).copied() {
                        history.answers.push(Answered {
                            key: event.key,
                            request,
                            origin,
                            status: *status,
                            answerer,
                            fingerprint,
                        });
                    }
                }
                (Fact::Published { claims, .. } | Fact::SessionRestored { claims, .. }, _) => {
                    history.tokens.push(Issued {
                        key: event.key,
                        epoch: event.subject.epoch.unwrap_or_default(),
                        generation: event.subject.generation.unwrap_or_default(),
                        claims: claims.as_ref(),
                    })
                }
                (Fact::ClockSkewed { skew_ms }, _) => {
                    history.issuer_skews.push((event.key, *skew_ms));
                }
                (Fact::ClockJump { delta_ms }, _) => history.jumps.push((event.key, *delta_ms)),
                (Fact::OriginQuarantined { origin, .. }, _) => history.quarantines.push((
                    event.key,
                    origin,
                    event.subject.generation.unwrap_or_default(),
                )),
                (Fact::FaultInjected { fault }, _) => {
                    history.faults.insert(event.key, *fault);
                }
                (Fact::FaultSwitched { fault, on }, _) if fault.name == FaultName::ClockSkew => {
                    let ahead_ms = fault.amount.filter(|_| *on);
                    history.clocks.push((event.key, ahead_ms));
                }
                _ => {}
            }
        }
        history
    }

    /// The token of this generation.
    pub(crate) fn token(&self, epoch: u32, generation: u32) -> Option<&Issued<'a>> {
        self.tokens
            .iter()
            .rev()
            .find(|token| (token.epoch, token.generation) == (epoch, generation))
    }

    /// Answers to attempts that carried this token, other than those of one request.
    pub(crate) fn with_token(
        &self,
        fingerprint: Fingerprint,
        but: u64,
    ) -> impl Iterator<Item = &Answered<'a>> {
        self.answers
            .iter()
            .filter(move |answer| answer.fingerprint == Some(fingerprint) && answer.request != but)
    }
}

impl Answered<'_> {
    /// The token was taken: the answer is about something else.
    pub(crate) fn accepted(&self) -> bool {
        self.status < 400 || matches!(self.status, 404 | 409 | 422)
    }
}
