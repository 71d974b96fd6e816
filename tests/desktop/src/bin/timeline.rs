//! Measures the timeline in the real window: a million events on disk, and a live feed. Prints a table; judges nothing.

#[cfg(target_os = "linux")]
#[tokio::main]
async fn main() -> anyhow::Result<()> {
    linux::figures().await
}

#[cfg(not(target_os = "linux"))]
fn main() -> std::process::ExitCode {
    std::process::ExitCode::FAILURE
}

#[cfg(target_os = "linux")]
mod linux {
    use std::fs;
    use std::path::{Path, PathBuf};
    use std::time::{Duration, Instant};

    use anyhow::{Context as _, Result, bail};
    use rusqlite::{Connection, params};
    use serde_json::{Value, json};
    use tests_desktop::programs;
    use tests_desktop::window::Window;
    use xtask::desk::{Desk, Keychain};
    use xtask::root;

    /// How many events there are on disk.
    const EVENTS: u64 = 1_000_000;
    /// How long the events may take to be put into their groups, the first time.
    const PLACING_LIMIT: Duration = Duration::from_secs(1_800);
    /// How long one measurement in the page may take.
    const LIMIT: Duration = Duration::from_secs(180);
    const GLANCE: Duration = Duration::from_millis(200);
    /// The live feed: requests a second (each about ten events), and for how long.
    const FEED_A_SECOND: u64 = 200;
    const FEED_SECONDS: u64 = 60;

    /// What the measurements share: waiting for a condition, and the script time of a frame.
    const TOOLS: &str = "
        window.figures = {};
        window.until = (wanted) => new Promise((done) => {
            const look = () => (wanted() ? done(performance.now()) : requestAnimationFrame(look));
            look();
        });
        window.percentile = (times, share) => times.toSorted((a, b) => a - b)[Math.min(times.length - 1, Math.floor(times.length * share))];
        // The page's own callbacks of a frame are what a frame costs in script.
        const real = window.requestAnimationFrame.bind(window);
        window.inFrame = 0;
        window.requestAnimationFrame = (act) => real((time) => {
            const before = performance.now();
            act(time);
            window.inFrame += performance.now() - before;
        });
        window.frame = () => new Promise((done) => real(() => setTimeout(done)));
        window.key = (key, target = document.querySelector('.view [data-focus]')) => target?.dispatchEvent(new KeyboardEvent('keydown', { key, bubbles: true, cancelable: true }));
        return true;
    ";

    const OPENED: &str = "
        const name = arguments[0];
        const begun = performance.now();
        document.querySelector(`[data-testid=timeline-${name}]`).click();
        // A canvas that was never painted has the width that every canvas is born with; a new run has no rows yet.
        const painted = () => (document.querySelector('.view .lanes canvas')?.width ?? 300) !== 300;
        until(() => painted() || document.querySelector('.view [role=option], .view li[data-row]')).then((end) => (figures.opened = end - begun));
    ";

    const FILTERED: &str = "
        const field = document.querySelector('[data-testid=filter]');
        field.value = arguments[0];
        field.dispatchEvent(new Event('input', { bubbles: true }));
        const begun = performance.now();
        until(() => document.querySelector('[data-testid=filter-count]')).then((end) => (figures.filtered = end - begun));
    ";

    const FITTED: &str = "
        (async () => {
            await until(() => document.querySelector('.view [role=gridcell]'));
            const begun = performance.now();
            key('0');
            await until(() => document.querySelector('.view [role=gridcell]')?.ariaLabel?.includes('Zoom in to see each'));
            figures.fitted = performance.now() - begun;
        })();
    ";

    const MATCHED: &str = "
        const field = document.querySelector('[data-testid=filter]');
        field.dispatchEvent(new KeyboardEvent('keydown', { key: 'Enter', bubbles: true, cancelable: true }));
    ";

    /// Zooms in and out and pans, one step a frame, and notes what each frame cost in script.
    const MOVED: &str = "
        (async () => {
            const lanes = document.querySelector('.lanes');
            const times = [];
            for (let step = 0; step < 240; step += 1) {
                const zoom = step % 4 === 0;
                const event = new WheelEvent('wheel', { deltaX: zoom ? 0 : (step % 16 < 8 ? 60 : -60), deltaY: zoom ? (step % 160 < 80 ? -60 : 60) : 0, ctrlKey: zoom, clientX: 700, clientY: 650, bubbles: true, cancelable: true });
                inFrame = 0;
                const before = performance.now();
                lanes.dispatchEvent(event);
                await Promise.resolve();
                const handled = performance.now() - before;
                await frame();
                times.push(handled + inFrame);
            }
            figures.moved = [percentile(times, 0.5), percentile(times, 0.95), times.length];
        })();
    ";

