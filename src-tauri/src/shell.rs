//! What lives as long as the window: the engine and the demo once they are open, and what belongs to the view.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use sandglass_demo::Demo;
use sandglass_engine::Engine;
use sandglass_engine::clock::{Clock as _, SystemClock};
use sandglass_engine::engine::Options;
use sandglass_engine::error::{Code, Failure, Result};
use sandglass_engine::notebook::{self, Notebook};
use sandglass_engine::timeline::event::Kept;
use sandglass_engine::workspace::Workspace;
use tokio::sync::SetOnce;

use crate::bodies::Bodies;
use crate::bookmarks::BookmarksFile;
use crate::browser;
use crate::cli::Cli;
use crate::clipboard::Board;
use crate::confirm::Confirm;
use crate::demo;
use crate::imports::Imports;
use crate::key_files::KeyFiles;
use crate::picked::Picked;
use crate::settings::SettingsFile;
use crate::stream::Watch;
use crate::tour::Tour;

/// The state behind the commands.
pub(crate) struct Shell {
    pub(crate) cli: Cli,
    pub(crate) settings: SettingsFile,
    pub(crate) bookmarks: Arc<BookmarksFile>,
    pub(crate) watch: Watch,
    pub(crate) tour: Tour,
    /// Questions outside the web view.
    pub(crate) confirm: Confirm,
    pub(crate) clipboard: Board,
    /// Files that the user chose to send.
    pub(crate) picked: Picked,
    /// Files of keys that the user chose to sign in with.
    pub(crate) key_files: KeyFiles,
    /// What is imported.
    pub(crate) imports: Imports,
    /// Files of the workspace that could not be used when it was read last.
    unreadable: Mutex<Vec<Failure>>,
    opened: SetOnce<Result<Opened>>,
}

/// What is there once the engine is open.
pub(crate) struct Opened {
    pub(crate) engine: Engine,
    /// What is open in the window, and what was sent from it.
    pub(crate) notebook: Arc<Notebook>,
    /// The bodies of the last answers.
    pub(crate) bodies: Bodies,
    /// The embedded demo, where its workspace is open.
    pub(crate) demo: Option<Demo>,
    /// What went wrong on the way.
    notices: Vec<Failure>,
}

impl Opened {
    /// What the notebook calls this workspace.
    pub(crate) fn place(&self) -> String {
        self.engine.workspace().id.clone()
    }

    /// The embedded demo.
    pub(crate) fn demo(&self) -> Result<&Demo> {
        let absent = || {
            Failure::new(Code::DemoUnavailable)
                .with("address", "")
                .with("detail", "the demo's workspace is not open")
        };
        self.demo.as_ref().ok_or_else(absent)
    }
}

impl Shell {
    pub(crate) fn new(cli: Cli, settings: SettingsFile, bookmarks: BookmarksFile) -> Self {
        Self {
            cli,
            settings,
            bookmarks: Arc::new(bookmarks),
            watch: Watch::default(),
            tour: Tour::default(),
            confirm: Confirm::default(),
            clipboard: Board::default(),
            picked: Picked::default(),
            key_files: KeyFiles::default(),
            imports: Imports::default(),
            unreadable: Mutex::default(),
            opened: SetOnce::new(),
        }
    }

    /// Opens the engine on what the command line and the settings ask for. The window is drawn meanwhile; commands wait.
    pub(crate) async fn open(&self, data_dir: PathBuf) {
        let opened = self.open_engine(data_dir).await;
        if let Err(failure) = &opened {
            tracing::error!(%failure, "the engine could not be opened");
        }
        // Set once, from the one task that opens.
        let _ = self.opened.set(opened);
    }

    /// What is there, as soon as it is.
    pub(crate) async fn opened(&self) -> Result<&Opened> {
        self.opened.wait().await.as_ref().map_err(Failure::clone)
    }

    /// The engine, as soon as it is open.
    pub(crate) async fn engine(&self) -> Result<&Engine> {
        Ok(&self.opened().await?.engine)
    }

