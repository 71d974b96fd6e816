//! The app's window at a desk, through WebKit's own driver.

use std::fs::{self, File};
use std::net::TcpListener;
use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};
use fantoccini::elements::Element;
use fantoccini::key::Key;
use fantoccini::{Client, ClientBuilder, Locator};
use hyper_util::client::legacy::connect::HttpConnector;
use serde_json::{Value, json};
use xtask::desk::Desk;
use xtask::running::Running;

use crate::programs;

/// How long the driver and the window may take to be there, together.
const OPEN_LIMIT: Duration = Duration::from_secs(60);
/// How long something may take to show on the page. Far above what it needs, for a machine that is busy.
pub const SHOW_LIMIT: Duration = Duration::from_secs(30);
/// How often the page is looked at.
const GLANCE: Duration = Duration::from_millis(50);
/// How long one command of the driver may take.
const COMMAND_LIMIT: Duration = Duration::from_secs(20);

/// An open window. Its desk goes on when it is closed; everything ends when it is dropped.
pub struct Window {
    client: Client,
    // Dropped in this order: the program goes before the display it draws on.
    _driver: Running,
    desk: Desk,
}

impl Window {
    /// Opens the window at this desk, with these arguments for the program.
    ///
    /// # Errors
    /// When no page is there in time; the message carries the program's log.
    pub async fn open(desk: Desk, arguments: &[&str]) -> Result<Self> {
        let log = desk.home().join("driver.log");
        let port = free_port()?;
        let mut command = desk.command("WebKitWebDriver");
        command
            .args(["--host=127.0.0.1", &format!("--port={port}")])
            .env("TAURI_WEBVIEW_AUTOMATION", "true")
            .stdout(File::create(&log)?)
            .stderr(File::options().append(true).open(&log)?);
        let driver = Running::start(&mut command)?;
        let binary = programs::sandglass()?;
        let options = json!({ "binary": binary, "args": arguments });
        let opened = tokio::time::timeout(OPEN_LIMIT, connect(port, options)).await;
        let client = match opened {
            Ok(Ok(client)) => client,
            Ok(Err(error)) => return Err(error.context(tail(&log))),
            Err(_) => bail!(
                "no window after {} s; the log ends with\n{}",
                OPEN_LIMIT.as_secs(),
                tail(&log)
            ),
        };
        Ok(Self {
            client,
            _driver: driver,
            desk,
        })
    }

    /// The desk that the window is at.
    #[must_use]
    pub fn desk(&self) -> &Desk {
        &self.desk
    }

    /// Closes the window as a person would, and leaves the desk as it is.
    ///
    /// # Errors
    /// When the driver does not answer.
    pub async fn close(self) -> Result<Desk> {
        limited("closing the window", self.client.close_window()).await?;
        // The program writes the end of its timeline before it goes.
        let deadline = Instant::now() + COMMAND_LIMIT;
        while self.is_running()? {
            if Instant::now() > deadline {
                bail!(
                    "the program goes on {} s after its window was closed; the log ends with\n{}",
                    COMMAND_LIMIT.as_secs(),
                    self.log()
                );
            }
            tokio::time::sleep(GLANCE).await;
        }
        Ok(self.desk)
    }

    /// The first element of this selector, as soon as it is shown.
    ///
    /// # Errors
    /// When it is not shown in time; the message carries what the page shows instead.
    pub async fn find(&self, selector: &str) -> Result<Element> {
        self.shown(Locator::Css(selector), selector).await
    }

    /// The button that says this, as soon as it is shown.
    ///
    /// # Errors
    /// When it is not shown in time.
    pub async fn button(&self, text: &str) -> Result<Element> {
        let path = format!(
            "//*[self::button or @role='button' or @role='tab' or @role='menuitem' or @role='menuitemradio' or @role='radio'][normalize-space(.)='{text}' or @aria-label='{text}']"
        );
        self.shown(Locator::XPath(&path), text).await
    }

    /// Clicks the button that says this.
    ///
    /// # Errors
    /// When it is not shown in time.
    pub async fn click(&self, text: &str) -> Result<()> {
        let button = self.button(text).await?;
        limited(text, button.click()).await
    }

    /// Clicks the innermost element that shows this text, whatever it is.
    ///
    /// # Errors
    /// When it is not shown in time.
    pub async fn click_text(&self, text: &str) -> Result<()> {
        let path = format!(
            "//*[contains(normalize-space(.), '{text}') and not(*[contains(normalize-space(.), '{text}')])]"
        );
        let element = self.shown(Locator::XPath(&path), text).await?;
        limited(text, element.click()).await
    }

    /// Types into whatever has the focus.
    ///
    /// # Errors
    /// When the driver does not answer.
    pub async fn press(&self, key: Key) -> Result<()> {
        let keys: char = key.into();
        let focused = limited("finding the focus", self.client.active_element()).await?;
        limited("pressing a key", focused.send_keys(&keys.to_string())).await
    }

    /// Types into the field with this label.
    ///
    /// # Errors
    /// When it is not shown in time.
    pub async fn fill_labelled(&self, label: &str, text: &str) -> Result<()> {
        let path = format!("//label[starts-with(normalize-space(.), '{label}')]//input");
        let field = self.shown(Locator::XPath(&path), label).await?;
        limited(label, field.send_keys(text)).await
    }

    /// Replaces what a field holds.
    ///
    /// # Errors
    /// When it is not shown in time.
    pub async fn fill(&self, selector: &str, text: &str) -> Result<()> {
        let field = self.find(selector).await?;
        limited(selector, field.clear()).await?;
        limited(selector, field.send_keys(text)).await
    }

