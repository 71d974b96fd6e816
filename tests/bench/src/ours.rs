//! The same work through the engine: one OAuth session, tokens in memory, its timeline wherever the row wants it.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use anyhow::{Context as _, Result, ensure};
use sandglass_engine::Engine;
use sandglass_engine::engine::Options;
use sandglass_engine::exchange::draft::Draft;
use sandglass_engine::session::credentials::{ClientSecrets, Credentials};
use sandglass_engine::timeline::event::Kept;
use sandglass_engine::workspace::Workspace;
use serde_json::json;
use tokio::task::JoinSet;

/// The session.
const SESSION: &str = "bench";

/// An engine that is signed in.
#[derive(Clone)]
pub(crate) struct Ours {
    pub(crate) engine: Engine,
    draft: Draft,
    _folder: Arc<tempfile::TempDir>,
}

impl Ours {
    /// An engine whose timeline goes to a database in a folder of its own, or stays in memory.
    pub(crate) async fn new(origin: &str, on_disk: bool) -> Result<Self> {
        let folder = tempfile::tempdir()?;
        let workspace = folder.path().join("workspace");
        std::fs::create_dir_all(workspace.join("sessions"))?;
        std::fs::write(
            workspace.join("workspace.toml"),
            "version = 1\nname = \"Bench\"\n",
        )?;
        let session = format!(
            "kind = \"oauth\"\norigins = [\"{origin}\"]\ntoken_endpoint = \"{origin}/token\"\nclient_id = \"bench\"\nclient_auth = \"none\"\n"
        );
        std::fs::write(workspace.join(format!("sessions/{SESSION}.toml")), session)?;
        let (workspace, failures) = Workspace::read(&workspace)?;
        ensure!(failures.is_empty(), "{failures:?}");
        let data_folder: Option<PathBuf> = on_disk.then(|| folder.path().join("data"));
        if let Some(data) = &data_folder {
            std::fs::create_dir(data)?;
        }
        let options = Options {
            data_folder,
            kept: Kept::Memory,
            ..Options::default()
        };
        let engine = Engine::open(workspace, options)?;
        let credentials = Credentials::RefreshToken {
            refresh_token: "refresh-0".into(),
            client: ClientSecrets::default(),
        };
        engine.sign_in(SESSION, credentials).await?;
        let draft =
            json!({ "method": "GET", "url": format!("{origin}/resource"), "session": SESSION });
        Ok(Self {
            engine,
            draft: serde_json::from_value(draft)?,
            _folder: Arc::new(folder),
        })
    }

    pub(crate) fn draft(&self) -> Draft {
        self.draft.clone()
    }

    /// One GET; its status.
    pub(crate) async fn get(&self) -> Result<u16> {
        Ok(self.engine.send(self.draft())?.finished().await?.status)
    }

    /// One after the other.
    pub(crate) async fn in_a_row(self, requests: usize) -> Result<()> {
        for _ in 0..requests {
            ensure!(self.get().await? == 200, "the resource answers");
        }
        Ok(())
    }

    /// So many at a time.
    pub(crate) async fn side_by_side(self, requests: usize, parallel: usize) -> Result<()> {
        let started = Arc::new(AtomicUsize::new(0));
        let mut lanes = JoinSet::new();
        for _ in 0..parallel {
            let (ours, started) = (self.clone(), Arc::clone(&started));
            lanes.spawn(async move {
                while started.fetch_add(1, Ordering::Relaxed) < requests {
                    ensure!(ours.get().await? == 200, "the resource answers");
                }
                Ok(())
            });
        }
        while let Some(lane) = lanes.join_next().await {
            lane??;
        }
        Ok(())
    }

    /// All at once; answers how many got 200.
    pub(crate) async fn at_once(&self, requests: usize) -> Result<usize> {
        let sent: Vec<_> = (0..requests)
            .map(|_| self.engine.send(self.draft()))
            .collect::<Result<_, _>>()
            .context("the engine takes that many")?;
        let mut good = 0;
        for sending in sent {
            good += usize::from(
                sending
                    .finished()
                    .await
                    .is_ok_and(|answer| answer.status == 200),
            );
        }
        Ok(good)
    }

    /// Waits until the timeline is on disk.
    pub(crate) async fn caught_up(&self) -> Result<()> {
        let timeline = self.engine.timeline().clone();
        let flushed = tokio::task::spawn_blocking(move || {
            // Its own limit is shorter than what a whole row may leave behind.
            (0..12).any(|_| timeline.flush())
        });
        ensure!(flushed.await?, "the disk takes the timeline");
        Ok(())
    }
}
