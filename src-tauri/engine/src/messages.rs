//! The newest messages of sign-ins and refreshes, masked, for whoever looks at one of their events. In memory only, and gone
//! with the process: the timeline is what stays.

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};

use crate::timeline::event::EventKey;

/// Messages that are kept; the oldest is forgotten first.
const MESSAGES_MAX: usize = 200;

/// What was said, by the event that tells of it.
#[derive(Default)]
pub(crate) struct Messages(Mutex<VecDeque<(EventKey, String)>>);

impl Messages {
    /// Keeps what was said in an event. It is masked already.
    pub(crate) fn keep(&self, of: EventKey, text: String) {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.len() == MESSAGES_MAX {
            kept.pop_front();
        }
        kept.push_back((of, text));
    }

    /// What was said in an event. `None`: nothing, or it is forgotten.
    pub(crate) fn of(&self, event: EventKey) -> Option<String> {
        let kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let found = kept.iter().rev().find(|(of, _)| *of == event);
        found.map(|(_, text)| text.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_are_kept() {
        let messages = Messages::default();
        let key = |seq| EventKey { run: 1, seq };
        for seq in 0..=MESSAGES_MAX as u64 {
            messages.keep(key(seq), format!("message {seq}"));
        }
        assert_eq!(messages.of(key(0)), None, "the oldest went");
        assert_eq!(messages.of(key(1)).as_deref(), Some("message 1"));
        assert_eq!(messages.of(key(7_000)), None);
    }
}
