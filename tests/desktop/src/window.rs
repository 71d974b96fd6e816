//! The app's window at a desk, through WebKit's own driver.

use std::ffi::OsString;
use std::fs::{self, File};
use std::net::TcpListener;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail, ensure};
use fantoccini::elements::Element;
use fantoccini::key::Key;
use fantoccini::{Client, ClientBuilder};
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
pub(crate) const GLANCE: Duration = Duration::from_millis(50);
/// How long one command of the driver may take.
const COMMAND_LIMIT: Duration = Duration::from_secs(20);

/// What can be pressed.
const CONTROLS: &str =
    "button, [role=button], [role=tab], [role=radio], [role=menuitem], [role=menuitemradio]";

/// The driver's own idea of what is displayed leaves out texts that are cut with an ellipsis; the page's own does not.
const FIND: &str = "
    const [selector, text] = arguments;
    const isShown = (element) => element.checkVisibility({ visibilityProperty: true }) && element.getClientRects().length > 0;
    const shown = [...document.querySelectorAll(selector)].filter(isShown);
    if (text === '') return shown[0] ?? null;
    const says = (element) => [element.innerText.trim(), element.ariaLabel].includes(text);
    const saysAmongOthers = (element) => element.innerText.split('\\n').some((line) => line.trim() === text);
    return shown.find(says) ?? shown.find(saysAmongOthers) ?? null;