    /// Waits until the page shows this text.
    ///
    /// # Errors
    /// When it is not shown in time; the message carries what the page shows instead.
    pub async fn wait_for_text(&self, text: &str) -> Result<()> {
        self.wait_for(&format!("“{text}”"), SHOW_LIMIT, |page| {
            page.contains(text)
        })
        .await
    }

    /// Waits until what the page shows is as wanted.
    ///
    /// # Errors
    /// When it is not in time; the message carries what the page shows instead.
    pub async fn wait_for(
        &self,
        what: &str,
        limit: Duration,
        wanted: impl Fn(&str) -> bool,
    ) -> Result<()> {
        let deadline = Instant::now() + limit;
        loop {
            let page = self.text().await?;
            if wanted(&page) {
                return Ok(());
            }
            if Instant::now() > deadline {
                bail!(
                    "{what} is not shown after {} s; the page shows\n{page}\n\nthe log ends with\n{}",
                    limit.as_secs(),
                    self.log()
                );
            }
            tokio::time::sleep(GLANCE).await;
        }
    }

    /// All that the page shows, as text.
    ///
    /// # Errors
    /// When the driver does not answer.
    pub async fn text(&self) -> Result<String> {
        let text = self.run("return document.body.innerText", vec![]).await?;
        Ok(text.as_str().unwrap_or_default().to_owned())
    }

    /// The texts of all elements of this selector, in the order of the page.
    ///
    /// # Errors
    /// When the driver does not answer.
    pub async fn texts(&self, selector: &str) -> Result<Vec<String>> {
        let script = "return [...document.querySelectorAll(arguments[0])].map(e => e.innerText)";
        let texts = self.run(script, vec![json!(selector)]).await?;
        Ok(serde_json::from_value(texts)?)
    }

    /// Runs a script in the page. For looking, not for doing.
    ///
    /// # Errors
    /// When the driver does not answer, or the script fails.
    pub async fn run(&self, script: &str, arguments: Vec<Value>) -> Result<Value> {
        limited(
            "looking at the page",
            self.client.execute(script, arguments),
        )
        .await
    }

    /// Saves what the window shows as a PNG, after it has painted twice: a picture before that shows the frame before.
    ///
    /// # Errors
    /// When the driver does not answer, or the file cannot be written.
    pub async fn shot(&self, file: &Path) -> Result<()> {
        let painted =
            "const done = arguments[0]; requestAnimationFrame(() => requestAnimationFrame(done))";
        limited(
            "waiting for paint",
            self.client.execute_async(painted, vec![]),
        )
        .await?;
        let picture = limited("taking a picture", self.client.screenshot()).await?;
        if let Some(folder) = file.parent() {
            fs::create_dir_all(folder)?;
        }
        fs::write(file, picture).with_context(|| format!("writing {}", file.display()))
    }

    /// Whether the program that draws the window is there: a process of our binary at our desk.
    fn is_running(&self) -> Result<bool> {
        let binary = programs::sandglass()?;
        let home = [b"HOME=", self.desk.home().as_os_str().as_encoded_bytes()].concat();
        for entry in fs::read_dir("/proc")? {
            let process = entry?.path();
            // Processes come and go while we look; those of others cannot be read.
            let is_ours = fs::read_link(process.join("exe")).is_ok_and(|exe| exe == binary);
            if is_ours
                && fs::read(process.join("environ"))
                    .is_ok_and(|environ| environ.split(|byte| *byte == 0).any(|line| line == home))
            {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// The end of the program's own log.
    #[must_use]
    pub fn log(&self) -> String {
        tail(&self.desk.home().join("driver.log"))
    }

    async fn shown(&self, locator: Locator<'_>, what: &str) -> Result<Element> {
        let deadline = Instant::now() + SHOW_LIMIT;
        loop {
            let found = limited(what, self.client.find_all(locator)).await?;
            for element in found {
                // It may have gone since: then it is not shown.
                if element.is_displayed().await.unwrap_or(false) {
                    return Ok(element);
                }
            }
            if Instant::now() > deadline {
                let page = self.text().await?;
                bail!(
                    "{what} is not shown after {} s; the page shows\n{page}\n\nthe log ends with\n{}",
                    SHOW_LIMIT.as_secs(),
                    self.log()
                );
            }
            tokio::time::sleep(GLANCE).await;
        }
    }
}

/// One command of the driver, with a limit of its own: a driver that hangs must not hang the tests.
async fn limited<T, E>(what: &str, command: impl Future<Output = Result<T, E>>) -> Result<T>
where
    E: std::error::Error + Send + Sync + 'static,
{
    match tokio::time::timeout(COMMAND_LIMIT, command).await {
        Ok(result) => result.with_context(|| what.to_owned()),
        Err(_) => bail!(
            "{what}: the driver has not answered after {} s",
            COMMAND_LIMIT.as_secs()
        ),
    }
}

async fn connect(port: u16, options: Value) -> Result<Client> {
    let address = format!("http://127.0.0.1:{port}");
    while tokio::net::TcpStream::connect(("127.0.0.1", port))
        .await
        .is_err()
    {
        tokio::time::sleep(GLANCE).await;
    }
    let mut capabilities = serde_json::Map::new();
    capabilities.insert("webkitgtk:browserOptions".to_owned(), options);
    let mut builder = ClientBuilder::new(HttpConnector::new());
    builder.capabilities(capabilities);
    Ok(builder.connect(&address).await?)
}

/// A port that nobody listens on now. Another program could take it before the driver does; the driver then ends, and says so.
fn free_port() -> Result<u16> {
    Ok(TcpListener::bind(("127.0.0.1", 0))?.local_addr()?.port())
}

fn tail(log: &Path) -> String {
    let text = fs::read_to_string(log).unwrap_or_default();
    let lines: Vec<_> = text.lines().collect();
    lines[lines.len().saturating_sub(20)..].join("\n")
}
