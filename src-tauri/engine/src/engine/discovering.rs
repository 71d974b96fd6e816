//! One issuer is enough: what it says of itself fills a session, after the user has seen whatever leads elsewhere.

use std::sync::Arc;

use super::Engine;
use crate::error::{Code, Failure, Result};
use crate::session::Session;
use crate::session::config::connection::Connection;
use crate::session::config::server::Metadata;
use crate::session::config::{Dialect, SessionConfig};

impl Engine {
    /// Asks an issuer for what it says of itself, over the connection of this session where there is one. No token and no
    /// secret goes along.
    ///
    /// # Errors
    /// `discovery.*`.
    pub async fn discover(&self, issuer: &str, session: Option<&str>) -> Result<Metadata> {
        let roster = self.roster();
        let session = session.and_then(|name| roster.session(name));
        let usual = Connection::default();
        let connection = session.map_or(&usual, |session| &session.config.connection);
        let context = &self.inner.context;
        let (transport, now) = (&context.token_client, context.clock.wall());
        let servers = &context.servers;
        servers.ask(issuer, true, transport, connection, now).await
    }

    /// The user has seen that an issuer has these endpoints on other hosts, as the failure `discovery.elsewhere` names them,
    /// and said yes. The shell asks outside the web view.
    pub fn approve_endpoints(&self, failure: &Failure) {
        let param = |name: &str| failure.params.get(name).map_or("", String::as_str);
        if failure.code == Code::DiscoveryElsewhere {
            let seen: Vec<String> = param("endpoints").split(", ").map(str::to_owned).collect();
            self.inner.context.servers.approve(param("issuer"), &seen);
        }
    }

    /// Asks a session's issuer for the endpoints that its file leaves open, where it does.
    ///
    /// # Errors
    /// `session.unknown`, `discovery.*`; with `discovery.elsewhere`, nothing goes to those hosts until they are approved.
    pub async fn find_endpoints(&self, session: &str) -> Result<()> {
        self.discovered(session).await.map(drop)
    }

    /// The session, after its issuer was asked for what its file leaves open.
    pub(super) async fn discovered(&self, name: &str) -> Result<Arc<Session>> {
        let session = self.session(name)?;
        let context = &self.inner.context;
        let named = |config: &SessionConfig| match &config.dialect {
            Dialect::Oauth(oauth) => oauth.issuer_to_ask().map(str::to_owned),
            Dialect::Json(_) | Dialect::Cookie(_) => None,
        };
        // What the file says by itself: the session may have been filled before.
        let workspace = self.workspace();
        let file = workspace
            .sessions
            .iter()
            .find(|config| config.name == session.config.name);
        let Some((file, issuer)) = file.and_then(|file| Some((file, named(file)?))) else {
            return Ok(session);
        };
        let (transport, now) = (&context.token_client, context.clock.wall());
        let connection = &session.config.connection;
        context
            .servers
            .ask(&issuer, false, transport, connection, now)
            .await?;
        context.servers.check(&issuer)?;
        let _turn = self.inner.reloading.lock().await;
        let before = self.roster();
        let mut filled = file.clone();
        context.servers.fill(&mut filled);
        if filled == session.config {
            return Ok(session);
        }
        let workspace = (*before.workspace).clone();
        self.take_in(&before, workspace, Vec::new()).await?;
        self.session(name)
    }
}
