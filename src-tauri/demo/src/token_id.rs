//! The `jti` of access tokens: a UUID version 7 (RFC 9562) whose time is unique, so that it orders all tokens of a server.

/// The id of one access token: when it was issued, to the millisecond, and random bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct TokenId(u128);

impl TokenId {
    /// The id of a token issued then, in milliseconds since 1970.
    pub(crate) fn issued_at(ms: u64) -> Self {
        let mut random = [0; 16];
        getrandom::fill(&mut random[6..]).expect("the system can give random bytes");
        let bits = (u128::from(ms) << 80) | u128::from_be_bytes(random);
        // Version 7 in bits 48 to 51, the RFC's variant in bits 64 and 65.
        let version = (bits & !(0xf << 76)) | (0x7 << 76);
        Self((version & !(0b11 << 62)) | (0b10 << 62))
    }

    /// The id that a `jti` claim spells, or `None` if it is not one of ours.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let id = Self(u128::from_str_radix(&text.replace('-', ""), 16).ok()?);
        (id.to_string() == text).then_some(id)
    }

    /// When the token was issued, in milliseconds since 1970. No two tokens of one server share it.
    pub(crate) fn issued_ms(self) -> u64 {
        u64::try_from(self.0 >> 80).expect("48 bits fit into 64")
    }
}

impl std::fmt::Display for TokenId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let hex = format!("{:032x}", self.0);
        let (a, b, c, d, e) = (
            &hex[..8],
            &hex[8..12],
            &hex[12..16],
            &hex[16..20],
            &hex[20..],
        );
        write!(f, "{a}-{b}-{c}-{d}-{e}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_a_version_7_uuid_that_remembers_its_time() {
        let id = TokenId::issued_at(1_790_000_000_123);
        let text = id.to_string();
        assert_eq!(text.len(), 36);
        assert_eq!(text.as_bytes()[14], b'7');
        assert!("89ab".contains(char::from(text.as_bytes()[19])));
        assert_eq!(TokenId::parse(&text), Some(id));
        assert_eq!(id.issued_ms(), 1_790_000_000_123);
        assert_eq!(TokenId::parse("something else"), None);
        assert_eq!(TokenId::parse(&text.replace('-', "")), None);
    }
}
