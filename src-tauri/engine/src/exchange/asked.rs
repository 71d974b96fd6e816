//! What went out last of each send, kept for a while so that it can be asked once more, and by somebody else.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

use super::ready::Ready;
use crate::answers::ANSWERS_KEPT_MAX;

/// Bytes of the bodies that are kept in memory, all sends together; the oldest are forgotten first.
const ASKED_BYTES_MAX: usize = 32 * 1024 * 1024;

/// The last request of one send: after its redirects, and without a token.
pub(crate) struct Asked {
    pub(crate) ready: Ready,
    /// The session whose token went with it, or may have.
    pub(crate) session: Option<Arc<str>>,
    /// The attempt that it belongs to.
    pub(crate) attempt: u32,
    /// A redirect led to another origin: the session's token stayed behind.
    pub(crate) left: bool,
}

/// The last requests of the last sends, by their numbers.
#[derive(Default)]
pub(crate) struct AskedBook {
    kept: Mutex<VecDeque<(u64, Arc<Asked>)>>,
}

impl AskedBook {
    /// Remembers what a send asked last.
    pub(crate) fn keep(&self, request: u64, asked: Asked) {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.push_back((request, Arc::new(asked)));
        let bytes = |(_, asked): &(u64, Arc<Asked>)| asked.ready.payload.held_bytes();
        let mut held: usize = kept.iter().map(bytes).sum();
        while kept.len() > ANSWERS_KEPT_MAX || held > ASKED_BYTES_MAX {
            let Some(oldest) = kept.pop_front() else {
                return;
            };
            held -= bytes(&oldest);
        }
    }

    /// What a send asked last. `None`: it has not ended, or it is forgotten.
    pub(crate) fn find(&self, request: u64) -> Option<Arc<Asked>> {
        let kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.iter()
            .rev()
            .find(|(number, _)| *number == request)
            .map(|(_, asked)| Arc::clone(asked))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::exchange::body::Body;
    use crate::exchange::draft::Draft;

    fn asked(bytes: usize) -> Asked {
        let draft = Draft {
            method: "POST".to_owned(),
            url: "https://api.test/".to_owned(),
            headers: Vec::new(),
            body: Some(Body::Text("x".repeat(bytes))),
            session: None,
            allow_without_token: false,
            follow_redirects: true,
            time_limit_ms: None,
        };
        Asked {
            ready: Ready::check(draft, None).expect("a good draft"),
            session: None,
            attempt: 1,
            left: false,
        }
    }

    #[test]
    fn the_last_ones_are_kept_within_a_number_and_a_size() {
        let book = AskedBook::default();
        for request in 0..=ANSWERS_KEPT_MAX as u64 {
            book.keep(request, asked(1));
        }
        assert!(book.find(0).is_none() && book.find(1).is_some());
        book.keep(1_000, asked(ASKED_BYTES_MAX));
        assert!(book.find(1).is_none() && book.find(1_000).is_some());
        book.keep(1_001, asked(1));
        assert!(book.find(1_000).is_none(), "together they are too large");
    }
}
