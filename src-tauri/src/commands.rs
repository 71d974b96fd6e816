//! The commands of the window: one list, read as an invoke handler, as names, and as TypeScript types.
//!
//! Each command takes one argument named `args` (the watch also a channel), makes one call into the engine, and
//! answers at once or when that call is over. None loops or retries; the engine does. None returns a secret.

mod body;
mod bookmarks;
mod code;
mod demo;
mod editor;
mod evidence;
mod fault;
mod habits;
mod history;
mod import;
mod request;
mod saved;
mod second_opinion;
mod session;
mod store;
mod tabs;
mod timeline;
mod token;
mod view;

use sandglass_engine::engine::habits::Known;
use sandglass_engine::engine::{ProtectedResource, UserCode};
use sandglass_engine::error::{Code, Failure};
use sandglass_engine::exchange::draft::Draft;
use sandglass_engine::exchange::response::ResponseDetails;
use sandglass_engine::import::curl::FromCurl;
use sandglass_engine::import::placing::ImportPreview;
use sandglass_engine::notebook::history::{HistoryPage, SendKey, SentDraft};
use sandglass_engine::notebook::tabs::{KeptTab, OpenTabs};
use sandglass_engine::preset::Preset;
use sandglass_engine::second_opinion::{AskOpinion, SecondOpinion};
use sandglass_engine::session::config::server::Metadata;
use sandglass_engine::session::snapshot::SessionSnapshot;
use sandglass_engine::timeline::density::Overview;
use sandglass_engine::timeline::event::EventKey;
use sandglass_engine::timeline::query::{Excerpt, Found, LogPage, Matches};
use sandglass_engine::token::answer::ServerAnswer;
use sandglass_engine::token::details::TokenDetails;
use sandglass_engine::token::lineage::LineageStep;
use sandglass_engine::token::reading::Inspected;
use sandglass_engine::token::signature::SignatureState;
use sandglass_engine::verdict::Explanation;
use sandglass_engine::workspace::SavedRequest;
use sandglass_engine::workspace::writer::StoredSession;
use serde::{Deserialize, Serialize};
use ts_rs::TS;

pub use self::body::{BodyProgress, BodyWindow, BodyWindowOf, FindInBody, FoundInBody, SavedBody};
pub use self::code::{CodeOf, WrittenCode};
pub use self::editor::{Decided, DeleteSession, Issuer, SaveSession};
pub use self::evidence::{SECRETS_TYPED, SaveEvidence, SavedEvidence};
pub use self::fault::{ArmFault, ClearFault};
pub use self::habits::ReplayOf;
pub use self::history::{ForgetSent, Forgotten, HistoryOf, PinSent};
pub use self::import::{ImportChoices, ImportDone, ImportProgress, ImportText, PickImport};
pub use self::request::{Accepted, Address, CurlLine, OfRequest, OfSend};
pub use self::saved::{Created, DeleteRequest, MoveRequest, NewRequest, OfSaved, SavedRequests};
pub use self::session::{CameBack, OfEvent, OfSession, SignIn};
pub use self::store::{ChooseStore, KeychainState, KeychainView};
pub use self::tabs::ArrangeTabs;
pub use self::timeline::{Filtered, LogOf, MatchOf, OverviewOf, StoryOf, WindowOf};
pub use self::token::{MakePortable, OfToken, Pasted, Portable};
pub use self::view::{AppView, Autorun, ChooseEnvironment, WatchTimeline, WorkspaceView};
pub use crate::bookmarks::Bookmarks;
pub use crate::key_files::KeyFile;
pub use crate::picked::PickedFile;
use crate::settings::Settings;
use crate::stream::TimelineBatch;

macro_rules! commands {
    ($($(#[$doc:meta])* $group:ident::$name:ident($args:ty) -> $answer:ty;)*) => {
        /// What each command takes and answers.
        #[derive(TS)]
        pub struct Commands {
            $($(#[$doc])* pub $name: ($args, $answer),)*
        }

        /// The names of all commands.
        pub const NAMES: &[&str] = &[$(stringify!($name)),*];

        /// What Tauri calls for a message of the window.
        pub(crate) fn handler() -> impl Fn(tauri::ipc::Invoke<tauri::Wry>) -> bool + Send + Sync + 'static {
            tauri::generate_handler![$($group::$name),*]
        }
    };
}

include!("commands/list.rs");

/// No argument, or no answer.
#[derive(Debug, Deserialize, Serialize, TS)]
#[serde(deny_unknown_fields)]
#[ts(type = "Record<string, never>")]
pub struct Nothing {}

/// The timeline had this event when the command was answered. A view that is behind it has missed something.
#[derive(Debug, Serialize, TS)]
pub struct Newest {
    /// The newest event.
    pub newest: EventKey,
}

/// Reads what may stand on the disk, away from the threads that answer the window.
async fn aside<T: Send + 'static>(read: impl FnOnce() -> T + Send + 'static) -> Result<T, Failure> {
    let task = tauri::async_runtime::spawn_blocking(read).await;
    task.map_err(|error| Failure::new(Code::SystemUnavailable).with("detail", error))
}

/// Writes the TypeScript twins of everything that crosses to the view into a folder, one file a type.
///
/// # Errors
/// When the folder cannot be written.
pub fn export_types(folder: &std::path::Path) -> Result<(), ts_rs::ExportError> {
    let config = ts_rs::Config::new()
        .with_large_int("number")
        .with_out_dir(folder);
    Commands::export_all(&config)?;
    Failure::export_all(&config)?;
    TimelineBatch::export_all(&config)
}
