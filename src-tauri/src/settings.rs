//! Theme, pane sizes and the last workspace: small, for this machine, and losable.
//!
//! `tauri-plugin-store` keeps them. It truncates its file in place and reads a broken one as an empty one, which the
//! next save would then overwrite. So the file is checked before the store sees it: what cannot be read is set aside
//! under another name, and the copy of the last good file takes its place.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use clap::ValueEnum;
use sandglass_engine::clock::{Clock as _, SystemClock};
use sandglass_engine::error::{Code, Failure};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use tauri_plugin_store::{Store, StoreExt as _};

/// The file's name in the data folder.
pub const FILE: &str = "settings.json";
/// What the copy of the last good file is called.
pub const GOOD_COPY: &str = "settings.json.good";
/// Largest settings file that is read, in bytes; ours has a few hundred.
const FILE_BYTES_MAX: u64 = 256 * 1024;

/// Sends that are remembered of each workspace, until the user says otherwise.
const HISTORY_KEPT: u32 = 10_000;

/// What the window looks like on this machine.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ts_rs::TS)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// The colours.
    pub theme: Theme,
    /// Width of the left pane, in CSS pixels.
    pub sessions_width_px: u32,
    /// Width of the right pane, in CSS pixels.
    pub inspector_width_px: u32,
    /// Height of the timeline, in CSS pixels.
    pub timeline_height_px: u32,
    /// The workspace folder that was open last. The program writes it; what the view sends here is not used.
    pub last_workspace: Option<PathBuf>,
    /// The environment that was chosen in it last. The program writes it too.
    pub last_environment: Option<String>,
    /// How the timeline is drawn.
    pub timeline_view: TimelineView,
    /// Keys that the user gave to commands, by the command's name: `Ctrl+Shift+R`. An empty text: none.
    #[ts(type = "Record<string, string>")]
    pub keys: BTreeMap<String, String>,
    /// Sends that are remembered of each workspace; zero: none.
    pub history_kept: u32,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            theme: Theme::System,
            sessions_width_px: 248,
            inspector_width_px: 340,
            timeline_height_px: 264,
            last_workspace: None,
            last_environment: None,
            timeline_view: TimelineView::Story,
            keys: BTreeMap::new(),
            history_kept: HISTORY_KEPT,
        }
    }
}

/// Which colours the window has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ValueEnum, ts_rs::TS)]
#[serde(rename_all = "snake_case")]
pub enum Theme {
    /// As the desktop.
    System,
    /// Always light.
    Light,
    /// Always dark.
    Dark,
}

/// How the timeline is drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ts_rs::TS)]
#[serde(rename_all = "snake_case")]
pub enum TimelineView {
    /// One row for each chain of causes, in words.
    Story,
    /// Bars on lanes, over time.
    Lanes,
    /// Every event, in order.
    Log,
}

/// The settings of this run, and the file that outlives it.
pub struct SettingsFile {
    path: PathBuf,
    store: Arc<Store<tauri::Wry>>,
    current: Mutex<Settings>,
    /// The theme that the command line asked for: shown, and not kept.
    theme_of_run: Option<Theme>,
    notice: Option<Failure>,
}

impl SettingsFile {
    /// Opens the settings in this data folder. Where the file is broken, the notice says so; they work either way.
    ///
    /// # Errors
    /// Where the plugin was not set up.
    pub fn open(
        app: &tauri::AppHandle,
        data_dir: &Path,
        theme_of_run: Option<Theme>,
    ) -> tauri_plugin_store::Result<Self> {
        let path = data_dir.join(FILE);
        let (settings, notice) = read_or_set_aside(&path);
        let store = app.store_builder(&path).disable_auto_save().build()?;
        Ok(Self {
            path,
            store,
            current: Mutex::new(settings),
            theme_of_run,
            notice,
        })
    }

    /// What was wrong with the file at the start.
    pub fn notice(&self) -> Option<Failure> {
        self.notice.clone()
    }

    /// What the view shows: what is kept, in the theme of this run.
    pub fn shown(&self) -> Settings {
        let kept = self.current();
        Settings {
            theme: self.theme_of_run.unwrap_or(kept.theme),
            ..kept
        }
    }

