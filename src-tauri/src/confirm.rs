//! Questions outside the web view: what widens trust is asked in a dialog of the system, which no page can draw or press.

use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};

use tauri::AppHandle;
use tauri_plugin_dialog::{DialogExt as _, MessageDialogButtons, MessageDialogKind};
use tokio::sync::oneshot;

/// A dialog is open. A page that asks a hundred times gets one dialog, and ninety-nine times no.
static IS_ASKING: AtomicBool = AtomicBool::new(false);

/// A question with two answers.
pub(crate) struct Question {
    pub(crate) title: String,
    pub(crate) text: String,
    /// What the button says that allows it.
    pub(crate) allow: String,
}

/// Asks, and waits for the user. False: the answer was no, the dialog was closed, or another one is open.
pub(crate) async fn confirm(app: &AppHandle, question: Question) -> bool {
    let Some(_turn) = Turn::take() else {
        return false;
    };
    let (answer, answered) = oneshot::channel();
    app.dialog()
        .message(question.text)
        .title(question.title)
        .kind(MessageDialogKind::Warning)
        .buttons(MessageDialogButtons::OkCancelCustom(
            question.allow,
            "Cancel".to_owned(),
        ))
        // Who asked may be gone; then nobody is to be told.
        .show(move |yes| _ = answer.send(yes));
    answered.await.unwrap_or(false)
}

/// Lets the user choose a folder. `None`: none was chosen, or another dialog is open.
pub(crate) async fn choose_folder(app: &AppHandle, title: &str) -> Option<PathBuf> {
    let _turn = Turn::take()?;
    let (answer, answered) = oneshot::channel();
    app.dialog()
        .file()
        .set_title(title)
        .pick_folder(move |folder| drop(answer.send(folder)));
    answered.await.ok()??.into_path().ok()
}

/// Lets the user name a file to write. `None`: none was named, or another dialog is open.
pub(crate) async fn choose_file(app: &AppHandle, title: &str, name: &str) -> Option<PathBuf> {
    let _turn = Turn::take()?;
    let (answer, answered) = oneshot::channel();
    app.dialog()
        .file()
        .set_title(title)
        .set_file_name(name)
        .save_file(move |file| drop(answer.send(file)));
    answered.await.ok()??.into_path().ok()
}

/// The one dialog that may be open.
struct Turn;

impl Turn {
    fn take() -> Option<Self> {
        (!IS_ASKING.swap(true, Ordering::AcqRel)).then_some(Self)
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        IS_ASKING.store(false, Ordering::Release);
    }
}
