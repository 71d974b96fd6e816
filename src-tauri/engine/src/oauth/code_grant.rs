//! A sign-in with a code (RFC 6749 §4.1) as data: what is asked for, what only we know of it, and what of an answer is
//! believed. Pure: the browser, the listener and the token endpoint are elsewhere.

use secrecy::{ExposeSecret, SecretString};
use sha2::{Digest, Sha256};
use url::Url;
use url::form_urlencoded;

use crate::error::{Code, Failure, Result};
use crate::jose;
use crate::redact::server_text;
use crate::rules;
use crate::session::config::OauthDialect;
use crate::session::config::step_up::StepUp;

/// Characters of a server's error words that are kept.
const SERVER_TEXT_CHARS_MAX: usize = 300;

/// What one sign-in is told apart by. Made for it, and gone with it.
#[derive(Debug)]
pub(crate) struct Once {
    /// Comes back with the answer: whoever does not know it did not take part (RFC 6749 §10.12).
    pub(crate) state: SecretString,
    /// Proves to the token endpoint that whoever redeems the code began the sign-in (RFC 7636).
    pub(crate) verifier: SecretString,
    /// Stands in the ID token (OpenID Connect Core §3.1.2.1). Absent: none is asked for.
    pub(crate) nonce: Option<String>,
}

/// What came back from the browser, after its state was found right.
#[derive(Debug)]
pub(crate) struct CameBack {
    pub(crate) outcome: Outcome,
    /// The server that answers, as it says (RFC 9207).
    pub(crate) issuer: Option<String>,
}

/// What the server answered.
#[derive(Debug)]
pub(crate) enum Outcome {
    /// The code to redeem.
    Code(SecretString),
    /// It said no, in its own words, cut and as text.
    Error {
        error: String,
        description: Option<String>,
    },
}

/// Why a call of the listener, or a pasted address, is none that belongs to the sign-in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Flaw {
    /// Its state is another one, or missing, or there several times.
    State,
    /// It holds neither a code nor an error, or something twice.
    Malformed,
}

impl Once {
    /// # Errors
    /// `system.unavailable` where the system has no random numbers.
    pub(crate) fn new(oauth: &OauthDialect, wish: &StepUp) -> Result<Self> {
        let openid = scopes(oauth, wish).iter().any(|scope| scope == "openid");
        Ok(Self {
            state: random()?.into(),
            verifier: random()?.into(),
            nonce: openid.then(random).transpose()?,
        })
    }
}

/// 256 bits (security 2.1), which is also the length that RFC 7636 §4.1 recommends for a verifier.
fn random() -> Result<String> {
    let mut bytes = [0; 32];
    getrandom::fill(&mut bytes)
        .map_err(|error| Failure::new(Code::SystemUnavailable).with("detail", error))?;
    Ok(jose::encode(bytes))
}

/// What is asked for: the session's own scopes, and what a step-up wants besides (scenario 124).
pub(crate) fn scopes(oauth: &OauthDialect, wish: &StepUp) -> Vec<String> {
    let own = oauth.scope.as_deref().unwrap_or_default();
    let mut all: Vec<String> = own.split_ascii_whitespace().map(str::to_owned).collect();
    for scope in &wish.scopes {
        if !all.contains(scope) {
            all.push(scope.clone());
        }
    }
    all
}