    const FED: &str = "
        const [each, seconds] = arguments;
        const { invoke } = window.__TAURI_INTERNALS__;
        const url = document.querySelector('[data-testid=url]').value;
        const draft = { method: 'GET', url, headers: [], body: null, session: 'demo', allow_without_token: false };
        (async () => {
            const keys = [];
            let refused = 0;
            let sent = 0;
            const begun = performance.now();
            while (performance.now() - begun < seconds * 1000) {
                const due = Math.floor(((performance.now() - begun) / 1000) * each) - sent;
                for (let one = 0; one < due; one += 1) invoke('send_request', { args: draft }).catch(() => (refused += 1));
                sent += due;
                const before = performance.now();
                key('ArrowLeft');
                await Promise.resolve();
                await frame();
                keys.push(performance.now() - before);
                await new Promise((done) => setTimeout(done, 100));
            }
            figures.fed = [sent, refused, percentile(keys, 0.5), percentile(keys, 0.95), keys.length];
        })();
    ";

    /// Opens the window on the events and on nothing, and measures both.
    #[expect(clippy::print_stdout, reason = "the table is this program's output")]
    pub(crate) async fn figures() -> Result<()> {
        programs::optimised();
        let folder = root::target().join("timeline-figures");
        generate(&folder)?;

        let idle = open(None).await?;
        tokio::time::sleep(Duration::from_secs(5)).await;
        let idle_mb = page_mb(&idle)?;
        drop(idle);

        let window = open(Some(&folder)).await?;
        placed(&folder).await?;
        window.run(TOOLS, vec![]).await?;
        let story = measured(&window, OPENED, vec![json!("story")], "opened").await?;
        let log = measured(&window, OPENED, vec![json!("log")], "opened").await?;
        let lanes = measured(&window, OPENED, vec![json!("lanes")], "opened").await?;
        let filtered = measured(
            &window,
            FILTERED,
            vec![json!("status:401 is:retry")],
            "filtered",
        )
        .await?;
        // To the first match, which is in the run of the million; then without the filter, and all of it.
        window.run(MATCHED, vec![]).await?;
        window.wait_for_text("Back to live").await?;
        window
            .wait_for_text_in("[data-testid=filter-count]", "1 of ")
            .await?;
        window.click("Clear the filter").await?;
        window
            .wait_for_text_in("[data-lane] [role=rowheader]", "R")
            .await?;
        // The map of that run is drawn within two seconds; fitting shows what the map shows.
        tokio::time::sleep(Duration::from_secs(3)).await;
        let fitted = measured(&window, FITTED, vec![], "fitted").await?;
        let moved = measured(&window, MOVED, vec![], "moved").await?;
        let full_mb = page_mb(&window)?;
        window
            .shot(&root::target().join("shots/million.png"))
            .await?;
        drop(window);

        let window = open(None).await?;
        window.run(TOOLS, vec![]).await?;
        window.click("Sign in").await?;
        window
            .wait_for_text_in("[data-testid=session-demo]", "G1")
            .await?;
        window.click("Lanes").await?;
        let fed = measured(
            &window,
            FED,
            vec![json!(FEED_A_SECOND), json!(FEED_SECONDS)],
            "fed",
        )
        .await?;
        tokio::time::sleep(Duration::from_secs(5)).await;
        let held = window.texts("footer .item").await?.join(" | ");
        let newest = window.run("return window.__TAURI_INTERNALS__.invoke('read_log', { args: { filter: '', first: null, max: 1 } }).then((page) => (window.figures.newest = page.total)) && null", vec![]).await.map(|_| ());
        newest?;
        let newest = value(&window, "newest").await?;
        let fed_mb = page_mb(&window)?;

        let ms = |value: &Value| format!("{:.0} ms", value.as_f64().unwrap_or(f64::NAN));
        let say = |figure: &str, wanted: &str, measured: &str| {
            println!("| {figure} | {wanted} | {measured} |")
        };
        say("figure", "wanted", "measured");
        println!("| --- | --- | --- |");
        for (view, opened) in [("story", &story), ("log", &log), ("lanes", &lanes)] {
            say(
                &format!("{EVENTS} events: {view} opened"),
                "500 ms",
                &ms(opened),
            );
        }
        say(
            "filter answered, with 120 ms of waiting for the next key",
            "300 ms",
            &ms(&filtered),
        );
        say("all of it shown (0)", "-", &ms(&fitted));
        say(
            &format!(
                "script a frame while zooming and panning, {} frames: p50, p95",
                moved[2]
            ),
            "16, 40 ms",
            &format!("{}, {}", ms(&moved[0]), ms(&moved[1])),
        );
        say(
            "web process above the same window idle",
            "120 MB",
            &format!(
                "{:.0} MB ({idle_mb:.0} idle, {full_mb:.0}, {fed_mb:.0} after the feed)",
                full_mb - idle_mb
            ),
        );
        let total = newest.as_u64().unwrap_or_default();
        say(
            &format!(
                "live feed for {FEED_SECONDS} s: events a second, {} sends, {} refused",
                fed[0], fed[1]
            ),
            "2,000",
            &format!(
                "{} ({total} events; the view counted: {held})",
                total / FEED_SECONDS
            ),
        );
        say(
            &format!("key to picture during the feed, {} keys: p50, p95", fed[4]),
            "100 ms",
            &format!("{}, {}", ms(&fed[2]), ms(&fed[3])),
        );
        Ok(())
    }

