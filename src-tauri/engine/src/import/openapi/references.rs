//! `$ref`: what it points to inside the same file. Nothing else is opened or fetched, and nothing points to itself.

use serde_json::Value;

use super::super::left_out::WhyLeftOut;

/// References that lead to references.
const HOPS_MAX: usize = 16;

/// What is not taken over, and why.
pub(super) type Left = (String, WhyLeftOut);

/// The file that references point into.
pub(super) struct References<'a> {
    root: &'a Value,
}

impl<'a> References<'a> {
    pub(super) fn new(root: &'a Value) -> Self {
        Self { root }
    }

    /// The value itself, or what it points to.
    pub(super) fn resolve<'v>(&self, value: &'v Value) -> Result<&'v Value, Left>
    where
        'a: 'v,
    {
        let mut value = value;
        for _ in 0..HOPS_MAX {
            let Some(reference) = reference(value) else {
                return Ok(value);
            };
            value = self.target(reference)?;
        }
        Err((
            reference(value).unwrap_or_default().to_owned(),
            WhyLeftOut::CircularReference,
        ))
    }

    fn target(&self, reference: &str) -> Result<&'a Value, Left> {
        let Some(pointer) = reference.strip_prefix('#') else {
            return Err((shown(reference), WhyLeftOut::RemoteReference));
        };
        let decoded = percent_decoded(pointer);
        self.root
            .pointer(&decoded)
            .ok_or_else(|| (shown(reference), WhyLeftOut::BrokenReference))
    }
}

/// What a value points to, where it is a reference.
pub(super) fn reference(value: &Value) -> Option<&str> {
    value.get("$ref").and_then(Value::as_str)
}

/// An address of a reference without what it may carry.
fn shown(reference: &str) -> String {
    url::Url::parse(reference).map_or_else(|_| reference.to_owned(), |url| crate::redact::url(&url))
}

/// A pointer in an address is percent-encoded (RFC 6901 §6).
fn percent_decoded(pointer: &str) -> String {
    if !pointer.contains('%') {
        return pointer.to_owned();
    }
    let mut bytes = Vec::with_capacity(pointer.len());
    let mut rest = pointer.as_bytes();
    while let Some((first, after)) = rest.split_first() {
        let hex = after.get(..2).and_then(|hex| std::str::from_utf8(hex).ok());
        match hex
            .and_then(|hex| u8::from_str_radix(hex, 16).ok())
            .filter(|_| *first == b'%')
        {
            Some(byte) => {
                bytes.push(byte);
                rest = &after[2..];
            }
            None => {
                bytes.push(*first);
                rest = after;
            }
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}
