//! Signing in through the system's browser (RFC 8252): from the session's file to a code that only we can redeem. The session
//! is as it was until its tokens are there.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use serde_json::Value;
use url::Url;

use super::Family;
use super::first::{First, bound, expected};
use super::visit::{Open, Visit};
use crate::error::{Code, Failure, Result};
use crate::oauth::code_grant::{self, CameBack, Once, Outcome};
use crate::oauth::listener::Listener;
use crate::origin::Origin;
use crate::redact;
use crate::session::config::OauthDialect;
use crate::session::config::grant_type::GrantType;
use crate::session::config::step_up::StepUp;
use crate::session::credentials::ClientSecrets;
use crate::timeline::event::{EventKey, Fact};
use crate::token_endpoint::{pushed_request, spoken};

/// How long the user may take in the browser.
pub(crate) const BROWSER_LIMIT: Duration = Duration::from_secs(5 * 60);
/// Calls that are not the answer and are told; further ones are refused in silence, so that nobody fills the timeline.
const REFUSED_TOLD_MAX: usize = 20;

/// Opens an address in the user's browser. `Err`: why it cannot be.
pub type Browser = dyn Fn(&Url) -> std::result::Result<(), String> + Send + Sync;

impl Family {
    /// Goes through the browser, and answers the exchange that redeems the code.
    pub(super) async fn through_browser(
        &self,
        member: &Arc<str>,
        mut client: ClientSecrets,
        wish: &StepUp,
        visit: &Visit,
        started: EventKey,
    ) -> Result<(First, EventKey), (Failure, EventKey)> {
        let dialect = &self.members[member].dialect;
        let early = |failure: Failure| (failure.with("session", &**member), started);
        let oauth = expected(dialect, GrantType::AuthorizationCode, &client).map_err(|needed| {
            early(Failure::new(Code::SignInWrongKind).with("expected", needed))
        })?;
        let endpoint = oauth
            .server
            .authorization_endpoint
            .as_ref()
            .ok_or_else(|| {
                let detail = "the session's file names no authorization endpoint";
                let issuer = oauth
                    .issuer
                    .as_deref()
                    .unwrap_or(oauth.token_endpoint.as_str());
                early(
                    Failure::new(Code::DiscoveryFailed)
                        .with("issuer", issuer)
                        .with("detail", detail),
                )
            })?;
        if Origin::of(endpoint).is_cleartext() {
            return Err(early(
                Failure::new(Code::OriginCleartext).with("origin", Origin::of(endpoint)),
            ));
        }
        let bound = bound(oauth, &mut client).map_err(early)?;
        let once = Once::new(oauth, wish).map_err(early)?;
        let listener = Listener::bind(&oauth.authorization.redirect)
            .await
            .map_err(early)?;
        let redirect_uri = listener.redirect_uri();
        let thumbprint = bound.key().map(|key| key.thumbprint());
        let parameters =
            code_grant::parameters(oauth, &once, wish, &redirect_uri, thumbprint).map_err(early)?;
        let (link, cause) = self
            .link(member, oauth, endpoint, parameters, &client, started)
            .await?;
        let (came_back, cause) = self
            .visit(member, visit, listener, link, &once, &redirect_uri, cause)
            .await?;
        let late = |failure: Failure| (failure.with("session", &**member), cause);
        code_grant::check_issuer(oauth, came_back.issuer.as_deref()).map_err(late)?;
        let code = match came_back.outcome {
            Outcome::Code(code) => code,
            Outcome::Error { error, description } => {
                let failure = Failure::new(Code::SignInRefused).with("error", error);
                return Err(late(match description {
                    Some(description) => failure.with("error_description", description),
                    None => failure,
                }));
            }
        };
        let request = dialect
            .code_request(&code, &once.verifier, &redirect_uri, &client)
            .expect("it is an OAuth session, as was seen above")
            .proven_by(bound.key());
        let first = First {
            request,
            polling: None,
            refresh_token: None,
            client,
            bound,
            nonce: once.nonce,
        };
        Ok((first, cause))
    }

