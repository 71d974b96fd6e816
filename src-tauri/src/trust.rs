//! What trusts the user's own hands further: each is asked for outside the web view, and the answer is told.

use sandglass_engine::engine::Engine;
use sandglass_engine::error::{Code, Failure, Result};
use sandglass_engine::fault::{Fault, FaultName};
use sandglass_engine::timeline::event::{HandedOut, Widening};
use sandglass_engine::token::TokenKind;
use tauri::AppHandle;

use crate::commands::SECRETS_TYPED;
use crate::confirm::question::{self, Question};
use crate::shell::{Opened, Shell};

/// Shows a token in a dialog outside the web view.
///
/// # Errors
/// `confirm.*`, `session.unknown`, `session.sign_in_needed`.
pub(crate) async fn reveal(
    shell: &Shell,
    app: &AppHandle,
    session: &str,
    which: TokenKind,
) -> Result<()> {
    let engine = shell.engine().await?;
    let asked = question::reveal(session, which);
    ask(shell, app, engine, session, Widening::Reveal, asked).await?;
    let token = engine.hand_out(session, which, HandedOut::Revealed)?;
    // The answer was given a moment ago: this is the same question's end.
    shell
        .confirm
        .follow_up(app, question::revealed(session, &token))
        .await;
    Ok(())
}

/// Puts a token into the clipboard.
///
/// # Errors
/// `confirm.*`, `clipboard.unavailable`, `session.unknown`, `session.sign_in_needed`.
pub(crate) async fn copy(
    shell: &Shell,
    app: &AppHandle,
    session: &str,
    which: TokenKind,
) -> Result<()> {
    let engine = shell.engine().await?;
    if which == TokenKind::Refresh {
        let asked = question::copy_refresh_token(session);
        ask(
            shell,
            app,
            engine,
            session,
            Widening::CopyRefreshToken,
            asked,
        )
        .await?;
    }
    let token = engine.hand_out(session, which, HandedOut::Copied)?;
    shell.clipboard.copy(token).await
}

/// Asks the session's issuer, where its file leaves endpoints open; where it leads to other hosts than its own, the user is
/// asked first.
///
/// # Errors
/// `discovery.*`, `confirm.*`, `session.unknown`.
pub(crate) async fn hosts_of_issuer(shell: &Shell, app: &AppHandle, session: &str) -> Result<()> {
    let engine = shell.engine().await?;
    match engine.find_endpoints(session).await {
        Err(failure) if failure.code == Code::DiscoveryElsewhere => {
            let asked = question::other_hosts(session, &failure);
            ask(shell, app, engine, session, Widening::Addresses, asked).await?;
            engine.approve_endpoints(&failure);
            Ok(())
        }
        found => found,
    }
}

/// Switches a fault on. One that may end the session is for the demo; elsewhere the user is asked first.
///
/// # Errors
/// `fault.*`, `confirm.*`, `session.unknown`.
pub(crate) async fn arm(
    shell: &Shell,
    app: &AppHandle,
    session: &str,
    fault: Fault,
    typed: Option<&str>,
) -> Result<()> {
    let Opened { engine, demo, .. } = shell.opened().await?;
    if fault.name == FaultName::ReuseRefreshToken && typed != Some(session) {
        return Err(Failure::new(Code::FaultUnconfirmed).with("session", session));
    }
    if fault.name.risks_session() && demo.is_none() {
        let asked = question::risky_fault(session, fault.name);
        ask(shell, app, engine, session, Widening::RiskyFault, asked).await?;
    }
    engine.arm_fault(session, fault)
}

/// Whether secrets may stand in a file: typed out in the window, and allowed outside it.
///
/// # Errors
/// `evidence.unconfirmed`, `confirm.*`.
pub(crate) async fn evidence_with_secrets(
    shell: &Shell,
    app: &AppHandle,
    typed: &str,
) -> Result<()> {
    if typed.trim() != SECRETS_TYPED {
        return Err(Failure::new(Code::EvidenceUnconfirmed));
    }
    let engine = shell.engine().await?;
    let answer = shell.confirm.ask(app, question::secrets()).await;
    tell(engine, None, Widening::Secrets, &answer);
    answer
}

/// Allows other tools a session's token, after a question; takes it back without one.
///
/// # Errors
/// `confirm.*`, `session.unknown`, `store.*`.
pub(crate) async fn make_portable(
    shell: &Shell,
    app: &AppHandle,
    session: &str,
    allowed: bool,
) -> Result<()> {
    let engine = shell.engine().await?;
    if allowed {
        let sessions = engine.sessions();
        let known = sessions.iter().find(|one| one.name == session);
        let origins = known.map(|one| one.origins.join(", ")).unwrap_or_default();
        let asked = question::portable(session, &origins);
        ask(shell, app, engine, session, Widening::TokenCommand, asked).await?;
    }
    engine.make_portable(session, allowed).await
}

/// Whether the user allows it, told to the timeline.
///
/// # Errors
/// `confirm.too_often`: nobody was asked.
pub(crate) async fn allows(
    shell: &Shell,
    app: &AppHandle,
    session: &str,
    widening: Widening,
    question: Question,
) -> Result<bool> {
    let engine = shell.engine().await?;
    match ask(shell, app, engine, session, widening, question).await {
        Ok(()) => Ok(true),
        Err(failure) if failure.code == Code::ConfirmDeclined => Ok(false),
        Err(failure) => Err(failure),
    }
}

/// Asks, and tells the timeline what the answer was. Who was not asked has not answered.
async fn ask(
    shell: &Shell,
    app: &AppHandle,
    engine: &Engine,
    session: &str,
    widening: Widening,
    question: Question,
) -> Result<()> {
    let answer = shell.confirm.ask(app, question).await;
    tell(engine, Some(session), widening, &answer);
    answer
}

fn tell(engine: &Engine, session: Option<&str>, widening: Widening, answer: &Result<()>) {
    let asked = !matches!(answer, Err(failure) if failure.code == Code::ConfirmTooOften);
    if asked {
        engine.tell_asked(session, widening, answer.is_ok());
    }
}