    async fn open(data: Option<&Path>) -> Result<Window> {
        let desk = Desk::new(Keychain::Unlocked)?;
        let mut arguments = vec!["--demo", "--theme", "light"];
        let data = data.map(|data| data.to_string_lossy().into_owned());
        if let Some(data) = &data {
            arguments.extend(["--data-dir", data]);
        }
        let window = Window::open(desk, &arguments).await?;
        window.find("[data-testid=timeline-lanes]").await?;
        Ok(window)
    }

    async fn measured(
        window: &Window,
        script: &str,
        arguments: Vec<Value>,
        name: &str,
    ) -> Result<Value> {
        window
            .run(&format!("delete figures.{name}; {script}"), arguments)
            .await?;
        value(window, name).await
    }

    async fn value(window: &Window, name: &str) -> Result<Value> {
        let deadline = Instant::now() + LIMIT;
        loop {
            let found = window
                .run(&format!("return figures.{name} ?? null"), vec![])
                .await?;
            if !found.is_null() {
                return Ok(found);
            }
            if Instant::now() > deadline {
                bail!(
                    "{name} was not measured within {} s; the page shows\n{}",
                    LIMIT.as_secs(),
                    window.text().await?
                );
            }
            tokio::time::sleep(GLANCE).await;
        }
    }

    /// Memory of the web process that belongs to this window's desk, in MB: its own pages and its share of others'.
    fn page_mb(window: &Window) -> Result<f64> {
        let home = [
            b"HOME=",
            window.desk().home().as_os_str().as_encoded_bytes(),
        ]
        .concat();
        let mut kilobytes = 0;
        for entry in fs::read_dir("/proc")? {
            let process = entry?.path();
            let name = fs::read_to_string(process.join("comm")).unwrap_or_default();
            let environment = fs::read(process.join("environ")).unwrap_or_default();
            if !name.starts_with("WebKitWebProces")
                || !environment
                    .split(|byte| *byte == 0)
                    .any(|line| line == home)
            {
                continue;
            }
            let rollup = fs::read_to_string(process.join("smaps_rollup")).unwrap_or_default();
            let pss = rollup.lines().find_map(|line| line.strip_prefix("Pss:"));
            kilobytes += pss
                .and_then(|pss| pss.split_whitespace().next())
                .and_then(|pss| pss.parse::<u32>().ok())
                .unwrap_or(0);
        }
        Ok(f64::from(kilobytes) / 1_024.0)
    }

    /// Waits until every event has its group.
    async fn placed(folder: &Path) -> Result<()> {
        let connection = Connection::open(folder.join("timeline.db"))?;
        let deadline = Instant::now() + PLACING_LIMIT;
        while connection.query_row(
            "SELECT EXISTS(SELECT 1 FROM events WHERE causal_group IS NULL)",
            [],
            |row| row.get::<_, bool>(0),
        )? {
            if Instant::now() > deadline {
                bail!("the events are still not in their groups");
            }
            tokio::time::sleep(GLANCE).await;
        }
        Ok(())
    }

