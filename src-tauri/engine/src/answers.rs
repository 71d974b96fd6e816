//! What came of the last sends, for those who ask after the end: the answer, or why there was none.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

use crate::error::Result;
use crate::exchange::response::ResponseDetails;

/// Sends whose end is remembered; older ones are forgotten.
pub(crate) const ANSWERS_KEPT_MAX: usize = 200;

/// The ends of the last sends, by their numbers.
#[derive(Default)]
pub(crate) struct Answers {
    kept: Mutex<VecDeque<(u64, Result<Arc<ResponseDetails>>)>>,
}

impl Answers {
    /// Remembers how a send ended. Called before the timeline says that it has: who hears of it finds it.
    pub(crate) fn keep(&self, request: u64, answer: Result<Arc<ResponseDetails>>) {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let full = kept.len() == ANSWERS_KEPT_MAX;
        // What is forgotten is taken apart when nobody waits for it.
        let forgotten = if full { kept.pop_front() } else { None };
        kept.push_back((request, answer));
        drop(kept);
        drop(forgotten);
    }

    /// How a send ended. `None`: it has not, or it is forgotten.
    pub(crate) fn find(&self, request: u64) -> Option<Result<Arc<ResponseDetails>>> {
        let kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.iter()
            .rev()
            .find(|(number, _)| *number == request)
            .map(|(_, answer)| answer.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::{Code, Failure};

    #[test]
    fn the_last_ends_are_remembered_and_no_more() {
        let answers = Answers::default();
        for request in 0..=ANSWERS_KEPT_MAX as u64 {
            answers.keep(
                request,
                Err(Failure::new(Code::RequestStopped).with("n", request)),
            );
        }
        assert!(answers.find(0).is_none());
        let last = answers
            .find(ANSWERS_KEPT_MAX as u64)
            .expect("kept")
            .expect_err("a failure");
        assert_eq!(last.params["n"], ANSWERS_KEPT_MAX.to_string());
    }
}
