//! What both dialects do with tokens: sign in, refresh, revoke; counted, and kept before anybody hears of it.

use crate::answer;
use crate::clients;
use crate::families::{Issued, Refusal};
use crate::misbehave::Odd;
use crate::server::{Shared, now_ms};
use axum::http::StatusCode;
use axum::response::Response;
use serde_json::{Map, Value};

/// How one dialect spells a token reply.
pub(crate) struct Names {
    pub(crate) access_token: &'static str,
    pub(crate) refresh_token: &'static str,
    pub(crate) expires_in: &'static str,
}

/// Why there are no tokens.
pub(crate) enum NoTokens {
    WrongPassword,
    Refused(Refusal),
    NotSaved,
}

impl From<std::io::Error> for NoTokens {
    fn from(_: std::io::Error) -> Self {
        Self::NotSaved
    }
}

impl NoTokens {
    /// The answer, with the error code and status a dialect uses for a wrong password and for a dead refresh token.
    pub(crate) fn answer(self, wrong_password: &str, status: StatusCode) -> Response {
        match self {
            Self::NotSaved => answer::not_saved(),
            Self::WrongPassword => answer::refusal(
                status,
                wrong_password,
                "The user name or the password is wrong",
            ),
            Self::Refused(why @ Refusal::ScopeTooWide) => {
                answer::refusal(status, "invalid_scope", why.in_words())
            }
            Self::Refused(why) => answer::refusal(status, "invalid_grant", why.in_words()),
        }
    }
}

impl Shared {
    /// A new family for the user who knows the password.
    pub(crate) fn sign_in(
        &self,
        client: &str,
        (user, password): (&str, &str),
        scope: Option<&str>,
    ) -> Result<Issued, NoTokens> {
        if !clients::is_the_user(user, password) {
            self.tally.add(|counts| counts.logins_refused += 1);
            return Err(NoTokens::WrongPassword);
        }
        self.sign_in_client(client, scope)
    }

    /// A new family for a client that acts for itself.
    pub(crate) fn sign_in_client(
        &self,
        client: &str,
        scope: Option<&str>,
    ) -> Result<Issued, NoTokens> {
        let issued =
            self.change(|families| families.sign_in(&self.mint, client, scope, now_ms()))?;
        let issued = issued.map_err(NoTokens::Refused)?;
        self.tally.add(|counts| counts.logins += 1);
        Ok(issued)
    }

    /// The next generation for a refresh token, which is spent by it unless the answer is to leave the next one out.
    pub(crate) fn refresh(
        &self,
        client: &str,
        token: &str,
        scope: Option<&str>,
        odd: &Odd,
    ) -> Result<Issued, NoTokens> {
        let (reused, issued) = self.change(|families| {
            let reused = families.is_spent(&self.mint, token);
            let keep = odd.omit_refresh_token;
            (
                reused,
                families.refresh(&self.mint, client, token, scope, keep, now_ms()),
            )
        })?;
        self.tally.add(|counts| {
            counts.reuses_seen += u64::from(reused);
            counts.families_revoked += u64::from(matches!(issued, Err(Refusal::Spent)));
            match issued {
                Ok(_) => counts.refreshes_answered += 1,
                Err(_) => counts.refreshes_refused += 1,
            }
        });
        issued.map_err(NoTokens::Refused)
    }

    /// Ends the family of a token of either kind; a token that is not known is none to end.
    pub(crate) fn revoke(&self, client: &str, token: &str) -> std::io::Result<()> {
        let ended = self.change(|families| families.revoke(&self.mint, client, token))?;
        self.tally
            .add(|counts| counts.families_revoked += u64::from(ended));
        Ok(())
    }
}

/// The fields of a token reply, as odd as the fault wants them.
pub(crate) fn fields(names: &Names, issued: &Issued, odd: &Odd) -> Map<String, Value> {
    let mut fields = Map::new();
    let mut put = |name: &str, value: Value| fields.insert(name.to_owned(), value);
    put(names.access_token, issued.access_token.clone().into());
    if !odd.omit_refresh_token {
        put(names.refresh_token, issued.refresh_token.clone().into());
    }
    if !odd.omit_expires_in {
        let said = odd.expires_in.clone();
        put(
            names.expires_in,
            said.unwrap_or_else(|| issued.expires_in_s.into()),
        );
    }
    fields
}
