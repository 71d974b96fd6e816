//! What of a request may be remembered after it was sent.

use super::Engine;
use crate::exchange::draft::Draft;
use crate::notebook::history::Remembered;
use crate::notebook::secret_free::secret_free;

impl Engine {
    /// The request without secrets: neither those of its variables, nor a session's, nor what is one by its name.
    pub fn remembered(&self, draft: &Draft) -> Remembered {
        let mut masker = self.inner.context.variable_masker();
        for session in self.all_sessions().iter() {
            session.mask_with(&mut masker);
        }
        let filled = self.filled_address(&draft.url);
        let (written, hidden) = secret_free(draft.clone(), &masker);
        let at = Draft {
            url: filled.unwrap_or_else(|_| draft.url.clone()),
            headers: Vec::new(),
            body: None,
            ..draft.clone()
        };
        Remembered {
            url: secret_free(at, &masker).0.url,
            written,
            hidden,
        }
    }
}
