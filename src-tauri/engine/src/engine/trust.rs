//! What a session may use: where its token goes, and where it signs in and refreshes. More of it is for the user to allow.

use serde::Serialize;

use crate::session::config::{Dialect, SessionConfig};

/// The addresses of one session.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Trust {
    /// Exact origins that get its token.
    pub origins: Vec<String>,
    /// Endpoints that get what signs in and refreshes.
    pub endpoints: Vec<String>,
}

/// A session's addresses as they were, and as they would be.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct TrustChange {
    /// Absent: it is a new session.
    pub before: Option<Trust>,
    /// What would be from now on.
    pub after: Trust,
}

impl Trust {
    /// The addresses that a session's file names.
    pub(crate) fn of(session: &SessionConfig) -> Self {
        let mut endpoints: Vec<String> = match &session.dialect {
            Dialect::Json(json) => {
                let requests = json.sign_in.iter().chain([&json.refresh]);
                requests.map(|request| request.url.to_string()).collect()
            }
            Dialect::Oauth(oauth) => [("token_endpoint", &oauth.token_endpoint)]
                .into_iter()
                .chain(oauth.server.endpoints())
                .map(|(_, url)| url.to_string())
                .collect(),
            Dialect::Cookie(cookies) => {
                let requests = cookies.prepare.iter().chain([&cookies.sign_in]);
                let requests = requests.chain(&cookies.refresh);
                requests.map(|request| request.url.to_string()).collect()
            }
        };
        endpoints.dedup();
        Self {
            origins: session.origins.iter().map(ToString::to_string).collect(),
            endpoints,
        }
    }
}

impl TrustChange {
    /// Whether something would be used that was not before.
    pub fn widens(&self) -> bool {
        let Some(before) = &self.before else {
            return true;
        };
        let is_new =
            |after: &[String], before: &[String]| after.iter().any(|one| !before.contains(one));
        is_new(&self.after.origins, &before.origins)
            || is_new(&self.after.endpoints, &before.endpoints)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_was_not_there_widens() {
        let trust = |origins: &[&str], endpoints: &[&str]| Trust {
            origins: origins.iter().map(|one| (*one).to_owned()).collect(),
            endpoints: endpoints.iter().map(|one| (*one).to_owned()).collect(),
        };
        let before = trust(
            &["https://a.test", "https://b.test"],
            &["https://id.test/token"],
        );
        for (after, widens) in [
            (before.clone(), false),
            (
                trust(&["https://b.test"], &["https://id.test/token"]),
                false,
            ),
            (
                trust(&["https://b.test"], &["https://id.test/token2"]),
                true,
            ),
            (trust(&["https://c.test"], &["https://id.test/token"]), true),
        ] {
            let change = TrustChange {
                before: Some(before.clone()),
                after: after.clone(),
            };
            assert_eq!(change.widens(), widens, "{after:?}");
            assert!(
                TrustChange {
                    before: None,
                    after
                }
                .widens(),
                "a new session is a question"
            );
        }
    }
}
