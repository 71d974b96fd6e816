//! Refresh tokens: a sealed family id and generation, so that any spent one is recognised without a list of spent ones.

use crate::key::{Key, Purpose};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

/// The token of one generation of a family; the same one each time it is written.
pub(crate) fn write(key: &Key, family: &str, generation: u64) -> String {
    let body = URL_SAFE_NO_PAD.encode(format!("{family} {generation}"));
    let seal = key.sign(Purpose::RefreshToken, &body);
    format!("{body}.{seal}")
}

/// The family and generation a token stands for, or `None` if this key did not seal it.
pub(crate) fn read(key: &Key, token: &str) -> Option<(String, u64)> {
    let (body, seal) = token.split_once('.')?;
    if !key.made(Purpose::RefreshToken, body, seal) {
        return None;
    }
    let body = String::from_utf8(URL_SAFE_NO_PAD.decode(body).ok()?).ok()?;
    let (family, generation) = body.split_once(' ')?;
    Some((family.to_owned(), generation.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refresh_token_is_read_back_by_its_own_key_only() {
        let key = Key::random();
        let token = write(&key, "f00d", 3);
        assert_eq!(read(&key, &token), Some(("f00d".to_owned(), 3)));
        assert_eq!(write(&key, "f00d", 3), token);
        assert_ne!(write(&key, "f00d", 4), token);
        assert_eq!(read(&Key::random(), &token), None);
        assert_eq!(read(&key, &token[1..]), None);
        assert_eq!(read(&key, ""), None);
    }
}
