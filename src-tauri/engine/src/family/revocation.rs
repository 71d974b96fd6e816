//! Giving tokens back when the user signs out (RFC 7009): after the session has ended here, and whatever the server says.

use std::sync::Arc;

use secrecy::SecretString;

use super::Family;
use super::state::State;
use crate::session::credentials::ClientSecrets;
use crate::timeline::Entry;
use crate::timeline::event::{Actor, EventKey, Fact};
use crate::token::TokenKind;
use crate::token_endpoint::Wire;

/// Tokens of one family that are given back at most: its refresh token, and what its sessions had.
const REVOKED_MAX: usize = 8;

/// What a family leaves behind when the user signs out.
pub(super) struct Leaving {
    tokens: Vec<(TokenKind, SecretString)>,
    client: ClientSecrets,
}

impl Leaving {
    /// Everything that a server could still honour, the refresh token first: a server that ends the family with it makes
    /// the rest worthless (RFC 7009 §2.1).
    pub(super) fn of(state: &State) -> Self {
        let refresh = state.refresh_token().map(|token| &*token.secret);
        let access = state.access.values().map(|token| &token.access.token);
        let refresh = refresh.map(|token| (TokenKind::Refresh, token.clone()));
        let access = access.map(|token| (TokenKind::Access, token.clone()));
        Self {
            tokens: refresh
                .into_iter()
                .chain(access)
                .take(REVOKED_MAX)
                .collect(),
            client: state.client.clone(),
        }
    }
}

impl Family {
    /// Gives back what is left, one after the other, each within the limit of one exchange. Nobody waits for this.
    pub(super) async fn revoke(self: Arc<Self>, leaving: Leaving, mut cause: EventKey) {
        let member = self.first();
        let dialect = &self.members[member].dialect;
        for (kind, token) in &leaving.tokens {
            let Some(request) = dialect.revocation_request(*kind, token, &leaving.client) else {
                return;
            };
            let (wire, _) = self.send(member, &request, None).await;
            let status = match wire {
                Wire::Answer { status, .. } => Some(status),
                Wire::Lost { status, .. } => status,
                Wire::NotSent { .. } => None,
            };
            let fact = Fact::RevocationAnswered {
                token: *kind,
                // Also for a token that the server does not know (RFC 7009 §2.2).
                revoked: status.is_some_and(|status| (200..300).contains(&status)),
                status,
            };
            let entry = Entry::new(Actor::User, &self.subject(member), fact);
            cause = self.context.timeline.append(entry.because(cause));
        }
    }
}
