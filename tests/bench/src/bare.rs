//! The baseline: the same HTTP client without the engine, as a careful person would use it by hand.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use anyhow::{Context as _, Result, ensure};
use sandglass_engine::engine::ApiLimits;
use serde_json::Value;
use tokio::task::JoinSet;

/// A client and its token.
#[derive(Clone)]
pub(crate) struct Bare {
    client: reqwest::Client,
    origin: Arc<str>,
    token: Arc<str>,
}

impl Bare {
    pub(crate) async fn new(origin: &str) -> Result<Self> {
        // The engine may have installed it first, in the same process.
        drop(rustls::crypto::ring::default_provider().install_default());
        // The limits of a client that never hangs, and the name that it goes by, are the engine's own: what is compared is
        // the engine, not how a client is set up.
        let limits = ApiLimits::default();
        let client = reqwest::Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .retry(reqwest::retry::never())
            .user_agent(concat!("bench/", env!("CARGO_PKG_VERSION")))
            .connect_timeout(limits.connect)
            .read_timeout(limits.idle)
            .no_proxy()
            .build()?;
        let mut bare = Self {
            client,
            origin: origin.into(),
            token: "".into(),
        };
        bare.refresh().await?;
        Ok(bare)
    }

    /// Makes all tokens expire.
    pub(crate) async fn expire(&self) -> Result<()> {
        self.at("/expire").await.map(drop)
    }

    /// Exchanges that the server has seen.
    pub(crate) async fn exchanges(&self) -> Result<u64> {
        Ok(self.at("/exchanges").await?.parse()?)
    }

    async fn at(&self, path: &str) -> Result<String> {
        let url = format!("{}{path}", self.origin);
        Ok(self.client.get(url).send().await?.text().await?)
    }

    pub(crate) async fn refresh(&mut self) -> Result<()> {
        let url = format!("{}/token", self.origin);
        let body = "grant_type=refresh_token&refresh_token=any&client_id=bench";
        let reply = self
            .client
            .post(url)
            .body(body)
            .send()
            .await?
            .bytes()
            .await?;
        let reply: Value = serde_json::from_slice(&reply)?;
        self.token = reply["access_token"].as_str().context("a token")?.into();
        Ok(())
    }

    /// One GET; its status. The body is read.
    pub(crate) async fn get(&self) -> Result<u16> {
        let url = format!("{}/resource", self.origin);
        let response = self.client.get(url).bearer_auth(&self.token).send().await?;
        let status = response.status().as_u16();
        response.bytes().await?;
        Ok(status)
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
            let (bare, started) = (self.clone(), Arc::clone(&started));
            lanes.spawn(async move {
                while started.fetch_add(1, Ordering::Relaxed) < requests {
                    ensure!(bare.get().await? == 200, "the resource answers");
                }
                Ok(())
            });
        }
        while let Some(lane) = lanes.join_next().await {
            lane??;
        }
        Ok(())
    }

    /// All at once; answers how many got this status.
    pub(crate) async fn at_once(&self, requests: usize, wanted: u16) -> Result<usize> {
        let mut sends = JoinSet::new();
        for _ in 0..requests {
            let bare = self.clone();
            sends.spawn(async move { bare.get().await });
        }
        let mut got = 0;
        while let Some(send) = sends.join_next().await {
            got += usize::from(send?? == wanted);
        }
        Ok(got)
    }
}
