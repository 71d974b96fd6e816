//! What somebody signs in with becomes the first exchange with the token endpoint, or it does not fit the session.

use std::sync::Arc;

use secrecy::SecretString;

use super::Family;
use super::device::Polling;
use crate::error::{Code, Failure, Result};
use crate::oauth::dpop::{Bound, ProofKey};
use crate::session::config::grant_type::GrantType;
use crate::session::config::{Dialect, OauthDialect};
use crate::session::credentials::{ClientSecrets, Credentials};
use crate::token_endpoint::TokenRequest;

/// The exchange that credentials call for, and what of them goes on living with the family.
pub(super) struct First {
    pub(super) request: TokenRequest,
    /// It is repeated until the user has decided. Absent: it is sent once.
    pub(super) polling: Option<Polling>,
    pub(super) refresh_token: Option<SecretString>,
    pub(super) client: ClientSecrets,
    pub(super) bound: Bound,
    /// What the ID token has to repeat, where that was asked for.
    pub(super) nonce: Option<String>,
}

impl Family {
    /// # Errors
    /// `sign_in.wrong_kind`, `key.invalid`.
    pub(super) fn first_exchange(
        &self,
        member: &Arc<str>,
        credentials: Credentials,
    ) -> Result<First> {
        let dialect = &self.members[member].dialect;
        let wrong_kind = |expected: &str| {
            Failure::new(Code::SignInWrongKind)
                .with("session", &**member)
                .with("expected", expected)
        };
        match credentials {
            Credentials::Password {
                username,
                password,
                mut client,
            } => {
                let bound = match dialect {
                    Dialect::Oauth(_) => {
                        let oauth =
                            expected(dialect, GrantType::Password, &client).map_err(wrong_kind)?;
                        bound(oauth, &mut client)?
                    }
                    Dialect::Json(_) | Dialect::Cookie(_) => {
                        client = ClientSecrets::default();
                        Bound::ToNothing
                    }
                };
                let request = dialect
                    .password_request(&username, &password, &client)
                    .ok_or_else(|| wrong_kind(dialect.signs_in_with().as_str()))?
                    .proven_by(bound.key());
                request.check(self.wall())?;
                Ok(First {
                    request,
                    polling: None,
                    refresh_token: None,
                    client,
                    bound,
                    nonce: None,
                })
            }
            Credentials::RefreshToken {
                refresh_token,
                mut client,
            } => {
                let bound = match dialect {
                    Dialect::Json(json) if json.sign_in.is_none() => Bound::ToNothing,
                    _ => {
                        let oauth = expected(dialect, GrantType::RefreshToken, &client)
                            .map_err(wrong_kind)?;
                        bound(oauth, &mut client)?
                    }
                };
                let request = dialect
                    .refresh_request(&refresh_token, &client)
                    .proven_by(bound.key());
                request.check(self.wall())?;
                Ok(First {
                    request,
                    polling: None,
                    refresh_token: Some(refresh_token),
                    client,
                    bound,
                    nonce: None,
                })
            }
            Credentials::Browser { .. } | Credentials::Device { .. } => {
                Err(wrong_kind(dialect.signs_in_with().as_str()))
            }
            Credentials::Client { mut client } => {
                let oauth =
                    expected(dialect, GrantType::ClientCredentials, &client).map_err(wrong_kind)?;
                let bound = bound(oauth, &mut client)?;
                let request = dialect
                    .client_credentials_request(&client)
                    .ok_or_else(|| wrong_kind("password"))?
                    .proven_by(bound.key());
                request.check(self.context.clock.wall())?;
                Ok(First {
                    request,
                    polling: None,
                    refresh_token: None,
                    client,
                    bound,
                    nonce: None,
                })
            }
        }
    }
}

/// What the tokens of a sign-in will be bound to: the key that came along, else a new one.
pub(super) fn bound(oauth: &OauthDialect, client: &mut ClientSecrets) -> Result<Bound> {
    let brought = client.dpop_key.take();
    if !oauth.dpop {
        return Ok(Bound::ToNothing);
    }
    let key = brought.map_or_else(ProofKey::generate, ProofKey::read)?;
    Ok(Bound::ToKey(Arc::new(key)))
}

/// The session's client, where it gets tokens in this way and has what it authenticates with; else what is wanted instead.
pub(super) fn expected<'a>(
    dialect: &'a Dialect,
    grant: GrantType,
    client: &ClientSecrets,
) -> Result<&'a OauthDialect, &'static str> {
    match dialect {
        Dialect::Oauth(oauth) if oauth.grant == grant => {
            oauth.client_auth.lacks(client).map_or(Ok(oauth), Err)
        }
        _ => Err(dialect.signs_in_with().as_str()),
    }
}
