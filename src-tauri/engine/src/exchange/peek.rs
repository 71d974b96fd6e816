//! The beginning of a body, read before its answer is judged: only where a session describes its refusals by their bodies.

/// Of a body, at most this much is read ahead. A longer one is judged as if it did not fit the description.
pub const PEEKED_BYTES_MAX: usize = 64 * 1024;

/// What was read ahead of a body; it is still part of the answer.
#[derive(Debug, Default)]
pub(crate) struct Begun {
    pub(crate) bytes: Vec<u8>,
    /// The body ended there.
    whole: bool,
}

impl Begun {
    /// Reads a body until it ends or grows beyond [`PEEKED_BYTES_MAX`].
    pub(crate) async fn read(response: &mut reqwest::Response) -> reqwest::Result<Self> {
        let mut begun = Self::default();
        let announced = response.content_length();
        if announced.is_some_and(|length| length > PEEKED_BYTES_MAX as u64) {
            return Ok(begun);
        }
        while begun.bytes.len() <= PEEKED_BYTES_MAX {
            match response.chunk().await? {
                Some(chunk) => begun.bytes.extend_from_slice(&chunk),
                None => {
                    begun.whole = true;
                    break;
                }
            }
        }
        Ok(begun)
    }

    /// The body, if it is known to its end.
    pub(crate) fn whole(&self) -> Option<&[u8]> {
        (self.whole && self.bytes.len() <= PEEKED_BYTES_MAX).then_some(self.bytes.as_slice())
    }
}
