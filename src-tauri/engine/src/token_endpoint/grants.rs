//! What is asked of a server for each way to get tokens: the fields of RFC 6749 and its extensions, and what comes with all of them.

use reqwest::Method;
use secrecy::{ExposeSecret, SecretString};
use url::{Url, form_urlencoded};

use super::template::json_request;
use super::{Content, TokenRequest};
use crate::oauth::client_auth::Client;
use crate::session::config::grant_type::GrantType;
use crate::session::config::{ClientAuth, Dialect, OauthDialect};
use crate::session::credentials::ClientSecrets;
use crate::token::TokenKind;
use crate::token::cookies::{Jar, Step};
use crate::token::scheme::Scheme;

impl Dialect {
    /// The exchange that gives new tokens for a refresh token (RFC 6749 §6).
    pub(crate) fn refresh_request(
        &self,
        refresh_token: &SecretString,
        client: &ClientSecrets,
    ) -> TokenRequest {
        match self {
            Self::Json(json) => json_request(
                &json.refresh,
                &[("{{refresh_token}}", refresh_token.expose_secret())],
            ),
            Self::Cookie(cookies) => {
                // Without a refresh of its own a session has nothing that anybody could renew; see `Family::renewal`.
                let template = cookies.refresh.as_ref().unwrap_or(&cookies.sign_in);
                let jar = Jar::read(refresh_token).unwrap_or_default();
                json_request(template, &[]).with_cookies(cookies, jar, Step::Refresh)
            }
            Self::Oauth(oauth) => {
                let fields = [
                    ("grant_type", "refresh_token"),
                    ("refresh_token", refresh_token.expose_secret()),
                ];
                // A sign-in in the browser may have been granted more than the file asks for: a step-up is not given back by
                // the next refresh. Without a scope, all that was granted is meant (RFC 6749 §6).
                let scope = match oauth.grant {
                    GrantType::AuthorizationCode | GrantType::DeviceCode => None,
                    GrantType::RefreshToken
                    | GrantType::ClientCredentials
                    | GrantType::Password => scope(oauth),
                };
                oauth_request(oauth, fields.into_iter().chain(scope), client)
            }
        }
    }

    /// The exchange that gives tokens to the client itself (RFC 6749 §4.4); JSON sign-in has none.
    pub(crate) fn client_credentials_request(
        &self,
        client: &ClientSecrets,
    ) -> Option<TokenRequest> {
        match self {
            Self::Json(_) | Self::Cookie(_) => None,
            Self::Oauth(oauth) => {
                let fields = [("grant_type", "client_credentials")];
                Some(oauth_request(
                    oauth,
                    fields.into_iter().chain(scope(oauth)),
                    client,
                ))
            }
        }
    }

    /// The exchange that gives a token back (RFC 7009 §2.1). `None`: the server is not known to take any.
    pub(crate) fn revocation_request(
        &self,
        kind: TokenKind,
        token: &SecretString,
        client: &ClientSecrets,
    ) -> Option<TokenRequest> {
        let Self::Oauth(oauth) = self else {
            return None;
        };
        let url = oauth.server.revocation_endpoint.clone()?;
        Some(token_request(oauth, url, kind, token, client))
    }

    /// The question what a token is worth (RFC 7662 §2.1). `None`: the server is not known to answer it.
    pub(crate) fn introspection_request(
        &self,
        kind: TokenKind,
        token: &SecretString,
        client: &ClientSecrets,
    ) -> Option<TokenRequest> {
        let Self::Oauth(oauth) = self else {
            return None;
        };
        let url = oauth.server.introspection_endpoint.clone()?;
        Some(token_request(oauth, url, kind, token, client))
    }

    /// The question who the user is (OpenID Connect Core §5.3.1). `None`: the server is not known to answer it.
    pub(crate) fn userinfo_request(
        &self,
        scheme: Scheme,
        token: &SecretString,
    ) -> Option<TokenRequest> {
        let Self::Oauth(oauth) = self else {
            return None;
        };
        Some(TokenRequest {
            method: Method::GET,
            url: oauth.server.userinfo_endpoint.clone()?,
            content: Content::Json {
                body: None,
                form: false,
                headers: Vec::new(),
            },
            proof_key: None,
            presented: Some((scheme, token.clone())),
            jar: None,
        })
    }

    /// The exchange that gives the cookies which a sign-in takes along, where the session has one.
    pub(crate) fn prepare_request(&self) -> Option<TokenRequest> {
        let Self::Cookie(cookies) = self else {
            return None;
        };
        let request = json_request(cookies.prepare.as_ref()?, &[]);
        Some(request.with_cookies(cookies, Jar::default(), Step::Prepare))
    }

    /// The exchange that gives first tokens for a code (RFC 6749 §4.1.3, RFC 7636 §4.5); JSON sign-in has none.
    pub(crate) fn code_request(
        &self,
        code: &SecretString,
        verifier: &SecretString,
        redirect_uri: &str,
        client: &ClientSecrets,
    ) -> Option<TokenRequest> {
        let Self::Oauth(oauth) = self else {
            return None;
        };
        let fields = [
            ("grant_type", "authorization_code"),
            ("code", code.expose_secret()),
            ("redirect_uri", redirect_uri),
            ("code_verifier", verifier.expose_secret()),
        ];
        Some(oauth_request(oauth, fields.into_iter(), client))
    }

