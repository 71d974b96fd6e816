//! Access tokens: JWTs (RFC 7519) signed with HS256, because the only reader is the server that made them.

use crate::clients::DEMO_USER;
use crate::key::{Key, Purpose};
use crate::token_id::TokenId;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use std::time::Duration;

/// The user's id in the `sub` claim.
pub(crate) const SUBJECT: &str = "u-17";
/// The user's name in the `name` claim.
pub(crate) const FULL_NAME: &str = "Ada Byron";

/// What an access token says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Claims {
    pub(crate) iss: String,
    pub(crate) sub: String,
    pub(crate) name: String,
    pub(crate) preferred_username: String,
    pub(crate) aud: String,
    /// Whole seconds since 1970; the exact moment is in `jti`.
    pub(crate) iat: u64,
    /// The next whole second at which the token is certainly refused.
    pub(crate) exp: u64,
    /// Not issued but by a fault; honoured all the same.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) nbf: Option<u64>,
    pub(crate) jti: String,
    pub(crate) scope: String,
    pub(crate) client_id: String,
    /// The family the token belongs to.
    pub(crate) sid: String,
}

impl Claims {
    /// What a token says that is issued now and lives for `ttl`.
    pub(crate) fn new(origin: &str, id: TokenId, ttl: Duration) -> Self {
        Self {
            iss: origin.to_owned(),
            sub: SUBJECT.to_owned(),
            name: FULL_NAME.to_owned(),
            preferred_username: DEMO_USER.to_owned(),
            aud: origin.to_owned(),
            iat: id.issued_ms() / 1000,
            exp: ends_ms(id, ttl).div_ceil(1000),
            nbf: None,
            jti: id.to_string(),
            scope: String::new(),
            client_id: String::new(),
            sid: String::new(),
        }
    }

    /// Whether the claim allows this.
    pub(crate) fn has_scope(&self, wanted: &str) -> bool {
        self.scope.split(' ').any(|scope| scope == wanted)
    }
}

/// When a token stops being honoured, in milliseconds since 1970. `exp` alone is too coarse for lives of a few seconds.
pub(crate) fn ends_ms(id: TokenId, ttl: Duration) -> u64 {
    id.issued_ms().saturating_add(crate::families::in_ms(ttl))
}

/// The token that says this.
pub(crate) fn write(key: &Key, claims: &Claims) -> String {
    sign(
        key,
        &serde_json::to_vec(claims).expect("claims are plain strings and numbers"),
    )
}

/// The token that says what another one of this key says, and these claims in the place of its own or beside them.
pub(crate) fn rewrite(key: &Key, token: &str, claims: &Map<String, Value>) -> Option<String> {
    let said = serde_json::to_value(read(key, token)?).ok()?;
    let Value::Object(mut said) = said else {
        return None;
    };
    said.extend(claims.clone());
    Some(sign(key, Value::Object(said).to_string().as_bytes()))
}

fn sign(key: &Key, body: &[u8]) -> String {
    let header = json!({ "alg": "HS256", "typ": "JWT", "kid": key.id() });
    let signed = format!(
        "{}.{}",
        URL_SAFE_NO_PAD.encode(header.to_string()),
        URL_SAFE_NO_PAD.encode(body)
    );
    let signature = key.sign(Purpose::AccessToken, &signed);
    format!("{signed}.{signature}")
}

/// What a token says, or `None` if this key did not sign it. The header is not believed: there is one algorithm and one key.
pub(crate) fn read(key: &Key, token: &str) -> Option<Claims> {
    let (signed, signature) = token.rsplit_once('.')?;
    if !key.made(Purpose::AccessToken, signed, signature) {
        return None;
    }
    let (_, body) = signed.split_once('.')?;
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(body).ok()?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_read_back_only_if_every_part_is_untouched() {
        let key = Key::random();
        let id = TokenId::issued_at(1_790_000_000_100);
        let claims = Claims::new("http://127.0.0.1:1", id, Duration::from_secs(6));
        let token = write(&key, &claims);
        assert_eq!(read(&key, &token), Some(claims));
        assert_eq!(read(&Key::random(), &token), None);
        for place in [0, token.len() / 2, token.len() - 3] {
            let mut bytes = token.clone().into_bytes();
            bytes[place] = if bytes[place] == b'A' { b'B' } else { b'A' };
            let touched = String::from_utf8(bytes).expect("still ASCII");
            assert_eq!(read(&key, &touched), None, "byte {place}");
        }
        assert_eq!(read(&key, ""), None);
        assert_eq!(read(&key, "a.b.c"), None);
    }

    #[test]
    fn a_token_is_never_honoured_after_its_exp() {
        let id = TokenId::issued_at(1_790_000_000_999);
        let claims = Claims::new("http://127.0.0.1:1", id, Duration::from_secs(6));
        assert_eq!(claims.iat, 1_790_000_000);
        assert_eq!(claims.exp, 1_790_000_007);
        assert!(ends_ms(id, Duration::from_secs(6)) <= claims.exp * 1000);
    }
}
