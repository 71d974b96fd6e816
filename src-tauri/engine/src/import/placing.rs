//! Where the parts of an import go in a workspace, and what is there already: what is new, what is updated, what stays the
//! user's own. Decides everything and writes nothing.

mod record;
#[cfg(test)]
mod tests;
mod three_way;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use serde_json::Map;

use self::record::{Placed, Record};
use self::three_way::merged;
use super::imported::{Imported, ImportedRequest, ImportedSession, ImportedVariables};
use super::left_out::LeftOut;
use crate::error::Result;
use crate::exchange::body::Body;
use crate::workspace::names::Names;
use crate::workspace::writer::batch::FileChange;
use crate::workspace::writer::{self, SessionKeys};
use crate::workspace::{SavedRequest, Workspace};

/// Requests and left out parts that a preview shows; it counts all of them.
pub const PREVIEW_ITEMS_MAX: usize = 1_000;

/// The file that makes a folder a workspace.
const MANIFEST: &str = "workspace.toml";

/// What becomes of a session of an import.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(ts_rs::TS))]
#[serde(rename_all = "snake_case")]
pub enum SessionChoice {
    /// The requests use the user's own session of this name, as it is.
    Keep,
    /// It becomes a new session.
    Add,
    /// It is left away, and the requests have none.
    Leave,
}

/// What becomes of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "bindings", derive(ts_rs::TS))]
#[serde(rename_all = "snake_case")]
pub enum RequestState {
    /// It is not there yet.
    New,
    /// The import says something new, and it is taken.
    Updated,
    /// It is there as the import says.
    Same,
    /// The user has changed it, and what they wrote stays.
    Yours,
    /// The user has removed it, and it stays away.
    Removed,
}

/// A request as it would be.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "bindings", derive(ts_rs::TS))]
pub struct PlannedRequest {
    /// Its id in the workspace: the folders, and the file's name.
    pub id: String,
    /// An HTTP token.
    pub method: String,
    /// The address, with its variables.
    pub url: String,
    /// What becomes of it.
    pub state: RequestState,
}

/// A session as it would be.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "bindings", derive(ts_rs::TS))]
pub struct PlannedSession {
    /// What the import calls it.
    pub name: String,
    /// Where it would sign in and refresh. Nothing goes there before the user has allowed it.
    pub endpoint: String,
    /// What it would ask for.
    pub scope: String,
    /// The endpoint of the user's own session of this name.
    pub known_endpoint: Option<String>,
    /// What becomes of it.
    pub choice: SessionChoice,
}

/// What an import would do.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "bindings", derive(ts_rs::TS))]
pub struct ImportPreview {
    /// The format and its version.
    pub format: String,
    /// What the collection calls itself.
    pub name: String,
    /// The folder of its requests.
    pub folder: String,
    /// It was imported before, and this brings it up to date.
    pub again: bool,
    /// The first [`PREVIEW_ITEMS_MAX`] requests.
    pub requests: Vec<PlannedRequest>,
    /// How many requests there are.
    pub total: usize,
    /// How many of them are new.
    pub new: usize,
    /// How many are updated.
    pub updated: usize,
    /// How many stay as the user has changed or removed them.
    pub yours: usize,
    /// Requests of the last import that this one does not have any more. They stay.
    pub gone: usize,
    /// Its sessions.
    pub sessions: Vec<PlannedSession>,
    /// Names of variables that are new.
    pub variables: Vec<String>,
    /// Names of secret variables whose values the user is to give.
    pub secrets: Vec<String>,
    /// Names of its environments.
    pub environments: Vec<String>,
    /// The first [`PREVIEW_ITEMS_MAX`] parts that are not taken over.
    pub left_out: Vec<LeftOut>,
    /// How many parts are not taken over.
    pub left_out_total: usize,
}

/// What is to be written, and what to show of it.
#[derive(Clone, Debug)]
pub struct ImportPlan {
    /// The files.
    pub changes: Vec<FileChange>,
    /// What people see before.
    pub preview: ImportPreview,
    /// The sessions that would be new, with what their files say.
    pub new_sessions: Vec<(String, SessionKeys)>,
}

