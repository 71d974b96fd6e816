//! The test programs: built once, asked what tests they hold, and run one test at a time.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Mutex;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};
use serde_json::Value;
use tempfile::TempDir;
use xtask::{root, tool};

use super::Proof;
use super::scan::Named;
use crate::ui;

/// A single test that takes longer has failed.
const TRIAL_LIMIT: Duration = Duration::from_secs(300);
/// Tests that run at once: they wait for sockets and clocks more than they compute.
const WORKERS: usize = 2;
/// How often a running test is looked at.
const GLANCE: Duration = Duration::from_millis(5);
/// Lines of a red test's output that are shown.
const LINES_SHOWN: usize = 12;

/// One test, found in a program.
#[derive(Clone, Debug)]
pub(super) struct Test {
    program: PathBuf,
    /// The folder of its package.
    package: PathBuf,
    /// Its full name in the program.
    name: String,
}

/// How one run of one test went.
#[derive(Debug)]
pub(super) struct Trial {
    pub(super) passed: bool,
    pub(super) took: Duration,
    /// The end of what a red test said.
    pub(super) output: String,
    /// The rules that decided something in it.
    pub(super) rules: BTreeSet<String>,
}

/// All test programs of the packages that hold named tests.
pub(super) struct Programs {
    /// By package folder.
    tests: BTreeMap<PathBuf, Vec<Test>>,
    scratch: TempDir,
}

impl Programs {
    /// Builds the programs, with rules that can be switched off.
    pub(super) fn build(named: &[Named]) -> Result<Self> {
        ui::ensure()?;
        let packages: BTreeSet<_> = named
            .iter()
            .map(|test| root::root().join(package(&test.file)))
            .collect();
        // The whole workspace, as all suites do: the tests' own packages turn the switch for rules on.
        let mut command = tool::cargo("test");
        command.args([
            "--workspace",
            "--no-run",
            "--quiet",
            "--message-format=json",
        ]);
        let output = command
            .stderr(Stdio::inherit())
            .output()
            .context("starting cargo")?;
        if !output.status.success() {
            bail!("`{}` failed", tool::line(&command));
        }
        let mut tests: BTreeMap<PathBuf, Vec<Test>> = BTreeMap::new();
        for message in String::from_utf8_lossy(&output.stdout).lines() {
            let message: Value =
                serde_json::from_str(message).context("reading cargo's messages")?;
            let (Some(program), Some(true), Some(manifest)) = (
                message["executable"].as_str(),
                message["profile"]["test"].as_bool(),
                message["manifest_path"].as_str(),
            ) else {
                continue;
            };
            let folder = Path::new(manifest).parent().unwrap_or(Path::new("/"));
            if !packages.contains(folder) {
                continue;
            }
            let list = tool::output(Command::new(program).args(["--list", "--format=terse"]))
                .with_context(|| format!("asking {program} for its tests"))?;
            let names = list.lines().filter_map(|line| line.strip_suffix(": test"));
            tests
                .entry(folder.to_owned())
                .or_default()
                .extend(names.map(|name| Test {
                    program: program.into(),
                    package: folder.to_owned(),
                    name: name.to_owned(),
                }));
        }
        Ok(Self {
            tests,
            scratch: tempfile::tempdir().context("a folder for what tests say")?,
        })
    }

    /// Runs each test by itself.
    pub(super) fn prove(&self, named: Vec<Named>) -> Result<Vec<Proof>> {
        let tests = named
            .iter()
            .map(|named| self.find(named))
            .collect::<Result<Vec<_>>>()?;
        let trials = self.run(&tests, None, TRIAL_LIMIT)?;
        let proofs = named.into_iter().zip(trials);
        Ok(proofs
            .map(|(named, trial)| Proof { named, trial })
            .collect())
    }