    /// The exchange that gives first tokens for a name and a password, where the session has one.
    pub(crate) fn password_request(
        &self,
        username: &str,
        password: &SecretString,
        client: &ClientSecrets,
    ) -> Option<TokenRequest> {
        let values = [
            ("{{username}}", username),
            ("{{password}}", password.expose_secret()),
        ];
        match self {
            Self::Json(json) => json
                .sign_in
                .as_ref()
                .map(|sign_in| json_request(sign_in, &values)),
            Self::Cookie(cookies) => {
                let request = json_request(&cookies.sign_in, &values);
                Some(request.with_cookies(cookies, Jar::default(), Step::SignIn))
            }
            // RFC 6749 §4.3.2.
            Self::Oauth(oauth) => (oauth.grant == GrantType::Password).then(|| {
                let fields = [
                    ("grant_type", "password"),
                    ("username", username),
                    ("password", password.expose_secret()),
                ];
                oauth_request(oauth, fields.into_iter().chain(scope(oauth)), client)
            }),
        }
    }
}

fn scope(oauth: &OauthDialect) -> Option<(&str, &str)> {
    oauth.scope.as_deref().map(|scope| ("scope", scope))
}

/// A request of the client with the fields of its grant: what it is for, and who it is, come with every one.
fn oauth_request<'a>(
    oauth: &'a OauthDialect,
    fields: impl Iterator<Item = (&'a str, &'a str)>,
    client: &ClientSecrets,
) -> TokenRequest {
    let resource = oauth.resource.as_deref();
    let resource = resource.map(|resource| ("resource", resource));
    let fields = fields.chain(resource);
    client_request(oauth, oauth.token_endpoint.clone(), fields, client)
}

/// A POST of these fields by the client, which proves itself as it does everywhere.
fn client_request<'a>(
    oauth: &OauthDialect,
    url: Url,
    fields: impl IntoIterator<Item = (&'a str, &'a str)>,
    client: &ClientSecrets,
) -> TokenRequest {
    let mut form = form_urlencoded::Serializer::new(String::new());
    form.extend_pairs(fields);
    TokenRequest {
        method: Method::POST,
        url,
        content: Content::Form(form.finish().into(), Client::new(oauth, client)),
        proof_key: None,
        presented: None,
        jar: None,
    }
}

/// A request that is about a token, with what kind it is (RFC 7009 §2.1, RFC 7662 §2.1).
fn token_request(
    oauth: &OauthDialect,
    url: Url,
    kind: TokenKind,
    token: &SecretString,
    client: &ClientSecrets,
) -> TokenRequest {
    let hint = match kind {
        TokenKind::Access => "access_token",
        TokenKind::Refresh => "refresh_token",
    };
    let fields = [("token", token.expose_secret()), ("token_type_hint", hint)];
    client_request(oauth, url, fields, client)
}

/// The request for a code that the user types on another device (RFC 8628 §3.1).
pub(crate) fn device_request(
    oauth: &OauthDialect,
    endpoint: &Url,
    scopes: &[String],
    client: &ClientSecrets,
) -> TokenRequest {
    let scope = scopes.join(" ");
    let scope = (!scope.is_empty()).then_some(("scope", scope.as_str()));
    let resource = oauth.resource.as_deref();
    let resource = resource.map(|resource| ("resource", resource));
    let fields = scope.into_iter().chain(resource).chain(named(oauth));
    client_request(oauth, endpoint.clone(), fields, client)
}

/// The client's identifier, where its authentication puts none into the form: a request for authorization has it whatever
/// the client proves itself with, and servers look for it there.
fn named(oauth: &OauthDialect) -> Option<(&str, &str)> {
    let says_nothing = oauth.client_auth == ClientAuth::ClientSecretBasic;
    says_nothing.then_some(("client_id", oauth.client_id.as_str()))
}

/// The exchange that gives first tokens once the user has said yes on the other device (RFC 8628 §3.4).
pub(crate) fn device_code_request(
    oauth: &OauthDialect,
    device_code: &SecretString,
    client: &ClientSecrets,
) -> TokenRequest {
    let fields = [
        ("grant_type", "urn:ietf:params:oauth:grant-type:device_code"),
        ("device_code", device_code.expose_secret()),
    ];
    oauth_request(oauth, fields.into_iter(), client)
}

/// The request that puts an authorization request at the server before the browser is sent there (RFC 9126 §2.1).
pub(crate) fn pushed_request(
    oauth: &OauthDialect,
    endpoint: &Url,
    parameters: &[(String, String)],
    client: &ClientSecrets,
) -> TokenRequest {
    let parameters = parameters.iter();
    let fields = parameters.map(|(name, value)| (name.as_str(), value.as_str()));
    client_request(oauth, endpoint.clone(), fields.chain(named(oauth)), client)
}

#[cfg(test)]
mod tests {
    use super::super::tests::body;
    use super::*;

    #[test]
    fn a_refresh_says_what_is_wanted_and_who_asks() {
        let oauth = OauthDialect {
            issuer: None,
            jwks_uri: None,
            to_discover: false,
            server: crate::session::config::server::Server::default(),
            authorization: crate::session::config::authorization::Authorization::default(),
            token_endpoint: Url::parse("http://127.0.0.1:1/token").expect("a URL"),
            client_id: "desktop".to_owned(),
            client_auth: ClientAuth::None,
            dpop: false,
            grant: GrantType::RefreshToken,
            scope: Some("read write".to_owned()),
            resource: None,
        };
        let dialect = Dialect::Oauth(Box::new(oauth));
        let request = dialect.refresh_request(&"r t".into(), &ClientSecrets::default());
        assert_eq!(
            body(&request),
            "grant_type=refresh_token&refresh_token=r+t&scope=read+write&client_id=desktop"
        );
        let request = dialect.client_credentials_request(&ClientSecrets::default());
        assert_eq!(
            body(&request.expect("it speaks OAuth")),
            "grant_type=client_credentials&scope=read+write&client_id=desktop"
        );
    }
}
