//! What a careless client does with a refresh token, done on purpose: an old one is sent, or one is sent several times at once.

use std::sync::Arc;

use tokio::task::JoinSet;

use super::flight::Flight;
use super::state::Renewal;
use crate::fault::FaultName;
use crate::redact::Fingerprint;
use crate::timeline::event::{EventKey, Purpose, ReplyClass};
use crate::token_endpoint::{Judged, TokenRequest};

impl Flight {
    /// What goes out: the current refresh token, or on purpose the one before it, where that was kept.
    pub(super) fn renewal_to_send(
        &self,
        current: &Renewal,
        cause: EventKey,
    ) -> (Renewal, EventKey) {
        let outgoing = self.family.lock().outgoing.clone();
        let names = [FaultName::ReuseRefreshToken];
        let struck = outgoing.and_then(|outgoing| {
            let (_, injected) = self
                .family
                .strike(&self.member, &names, &self.subject, cause)?;
            Some((Renewal::RefreshToken(outgoing), injected))
        });
        struck.unwrap_or_else(|| (current.clone(), cause))
    }

    /// One exchange; on purpose, as many copies of it at once as a burst without single flight would send. Of several
    /// answers the one counts that brings tokens: what a server has granted is never thrown away.
    pub(super) async fn call(
        &self,
        request: &Arc<TokenRequest>,
        fingerprint: Option<Fingerprint>,
        replay: bool,
        mut cause: EventKey,
    ) -> (Judged, EventKey) {
        let mut copies = 1;
        let names = [FaultName::NoSingleFlight];
        if let Some((fault, injected)) =
            self.family
                .strike(&self.member, &names, &self.subject, cause)
        {
            (copies, cause) = (fault.amount.unwrap_or(1), injected);
        }
        let call = || {
            let (family, request) = (Arc::clone(&self.family), Arc::clone(request));
            let (member, subject) = (Arc::clone(&self.member), self.subject.clone());
            let purpose = Purpose::Refresh;
            async move {
                family
                    .exchange(
                        &request,
                        purpose,
                        &member,
                        &subject,
                        fingerprint,
                        replay,
                        cause,
                    )
                    .await
            }
        };
        if copies <= 1 {
            return call().await;
        }
        let mut calls = JoinSet::new();
        for _ in 0..copies {
            calls.spawn(call());
        }
        let mut answers = calls.join_all().await;
        let granted = answers
            .iter()
            .rposition(|(judged, _)| judged.class == ReplyClass::Granted);
        answers.swap_remove(granted.unwrap_or(0))
    }
}
