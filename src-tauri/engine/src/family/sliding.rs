//! Cookies that an API's answers renew: the session goes on with them, as it would in a browser. Nothing is asked for, so it is
//! no refresh, and the generation stays what it is.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU32, Ordering};
use std::time::Duration;

use reqwest::header::HeaderMap;
use url::Url;

use super::Family;
use super::state::{Renewal, Token};
use crate::rules;
use crate::session::config::Dialect;
use crate::timeline::Entry;
use crate::timeline::event::{Actor, EventKey, Fact, Subject};
use crate::token::cookies::{self, Jar};
use crate::vault::record::Access;

/// How long a renewed jar waits for further answers before it is stored: a burst of them is one write.
const STORED_AFTER: Duration = Duration::from_secs(2);

impl Family {
    /// Takes what an answer to this (epoch, generation) sets, as far as the address that it came from may set it. An answer
    /// to another one is not mixed into a jar that it does not know.
    pub(crate) fn take_cookies(
        self: &Arc<Self>,
        member: &Arc<str>,
        of: (u32, u32),
        headers: &HeaderMap,
        from: &Url,
        (subject, answered): (&Subject, EventKey),
    ) {
        let Dialect::Cookie(dialect) = &self.members[member].dialect else {
            return;
        };
        let now = self.wall();
        let mut state = self.lock();
        let current = state.access.get(member).map(Arc::clone);
        let current = current.filter(|token| (token.epoch, token.generation) == of);
        let Some(token) = current.filter(|_| !state.retired) else {
            return;
        };
        let jar = Jar::read(&token.access.token).unwrap_or_default();
        let Some(renewed) = cookies::renewed(&jar, dialect, from, headers, now) else {
            return;
        };
        if !rules::on("cookies.renewed") {
            return;
        }
        let access = match renewed.set {
            true => Access {
                token: renewed.jar.clone(),
                received_at: now,
                lifetime_ms: renewed.lifetime_ms,
                ..token.access.clone()
            },
            false => Access {
                token: renewed.jar.clone(),
                ..token.access.clone()
            },
        };
        let fingerprint = self.context.fingerprint(&access.token);
        let fact = Fact::CookiesRenewed {
            fingerprint,
            expires_at_ms: access
                .lifetime_ms
                .map(|lifetime| access.received_at.plus(lifetime)),
        };
        let entry = Entry::new(Actor::Request, subject, fact).of_generation(of.0, of.1);
        let told = self.context.timeline.append(entry.because(answered));
        let refused_by = token.refused_by.lock().map(|by| by.clone());
        let fresh = Arc::new(Token {
            epoch: token.epoch,
            generation: token.generation,
            access,
            fingerprint,
            published: told,
            flight: token.flight,
            because_of: token.because_of,
            before: token.before.clone(),
            used: AtomicU32::new(token.used.load(Ordering::Relaxed)),
            refused: AtomicU32::new(token.refused.load(Ordering::Relaxed)),
            last_used_ms: AtomicI64::new(token.last_used_ms.load(Ordering::Relaxed)),
            refused_by: refused_by.unwrap_or_default().into(),
            credentials: std::sync::OnceLock::new(),
        });
        state.remember_jar(&token.access.token);
        state.access.insert(Arc::clone(member), Arc::clone(&fresh));
        if matches!(state.renewal, Some(Renewal::RefreshToken(_))) {
            state.renewal = self.renewal(Some(renewed.jar));
        }
        drop(state);
        self.wind(Arc::clone(member), fresh);
        self.store_jar_later();
    }

    fn store_jar_later(self: &Arc<Self>) {
        if self.jar_waits.swap(true, Ordering::AcqRel) {
            return;
        }
        let weak = Arc::downgrade(self);
        tokio::spawn(async move {
            tokio::time::sleep(STORED_AFTER).await;
            if let Some(family) = weak.upgrade() {
                family.store_jar().await;
            }
        });
    }

    /// Stores a renewed jar that waits for that, now.
    pub(crate) async fn store_jar(self: &Arc<Self>) {
        if !self.jar_waits.swap(false, Ordering::AcqRel) || !self.has_tokens() {
            return;
        }
        if self.persist_current().await {
            // The jar before is of the same generation: found beside this one, it could be taken for it.
            let before = self.lock().slot.other();
            self.erase(before).await;
        } else {
            self.persist_later();
        }
    }
}
