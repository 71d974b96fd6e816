//! How a client says who it is: one place for the token endpoint, pushed requests, revocation and introspection (RFC 6749 §2.3).
//!
//! What is added to a request is made anew for each time that it is sent, because an assertion may be used once. The method is
//! the one that the session names. Another one is never tried: the request with all that is in it would be sent again for that.

use base64::Engine as _;
use secrecy::{ExposeSecret, SecretString};
use serde_json::json;
use url::form_urlencoded::{self, Serializer};
use zeroize::Zeroizing;

use crate::clock::WallMs;
use crate::error::Result;
use crate::jose::jws;
use crate::jose::private_key::PrivateKey;
use crate::session::config::{ClientAuth, OauthDialect};
use crate::session::credentials::ClientSecrets;

/// How long an assertion is good for, in seconds: long enough for one request under way and clocks that differ a little.
const ASSERTION_LIFETIME_S: i64 = 60;
/// RFC 7523 §2.2.
const JWT_BEARER: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

impl ClientAuth {
    /// The first secret that this method needs and that is not there, by its name among the client's secrets.
    pub(crate) fn lacks(self, secrets: &ClientSecrets) -> Option<&'static str> {
        let (needed, name) = match self {
            Self::None => return None,
            Self::ClientSecretBasic | Self::ClientSecretPost => {
                (&secrets.client_secret, "client_secret")
            }
            Self::PrivateKeyJwt => (&secrets.client_key, "client_key"),
            Self::TlsClientAuth | Self::SelfSignedTlsClientAuth => {
                (&secrets.client_certificate, "client_certificate")
            }
        };
        needed.is_none().then_some(name)
    }
}

/// A client that is ready to authenticate itself, as often as its requests are sent.
#[derive(Clone, Debug)]
pub(crate) struct Client {
    method: ClientAuth,
    id: String,
    /// Whom an assertion is for: the server by its identifier, so that another one cannot use it. Where no identifier is
    /// known, the endpoint that RFC 7523 §3 allows in its place.
    audience: String,
    secrets: ClientSecrets,
}

impl Client {
    pub(crate) fn new(oauth: &OauthDialect, secrets: &ClientSecrets) -> Self {
        let audience = oauth.issuer.as_deref();
        Self {
            method: oauth.client_auth,
            id: oauth.client_id.clone(),
            audience: audience.unwrap_or(oauth.token_endpoint.as_str()).to_owned(),
            secrets: secrets.clone(),
        }
    }

    /// The certificate that stands for it in the handshake, by the methods that want one.
    pub(crate) fn certificate(&self) -> Option<&SecretString> {
        let wanted = matches!(
            self.method,
            ClientAuth::TlsClientAuth | ClientAuth::SelfSignedTlsClientAuth
        );
        self.secrets.client_certificate.as_ref().filter(|_| wanted)
    }

    /// Adds to a form what says who sends it; the value of the `Authorization` header, where it goes there.
    ///
    /// # Errors
    /// `key.invalid` where the client's key cannot sign.
    pub(crate) fn authenticate(
        &self,
        form: &mut Serializer<'_, String>,
        now: WallMs,
    ) -> Result<Option<SecretString>> {
        let secret = |secret: &Option<SecretString>| secret.clone().unwrap_or_default();
        match self.method {
            ClientAuth::ClientSecretBasic => {
                let secret = secret(&self.secrets.client_secret);
                return Ok(Some(basic(&self.id, secret.expose_secret())));
            }
            ClientAuth::None | ClientAuth::TlsClientAuth | ClientAuth::SelfSignedTlsClientAuth => {
                form.append_pair("client_id", &self.id);
            }
            ClientAuth::ClientSecretPost => {
                let secret = secret(&self.secrets.client_secret);
                form.append_pair("client_id", &self.id)
                    .append_pair("client_secret", secret.expose_secret());
            }
            ClientAuth::PrivateKeyJwt => {
                let key = PrivateKey::read(&secret(&self.secrets.client_key))?;
                form.append_pair("client_id", &self.id)
                    .append_pair("client_assertion_type", JWT_BEARER)
                    .append_pair("client_assertion", &self.assertion(&key, now)?);
            }
        }
        Ok(None)
    }

    /// RFC 7523 §3.
    fn assertion(&self, key: &PrivateKey, now: WallMs) -> Result<Zeroizing<String>> {
        let seconds = now.0.div_euclid(1_000);
        let claims = json!({
            "iss": self.id,
            "sub": self.id,
            "aud": self.audience,
            "jti": super::unique()?,
            "iat": seconds,
            "exp": seconds.saturating_add(ASSERTION_LIFETIME_S),
        });
        jws::sign(key, [("typ", "JWT".into())], &claims).map(Zeroizing::new)
    }
}