/// The parameters of the authorization request, without who the client is (RFC 6749 §4.1.1 and its extensions).
///
/// # Errors
/// `sign_in.no_pkce` where the server says that it does not take S256: `plain` is never used, and nothing is sent without.
pub(crate) fn parameters(
    oauth: &OauthDialect,
    once: &Once,
    wish: &StepUp,
    redirect_uri: &str,
    key_thumbprint: Option<&str>,
) -> Result<Vec<(String, String)>> {
    let methods = &oauth.server.code_challenge_methods_supported;
    let takes_s256 = methods
        .as_ref()
        .is_none_or(|methods| methods.iter().any(|method| method == "S256"));
    if !takes_s256 && rules::on("sign_in.no_pkce") {
        let issuer = oauth.issuer.as_deref();
        return Err(Failure::new(Code::SignInNoPkce)
            .with("issuer", issuer.unwrap_or(oauth.token_endpoint.as_str())));
    }
    let challenge = jose::encode(Sha256::digest(once.verifier.expose_secret()));
    let mut parameters = vec![
        ("response_type", "code".to_owned()),
        ("redirect_uri", redirect_uri.to_owned()),
        ("state", once.state.expose_secret().to_owned()),
        ("code_challenge", challenge),
        ("code_challenge_method", "S256".to_owned()),
    ];
    let scopes = scopes(oauth, wish);
    if !scopes.is_empty() {
        parameters.push(("scope", scopes.join(" ")));
    }
    if let Some(nonce) = &once.nonce {
        parameters.push(("nonce", nonce.clone()));
    }
    if let Some(resource) = &oauth.resource {
        parameters.push(("resource", resource.clone()));
    }
    if let Some(thumbprint) = key_thumbprint {
        // The code is bound to the key as well (RFC 9449 §10).
        parameters.push(("dpop_jkt", thumbprint.to_owned()));
    }
    if !wish.acr_values.is_empty() {
        parameters.push(("acr_values", wish.acr_values.join(" ")));
    }
    if let Some(max_age_s) = wish.max_age_s {
        parameters.push(("max_age", max_age_s.to_string()));
    }
    let own = &oauth.authorization.parameters;
    let says_prompt = own.iter().any(|(name, _)| name == "prompt");
    if !says_prompt && scopes.iter().any(|scope| scope == "offline_access") {
        // Without it a server ignores offline_access (OpenID Connect Core §11).
        parameters.push(("prompt", "consent".to_owned()));
    }
    let parameters = parameters
        .into_iter()
        .map(|(name, value)| (name.to_owned(), value));
    Ok(parameters.chain(own.iter().cloned()).collect())
}

/// The address that the browser is sent to. What its own query says stays (RFC 6749 §3.1).
pub(crate) fn address(endpoint: &Url, client_id: &str, parameters: &[(String, String)]) -> Url {
    let mut address = endpoint.clone();
    address
        .query_pairs_mut()
        .append_pair("client_id", client_id)
        .extend_pairs(parameters);
    address
}

/// Reads the query of a call of the redirect address.
///
/// # Errors
/// What is wrong with it. The sign-in goes on waiting then.
pub(crate) fn read(query: &str, state: &SecretString) -> Result<CameBack, Flaw> {
    let one = |name: &str| {
        let mut values = form_urlencoded::parse(query.as_bytes()).filter(|(key, _)| key == name);
        let value = values.next().map(|(_, value)| value.into_owned());
        // RFC 6749 §3.1: no parameter more than once.
        (values.next().is_none()).then_some(value).ok_or(())
    };
    let said = one("state").ok().flatten().unwrap_or_default();
    let right = same(state.expose_secret(), &said);
    if !right && rules::on("callback.state") {
        return Err(Flaw::State);
    }
    let one = |name: &str| one(name).map_err(|()| Flaw::Malformed);
    let (code, error) = (one("code")?, one("error")?);
    let (description, issuer) = (one("error_description")?, one("iss")?);
    let text = |text: &str| server_text(text, SERVER_TEXT_CHARS_MAX);
    let outcome = match (code.filter(|code| !code.is_empty()), error) {
        (_, Some(error)) => Outcome::Error {
            error: text(&error),
            description: description.as_deref().map(text),
        },
        (Some(code), None) => Outcome::Code(code.into()),
        (None, None) => return Err(Flaw::Malformed),
    };
    Ok(CameBack { outcome, issuer })
}

/// Whether two texts are the same, in a time that says nothing of where they differ: hashes are compared, all of them.
fn same(one: &str, other: &str) -> bool {
    let (one, other) = (Sha256::digest(one), Sha256::digest(other));
    one.iter()
        .zip(&other)
        .fold(0, |differs, (one, other)| differs | (one ^ other))
        == 0
}

