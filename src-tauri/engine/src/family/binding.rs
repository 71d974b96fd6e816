//! What a family's tokens are approved for: what its session files say now, to be compared with what the vault's record says.

use super::Family;
use crate::origin::Origin;
use crate::session::config::{Dialect, SessionConfig};
use crate::vault::record::{AskedFor, Binding};

impl Family {
    /// What a sign-in under the session files as they are now approves.
    pub(super) fn binding(&self) -> Binding {
        let first = self
            .members
            .values()
            .next()
            .expect("a family has a session");
        let client_id = match &first.dialect {
            Dialect::Json(_) | Dialect::Cookie(_) => None,
            Dialect::Oauth(oauth) => Some(oauth.client_id.clone()),
        };
        let origins =
            |session: &SessionConfig| session.origins.iter().map(Origin::to_string).collect();
        let asked_for = |session: &SessionConfig| match &session.dialect {
            Dialect::Json(_) | Dialect::Cookie(_) => AskedFor::default(),
            Dialect::Oauth(oauth) => AskedFor {
                issuer: oauth.issuer.clone(),
                scope: oauth.scope.clone(),
                resource: oauth.resource.clone(),
            },
        };
        let home = Origin::of(first.refresh_endpoint());
        let endpoints = first.other_endpoints().into_iter();
        let endpoints = endpoints.filter(|(_, url)| Origin::of(url) != home);
        let endpoints = endpoints.map(|(name, url)| (name.to_owned(), url.to_string()));
        Binding {
            endpoints: endpoints.collect(),
            asked_for: self
                .members
                .iter()
                .map(|(name, session)| (name.to_string(), asked_for(session)))
                .collect(),
            connections: self
                .members
                .iter()
                .map(|(name, session)| (name.to_string(), session.connection.in_words()))
                .filter(|(_, words)| !words.is_empty())
                .collect(),
            refresh_endpoint: first.refresh_endpoint().to_string(),
            client_id,
            origins: self
                .members
                .iter()
                .map(|(name, session)| (name.to_string(), origins(session)))
                .collect(),
        }
    }
}
