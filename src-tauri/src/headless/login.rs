//! `sandglass login`: what one signs in with goes from the keyboard into the keychain, and nowhere else.

use std::collections::VecDeque;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use sandglass_engine::Engine;
use sandglass_engine::clock::{Clock as _, SystemClock};
use sandglass_engine::engine::Browser;
use sandglass_engine::session::config::grant_type::GrantType;
use sandglass_engine::session::config::{ClientAuth, Dialect, SessionConfig};
use sandglass_engine::session::credentials::{ClientSecrets, Credentials};
use sandglass_engine::timeline::event::{Event, Fact};
use sandglass_engine::workspace::Workspace;
use secrecy::{ExposeSecret as _, SecretString};
use tokio::sync::Notify;

use super::exit::{Exit, Stop};
use super::prompt::{self, Echo, Question};
use super::recorder::EVENTS_AT_ONCE;
use super::{say, signals, workspace};
use crate::browser;
use crate::cli::{LoginArgs, Place};
use crate::print::failures;

const USER_NAME: Question = Question {
    what: "User name",
    secret: false,
};
const PASSWORD: Question = Question {
    what: "Password",
    secret: true,
};
const REFRESH_TOKEN: Question = Question {
    what: "Refresh token",
    secret: true,
};
const VALUE: Question = Question {
    what: "Value",
    secret: true,
};

pub(super) async fn run(args: LoginArgs, place: &Place, data_dir: PathBuf) -> Result<Exit, Stop> {
    let workspace = workspace::read(place, args.env.as_deref())?;
    let (what, questions) = match (&args.session, &args.variable) {
        (Some(session), _) => (
            session,
            questions(find(&workspace, session)?, args.username.is_none()),
        ),
        (None, Some(variable)) => (variable, vec![VALUE]),
        (None, None) => {
            return Err(Stop::new(
                Exit::Usage,
                "name a session, or a variable by --variable",
            ));
        }
    };
    let echo = Echo::remember();
    // Nothing is under way yet that would have to come home. Without a question, what comes on stdin is for later.
    let asked = tokio::task::spawn_blocking(move || match questions.as_slice() {
        [] => Ok(VecDeque::new()),
        questions => prompt::ask(questions),
    });
    let answers = match signals::until_told(asked, std::future::ready(())).await {
        Ok(answers) => answers.map_err(|error| Stop::new(Exit::Other, error.to_string()))??,
        Err(exit) => {
            echo.restore();
            return Ok(exit);
        }
    };
    let mut answers = answers.into_iter();
    let mut next = || answers.next().unwrap_or_default();
    if args.variable.is_some() {
        let engine = workspace::open(workspace, data_dir).await?;
        let kept = engine.set_variable(what, next()).await;
        engine.shut_down().await;
        kept?;
        say(&format!("{what} is kept in the system keychain"));
        return Ok(Exit::Done);
    }
    let credentials = credentials(find(&workspace, what)?, args.username.clone(), &mut next);
    let in_browser = matches!(credentials, Credentials::Browser { .. });
    let on_a_device = matches!(credentials, Credentials::Device { .. });
    let hands = Arc::new(Hands::default());
    let browser = browser(args.no_browser, Arc::clone(&hands));
    let engine = workspace::open_with(workspace, data_dir, browser).await?;
    if in_browser {
        by_hand(&engine, what, Arc::clone(&hands));
    }
    if on_a_device {
        tokio::spawn(show_user_code(engine.clone(), what.to_owned()));
    }
    let work = async {
        tokio::select! {
            signed_in = engine.sign_in(what, credentials) => signed_in.map_err(Stop::from),
            () = hands.none() => Err(Stop::new(
                Exit::SignIn,
                "no browser could be opened here, and nobody is there to take the address to one; with --no-browser it is \
                 waited for, and the address that the browser ends at may come on stdin",
            )),
        }
    };
    let ended = signals::until_told(work, engine.shut_down()).await;
    if ended.is_ok() {
        engine.shut_down().await;
    }
    match ended {
        Ok(signed_in) => signed_in?,
        Err(exit) => return Ok(exit),
    }
    say(&format!("signed in to {what}"));
    Ok(Exit::Done)
}

/// Who could bring a sign-in through the browser to its end.
#[derive(Default)]
struct Hands {
    /// There is no browser, though nobody said so.
    no_browser: AtomicBool,
    /// Nobody types or pipes anything any more.
    nobody: AtomicBool,
    changed: Notify,
}

impl Hands {
    fn note(&self, what: &AtomicBool) {
        what.store(true, Ordering::Release);
        self.changed.notify_one();
    }

    /// Waits until there is neither.
    async fn none(&self) {
        while !(self.no_browser.load(Ordering::Acquire) && self.nobody.load(Ordering::Acquire)) {
            self.changed.notified().await;
        }
    }
}

/// What opens the browser, or says where to go.
fn browser(no_browser: bool, hands: Arc<Hands>) -> Arc<Browser> {
    Arc::new(move |url| {
        let why = if no_browser {
            String::new()
        } else {
            match browser::open(url) {
                Ok(()) => {
                    say("sign in in the browser; it comes back here by itself. Ctrl+C stops");
                    return Ok(());
                }
                Err(error) => {
                    hands.note(&hands.no_browser);
                    format!("no browser could be opened ({error}). ")
                }
            }
        };
        say(&format!(
            "{why}Sign in at this address:\n\n  {url}\n\nIf the browser is on another machine, paste the address that it ends at here."
        ));
        Err("the user takes the address there".to_owned())
    })
}