    /// Runs these tests, a few at once, each in a process of its own; with one rule off where one is named.
    pub(super) fn run(
        &self,
        tests: &[&Test],
        rule_off: Option<&str>,
        limit: Duration,
    ) -> Result<Vec<Trial>> {
        let (next, done) = (Mutex::new(0), Mutex::new(BTreeMap::new()));
        thread::scope(|scope| {
            for _ in 0..WORKERS.min(tests.len()) {
                scope.spawn(|| {
                    loop {
                        let index = {
                            let mut next =
                                next.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
                            *next += 1;
                            *next - 1
                        };
                        let Some(test) = tests.get(index) else { return };
                        let trial = self.trial(test, index, rule_off, limit);
                        done.lock()
                            .unwrap_or_else(|poisoned| poisoned.into_inner())
                            .insert(index, trial);
                    }
                });
            }
        });
        let done = done
            .into_inner()
            .unwrap_or_else(|poisoned| poisoned.into_inner());
        done.into_values().collect()
    }

    /// The test in its program.
    pub(super) fn find(&self, named: &Named) -> Result<&Test> {
        let folder = root::root().join(package(&named.file));
        let tests = self.tests.get(&folder).map_or(&[][..], Vec::as_slice);
        let last = |test: &&Test| test.name.rsplit("::").next() == Some(&named.function);
        let module = named
            .file
            .file_stem()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned();
        let same: Vec<_> = tests.iter().filter(last).collect();
        let here = same
            .iter()
            .find(|test| test.name.split("::").any(|part| part == module));
        match (here, same.as_slice()) {
            (Some(test), _) => Ok(test),
            (None, [test]) => Ok(test),
            _ => bail!("{named} is in no test program: is its module listed in main.rs?"),
        }
    }

    fn trial(
        &self,
        test: &Test,
        index: usize,
        rule_off: Option<&str>,
        limit: Duration,
    ) -> Result<Trial> {
        let said = self.scratch.path().join(format!("{index}.said"));
        let rules = self.scratch.path().join(format!("{index}.rules"));
        let file = File::create(&said).context("a file for what a test says")?;
        let mut command = Command::new(&test.program);
        command
            .args(["--exact", &test.name])
            .current_dir(&test.package)
            .env("CARGO_MANIFEST_DIR", &test.package)
            .stdin(Stdio::null())
            .stdout(file.try_clone().context("a second hand on a file")?)
            .stderr(file);
        match rule_off {
            // What chance finds without a rule is no seed to keep.
            Some(rule) => command
                .env("SANDGLASS_RULE_OFF", rule)
                .env("PROPTEST_DISABLE_FAILURE_PERSISTENCE", "1"),
            None => command.env("SANDGLASS_RULES_SEEN", &rules),
        };
        let began = Instant::now();
        let mut child = command
            .spawn()
            .with_context(|| format!("starting {}", test.program.display()))?;
        let status = loop {
            if let Some(status) = child.try_wait().context("looking after a test")? {
                break Some(status);
            }
            if began.elapsed() > limit {
                child.kill().context("ending a test that takes too long")?;
                child.wait().context("ending a test that takes too long")?;
                break None;
            }
            thread::sleep(GLANCE);
        };
        let said = fs::read_to_string(&said).unwrap_or_default();
        let ran = said.contains("running 1 test");
        let passed = ran && status.is_some_and(|status| status.success());
        let mut output = end(&said);
        if status.is_none() {
            output.push_str(&format!("\n  it had not ended after {} s", limit.as_secs()));
        }
        let seen = fs::read_to_string(&rules).unwrap_or_default();
        Ok(Trial {
            passed,
            took: began.elapsed(),
            output: if passed { String::new() } else { output },
            rules: seen.lines().map(str::to_owned).collect(),
        })
    }
}

fn end(said: &str) -> String {
    let lines: Vec<_> = said
        .lines()
        .filter(|line| !line.trim().is_empty())
        .collect();
    // From the panic on, where there is one: what follows it may be long.
    let panicked = lines.iter().position(|line| line.contains("panicked at"));
    let from = panicked.unwrap_or(lines.len().saturating_sub(LINES_SHOWN));
    lines[from..lines.len().min(from + LINES_SHOWN)]
        .iter()
        .map(|line| format!("  {line}"))
        .collect::<Vec<_>>()
        .join("\n")
}

/// The folder of the package that a file belongs to, from the top.
fn package(file: &Path) -> PathBuf {
    let top = root::root();
    let holds = |folder: &&Path| top.join(folder).join("Cargo.toml").is_file();
    file.ancestors()
        .skip(1)
        .find(holds)
        .unwrap_or(Path::new(""))
        .to_owned()
}
