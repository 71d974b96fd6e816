//! Commands of the fault lab.

use sandglass_engine::error::Result;
use sandglass_engine::fault::{Fault, FaultName};
use sandglass_engine::session::snapshot::SessionSnapshot;
use serde::Deserialize;
use tauri::{AppHandle, State};
use ts_rs::TS;

use crate::shell::Shell;
use crate::trust;

/// What is to go wrong, and for whom.
#[derive(Debug, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct ArmFault {
    /// The session's name.
    pub session: String,
    /// What is to go wrong.
    pub fault: Fault,
    /// What the user typed to confirm it, where that is asked for: the session's name.
    pub typed: Option<String>,
}

/// What is no longer to go wrong, and for whom.
#[derive(Debug, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct ClearFault {
    /// The session's name.
    pub session: String,
    /// Which fault.
    pub name: FaultName,
}

/// Switches a fault on.
#[tauri::command]
pub(crate) async fn arm_fault(
    app: AppHandle,
    shell: State<'_, Shell>,
    args: ArmFault,
) -> Result<Vec<SessionSnapshot>> {
    trust::arm(
        &shell,
        &app,
        &args.session,
        args.fault,
        args.typed.as_deref(),
    )
    .await?;
    Ok(shell.engine().await?.sessions())
}

/// Switches a fault off.
#[tauri::command]
pub(crate) async fn clear_fault(
    shell: State<'_, Shell>,
    args: ClearFault,
) -> Result<Vec<SessionSnapshot>> {
    let engine = shell.engine().await?;
    engine.clear_fault(&args.session, args.name)?;
    Ok(engine.sessions())
}
