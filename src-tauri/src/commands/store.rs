//! Commands about where tokens are kept.

use std::time::Duration;

use sandglass_engine::Engine;
use sandglass_engine::error::{Code, Result};
use sandglass_engine::session::snapshot::SessionSnapshot;
use sandglass_engine::timeline::event::Kept;
use serde::{Deserialize, Serialize};
use tauri::State;
use ts_rs::TS;

use super::Nothing;
use crate::shell::Shell;

/// How long the first picture waits for the keychain before it says "unknown".
const GLANCE: Duration = Duration::from_secs(1);

/// Where tokens are to be kept.
#[derive(Debug, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct ChooseStore {
    /// In this program's memory only.
    pub memory_only: bool,
}

/// What the system keychain is like.
#[derive(Debug, Serialize, TS)]
pub struct KeychainView {
    /// Where tokens are kept.
    pub kept: Kept,
    /// Whether the system keychain can be used.
    pub state: KeychainState,
    /// What it said, if it said something.
    pub detail: Option<String>,
}

/// Whether the system keychain can be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum KeychainState {
    /// It can.
    Open,
    /// Somebody has to unlock it.
    Locked,
    /// There is none.
    Absent,
    /// It takes longer than its limit; it may be waiting for a person.
    Slow,
    /// It refused, or garbled what it was given.
    Failed,
    /// It has not answered yet.
    Unknown,
}

impl KeychainView {
    /// Asks the keychain, and waits for it.
    pub(crate) async fn ask(engine: &Engine) -> Self {
        let (state, detail) = match engine.probe_vault().await {
            Ok(()) => (KeychainState::Open, None),
            Err(failure) => (
                match failure.code {
                    Code::StoreLocked => KeychainState::Locked,
                    Code::StoreAbsent => KeychainState::Absent,
                    Code::StoreSlow => KeychainState::Slow,
                    _ => KeychainState::Failed,
                },
                failure.params.get("detail").cloned(),
            ),
        };
        Self {
            kept: engine.kept(),
            state,
            detail,
        }
    }

    /// Asks the keychain, and does not wait long: the window is to be drawn.
    pub(crate) async fn glance(engine: &Engine) -> Self {
        let unknown = Self {
            kept: engine.kept(),
            state: KeychainState::Unknown,
            detail: None,
        };
        tokio::time::timeout(GLANCE, Self::ask(engine))
            .await
            .unwrap_or(unknown)
    }
}

/// Chooses where tokens are kept.
#[tauri::command]
pub(crate) async fn choose_store(
    shell: State<'_, Shell>,
    args: ChooseStore,
) -> Result<Vec<SessionSnapshot>> {
    let engine = shell.engine().await?;
    engine
        .keep_in(if args.memory_only {
            Kept::Memory
        } else {
            Kept::Keychain
        })
        .await;
    Ok(engine.sessions())
}

/// Asks the keychain again.
#[tauri::command]
pub(crate) async fn retry_store(shell: State<'_, Shell>, args: Nothing) -> Result<KeychainView> {
    let Nothing {} = args;
    let engine = shell.engine().await?;
    engine.reopen_vault().await;
    Ok(KeychainView::ask(engine).await)
}
