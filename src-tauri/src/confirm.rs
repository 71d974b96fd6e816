//! Questions that are asked outside the web view: whatever runs in the page can neither answer nor see them.
//!
//! One at a time, and a new one at the earliest [`PAUSE`] after the last: a page that asks a hundred times at once is heard
//! once, and one that goes on asking at most once a second.

pub(crate) mod question;

use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use sandglass_engine::error::{Code, Failure, Result};
use tauri::AppHandle;
use tauri_plugin_dialog::{DialogExt as _, MessageDialogButtons, MessageDialogKind};
use tokio::sync::oneshot;

use self::question::Question;
use crate::window;

/// Between the end of one question and the next (security.md, N17).
const PAUSE: Duration = Duration::from_secs(1);

/// The one way to ask.
#[derive(Default)]
pub(crate) struct Confirm {
    gate: Mutex<Gate>,
}

/// Whether a question may be asked now.
#[derive(Default)]
struct Gate {
    open: bool,
    ended: Option<Instant>,
}

impl Gate {
    /// Takes the one turn, and says how long to wait before asking. `None`: somebody else has it.
    fn enter(&mut self, now: Instant, pause: Duration) -> Option<Duration> {
        if self.open {
            return None;
        }
        self.open = true;
        let since = |ended| now.saturating_duration_since(ended);
        Some(
            self.ended
                .map_or(Duration::ZERO, |ended| pause.saturating_sub(since(ended))),
        )
    }

    fn leave(&mut self, now: Instant) {
        self.open = false;
        self.ended = Some(now);
    }
}

/// Ends a question's turn, also where whoever asked is gone.
struct Turn<'a>(&'a Confirm);

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        self.0.lock().leave(Instant::now());
    }
}

impl Confirm {
    /// Asks, and waits for the answer.
    ///
    /// # Errors
    /// `confirm.too_often`: nobody was asked. `confirm.declined`: the answer is no, or the dialog was closed.
    pub(crate) async fn ask(&self, app: &AppHandle, question: Question) -> Result<()> {
        let _turn = self.turn(PAUSE).await?;
        let buttons =
            MessageDialogButtons::OkCancelCustom(question.allow.clone(), "Cancel".to_owned());
        if show(app, question, MessageDialogKind::Warning, buttons).await {
            Ok(())
        } else {
            Err(Failure::new(Code::ConfirmDeclined))
        }
    }

    /// Shows what was just asked for and must not be seen by the page, until it is closed.
    pub(crate) async fn follow_up(&self, app: &AppHandle, shown: Question) {
        let buttons = MessageDialogButtons::OkCustom(shown.allow.clone());
        show(app, shown, MessageDialogKind::Info, buttons).await;
    }

    /// Lets the user choose a folder. `None`: none was chosen.
    ///
    /// # Errors
    /// `confirm.too_often`: nobody was asked.
    pub(crate) async fn choose_folder(
        &self,
        app: &AppHandle,
        title: &str,
    ) -> Result<Option<PathBuf>> {
        // What is chosen follows what was just allowed: it waits for nothing but another dialog.
        let _turn = self.turn(Duration::ZERO).await?;
        let (answer, answered) = oneshot::channel();
        app.dialog()
            .file()
            .set_title(title)
            .pick_folder(move |folder| drop(answer.send(folder)));
        let chosen = answered.await.ok().flatten();
        Ok(chosen.and_then(|folder| folder.into_path().ok()))
    }

    /// Lets the user name a file to write. `None`: none was named.
    ///
    /// # Errors
    /// `confirm.too_often`: nobody was asked.
    pub(crate) async fn choose_file(
        &self,
        app: &AppHandle,
        title: &str,
        name: &str,
    ) -> Result<Option<PathBuf>> {
        let _turn = self.turn(Duration::ZERO).await?;
        let (answer, answered) = oneshot::channel();
        app.dialog()
            .file()
            .set_title(title)
            .set_file_name(name)
            .save_file(move |file| drop(answer.send(file)));
        let chosen = answered.await.ok().flatten();
        Ok(chosen.and_then(|file| file.into_path().ok()))
    }

    /// Lets the user choose a file to read. `None`: none was chosen.
    ///
    /// # Errors
    /// `confirm.too_often`: nobody was asked.
    pub(crate) async fn pick_file(&self, app: &AppHandle, title: &str) -> Result<Option<PathBuf>> {
        let _turn = self.turn(Duration::ZERO).await?;
        let (answer, answered) = oneshot::channel();
        app.dialog()
            .file()
            .set_title(title)
            .pick_file(move |file| drop(answer.send(file)));
        let chosen = answered.await.ok().flatten();
        Ok(chosen.and_then(|file| file.into_path().ok()))
    }

    async fn turn(&self, pause: Duration) -> Result<Turn<'_>> {
        let wait = self.lock().enter(Instant::now(), pause);
        let wait = wait.ok_or_else(|| Failure::new(Code::ConfirmTooOften))?;
        let turn = Turn(self);
        tokio::time::sleep(wait).await;
        Ok(turn)
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Gate> {
        self.gate.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

async fn show(
    app: &AppHandle,
    question: Question,
    kind: MessageDialogKind,
    buttons: MessageDialogButtons,
) -> bool {
    let mut dialog = app
        .dialog()
        .message(question.text.as_str())
        .title(question.title)
        .kind(kind)
        .buttons(buttons);
    if let Some(parent) = window::main(app) {
        dialog = dialog.parent(&parent);
    }
    let (answer, answered) = oneshot::channel();
    // Whoever asked may be gone; then nobody wants the answer.
    dialog.show(move |yes| _ = answer.send(yes));
    answered.await.unwrap_or(false)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// N17: a page that asks again and again is not heard.
    #[test]
    fn one_question_at_a_time_and_one_a_second() {
        let (mut gate, began) = (Gate::default(), Instant::now());
        assert_eq!(gate.enter(began, PAUSE), Some(Duration::ZERO));
        assert!(
            (0..100).all(|_| gate.enter(began + PAUSE * 9, PAUSE).is_none()),
            "one is open"
        );
        gate.leave(began + PAUSE * 9);
        let soon = began + PAUSE * 9 + PAUSE / 2;
        assert_eq!(gate.enter(soon, PAUSE), Some(PAUSE / 2), "after the pause");
        assert_eq!(gate.enter(soon, PAUSE), None, "who waits has the turn");
        gate.leave(soon);
        assert_eq!(gate.enter(soon + PAUSE, PAUSE), Some(Duration::ZERO));
    }
}