/// HTTP Basic with both halves form-encoded first (RFC 6749 §2.3.1).
fn basic(client_id: &str, client_secret: &str) -> SecretString {
    let encode = |text: &str| form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>();
    let pair = Zeroizing::new(format!("{}:{}", encode(client_id), encode(client_secret)));
    format!(
        "Basic {}",
        base64::engine::general_purpose::STANDARD.encode(pair.as_bytes())
    )
    .into()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use url::Url;

    use super::*;
    use crate::error::Code;
    use crate::jose::public_key::KeySet;
    use crate::jose::signed_text::SignedText;
    use crate::session::config::grant_type::GrantType;

    const NOW: WallMs = WallMs(1_700_000_000_999);

    fn oauth(client_auth: ClientAuth) -> OauthDialect {
        OauthDialect {
            issuer: None,
            jwks_uri: None,
            to_discover: false,
            server: crate::session::config::server::Server::default(),
            authorization: crate::session::config::authorization::Authorization::default(),
            token_endpoint: Url::parse("https://id.test/token").expect("a URL"),
            client_id: "web:odd".to_owned(),
            client_auth,
            dpop: false,
            grant: GrantType::RefreshToken,
            scope: None,
            resource: None,
        }
    }

    fn secrets() -> (ClientSecrets, PrivateKey) {
        let (key, text) = PrivateKey::generate().expect("a key");
        let secrets = ClientSecrets {
            client_secret: Some("p+ss w:rd/%26=&".into()),
            client_key: Some(text),
            client_certificate: Some("a certificate".into()),
            dpop_key: None,
        };
        (secrets, key)
    }

    /// The fields that a method adds, and its header.
    fn added(oauth: &OauthDialect, secrets: &ClientSecrets) -> (BTreeMap<String, String>, String) {
        let mut form = Serializer::new(String::new());
        let header = Client::new(oauth, secrets)
            .authenticate(&mut form, NOW)
            .expect("added");
        let fields = form_urlencoded::parse(form.finish().as_bytes())
            .into_owned()
            .collect();
        let header = header.map(|value| value.expose_secret().to_owned());
        (fields, header.unwrap_or_default())
    }

    #[test]
    fn basic_credentials_are_form_encoded_first() {
        let (fields, header) = added(&oauth(ClientAuth::ClientSecretBasic), &secrets().0);
        let encoded = header.strip_prefix("Basic ").expect("the scheme");
        let decoded = base64::engine::general_purpose::STANDARD
            .decode(encoded)
            .expect("base64");
        assert_eq!(
            String::from_utf8(decoded).expect("text"),
            "web%3Aodd:p%2Bss+w%3Ard%2F%2526%3D%26"
        );
        assert!(fields.is_empty(), "nothing is said twice");
    }

    /// Scenario 93: what the session names is done, and nothing else.
    #[test]
    fn each_method_adds_what_is_its_own() {
        for (method, names) in [
            (ClientAuth::None, &["client_id"][..]),
            (
                ClientAuth::ClientSecretPost,
                &["client_id", "client_secret"],
            ),
            (
                ClientAuth::PrivateKeyJwt,
                &["client_assertion", "client_assertion_type", "client_id"],
            ),
            (ClientAuth::TlsClientAuth, &["client_id"]),
            (ClientAuth::SelfSignedTlsClientAuth, &["client_id"]),
        ] {
            let (fields, header) = added(&oauth(method), &secrets().0);
            assert_eq!(fields.keys().collect::<Vec<_>>(), names, "{method:?}");
            assert_eq!(fields["client_id"], "web:odd");
            assert_eq!(header, "", "{method:?}");
        }
    }

    #[test]
    fn an_assertion_is_short_lived_and_never_the_same() {
        let (secrets, key) = secrets();
        let keys = json!({ "keys": [key.public_jwk()] }).to_string();
        let keys = KeySet::read(keys.as_bytes()).expect("a set");
        let mut seen = Vec::new();
        let mut oauth = oauth(ClientAuth::PrivateKeyJwt);
        for issuer in [None, Some("https://id.test")] {
            oauth.issuer = issuer.map(str::to_owned);
            let text = added(&oauth, &secrets).0.remove("client_assertion");
            let text = text.expect("an assertion");
            let jws = SignedText::read(&text).expect("a JWS");
            assert!(jws.signed_by(&keys).is_some());
            let claims = jws.claims;
            assert_eq!(
                (&claims["iss"], &claims["sub"]),
                (&json!("web:odd"), &json!("web:odd"))
            );
            let audience = issuer.unwrap_or("https://id.test/token");
            assert_eq!(
                claims["aud"], audience,
                "one server, by its name where that is known"
            );
            let (issued, expires) = (claims["iat"].as_i64(), claims["exp"].as_i64());
            assert_eq!(
                (issued, expires),
                (Some(1_700_000_000), Some(1_700_000_060))
            );
            seen.push(claims["jti"].clone());
        }
        assert_ne!(seen[0], seen[1]);
    }

    #[test]
    fn what_a_method_lacks_is_named() {
        let none = ClientSecrets::default();
        for (method, lacks) in [
            (ClientAuth::None, None),
            (ClientAuth::ClientSecretBasic, Some("client_secret")),
            (ClientAuth::ClientSecretPost, Some("client_secret")),
            (ClientAuth::PrivateKeyJwt, Some("client_key")),
            (ClientAuth::TlsClientAuth, Some("client_certificate")),
            (
                ClientAuth::SelfSignedTlsClientAuth,
                Some("client_certificate"),
            ),
        ] {
            assert_eq!(method.lacks(&none), lacks);
            assert_eq!(method.lacks(&secrets().0), None);
        }
    }

    #[test]
    fn a_key_that_is_none_is_named_before_anything_is_sent() {
        let (mut secrets, _) = secrets();
        secrets.client_key = Some("hunter2".into());
        let client = Client::new(&oauth(ClientAuth::PrivateKeyJwt), &secrets);
        let mut form = Serializer::new(String::new());
        let failure = client.authenticate(&mut form, NOW).expect_err("refused");
        assert_eq!(failure.code, Code::KeyInvalid);
        assert!(!failure.to_string().contains("hunter2"));
    }
}
