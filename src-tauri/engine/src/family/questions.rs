//! What a server is asked about tokens that there are: what one is worth, and whose it is. Nothing changes by it.

use std::sync::Arc;

use serde_json::{Map, Value};
use url::Url;

use super::Family;
use super::browser::without_query;
use crate::error::{Code, Failure, Result};
use crate::oauth::id_token;
use crate::redact;
use crate::rules;
use crate::session::config::Dialect;
use crate::timeline::event::{Fact, Question};
use crate::token::TokenKind;

/// What came of a question.
pub(crate) struct Asked {
    pub(crate) endpoint: String,
    /// Absent: no answer came.
    pub(crate) status: Option<u16>,
    pub(crate) reply: Result<Value>,
}

impl Family {
    /// Asks what a token is worth (RFC 7662), as the client that it was given to.
    ///
    /// # Errors
    /// `server.not_offered`, `session.sign_in_needed`, `key.invalid`; the rest is in the answer.
    pub(crate) async fn introspect(&self, member: &Arc<str>, kind: TokenKind) -> Result<Asked> {
        let (token, client) = {
            let state = self.lock();
            let token = match kind {
                TokenKind::Access => state
                    .access
                    .get(member)
                    .map(|token| token.access.token.clone()),
                TokenKind::Refresh => state.refresh_token().map(|token| (*token.secret).clone()),
            };
            (token, state.client.clone())
        };
        let token = token.ok_or_else(|| self.sign_in_needed(member, "no_token"))?;
        let dialect = &self.members[member].dialect;
        let request = dialect
            .introspection_request(kind, &token, &client)
            .ok_or_else(|| not_offered(member, "introspection_endpoint"))?;
        request.check(self.wall())?;
        let endpoint = redact::url(&request.url);
        let told = |status, error| Fact::ServerAsked {
            question: Question::Introspection,
            endpoint: endpoint.clone(),
            status,
            error,
        };
        let refused = Code::ServerRefused;
        let answered = self.ask(member, &request, refused, told, None).await;
        let reply = answered.reply.and_then(|reply| {
            // RFC 7662 §2.2: the one member that has to be there.
            match reply.get("active").is_some_and(Value::is_boolean) {
                true => Ok(reply),
                false => Err(Failure::new(Code::ReplyMalformed)
                    .with("session", &**member)
                    .with("host", request.url.host_str().unwrap_or_default())
                    .with("endpoint", &endpoint)),
            }
        });
        Ok(Asked {
            endpoint,
            status: answered.status,
            reply,
        })
    }

    /// Asks who the user is (OpenID Connect Core §5.3), with the session's access token. The endpoint is one of those that
    /// the session was approved for; no other origin sees the token.
    ///
    /// # Errors
    /// `server.not_offered`, `session.sign_in_needed`; the rest is in the answer, `userinfo.another_user` among it.
    pub(crate) async fn userinfo(&self, member: &Arc<str>) -> Result<Asked> {
        let (token, key) = {
            let state = self.lock();
            let token = state.access.get(member).map(Arc::clone);
            (token, state.bound.key().cloned())
        };
        let token = token.ok_or_else(|| self.sign_in_needed(member, "no_token"))?;
        let dialect = &self.members[member].dialect;
        let request = dialect
            .userinfo_request(token.access.scheme, &token.access.token)
            .ok_or_else(|| not_offered(member, "userinfo_endpoint"))?
            .proven_by(key.as_ref());
        let endpoint = redact::url(&request.url);
        let told = |status, error| Fact::ServerAsked {
            question: Question::Userinfo,
            endpoint: endpoint.clone(),
            status,
            error,
        };
        let refused = Code::ServerRefused;
        let answered = self.ask(member, &request, refused, told, None).await;
        let reply = answered
            .reply
            .and_then(|reply| match self.is_another_user(member, &reply) {
                false => Ok(reply),
                true => Err(Failure::new(Code::UserinfoAnotherUser)
                    .with("session", &**member)
                    .with("host", request.url.host_str().unwrap_or_default())),
            });
        Ok(Asked {
            endpoint,
            status: answered.status,
            reply,
        })
    }

    /// Whether an answer names another subject than the session's ID token did (OpenID Connect Core §5.3.2).
    fn is_another_user(&self, member: &Arc<str>, reply: &Value) -> bool {
        let (issuer, subject) = (self.members[member].issuer(), reply.get("sub"));
        let (Some(issuer), Some(subject)) = (issuer, subject) else {
            return false;
        };
        let claims = Map::from_iter([
            ("iss".to_owned(), issuer.into()),
            ("sub".to_owned(), subject.clone()),
        ]);
        let (known, found) = (self.lock().identity, id_token::identity(&claims));
        known.is_some_and(|known| Some(known) != found) && rules::on("userinfo.another_user")
    }

    /// Where the user signs out of the server itself. Without an ID token, which is not kept, the server asks them.
    ///
    /// # Errors
    /// `server.not_offered`.
    pub(crate) fn end_session_link(&self, member: &Arc<str>) -> Result<Url> {
        let offered = match &self.members[member].dialect {
            Dialect::Json(_) | Dialect::Cookie(_) => None,
            Dialect::Oauth(oauth) => {
                let endpoint = oauth.server.end_session_endpoint.as_ref();
                endpoint.map(|endpoint| (endpoint, &oauth.client_id))
            }
        };
        let (endpoint, client_id) =
            offered.ok_or_else(|| not_offered(member, "end_session_endpoint"))?;
        let mut link = endpoint.clone();
        link.query_pairs_mut().append_pair("client_id", client_id);
        Ok(link)
    }

    /// Sends the browser there.
    ///
    /// # Errors
    /// `server.not_offered`, `browser.unavailable`.
    pub(crate) fn end_session(&self, member: &Arc<str>) -> Result<()> {
        let link = self.end_session_link(member)?;
        let opened = (self.context.browser)(&link);
        let fact = Fact::EndSessionAwaited {
            endpoint: redact::url(&without_query(&link)),
            opened: opened.is_ok(),
        };
        self.tell_user(member, fact, None);
        opened.map_err(|detail| Failure::new(Code::BrowserUnavailable).with("detail", detail))
    }
}

fn not_offered(member: &str, endpoint: &str) -> Failure {
    Failure::new(Code::ServerNotOffered)
        .with("session", member)
        .with("endpoint", endpoint)
}