    /// The address for the browser: with all that is asked for in it, or with a reference to what was pushed before.
    async fn link(
        &self,
        member: &Arc<str>,
        oauth: &OauthDialect,
        endpoint: &Url,
        parameters: Vec<(String, String)>,
        client: &ClientSecrets,
        cause: EventKey,
    ) -> Result<(Url, EventKey), (Failure, EventKey)> {
        let server = &oauth.server;
        let Some(at) = &server.pushed_authorization_request_endpoint else {
            if server.require_pushed_authorization_requests {
                let failure = Failure::new(Code::DiscoveryFailed)
                    .with("issuer", oauth.issuer.as_deref().unwrap_or_default())
                    .with("detail", "it wants pushed requests, and does not say where");
                return Err((failure, cause));
            }
            let link = code_grant::address(endpoint, &oauth.client_id, &parameters);
            return Ok((link, cause));
        };
        let request = pushed_request(oauth, at, &parameters, client);
        let told = |status, error| Fact::AuthorizationPushed {
            endpoint: redact::url(at),
            status,
            error,
        };
        request
            .check(self.wall())
            .map_err(|failure| (failure, cause))?;
        let refused = Code::SignInRefused;
        let answered = self.ask(member, &request, refused, told, Some(cause)).await;
        let cause = answered.told;
        let reply = answered.reply.map_err(|failure| (failure, cause))?;
        let Some(uri) = reply.get("request_uri").and_then(Value::as_str) else {
            let failure = Failure::new(Code::ReplyMalformed)
                .with("session", &**member)
                .with("host", at.host_str().unwrap_or_default())
                .with("endpoint", redact::url(at));
            return Err((failure, cause));
        };
        let reference = [("request_uri".to_owned(), uri.to_owned())];
        let link = code_grant::address(endpoint, &oauth.client_id, &reference);
        Ok((link, cause))
    }

    /// Sends the browser there, and waits for what it brings back.
    #[expect(
        clippy::too_many_arguments,
        reason = "one visit is all of these; a struct would only rename them"
    )]
    async fn visit(
        &self,
        member: &Arc<str>,
        visit: &Visit,
        listener: Listener,
        link: Url,
        once: &Once,
        redirect_uri: &str,
        cause: EventKey,
    ) -> Result<(CameBack, EventKey), (Failure, EventKey)> {
        visit.show(Open::Browser {
            link: link.clone(),
            state: once.state.clone(),
        });
        let opened = (self.context.browser)(&link);
        if let Err(detail) = &opened {
            tracing::warn!(%detail, "the browser cannot be opened");
        }
        let fact = Fact::BrowserAwaited {
            endpoint: redact::url(&without_query(&link)),
            redirect: redirect_uri.to_owned(),
            opened: opened.is_ok(),
            limit_ms: u64::try_from(self.context.browser_limit.as_millis()).unwrap_or(u64::MAX),
        };
        let awaited = self.tell_user(member, fact, cause);
        self.context.messages.keep(awaited, spoken::address(&link));
        let told = AtomicUsize::new(0);
        let refused = |reason| {
            if told.fetch_add(1, Ordering::Relaxed) < REFUSED_TOLD_MAX {
                self.tell_user(member, Fact::CallbackRefused { reason }, awaited);
            }
        };
        let failed = |code| Err((Failure::new(code).with("session", &**member), awaited));
        let limit = self.context.browser_limit;
        let came_back = tokio::select! {
            came_back = listener.wait(&once.state, refused) => came_back,
            Some(came_back) = visit.pasted() => came_back,
            () = visit.stopped() => return failed(Code::SignInStopped),
            () = tokio::time::sleep(limit) => {
                let failure = Failure::new(Code::SignInTimedOut)
                    .with("session", &**member)
                    .with("minutes", limit.as_secs().div_ceil(60));
                return Err((failure, awaited));
            }
        };
        let (error, error_description) = match &came_back.outcome {
            Outcome::Code(_) => (None, None),
            Outcome::Error { error, description } => (Some(error.clone()), description.clone()),
        };
        let fact = Fact::CallbackTaken {
            error,
            error_description,
        };
        Ok((came_back, self.tell_user(member, fact, awaited)))
    }
}

/// The address without what is asked for there.
pub(super) fn without_query(url: &Url) -> Url {
    let mut url = url.clone();
    url.set_query(None);
    url
}