/// Whether the server that answers is the one that was asked (RFC 9207 §2.4): exactly, as an issuer is compared.
///
/// # Errors
/// `sign_in.issuer_mismatch`.
pub(crate) fn check_issuer(oauth: &OauthDialect, said: Option<&str>) -> Result<()> {
    let Some(issuer) = &oauth.issuer else {
        return Ok(());
    };
    let promised = oauth.server.authorization_response_iss_parameter_supported;
    let right = match said {
        Some(said) => said == issuer,
        None => !promised,
    };
    if right || !rules::on("sign_in.issuer_mismatch") {
        return Ok(());
    }
    let found = server_text(said.unwrap_or("a server that does not say who it is"), 200);
    Err(Failure::new(Code::SignInIssuerMismatch)
        .with("issuer", issuer)
        .with("found", found))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::session::config::ClientAuth;
    use crate::session::config::authorization::Authorization;
    use crate::session::config::grant_type::GrantType;
    use crate::session::config::server::Server;

    fn oauth() -> OauthDialect {
        OauthDialect {
            issuer: Some("https://id.test".to_owned()),
            token_endpoint: Url::parse("https://id.test/token").expect("a URL"),
            to_discover: false,
            jwks_uri: None,
            server: Server::default(),
            authorization: Authorization::default(),
            client_id: "desktop".to_owned(),
            client_auth: ClientAuth::None,
            dpop: false,
            grant: GrantType::AuthorizationCode,
            scope: Some("openid offline_access".to_owned()),
            resource: Some("https://api.test".to_owned()),
        }
    }

    fn once() -> Once {
        Once {
            state: "the-state".into(),
            verifier: "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk".into(),
            nonce: Some("n".to_owned()),
        }
    }

    fn asked(oauth: &OauthDialect, wish: &StepUp) -> Vec<(String, String)> {
        parameters(oauth, &once(), wish, "http://127.0.0.1:9/callback", None).expect("asked")
    }

    fn value<'a>(parameters: &'a [(String, String)], name: &str) -> Option<&'a str> {
        let mut found = parameters.iter().filter(|(key, _)| key == name);
        let value = found.next().map(|(_, value)| value.as_str());
        assert!(found.next().is_none(), "{name} once");
        value
    }

    #[test]
    fn an_authorization_request_says_all_that_protects_it() {
        let parameters = asked(&oauth(), &StepUp::default());
        for (name, expected) in [
            ("response_type", Some("code")),
            ("redirect_uri", Some("http://127.0.0.1:9/callback")),
            ("state", Some("the-state")),
            ("nonce", Some("n")),
            // The example of RFC 7636, appendix B.
            (
                "code_challenge",
                Some("E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"),
            ),
            ("code_challenge_method", Some("S256")),
            ("scope", Some("openid offline_access")),
            ("resource", Some("https://api.test")),
            ("prompt", Some("consent")),
            ("acr_values", None),
            ("client_secret", None),
        ] {
            assert_eq!(value(&parameters, name), expected, "{name}");
        }
        let endpoint = Url::parse("https://id.test/authorize?tenant=a").expect("a URL");
        let address = address(&endpoint, "desktop", &parameters);
        assert!(
            address
                .as_str()
                .starts_with("https://id.test/authorize?tenant=a&client_id=desktop&")
        );
        assert!(
            !address.as_str().contains("dBjftJeZ"),
            "the verifier stays here"
        );
    }

    #[test]
    fn what_is_made_once_is_long_and_never_the_same() {
        let (one, other) = (
            Once::new(&oauth(), &StepUp::default()).expect("random"),
            Once::new(&oauth(), &StepUp::default()).expect("random"),
        );
        assert_eq!(one.state.expose_secret().len(), 43);
        assert_eq!(one.verifier.expose_secret().len(), 43);
        assert_ne!(one.state.expose_secret(), other.state.expose_secret());
        assert_ne!(one.verifier.expose_secret(), other.verifier.expose_secret());
        assert!(one.nonce.is_some() && one.nonce != other.nonce);
        let mut plain = oauth();
        plain.scope = Some("read".to_owned());
        let once = Once::new(&plain, &StepUp::default()).expect("random");
        assert!(once.nonce.is_none(), "no ID token is asked for");
        assert!(!format!("{once:?}").contains(once.state.expose_secret()));
    }

    /// N40: S256 is sent whatever the server says or does not say, and where it says no, nothing is sent at all.
    #[test]
    fn n40_a_server_cannot_talk_us_out_of_s256() {
        let methods = |names: &[&str]| Some(names.iter().map(ToString::to_string).collect());
        for (supported, sent) in [
            (None, true),
            (methods(&["S256"]), true),
            (methods(&["plain", "S256"]), true),
            (methods(&["plain"]), false),
            (methods(&["s256"]), false),
            (methods(&[]), false),
        ] {
            let mut oauth = oauth();
            oauth
                .server
                .code_challenge_methods_supported
                .clone_from(&supported);
            let found = parameters(
                &oauth,
                &once(),
                &StepUp::default(),
                "http://127.0.0.1/",
                None,
            );
            match found {
                Ok(parameters) => {
                    assert!(sent, "{supported:?}");
                    assert_eq!(value(&parameters, "code_challenge_method"), Some("S256"));
                }
                Err(failure) => {
                    assert!(!sent, "{supported:?}");
                    assert_eq!(failure.code, Code::SignInNoPkce);
                }
            }
        }
    }

    /// Scenario 124: all that was granted, asked for and wanted, once each.
    #[test]
    fn a_step_up_asks_for_the_union_of_scopes_and_for_the_way_to_sign_in() {
        let wish = StepUp {
            scopes: vec!["openid".to_owned(), "read".to_owned(), "write".to_owned()],
            acr_values: vec!["gold".to_owned(), "silver".to_owned()],
            max_age_s: Some(60),
        };
        let parameters = asked(&oauth(), &wish);
        assert_eq!(
            value(&parameters, "scope"),
            Some("openid offline_access read write")
        );
        assert_eq!(value(&parameters, "acr_values"), Some("gold silver"));
        assert_eq!(value(&parameters, "max_age"), Some("60"));
    }

    #[test]
    fn a_file_says_besides_what_is_its_own_to_say() {
        let mut oauth = oauth();
        let own = [("audience", "orders"), ("prompt", "login")];
        oauth.authorization.parameters = own
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .to_vec();
        let parameters = asked(&oauth, &StepUp::default());
        assert_eq!(value(&parameters, "audience"), Some("orders"));
        assert_eq!(value(&parameters, "prompt"), Some("login"));
    }

    /// N34 and N35: what is not ours goes on waiting, whatever it looks like.
    #[test]
    fn n34_n35_only_the_right_state_and_one_of_each_is_taken() {
        let state = SecretString::from("the-state");
        for (query, expected) in [
            ("code=c&state=the-state", None),
            ("state=the-state&code=c&iss=https%3A%2F%2Fid.test&x=y", None),
            ("state=the-state&error=access_denied", None),
            ("", Some(Flaw::State)),
            ("code=c", Some(Flaw::State)),
            ("code=c&state=", Some(Flaw::State)),
            ("code=c&state=the-stat", Some(Flaw::State)),
            ("code=c&state=the-state2", Some(Flaw::State)),
            ("code=c&state=THE-STATE", Some(Flaw::State)),
            ("code=c&state=the-state&state=the-state", Some(Flaw::State)),
            ("code=c&state=the-state&state=x", Some(Flaw::State)),
            ("code=c&code=d&state=the-state", Some(Flaw::Malformed)),
            ("error=a&error=b&state=the-state", Some(Flaw::Malformed)),
            ("iss=a&iss=b&code=c&state=the-state", Some(Flaw::Malformed)),
            ("state=the-state", Some(Flaw::Malformed)),
            ("code=&state=the-state", Some(Flaw::Malformed)),
        ] {
            assert_eq!(read(query, &state).err(), expected, "{query}");
        }
        let said = read(
            "state=the-state&error=x%0a%1b[2Jy&error_description=%3Cb%3Ehi",
            &state,
        );
        let Ok(CameBack {
            outcome: Outcome::Error { error, description },
            ..
        }) = said
        else {
            panic!("an error is an answer");
        };
        assert!(!error.contains(['\n', '\u{1b}']), "{error:?}");
        assert_eq!(
            description.as_deref(),
            Some("<b>hi"),
            "text, for whoever shows it as text"
        );
    }

    /// N37.
    #[test]
    fn n37_an_answer_of_another_server_is_refused() {
        for (promised, said, right) in [
            (false, None, true),
            (false, Some("https://id.test"), true),
            (true, Some("https://id.test"), true),
            (true, None, false),
            (false, Some("https://evil.test"), false),
            (true, Some("https://id.test/"), false),
            (true, Some("https://ID.test"), false),
            (true, Some(""), false),
        ] {
            let mut oauth = oauth();
            oauth.server.authorization_response_iss_parameter_supported = promised;
            let found = check_issuer(&oauth, said).map_err(|failure| failure.code);
            let expected = if right {
                Ok(())
            } else {
                Err(Code::SignInIssuerMismatch)
            };
            assert_eq!(found, expected, "{promised} {said:?}");
        }
    }
}