    /// What is kept.
    pub fn current(&self) -> Settings {
        self.current
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    /// Keeps what the view chose. The last workspace stays: only opening one changes it.
    pub fn keep_choices(&self, chosen: Settings) -> Settings {
        let shown = chosen.theme;
        let kept = self.change(|current| {
            let theme = if self.theme_of_run == Some(chosen.theme) {
                current.theme
            } else {
                chosen.theme
            };
            *current = Settings {
                last_workspace: current.last_workspace.take(),
                last_environment: current.last_environment.take(),
                theme,
                ..chosen
            };
        });
        Settings {
            theme: shown,
            ..kept
        }
    }

    /// Remembers the workspace that is open, and in which environment. None: the demo, or no environment.
    pub fn keep_workspace(&self, folder: Option<&Path>, environment: Option<&str>) {
        self.change(|current| {
            current.last_workspace = folder.map(Path::to_path_buf);
            current.last_environment = environment.map(str::to_owned);
        });
    }

    fn change(&self, change: impl FnOnce(&mut Settings)) -> Settings {
        let mut current = self.current.lock().unwrap_or_else(PoisonError::into_inner);
        let before = current.clone();
        change(&mut current);
        if *current != before
            && let Err(error) = self.save(&current)
        {
            // They hold for this run; only the next start misses them.
            tracing::warn!(%error, "the settings could not be written");
        }
        current.clone()
    }

    fn save(&self, settings: &Settings) -> io::Result<()> {
        for (name, value) in as_map(settings) {
            self.store.set(name, value);
        }
        self.store.save().map_err(io::Error::other)?;
        let copy = self.path.with_file_name(GOOD_COPY);
        let fresh = copy.with_extension("new");
        fs::copy(&self.path, &fresh)?;
        fs::rename(fresh, copy)
    }
}

/// The settings in this file; where it cannot be read, it is renamed and the last good copy takes its place.
fn read_or_set_aside(path: &Path) -> (Settings, Option<Failure>) {
    let detail = match read(path) {
        Ok(settings) => return (settings, None),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            return (Settings::default(), None);
        }
        Err(error) => error,
    };
    let aside = path.with_file_name(format!("{FILE}.corrupt-{}", SystemClock::default().wall()));
    let mut failure = Failure::new(Code::SettingsCorrupt)
        .with("path", path.display())
        .with("detail", &detail);
    match fs::rename(path, &aside) {
        Ok(()) => failure = failure.with("kept_as", aside.display()),
        Err(error) => tracing::warn!(%error, "the broken settings file could not be renamed"),
    }
    let copy = path.with_file_name(GOOD_COPY);
    match read(&copy) {
        Ok(settings) => {
            if let Err(error) = fs::copy(&copy, path) {
                tracing::warn!(%error, "the copy of the settings could not be put back");
            }
            (settings, Some(failure.with("used", "copy")))
        }
        Err(_) => (Settings::default(), Some(failure.with("used", "defaults"))),
    }
}

fn read(path: &Path) -> io::Result<Settings> {
    let length = fs::metadata(path)?.len();
    if length > FILE_BYTES_MAX {
        return Err(io::Error::other(format!(
            "it has {length} bytes, and at most {FILE_BYTES_MAX} are read"
        )));
    }
    Ok(parse(&fs::read(path)?)?)
}

/// Names that this version does not know are left alone: a newer one may have written them.
fn parse(bytes: &[u8]) -> serde_json::Result<Settings> {
    let stored: Map<String, Value> = serde_json::from_slice(bytes)?;
    let mut settings = as_map(&Settings::default());
    for (name, value) in stored {
        if let Some(known) = settings.get_mut(&name) {
            *known = value;
        }
    }
    serde_json::from_value(Value::Object(settings))
}

fn as_map(settings: &Settings) -> Map<String, Value> {
    match serde_json::to_value(settings) {
        Ok(Value::Object(map)) => map,
        // Only a path that is not Unicode can fail here: such a workspace is not remembered.
        _ => as_map(&Settings {
            last_workspace: None,
            ..settings.clone()
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_missing_or_unknown_in_the_file_does_no_harm() {
        let dark = Settings {
            theme: Theme::Dark,
            ..Settings::default()
        };
        for (text, expected) in [
            ("{}", Some(Settings::default())),
            (r#"{"theme": "dark", "from_the_future": [1]}"#, Some(dark)),
            (r#"{"theme": "purple"}"#, None),
            (r#"{"sessions_width_px": -4}"#, None),
            (r#"{"theme": "da"#, None),
            ("", None),
            ("[]", None),
        ] {
            assert_eq!(parse(text.as_bytes()).ok(), expected, "{text}");
        }
    }

    #[test]
    fn a_corrupt_file_is_kept_and_the_good_copy_is_used() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join(FILE);
        for (copy, used, theme) in [
            (None, "defaults", Theme::System),
            (Some(r#"{"theme": "dark"}"#), "copy", Theme::Dark),
        ] {
            fs::write(&path, "{ torn").expect("a file");
            if let Some(copy) = copy {
                fs::write(folder.path().join(GOOD_COPY), copy).expect("a file");
            }
            let (settings, failure) = read_or_set_aside(&path);
            let failure = failure.expect("the user is told");
            assert_eq!(
                (
                    settings.theme,
                    failure.code,
                    failure.params["used"].as_str()
                ),
                (theme, Code::SettingsCorrupt, used)
            );
            assert_eq!(
                fs::read_to_string(&failure.params["kept_as"]).expect("the old file is kept"),
                "{ torn"
            );
        }
    }

    #[test]
    fn no_file_is_a_first_start() {
        let folder = tempfile::tempdir().expect("a folder");
        assert_eq!(
            read_or_set_aside(&folder.path().join(FILE)),
            (Settings::default(), None)
        );
    }
}