";

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
        Self::open_with(desk, arguments, &[]).await
    }

    /// The same, with variables of the program's own.
    ///
    /// # Errors
    /// As [`Window::open`].
    pub async fn open_with(
        desk: Desk,
        arguments: &[&str],
        environment: &[(&str, OsString)],
    ) -> Result<Self> {
        let log = desk.home().join("driver.log");
        let port = free_port()?;
        let mut command = desk.command("WebKitWebDriver");
        command
            .args(["--host=127.0.0.1", &format!("--port={port}")])
            .env("TAURI_WEBVIEW_AUTOMATION", "true")
            .envs(environment.iter().map(|(name, value)| (name, value)))
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

    /// Ends the program as a logout would, waits until it is gone, and leaves the desk as it is.
    ///
    /// The driver's own way to close a window kills the program, which nothing is learnt from.
    ///
    /// # Errors
    /// When the program does not end in time, or not in order.
    pub async fn close(self) -> Result<Desk> {
        self.signal("-TERM")?;
        self.gone().await?;
        ensure!(
            self.log().contains("Sandglass ends"),
            "the program did not end in order; the log ends with\n{}",
            self.log()
        );
        Ok(self.desk)
    }

    /// Kills the program where it stands, waits until it is gone, and leaves the desk as it is.
    ///
    /// # Errors
    /// When the program is still there after that.
    pub async fn kill(self) -> Result<Desk> {
        self.signal("-KILL")?;
        self.gone().await?;
        Ok(self.desk)
    }

    fn signal(&self, signal: &str) -> Result<()> {
        let process = self.process()?.context("the program is running")?;
        let told = Command::new("kill")
            .args([signal, &process])
            .status()
            .context("telling the program to end")?;
        ensure!(told.success(), "the program could not be told to end");
        Ok(())
    }

    async fn gone(&self) -> Result<()> {
        let deadline = Instant::now() + COMMAND_LIMIT;
        while self.process()?.is_some() {
            let seconds = COMMAND_LIMIT.as_secs();
            ensure!(
                Instant::now() < deadline,
                "the program goes on {seconds} s after it was told to end; the log ends with\n{}",
                self.log()
            );
            tokio::time::sleep(GLANCE).await;
        }
        Ok(())
    }

    /// The first element of this selector, as soon as it is shown.
    ///
    /// # Errors
    /// When it is not shown in time; the message carries what the page shows instead.
    pub async fn find(&self, selector: &str) -> Result<Element> {
        self.shown(selector, "").await
    }

    /// Clicks the first element of this selector.
    ///
    /// # Errors
    /// When it is not shown in time.
    pub async fn click_on(&self, selector: &str) -> Result<()> {
        self.click_shown(selector, "").await
    }

    /// Clicks the control that says this, in its text or by its label.
    ///
    /// # Errors
    /// When it is not shown in time.
    pub async fn click(&self, text: &str) -> Result<()> {
        self.click_shown(CONTROLS, text).await
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
        let field = self.shown("label", label).await?;
        // A click on a label goes to its field.
        limited(label, field.click()).await?;
        let focused = limited("finding the focus", self.client.active_element()).await?;
        limited(label, focused.send_keys(text)).await
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

    /// Waits until an element of this selector says this.
    ///
    /// # Errors
    /// When none does in time; the message carries what they say instead.
    pub async fn wait_for_text_in(&self, selector: &str, text: &str) -> Result<()> {
        let deadline = Instant::now() + SHOW_LIMIT;
        loop {
            let texts = self.texts(selector).await?;
            if texts.iter().any(|found| found.contains(text)) {
                return Ok(());
            }
            if Instant::now() > deadline {
                let (page, limit) = (self.text().await?, SHOW_LIMIT.as_secs());
                bail!(
                    "{selector} says {texts:?} and not “{text}” after {limit} s; the page shows\n{page}\n\nthe log ends with\n{}",
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

    /// The number of the process that draws the window: of our binary, at our desk.
    fn process(&self) -> Result<Option<String>> {
        let binary = programs::sandglass()?;
        let home = [b"HOME=", self.desk.home().as_os_str().as_encoded_bytes()].concat();
        for entry in fs::read_dir("/proc")? {
            let process = entry?;
            // Processes come and go while we look; those of others cannot be read.
            let is_ours = fs::read_link(process.path().join("exe")).is_ok_and(|exe| exe == binary);
            let environment = fs::read(process.path().join("environ")).unwrap_or_default();
            if is_ours
                && environment
                    .split(|byte| *byte == 0)
                    .any(|line| line == home)
            {
                return Ok(Some(process.file_name().to_string_lossy().into_owned()));
            }
        }
        Ok(None)
    }

    /// The end of the program's own log.
    #[must_use]
    pub fn log(&self) -> String {
        tail(&self.desk.home().join("driver.log"))
    }

    /// Clicks what is shown; where the page has drawn it anew between the look and the click, what took its place.
    async fn click_shown(&self, selector: &str, text: &str) -> Result<()> {
        let deadline = Instant::now() + SHOW_LIMIT;
        loop {
            let element = self.shown(selector, text).await?;
            match limited(text, element.click()).await {
                Err(why) if Instant::now() > deadline => {
                    return Err(why.context(selector.to_owned()));
                }
                Err(_) => tokio::time::sleep(GLANCE).await,
                Ok(()) => return Ok(()),
            }
        }
    }

    /// The first element of this selector that is to be seen, and says `text` where that is not empty: exactly, or as one of its lines.
    async fn shown(&self, selector: &str, text: &str) -> Result<Element> {
        let deadline = Instant::now() + SHOW_LIMIT;
        loop {
            let found = self.run(FIND, vec![json!(selector), json!(text)]).await?;
            if let Some(id) = found
                .as_object()
                .and_then(|element| element.values().next())
                .and_then(Value::as_str)
            {
                return Ok(Element::from_element_id(
                    self.client.clone(),
                    id.to_owned().into(),
                ));
            }
            if Instant::now() > deadline {
                let (page, limit) = (self.text().await?, SHOW_LIMIT.as_secs());
                bail!(
                    "{selector} {text} is not shown after {limit} s; the page shows\n{page}\n\nthe log ends with\n{}",
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
pub(crate) fn free_port() -> Result<u16> {
    Ok(TcpListener::bind(("127.0.0.1", 0))?.local_addr()?.port())
}

fn tail(log: &Path) -> String {
    let text = fs::read_to_string(log).unwrap_or_default();
    let lines: Vec<_> = text.lines().collect();
    lines[lines.len().saturating_sub(20)..].join("\n")
}