/// Decides where everything goes in the workspace of this folder. Where it is none yet, the plan makes it one; without a
/// folder, it is that of a new one.
///
/// # Errors
/// `workspace.invalid` where a file that would be changed cannot be read.
pub fn plan(
    folder: Option<&Path>,
    imported: &Imported,
    choices: &BTreeMap<String, SessionChoice>,
) -> Result<ImportPlan> {
    let workspace = match folder.filter(|folder| folder.join(MANIFEST).exists()) {
        Some(folder) => Workspace::read(folder)?.0,
        None => Workspace::in_memory(&imported.name, "", Vec::new(), Vec::new()),
    };
    let path = record::path_of(imported);
    let (record_text, before) = match folder {
        Some(folder) => record::read(folder, &path)?,
        None => (None, None),
    };
    let again = before.is_some();
    let before = before.unwrap_or_default();
    let mut placing = Placing {
        folder,
        workspace: &workspace,
        changes: Vec::new(),
        after: Record {
            version: 1,
            format: imported.format.clone(),
            ..Record::default()
        },
        before: &before,
        session_names: BTreeMap::new(),
        new_sessions: Vec::new(),
    };
    let sessions = placing.sessions(&imported.sessions, choices)?;
    let (variables, secrets) = placing.variables(imported)?;
    let requests = placing.requests(imported)?;
    let count = |state: RequestState| requests.iter().filter(|one| one.state == state).count();
    let gone = before
        .requests
        .keys()
        .filter(|key| !placing.after.requests.contains_key(*key))
        .count();
    let preview = ImportPreview {
        format: imported.format.clone(),
        name: imported.name.clone(),
        folder: placing.after.folder.clone(),
        again,
        total: requests.len(),
        new: count(RequestState::New),
        updated: count(RequestState::Updated),
        yours: count(RequestState::Yours) + count(RequestState::Removed),
        gone,
        requests: requests.into_iter().take(PREVIEW_ITEMS_MAX).collect(),
        sessions,
        variables,
        secrets,
        environments: imported
            .environments
            .iter()
            .map(|(name, _)| name.clone())
            .collect(),
        left_out: imported
            .left_out
            .iter()
            .take(PREVIEW_ITEMS_MAX)
            .cloned()
            .collect(),
        left_out_total: imported.left_out.len(),
    };
    // What is gone from the file is remembered: it may come back, and is the user's meanwhile.
    for (key, placed) in &before.requests {
        placing
            .after
            .requests
            .entry(key.clone())
            .or_insert_with(|| placed.clone());
    }
    let after = placing.after.written();
    if record_text.as_ref() != Some(&after) {
        placing.changes.push(FileChange {
            path,
            before: record_text,
            after,
        });
    }
    Ok(ImportPlan {
        changes: placing.changes,
        preview,
        new_sessions: placing.new_sessions,
    })
}

struct Placing<'a> {
    folder: Option<&'a Path>,
    workspace: &'a Workspace,
    changes: Vec<FileChange>,
    after: Record,
    before: &'a Record,
    /// The workspace's name for each session of the import. Absent: it is left away.
    session_names: BTreeMap<String, String>,
    new_sessions: Vec<(String, SessionKeys)>,
}