    /// The folder of the workspace that is open. None: it lives in memory only.
    pub(crate) async fn workspace(&self) -> Result<Option<String>> {
        let workspace = self.engine().await?.workspace();
        let path = workspace.path.as_ref();
        Ok(path.map(|path| path.display().to_string()))
    }

    /// Everything that the user should hear of, in the order of the start.
    pub(crate) async fn notices(&self) -> Vec<Failure> {
        let mut notices: Vec<Failure> = self.settings.notice().into_iter().collect();
        notices.extend(self.bookmarks.notice());
        if let Ok(opened) = self.opened().await {
            notices.extend(opened.notices.iter().cloned());
            notices.extend(opened.engine.notices().iter().cloned());
            notices.extend(opened.engine.timeline().disk_failure());
        }
        notices
    }

    /// What of the workspace could not be used when it was read last.
    pub(crate) fn unreadable(&self) -> Vec<Failure> {
        self.unreadable
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    pub(crate) fn set_unreadable(&self, failures: Vec<Failure>) {
        *self
            .unreadable
            .lock()
            .unwrap_or_else(PoisonError::into_inner) = failures;
    }

    /// Ends what is under way, in order. Nothing is left that has been sent and not answered, as far as the limits allow.
    pub(crate) async fn shut_down(&self) {
        self.tour.stop();
        if let Some(Ok(opened)) = self.opened.get() {
            opened.engine.shut_down().await;
        }
    }

    async fn open_engine(&self, data_dir: PathBuf) -> Result<Opened> {
        let mut notices = Vec::new();
        let last = self.settings.current();
        let folder = self
            .cli
            .place
            .workspace
            .clone()
            .or_else(|| last.last_workspace.clone().filter(|_| !self.wants_demo()));
        let folder = folder.and_then(|folder| {
            let environment = last
                .last_environment
                .as_deref()
                .filter(|_| is_last(&folder, last.last_workspace.as_deref()));
            read(&folder, environment, &mut notices)
        });
        let kept = folder.as_ref();
        self.settings.keep_workspace(
            kept.and_then(|workspace| workspace.path.as_deref()),
            kept.and_then(|workspace| workspace.environment.as_deref()),
        );
        let (workspace, demo) = match folder {
            Some(workspace) => (workspace, None),
            None => match demo::start().await {
                Ok(demo) => (demo::workspace(demo.origin())?, Some(demo)),
                Err(failure) => {
                    notices.push(failure);
                    (demo::empty_workspace(), None)
                }
            },
        };
        let kept = if self.cli.memory_only {
            Kept::Memory
        } else {
            Kept::Keychain
        };
        let (notebook, failure) = Notebook::open(
            &data_dir.join(notebook::FILE),
            SystemClock::default().wall(),
        )?;
        notices.extend(failure);
        let bodies = Bodies::new(data_dir.clone());
        let engine = Engine::open(
            workspace,
            Options {
                data_folder: Some(data_dir),
                kept,
                browser: Arc::new(browser::open),
                ..Options::default()
            },
        )?;
        Ok(Opened {
            engine,
            notebook: Arc::new(notebook),
            bodies,
            demo,
            notices,
        })
    }

    fn wants_demo(&self) -> bool {
        self.cli.demo || self.cli.tour
    }
}

/// Whether this folder is the one that was open last, however it is written.
fn is_last(folder: &Path, last: Option<&Path>) -> bool {
    let real = |path: &Path| path.canonicalize().ok();
    last.is_some_and(|last| real(folder) == real(last))
}

/// The workspace in this folder, in this environment. One that cannot be read is a notice, and the demo is opened instead; an
/// environment that is gone is one too, and none is chosen.
fn read(folder: &Path, environment: Option<&str>, notices: &mut Vec<Failure>) -> Option<Workspace> {
    let read = match Workspace::read_in(folder, environment) {
        Err(failure) if failure.code == Code::EnvironmentUnknown => {
            notices.push(failure);
            Workspace::read(folder)
        }
        read => read,
    };
    match read {
        Ok((workspace, failures)) => {
            notices.extend(failures);
            Some(workspace)
        }
        Err(failure) => {
            notices.push(failure);
            None
        }
    }
}
