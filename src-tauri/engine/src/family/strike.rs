//! A fault that applies now is told, and then done: the one door between the fault lab and what a family does.

use std::sync::Arc;

use reqwest::header::{HeaderMap, HeaderValue, RETRY_AFTER};

use super::Family;
use super::state::Standing;
use crate::clock::WallMs;
use crate::fault::armed::Strike;
use crate::fault::wire::{OnRefresh, on_refresh, without};
use crate::fault::{Fault, FaultName};
use crate::timeline::Entry;
use crate::timeline::event::{Actor, EventKey, Fact, LoginCause, Subject};
use crate::token_endpoint::{TokenRequest, Wire};

impl Family {
    /// The first of these faults that is on for a session: counted down, and told. `None`: nothing is to go wrong here.
    pub(crate) fn strike(
        &self,
        member: &str,
        names: &[FaultName],
        subject: &Subject,
        cause: impl Into<Option<EventKey>>,
    ) -> Option<(Fault, EventKey)> {
        let Strike { fault, spent } = self.faults.strike(member, names)?;
        let fact = Fact::FaultInjected { fault: fault.name };
        let entry = Entry::new(Actor::User, subject, fact).because(cause);
        let injected = self.context.timeline.append(entry);
        if spent {
            let fact = Fact::FaultSwitched { fault, on: false };
            let entry = Entry::new(Actor::User, subject, fact).because(injected);
            self.context.timeline.append(entry);
        }
        Some((fault, injected))
    }

    /// The local clock as this family's sessions are to read it.
    pub(crate) fn wall(&self) -> WallMs {
        let (wall, skew) = (self.context.clock.wall(), self.faults.skew_ms());
        WallMs(wall.0.saturating_add(skew))
    }

    /// A call of the token endpoint, and the nonce that its answer names.
    pub(super) async fn send(
        &self,
        member: &str,
        request: &TokenRequest,
        nonce: Option<&str>,
    ) -> (Wire, Option<String>) {
        let (client, connection) = (&self.context.token_client, &self.members[member].connection);
        let (wire, newest) = request.send(client, connection, nonce, self.wall()).await;
        if matches!(wire, Wire::Answer { .. }) {
            self.context.note_heard();
        }
        (wire, newest)
    }

    /// As [`Family::send`], in the way of this fault.
    pub(super) async fn send_under(
        &self,
        fault: Fault,
        member: &str,
        request: &TokenRequest,
        nonce: Option<&str>,
    ) -> (Wire, Option<String>) {
        let made_up = match on_refresh(fault) {
            None => return self.send(member, request, nonce).await,
            Some(OnRefresh::After(wait)) => {
                tokio::time::sleep(wait).await;
                return self.send(member, request, nonce).await;
            }
            Some(OnRefresh::Without(left_out)) => {
                let (mut wire, newest) = self.send(member, request, nonce).await;
                if let Wire::Answer { body, .. } = &mut wire {
                    *body = without(std::mem::take(body), left_out);
                }
                return (wire, newest);
            }
            Some(OnRefresh::Silence(wait)) => {
                tokio::time::sleep(wait).await;
                Wire::Lost {
                    status: None,
                    detail: "no answer came, on purpose".to_owned(),
                }
            }
            Some(OnRefresh::Half) => Wire::Lost {
                status: Some(200),
                detail: "the answer broke off in the middle, on purpose".to_owned(),
            },
            Some(OnRefresh::Answer {
                status,
                retry_after_s,
                body,
            }) => Wire::Answer {
                status,
                headers: retry_after_s.map(retry_after).unwrap_or_default(),
                body: body.as_bytes().to_vec(),
            },
        };
        (made_up, None)
    }

    /// Switches a fault on for a session.
    pub(crate) fn arm(self: &Arc<Self>, member: &Arc<str>, fault: Fault) {
        self.faults.arm(member, fault);
        self.tell_switch(member, fault, true);
    }

    /// Switches a fault off; false where it was off.
    pub(crate) fn disarm(self: &Arc<Self>, member: &Arc<str>, name: FaultName) -> bool {
        let Some(fault) = self.faults.clear(member, name) else {
            return false;
        };
        let told = self.tell_switch(member, fault, false);
        let mut state = self.lock();
        match name {
            FaultName::ReuseRefreshToken => state.outgoing = None,
            FaultName::DropRefreshToken => {
                // It was hidden, never gone: what ended because of that goes on.
                let hidden = matches!(
                    state.standing,
                    Standing::LoginRequired {
                        cause: LoginCause::NoRefreshToken,
                        ..
                    }
                ) && state.renewal.is_some();
                if hidden {
                    let from = state.name();
                    state.standing = Standing::Active;
                    self.tell_change(&state, from, Actor::User, Some(told));
                }
            }
            _ => {}
        }
        true
    }

    fn tell_switch(&self, member: &Arc<str>, fault: Fault, on: bool) -> EventKey {
        let fact = Fact::FaultSwitched { fault, on };
        let entry = Entry::new(Actor::User, &self.subject(member), fact);
        self.context.timeline.append(entry)
    }
}

/// The header that asks for this many seconds of patience (RFC 9110 §10.2.3).
fn retry_after(seconds: i64) -> HeaderMap {
    HeaderMap::from_iter([(RETRY_AFTER, HeaderValue::from(seconds))])
}
