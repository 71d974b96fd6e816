//! Commands about the window itself.

use sandglass_engine::error::{Failure, Result};
use sandglass_engine::session::snapshot::SessionSnapshot;
use sandglass_engine::timeline::event::EventKey;
use sandglass_engine::workspace::SavedRequest;
use serde::{Deserialize, Serialize};
use tauri::ipc::Channel;
use tauri::{AppHandle, State};
use ts_rs::TS;

use super::{KeychainView, Nothing};
use crate::settings::Settings;
use crate::shell::{Opened, Shell};
use crate::stream::TimelineBatch;
use crate::window;

/// What the window needs to draw its first picture.
#[derive(Debug, Serialize, TS)]
pub struct AppView {
    /// The product's version.
    pub version: String,
    /// This process's run in the timeline.
    #[ts(type = "number")]
    pub run: u64,
    /// The newest event when this was taken.
    pub newest: EventKey,
    /// What is open.
    pub workspace: WorkspaceView,
    /// Where the embedded demo is: an origin. Null: it does not run.
    pub demo_origin: Option<String>,
    /// The sessions, as they stand.
    pub sessions: Vec<SessionSnapshot>,
    /// The saved requests.
    pub requests: Vec<SavedRequest>,
    /// What the system keychain is like.
    pub keychain: KeychainView,
    /// What went wrong at the start, for the user.
    pub notices: Vec<Failure>,
    /// Theme and pane sizes.
    pub settings: Settings,
    /// What the view starts by itself.
    pub autorun: Autorun,
}

/// The workspace that is open.
#[derive(Debug, Serialize, TS)]
pub struct WorkspaceView {
    /// What people call it.
    pub name: String,
    /// Its folder. Null: it lives in memory only.
    pub path: Option<String>,
    /// It is the demo's own.
    pub embedded_demo: bool,
    /// Its environments, by name.
    pub environments: Vec<String>,
    /// The one that it is open in. Null: none.
    pub environment: Option<String>,
}

/// Where to go on.
#[derive(Debug, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct ChooseEnvironment {
    /// The environment's name. Null: none.
    pub environment: Option<String>,
}

impl WorkspaceView {
    /// The workspace as it is open now.
    fn of(opened: &Opened) -> Self {
        let workspace = opened.engine.workspace();
        let names = workspace.environments.iter();
        Self {
            name: workspace.name.clone(),
            path: workspace
                .path
                .as_ref()
                .map(|path| path.display().to_string()),
            embedded_demo: opened.demo.is_some(),
            environments: names.map(|one| one.name.clone()).collect(),
            environment: workspace.environment.clone(),
        }
    }
}

/// What the view starts by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum Autorun {
    /// Nothing.
    None,
    /// The tour.
    Tour,
}

/// From where on to send the timeline.
#[derive(Debug, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct WatchTimeline {
    /// The last event that the view has of this run and those before it. Null: it has none.
    pub since: Option<EventKey>,
    /// The last event that it has of each run beside this one. Those of before are not needed.
    pub others: Vec<EventKey>,
}

/// Reads everything for the first picture.
#[tauri::command]
pub(crate) async fn open_view(shell: State<'_, Shell>, args: Nothing) -> Result<AppView> {
    let Nothing {} = args;
    let opened = shell.opened().await?;
    let (engine, workspace) = (&opened.engine, opened.engine.workspace());
    let keychain = KeychainView::glance(engine).await;
    Ok(AppView {
        version: env!("CARGO_PKG_VERSION").to_owned(),
        run: engine.timeline().run(),
        newest: engine.timeline().newest(),
        workspace: WorkspaceView::of(opened),
        demo_origin: opened.demo.as_ref().map(|demo| demo.origin().to_owned()),
        sessions: engine.sessions(),
        requests: workspace.requests.clone(),
        keychain,
        notices: shell.notices().await,
        settings: shell.settings.shown(),
        autorun: if shell.cli.tour {
            Autorun::Tour
        } else {
            Autorun::None
        },
    })
}

/// Goes on in another environment, which the next start opens too.
#[tauri::command]
pub(crate) async fn choose_environment(
    shell: State<'_, Shell>,
    args: ChooseEnvironment,
) -> Result<WorkspaceView> {
    let opened = shell.opened().await?;
    let environment = args.environment.as_deref();
    opened.engine.choose_environment(environment).await?;
    let workspace = opened.engine.workspace();
    shell
        .settings
        .keep_workspace(workspace.path.as_deref(), workspace.environment.as_deref());
    Ok(WorkspaceView::of(opened))
}

/// Watches the timeline.
#[tauri::command]
pub(crate) async fn watch_timeline(
    shell: State<'_, Shell>,
    args: WatchTimeline,
    channel: Channel<TimelineBatch>,
) -> Result<Nothing> {
    let WatchTimeline { since, others } = args;
    let timeline = shell.engine().await?.timeline();
    shell.watch.start(timeline, since, &others, channel);
    Ok(Nothing {})
}

/// Keeps the settings.
#[tauri::command]
pub(crate) async fn save_settings(
    app: AppHandle,
    shell: State<'_, Shell>,
    args: Settings,
) -> Result<Settings> {
    let settings = shell.settings.keep_choices(args);
    window::follow_theme(&app, settings.theme);
    Ok(settings)
}
