//! The engine's verb for asking another HTTP client the same.

use std::sync::Arc;

use super::Engine;
use crate::error::{Code, Failure, Result};
use crate::second_opinion::{AskOpinion, OPINIONS_OPEN_MAX, Opinion, SecondOpinion};

impl Engine {
    /// Sends what a send of this run asked once more, through an unrelated HTTP client, and compares the answers.
    ///
    /// # Errors
    /// `second_opinion.forgotten` where the send is under way or not held any more; `second_opinion.token_gone` where its
    /// token is wanted and not the current one; `request.too_many`; `origin.*`, `body.*`. Nobody was asked then.
    pub async fn second_opinion(&self, args: AskOpinion) -> Result<SecondOpinion> {
        let inner = &self.inner;
        let too_many = |_| Failure::new(Code::TooManyRequests).with("limit", OPINIONS_OPEN_MAX);
        let _turn = inner.opinions.try_acquire().map_err(too_many)?;
        let known = inner
            .asked
            .find(args.request)
            .zip(self.answer(args.request));
        let (asked, answer) = known.ok_or_else(|| {
            Failure::new(Code::SecondOpinionForgotten).with("request", format!("R{}", args.request))
        })?;
        let session = asked
            .session
            .as_deref()
            .map(|name| self.session(name))
            .transpose()?;
        let opinion = Opinion {
            context: Arc::clone(&inner.context),
            asked,
            session,
            sessions: self.all_sessions(),
            args,
        };
        opinion.ask(answer).await
    }
}
