//! Questions to a session's server, for whoever wants to know: what a token is worth, who the user is, and the way out.

use super::Engine;
use crate::error::Result;
use crate::family::questions::Asked;
use crate::redact::Masker;
use crate::session::Session;
use crate::timeline::event::Question;
use crate::token::TokenKind;
use crate::token::answer::ServerAnswer;

impl Engine {
    /// Asks the server what a token of the session is worth (RFC 7662), as its client.
    ///
    /// # Errors
    /// `session.unknown`, `session.sign_in_needed`, `server.not_offered`, `server.refused`, `reply.malformed`,
    /// `host.unreachable`, `connection.lost`.
    pub async fn introspect(&self, session: &str, kind: TokenKind) -> Result<ServerAnswer> {
        let session = self.session(session)?;
        session.family.settled().await;
        let asked = session
            .family
            .introspect(&session.config.name, kind)
            .await?;
        shown(&session, Question::Introspection, asked)
    }

    /// Asks the server who the user is (OpenID Connect Core §5.3). Where it refuses the access token, that is refreshed, and
    /// the server is asked once more.
    ///
    /// # Errors
    /// As [`Engine::introspect`], `refresh.*`, and `userinfo.another_user`.
    pub async fn userinfo(&self, session: &str) -> Result<ServerAnswer> {
        let session = self.session(session)?;
        let (family, name) = (&session.family, &session.config.name);
        family.settled().await;
        let mut asked = family.userinfo(name).await?;
        if asked.reply.is_err() && asked.status == Some(401) {
            session.refresh().await?;
            asked = family.userinfo(name).await?;
        }
        shown(&session, Question::Userinfo, asked)
    }

    /// Sends the browser to where the user signs out of the server itself. The session here is as it was: sign out of that
    /// too.
    ///
    /// # Errors
    /// `session.unknown`, `server.not_offered`, `browser.unavailable`.
    pub fn end_session(&self, session: &str) -> Result<()> {
        let session = self.session(session)?;
        session.family.end_session(&session.config.name)
    }
}

/// An answer with what we know of secrets masked in it: a server may repeat the token that it was asked about.
fn shown(session: &Session, question: Question, asked: Asked) -> Result<ServerAnswer> {
    let reply = asked.reply?;
    let mut masker = Masker::default();
    session.mask_with(&mut masker);
    Ok(ServerAnswer::new(question, asked.endpoint, &reply, &masker))
}