/// Takes the address that the browser ended at from whoever brings it by hand. Ends with the program.
fn by_hand(engine: &Engine, session: &str, hands: Arc<Hands>) {
    let (engine, session) = (engine.clone(), session.to_owned());
    std::thread::spawn(move || {
        for line in prompt::lines() {
            match engine.came_back(&session, line.expose_secret()) {
                Ok(()) => return,
                Err(failure) => say(&format!("sandglass: {}", failures::words(&failure))),
            }
        }
        hands.note(&hands.nobody);
    });
}

/// Says what to type where, once the server has given it. Ends with the program.
async fn show_user_code(engine: Engine, session: String) {
    let mut told = engine.timeline().reader(0);
    loop {
        let shown = |event: &Arc<Event>| matches!(event.fact, Fact::UserCodeShown { .. });
        if told.next(EVENTS_AT_ONCE).iter().any(shown) {
            break;
        }
        told.changed().await;
    }
    let Some(code) = engine.user_code(&session) else {
        return;
    };
    let minutes = (code.expires_at_ms.0 - SystemClock::default().wall().0).max(0) / 60_000;
    let shortcut = match &code.verification_uri_complete {
        Some(uri) => format!("or open\n\n  {uri}\n\n"),
        None => String::new(),
    };
    say(&format!(
        "On any device, go to\n\n  {}\n\nand type\n\n  {}\n\n{shortcut}It counts for {minutes} minutes. Ctrl+C stops.",
        code.verification_uri, code.user_code
    ));
}

fn find<'w>(workspace: &'w Workspace, name: &str) -> Result<&'w SessionConfig, Stop> {
    let found = workspace
        .sessions
        .iter()
        .find(|session| &*session.name == name);
    found.ok_or_else(|| {
        let all: Vec<&str> = workspace
            .sessions
            .iter()
            .map(|session| &*session.name)
            .collect();
        let why = format!(
            "there is no session {name:?}; the workspace has {}",
            match all.as_slice() {
                [] => "none".to_owned(),
                all => all.join(", "),
            }
        );
        Stop::new(Exit::Workspace, why)
    })
}

fn by_name(ask_name: bool) -> Vec<Question> {
    let name = ask_name.then_some(USER_NAME);
    name.into_iter().chain([PASSWORD]).collect()
}

/// What a session is signed in with, in the order in which it is asked for.
fn questions(session: &SessionConfig, ask_name: bool) -> Vec<Question> {
    match &session.dialect {
        Dialect::Json(json) if json.sign_in.is_some() => by_name(ask_name),
        Dialect::Cookie(_) => by_name(ask_name),
        Dialect::Json(_) => vec![REFRESH_TOKEN],
        Dialect::Oauth(oauth) => {
            let client = match oauth.client_auth {
                ClientAuth::None => None,
                ClientAuth::ClientSecretBasic | ClientAuth::ClientSecretPost => {
                    Some("Client secret")
                }
                ClientAuth::PrivateKeyJwt => Some("Private key (PEM or JWK)"),
                ClientAuth::TlsClientAuth | ClientAuth::SelfSignedTlsClientAuth => {
                    Some("Certificate, and its private key (PEM)")
                }
            };
            let client = client.map(|what| Question { what, secret: true });
            let first = match oauth.grant {
                GrantType::RefreshToken => vec![REFRESH_TOKEN],
                GrantType::Password => by_name(ask_name),
                GrantType::AuthorizationCode
                | GrantType::DeviceCode
                | GrantType::ClientCredentials => Vec::new(),
            };
            first.into_iter().chain(client).collect()
        }
    }
}

fn by_password(username: Option<String>, next: &mut dyn FnMut() -> SecretString) -> Credentials {
    let username = username.unwrap_or_else(|| next().expose_secret().to_owned());
    Credentials::password(username, next())
}

fn credentials(
    session: &SessionConfig,
    username: Option<String>,
    next: &mut dyn FnMut() -> SecretString,
) -> Credentials {
    match &session.dialect {
        Dialect::Json(json) if json.sign_in.is_some() => by_password(username, next),
        Dialect::Cookie(_) => by_password(username, next),
        Dialect::Json(_) => Credentials::RefreshToken {
            refresh_token: next(),
            client: ClientSecrets::default(),
        },
        Dialect::Oauth(oauth) => {
            let mut credentials = match oauth.grant {
                GrantType::RefreshToken => Credentials::RefreshToken {
                    refresh_token: next(),
                    client: ClientSecrets::default(),
                },
                GrantType::Password => by_password(username, next),
                GrantType::AuthorizationCode => Credentials::Browser {
                    client: ClientSecrets::default(),
                },
                GrantType::DeviceCode => Credentials::Device {
                    client: ClientSecrets::default(),
                },
                GrantType::ClientCredentials => Credentials::Client {
                    client: ClientSecrets::default(),
                },
            };
            let client = credentials.client_mut();
            match oauth.client_auth {
                ClientAuth::None => {}
                ClientAuth::ClientSecretBasic | ClientAuth::ClientSecretPost => {
                    client.client_secret = Some(next());
                }
                ClientAuth::PrivateKeyJwt => client.client_key = Some(next()),
                ClientAuth::TlsClientAuth | ClientAuth::SelfSignedTlsClientAuth => {
                    client.client_certificate = Some(next());
                }
            }
            credentials
        }
    }
}
