//! Where an authorization server does what beside its token endpoint, and what it promises: as the session's file says, or
//! as the server's own metadata does (RFC 8414 §2, OpenID Connect Discovery 1.0 §3).

use serde::{Deserialize, Serialize};
use url::Url;

/// What a server said of itself, checked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(ts_rs::TS))]
pub struct Metadata {
    /// Its identifier, exactly as it was asked for.
    pub issuer: String,
    /// Where it says so: one of its well-known addresses. Absent: an older version asked it.
    #[serde(default)]
    #[cfg_attr(feature = "bindings", ts(type = "string | null"))]
    pub found_at: Option<Url>,
    /// Where tokens come from.
    #[cfg_attr(feature = "bindings", ts(type = "string"))]
    pub token_endpoint: Url,
    /// Where the keys are that it signs with.
    #[cfg_attr(feature = "bindings", ts(type = "string | null"))]
    pub jwks_uri: Option<Url>,
    /// Where everything else is, and what it promises.
    pub server: Server,
    /// How clients may authenticate, by their registered names.
    pub token_endpoint_auth_methods_supported: Vec<String>,
    /// The ways to get tokens.
    pub grant_types_supported: Vec<String>,
    /// What may be asked for, as far as it tells.
    pub scopes_supported: Vec<String>,
    /// It takes proofs of possession (RFC 9449 §5.1).
    pub dpop: bool,
}

/// What a server can be asked to do beside giving tokens.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(ts_rs::TS))]
#[serde(rename_all = "snake_case")]
pub enum Offer {
    /// To say what a token is worth.
    Introspection,
    /// To say who the user is.
    Userinfo,
    /// To take tokens back.
    Revocation,
    /// To sign the user out of the server itself.
    EndSession,
}

/// What is known of a server. Every endpoint is approved with the session that uses it. Empty: nothing is known, so what
/// needs an endpoint is not offered.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(ts_rs::TS))]
#[serde(default)]
pub struct Server {
    /// Where the user signs in, in a browser.
    #[cfg_attr(feature = "bindings", ts(type = "string | null"))]
    pub authorization_endpoint: Option<Url>,
    /// Where an authorization request is put before the browser is sent there (RFC 9126).
    #[cfg_attr(feature = "bindings", ts(type = "string | null"))]
    pub pushed_authorization_request_endpoint: Option<Url>,
    /// Where a device asks for a code to show (RFC 8628).
    #[cfg_attr(feature = "bindings", ts(type = "string | null"))]
    pub device_authorization_endpoint: Option<Url>,
    /// Where tokens are given back (RFC 7009).
    #[cfg_attr(feature = "bindings", ts(type = "string | null"))]
    pub revocation_endpoint: Option<Url>,
    /// Where it tells what a token is worth (RFC 7662).
    #[cfg_attr(feature = "bindings", ts(type = "string | null"))]
    pub introspection_endpoint: Option<Url>,
    /// Where it tells who the user is (OpenID Connect Core §5.3).
    #[cfg_attr(feature = "bindings", ts(type = "string | null"))]
    pub userinfo_endpoint: Option<Url>,
    /// Where the user signs out of the server itself (OpenID Connect RP-Initiated Logout 1.0).
    #[cfg_attr(feature = "bindings", ts(type = "string | null"))]
    pub end_session_endpoint: Option<Url>,
    /// It takes no authorization request that was not pushed (RFC 9126 §5).
    pub require_pushed_authorization_requests: bool,
    /// Its authorization responses name it (RFC 9207 §3), so one that does not is another server's.
    pub authorization_response_iss_parameter_supported: bool,
    /// The ways to prove who began a sign-in (RFC 7636 §4.2). Absent: it does not say.
    pub code_challenge_methods_supported: Option<Vec<String>>,
}

impl Server {
    /// Its endpoints by the names of RFC 8414, where they are known.
    pub fn endpoints(&self) -> impl Iterator<Item = (&'static str, &Url)> {
        let all = [
            ("authorization_endpoint", &self.authorization_endpoint),
            (
                "pushed_authorization_request_endpoint",
                &self.pushed_authorization_request_endpoint,
            ),
            (
                "device_authorization_endpoint",
                &self.device_authorization_endpoint,
            ),
            ("revocation_endpoint", &self.revocation_endpoint),
            ("introspection_endpoint", &self.introspection_endpoint),
            ("userinfo_endpoint", &self.userinfo_endpoint),
            ("end_session_endpoint", &self.end_session_endpoint),
        ];
        all.into_iter()
            .filter_map(|(name, url)| url.as_ref().map(|url| (name, url)))
    }

    /// What it can be asked to do.
    pub fn offers(&self) -> Vec<Offer> {
        let all = [
            (Offer::Introspection, &self.introspection_endpoint),
            (Offer::Userinfo, &self.userinfo_endpoint),
            (Offer::Revocation, &self.revocation_endpoint),
            (Offer::EndSession, &self.end_session_endpoint),
        ];
        let known = all.into_iter().filter(|(_, url)| url.is_some());
        known.map(|(offer, _)| offer).collect()
    }

    /// The same, with what it leaves open taken from `found`.
    #[must_use]
    pub fn or(self, found: &Self) -> Self {
        let or = |own: Option<Url>, found: &Option<Url>| own.or_else(|| found.clone());
        Self {
            authorization_endpoint: or(self.authorization_endpoint, &found.authorization_endpoint),
            pushed_authorization_request_endpoint: or(
                self.pushed_authorization_request_endpoint,
                &found.pushed_authorization_request_endpoint,
            ),
            device_authorization_endpoint: or(
                self.device_authorization_endpoint,
                &found.device_authorization_endpoint,
            ),
            revocation_endpoint: or(self.revocation_endpoint, &found.revocation_endpoint),
            introspection_endpoint: or(self.introspection_endpoint, &found.introspection_endpoint),
            userinfo_endpoint: or(self.userinfo_endpoint, &found.userinfo_endpoint),
            end_session_endpoint: or(self.end_session_endpoint, &found.end_session_endpoint),
            require_pushed_authorization_requests: self.require_pushed_authorization_requests
                || found.require_pushed_authorization_requests,
            authorization_response_iss_parameter_supported: self
                .authorization_response_iss_parameter_supported
                || found.authorization_response_iss_parameter_supported,
            code_challenge_methods_supported: self
                .code_challenge_methods_supported
                .or_else(|| found.code_challenge_methods_supported.clone()),
        }
    }
}