impl Placing<'_> {
    /// Where a file is.
    fn at(&self, path: &str) -> PathBuf {
        self.folder
            .map_or_else(|| PathBuf::from(path), |folder| folder.join(path))
    }

    /// A file's text, where it is there.
    fn text(&self, path: &str) -> Result<Option<String>> {
        let whole = self.at(path);
        if self.folder.is_some() && whole.exists() {
            crate::workspace::file_text(&whole).map(Some)
        } else {
            Ok(None)
        }
    }

    fn sessions(
        &mut self,
        sessions: &[ImportedSession],
        choices: &BTreeMap<String, SessionChoice>,
    ) -> Result<Vec<PlannedSession>> {
        let mut names = Names::default();
        for session in &self.workspace.sessions {
            names.take(&session.name);
        }
        let mut planned = Vec::new();
        for session in sessions {
            let own = self
                .before
                .sessions
                .get(&session.name)
                .map_or(&*session.name, |placed| &*placed.id);
            let known = self
                .workspace
                .sessions
                .iter()
                .find(|known| &*known.name == own);
            let said = |key| super::fields::text_of(&session.keys, key);
            let endpoint = Some(said("token_endpoint")).filter(|one| !one.is_empty());
            let endpoint = endpoint.unwrap_or_else(|| said("issuer"));
            let known_endpoint = known.map(|known| known.refresh_endpoint().to_string());
            let usual = if known.is_some() {
                SessionChoice::Keep
            } else {
                SessionChoice::Add
            };
            let mut choice = choices.get(&session.name).copied().unwrap_or(usual);
            if known.is_none() && choice == SessionChoice::Keep {
                choice = SessionChoice::Add;
            }
            match choice {
                SessionChoice::Leave => {}
                SessionChoice::Keep => {
                    self.session_names
                        .insert(session.name.clone(), own.to_owned());
                    let placed = Placed {
                        id: own.to_owned(),
                        keys: session.keys.clone(),
                    };
                    self.after.sessions.insert(session.name.clone(), placed);
                }
                SessionChoice::Add => {
                    let name = names.free(&session.name);
                    let path = format!("sessions/{name}.toml");
                    let after = writer::written(Path::new(&path), "", &session.keys)?;
                    self.changes.push(FileChange {
                        path,
                        before: None,
                        after,
                    });
                    self.new_sessions.push((name.clone(), session.keys.clone()));
                    self.session_names
                        .insert(session.name.clone(), name.clone());
                    let placed = Placed {
                        id: name,
                        keys: session.keys.clone(),
                    };
                    self.after.sessions.insert(session.name.clone(), placed);
                }
            }
            planned.push(PlannedSession {
                name: session.name.clone(),
                endpoint,
                scope: super::fields::text_of(&session.keys, "scope"),
                known_endpoint,
                choice,
            });
        }
        Ok(planned)
    }

    /// Adds variables to the files that hold them. Answers the names of the new ones, and of the secret ones among them.
    fn variables(&mut self, imported: &Imported) -> Result<(Vec<String>, Vec<String>)> {
        let (mut new, mut secrets) = (Vec::new(), Vec::new());
        let everywhere = (MANIFEST.to_owned(), String::new(), &imported.variables);
        let mut names = Names::default();
        let mut files = vec![everywhere];
        for (name, variables) in &imported.environments {
            let known = self
                .workspace
                .environments
                .iter()
                .find(|known| known.name.eq_ignore_ascii_case(name));
            let file = known.map_or_else(|| names.free(name), |known| known.name.clone());
            files.push((format!("environments/{file}.toml"), name.clone(), variables));
        }
        for (path, environment, variables) in files {
            let is_new_workspace = path == MANIFEST && self.workspace.path.is_none();
            if *variables == ImportedVariables::default() && !is_new_workspace {
                continue;
            }
            let before = self.text(&path)?;
            let mut keys: SessionKeys = match &before {
                Some(text) => crate::workspace::keys_of(&self.at(&path), text)?,
                None => Map::new(),
            };
            if is_new_workspace {
                keys.insert("version".to_owned(), crate::workspace::VERSION.into());
                keys.insert("name".to_owned(), imported.name.as_str().into());
            }
            let base = self.before.variables.get(&environment);
            let merged = three_way::variables(&mut keys, base, variables);
            new.extend(merged.new);
            secrets.extend(merged.secrets);
            if !variables.values.is_empty() {
                self.after
                    .variables
                    .insert(environment, variables.values.clone());
            }
            let text = writer::written(
                &self.at(&path),
                before.as_deref().unwrap_or_default(),
                &keys,
            )?;
            if before.as_ref() != Some(&text) {
                self.changes.push(FileChange {
                    path,
                    before,
                    after: text,
                });
            }
        }
        for list in [&mut new, &mut secrets] {
            list.sort();
            list.dedup();
        }
        Ok((new, secrets))
    }

    fn requests(&mut self, imported: &Imported) -> Result<Vec<PlannedRequest>> {
        let mut names = Names::default();
        for request in &self.workspace.requests {
            names.take(&request.id);
        }
        self.after.folder = if self.before.folder.is_empty() {
            let mut folders = Names::default();
            for request in &self.workspace.requests {
                folders.take(request.id.split('/').next().unwrap_or_default());
            }
            folders.free(&imported.name)
        } else {
            self.before.folder.clone()
        };
        for placed in self.before.requests.values() {
            names.take(&placed.id);
        }
        let known: BTreeMap<&str, &SavedRequest> = self
            .workspace
            .requests
            .iter()
            .map(|request| (&*request.id, request))
            .collect();
        let mut planned = Vec::with_capacity(imported.requests.len());
        for request in &imported.requests {
            let keys = self.keys_of(request);
            let placed = self.before.requests.get(&request.key);
            let id = match placed {
                Some(placed) => placed.id.clone(),
                None => names.free_below(&self.after.folder, &request.folders, &request.name),
            };
            let state = self.place(&id, placed, known.get(&*id).copied(), &keys)?;
            planned.push(PlannedRequest {
                id: id.clone(),
                method: request.method.clone(),
                url: request.url.clone(),
                state,
            });
            self.after
                .requests
                .insert(request.key.clone(), Placed { id, keys });
        }
        Ok(planned)
    }

    fn place(
        &mut self,
        id: &str,
        base: Option<&Placed>,
        mine: Option<&SavedRequest>,
        keys: &SessionKeys,
    ) -> Result<RequestState> {
        let path = format!("requests/{id}.toml");
        let (base, mine) = match (base, mine) {
            (Some(_), None) => return Ok(RequestState::Removed),
            (Some(base), Some(mine)) => (base, mine),
            (None, _) => {
                let after = writer::written(Path::new(&path), "", keys)?;
                self.changes.push(FileChange {
                    path,
                    before: None,
                    after,
                });
                return Ok(RequestState::New);
            }
        };
        let mine = mine.keys();
        let merged = merged(&base.keys, &mine, keys);
        if merged.take.is_empty() {
            return Ok(if merged.kept {
                RequestState::Yours
            } else {
                RequestState::Same
            });
        }
        let Some(before) = self.text(&path)? else {
            return Ok(RequestState::Removed);
        };
        // What the import does not change is written as the user has written it.
        let mut whole = crate::workspace::keys_of(&self.at(&path), &before)?;
        for (key, value) in merged.take {
            whole.insert(key, value);
        }
        let after = writer::written(&self.at(&path), &before, &whole)?;
        self.changes.push(FileChange {
            path,
            before: Some(before),
            after,
        });
        Ok(RequestState::Updated)
    }

    /// What a request's file says.
    fn keys_of(&self, request: &ImportedRequest) -> SessionKeys {
        let session = request
            .session
            .as_ref()
            .and_then(|name| self.session_names.get(name));
        SavedRequest {
            headers: request.headers.clone(),
            body: request.body.clone().map(Body::Text),
            session: session.cloned(),
            ..SavedRequest::new(&request.name, &request.method, &request.url)
        }
        .keys()
    }
}
