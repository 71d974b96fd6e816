//! Changes of the workspace's request files by the user, and what others write into its folder while it is open.

use std::path::Path;

use super::Engine;
use super::editing::on_disk;
use crate::error::{Failure, Result};
use crate::workspace::names::Names;
use crate::workspace::stamp::{Outside, Stamp};
use crate::workspace::writer::request;
use crate::workspace::{SavedRequest, Workspace};

impl Engine {
    /// The request of a file, as it is on disk now.
    ///
    /// # Errors
    /// `workspace.in_memory`, `workspace.invalid`.
    pub async fn read_request_file(&self, id: &str) -> Result<SavedRequest> {
        let (folder, id) = (self.folder()?, id.to_owned());
        on_disk(move || request::read(&folder, &id)).await
    }

    /// Writes a request's file, that of its revision, and takes it in.
    ///
    /// # Errors
    /// `workspace.*`: nothing was written. As [`Engine::reload`]: it was, and is not taken in yet.
    pub async fn save_request(&self, saved: SavedRequest) -> Result<SavedRequest> {
        let folder = self.folder()?;
        let saved = on_disk(move || request::write(&folder, &saved)).await?;
        self.reload().await?;
        Ok(saved)
    }

    /// Writes a request into a new file below a collection, which may be a new one, or empty: none. The file is called like
    /// the request.
    ///
    /// # Errors
    /// As [`Engine::save_request`].
    pub async fn create_request(
        &self,
        collection: &str,
        request: SavedRequest,
    ) -> Result<SavedRequest> {
        let requests = &self.workspace().requests;
        let new = placed(requests, collection, request);
        self.save_request(new).await
    }

    /// Gives a request another name and another collection; its file is called like it then.
    ///
    /// # Errors
    /// As [`Engine::save_request`].
    pub async fn move_request(
        &self,
        id: &str,
        revision: &str,
        collection: &str,
        name: &str,
    ) -> Result<SavedRequest> {
        let folder = self.folder()?;
        let to = free_id(&self.workspace().requests, collection, name, Some(id));
        let (id, revision, name) = (id.to_owned(), revision.to_owned(), name.to_owned());
        let moved = on_disk(move || request::move_to(&folder, &id, &revision, &to, &name)).await?;
        self.reload().await?;
        Ok(moved)
    }

    /// Removes a request's file.
    ///
    /// # Errors
    /// As [`Engine::save_request`].
    pub async fn delete_request(&self, id: &str, revision: &str) -> Result<()> {
        let (folder, id, revision) = (self.folder()?, id.to_owned(), revision.to_owned());
        on_disk(move || request::delete(&folder, &id, &revision)).await?;
        self.reload().await?;
        Ok(())
    }

    /// One look at what others have written into the folder. Where it has changed and stands still, it is taken in; the
    /// answer is what could not be read then. `None`: there was nothing to do.
    ///
    /// # Errors
    /// As [`Engine::reload`].
    pub async fn look_outside(&self, outside: &mut Outside) -> Result<Option<Vec<Failure>>> {
        let workspace = self.workspace();
        let Some(folder) = workspace.path.clone() else {
            return Ok(None);
        };
        let now = on_disk(move || Ok(Stamp::of(&folder))).await?;
        if outside.look(now, workspace.stamp) {
            return Ok(Some(self.reload().await?));
        }
        Ok(None)
    }
}

/// Writes a request into a new file of a workspace that is not open.
///
/// # Errors
/// `workspace.*`: nothing was written.
pub fn create(folder: &Path, collection: &str, new: SavedRequest) -> Result<SavedRequest> {
    let (workspace, _) = Workspace::read(folder)?;
    request::write(folder, &placed(&workspace.requests, collection, new))
}

/// A request as it is to be in a file of its own.
fn placed(requests: &[SavedRequest], collection: &str, request: SavedRequest) -> SavedRequest {
    SavedRequest {
        id: free_id(requests, collection, &request.name, None),
        revision: None,
        ..request
    }
}

/// An id for a request of this name that no file has; its own is free to it.
fn free_id(requests: &[SavedRequest], collection: &str, name: &str, own: Option<&str>) -> String {
    let mut names = Names::default();
    for request in requests {
        if own != Some(&*request.id) {
            names.take(&request.id);
        }
    }
    let folders: Vec<String> = collection
        .split('/')
        .map(str::trim)
        .filter(|part| !part.is_empty())
        .map(str::to_owned)
        .collect();
    names.free_below("", &folders, name)
}