    /// Writes the database once, as the version before this one would have: the recorded stories of the engine's own tests,
    /// one after the other, with numbers and times that go on.
    fn generate(folder: &Path) -> Result<()> {
        let (file, unfinished) = (
            folder.join("timeline.db"),
            folder.join("timeline.db.unfinished"),
        );
        if file.exists() {
            return Ok(());
        }
        fs::create_dir_all(folder)?;
        let _ = fs::remove_file(&unfinished);
        let stories = stories()?;
        let mut connection = Connection::open(&unfinished)?;
        connection.execute_batch(
            "CREATE TABLE runs (run INTEGER PRIMARY KEY AUTOINCREMENT, started_ms INTEGER NOT NULL, pid INTEGER NOT NULL);
             CREATE TABLE events (run INTEGER NOT NULL, seq INTEGER NOT NULL, wall_ms INTEGER NOT NULL, session TEXT, request INTEGER,
                                  flight INTEGER, event TEXT NOT NULL, PRIMARY KEY (run, seq)) WITHOUT ROWID;
             INSERT INTO runs (started_ms, pid) VALUES (0, 1);
             PRAGMA user_version = 1;",
        )?;
        let transaction = connection.transaction()?;
        {
            let mut insert =
                transaction.prepare("INSERT INTO events VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)")?;
            let (mut last, mut requests, mut flights, mut elapsed) = (0, 0, 0, 0);
            'all: loop {
                for story in &stories {
                    let shift = Shift {
                        seq: last,
                        requests,
                        flights,
                        elapsed_ms: elapsed,
                    };
                    for event in story {
                        let event = shift.apply(event.clone());
                        let number = |name: &str| event.get(name).and_then(Value::as_i64);
                        last = number("seq").context("a number")?;
                        requests = requests.max(number("request").unwrap_or(0));
                        flights = flights.max(number("flight").unwrap_or(0));
                        elapsed = number("mono_ns").context("a time")? / 1_000_000;
                        let session = event.get("session").and_then(Value::as_str);
                        insert.execute(params![
                            1,
                            last,
                            number("wall_ms"),
                            session,
                            number("request"),
                            number("flight"),
                            event.to_string()
                        ])?;
                        if last.unsigned_abs() == EVENTS {
                            break 'all;
                        }
                    }
                }
            }
        }
        transaction.commit()?;
        drop(connection);
        fs::rename(&unfinished, &file)?;
        Ok(())
    }

    fn stories() -> Result<Vec<Vec<Value>>> {
        let folder = root::root().join("tests/engine/stories");
        let mut files: Vec<PathBuf> = fs::read_dir(folder)?
            .map(|entry| Ok(entry?.path()))
            .collect::<Result<_>>()?;
        files.sort();
        let mut stories = Vec::new();
        for file in files {
            let text = fs::read_to_string(file)?;
            let events = text
                .lines()
                .map(serde_json::from_str)
                .collect::<serde_json::Result<Vec<Value>>>()?;
            // The run's own beginning stands once in a run, and here not at all.
            stories.push(
                events
                    .into_iter()
                    .filter(|event| event["kind"] != "RunStarted")
                    .collect(),
            );
        }
        Ok(stories)
    }

    /// What is added to the numbers of a recorded story.
    struct Shift {
        seq: i64,
        requests: i64,
        flights: i64,
        elapsed_ms: i64,
    }

    impl Shift {
        fn apply(&self, mut event: Value) -> Value {
            // Without the run's beginning, a story's first number is 2.
            let add = |value: &mut Value, by: i64| {
                if let Some(number) = value.as_i64() {
                    *value = json!(number + by);
                }
            };
            add(&mut event["seq"], self.seq - 1);
            add(&mut event["mono_ns"], self.elapsed_ms * 1_000_000);
            add(&mut event["wall_ms"], self.elapsed_ms);
            for (name, by) in [("request", self.requests), ("flight", self.flights)] {
                if let Some(value) = event.get_mut(name) {
                    add(value, by);
                }
            }
            if let Some(causes) = event.get_mut("cause_seq").and_then(Value::as_array_mut) {
                for cause in causes {
                    add(&mut cause["seq"], self.seq - 1);
                }
            }
            if let Some(expires) = event
                .get_mut("data")
                .and_then(|data| data.get_mut("expires_at_ms"))
            {
                add(expires, self.elapsed_ms);
            }
            event
        }
    }
}
