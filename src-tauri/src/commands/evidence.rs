//! The command that writes evidence to share: where to is asked in a dialog of the system, and nobody else may read it.

use std::io::Write as _;
use std::path::Path;

use sandglass_engine::error::{Code, Failure, Result};
use sandglass_engine::evidence::{Format, Selection};
use serde::{Deserialize, Serialize};
use tauri::{AppHandle, State};
use ts_rs::TS;
use zeroize::Zeroizing;

use super::aside;
use crate::print::verdict::English;
use crate::shell::Shell;
use crate::trust;

/// What is written, and in which form.
#[derive(Debug, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct SaveEvidence {
    /// The part of the timeline.
    pub selection: Selection,
    /// The form.
    pub format: Format,
    /// What the user typed to have the secrets in it: [`SECRETS_TYPED`]. Absent: it holds none, which is the rule.
    #[serde(default)]
    #[ts(optional)]
    pub secrets: Option<String>,
}

/// What must be typed for a file with secrets.
pub const SECRETS_TYPED: &str = "with secrets";

/// What became of it.
#[derive(Debug, Serialize, TS)]
pub struct SavedEvidence {
    /// Where it is. Null: the user named no file, or there was nothing to write.
    pub path: Option<String>,
}

/// Writes a part of the timeline to a file of the user's choice.
#[tauri::command]
pub(crate) async fn save_evidence(
    app: AppHandle,
    shell: State<'_, Shell>,
    args: SaveEvidence,
) -> Result<SavedEvidence> {
    let engine = shell.engine().await?.clone();
    let SaveEvidence {
        selection,
        format,
        secrets,
    } = args;
    let evidence = match secrets {
        None => aside(move || engine.evidence(selection)).await?,
        Some(typed) => {
            trust::evidence_with_secrets(&shell, &app, &typed).await?;
            engine.evidence_with_secrets(selection).await
        }
    };
    let Some(evidence) = evidence else {
        return Ok(SavedEvidence { path: None });
    };
    let mark = evidence.secrets.as_ref().map_or("", |_| "-WITH-SECRETS");
    let text = Zeroizing::new(evidence.write(format, &English));
    let name = format!("sandglass-evidence{mark}.{}", format.ending());
    let chosen = shell.confirm.choose_file(&app, "Save evidence", &name);
    let Some(path) = chosen.await? else {
        return Ok(SavedEvidence { path: None });
    };
    let shown = path.display().to_string();
    let written = aside(move || write(&path, &text)).await?;
    written.map_err(|error| {
        Failure::new(Code::EvidenceUnwritable)
            .with("path", &shown)
            .with("detail", error)
    })?;
    Ok(SavedEvidence { path: Some(shown) })
}

/// Writes a file that only its owner may read, also where one of that name was open to others.
fn write(path: &Path, text: &str) -> std::io::Result<()> {
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(path)?;
    #[cfg(unix)]
    file.set_permissions(std::os::unix::fs::PermissionsExt::from_mode(0o600))?;
    file.write_all(text.as_bytes())?;
    file.sync_all()
}

#[cfg(all(test, unix))]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    #[test]
    fn a_file_of_evidence_is_its_owners_alone() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("evidence.md");
        std::fs::write(&path, "what was there before, and longer").expect("written");
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o644)).expect("open");
        write(&path, "short").expect("written");
        assert_eq!(std::fs::read_to_string(&path).expect("read"), "short");
        let mode = std::fs::metadata(&path)
            .expect("a file")
            .permissions()
            .mode();
        assert_eq!(mode & 0o777, 0o600);
    }
}
