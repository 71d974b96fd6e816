//! The requests that are open in the window, as they were typed last: back after a restart, and after a process that ended
//! without being asked.

use rusqlite::{Connection, OptionalExtension as _, params};
use serde::{Deserialize, Serialize};

use super::{FILE, Notebook, failed};
use crate::error::{Code, Failure, Result};

/// Longest text of one tab, in bytes.
pub const DRAFT_BYTES_MAX: usize = 8 * 1024 * 1024;
/// Tabs of one workspace that are read again; the window opens no more than that.
pub const TABS_MAX: u32 = 100;

/// A request that is open.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(ts_rs::TS))]
#[serde(deny_unknown_fields)]
pub struct KeptTab {
    /// Tells it from the others of the workspace.
    pub id: u32,
    /// What is written in it, in the words of the view.
    pub draft: String,
}

/// The requests that are open, in their order.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "bindings", derive(ts_rs::TS))]
pub struct OpenTabs {
    /// Each.
    pub tabs: Vec<KeptTab>,
    /// The one on show.
    pub active: Option<u32>,
}

impl Notebook {
    /// What was open in this workspace.
    ///
    /// # Errors
    /// `database.unavailable`.
    pub fn tabs(&self, place: &str) -> Result<OpenTabs> {
        read(&self.lock(), place).map_err(|error| failed(&error))
    }

    /// Keeps what is written in one tab; a new one comes last.
    ///
    /// # Errors
    /// `database.unavailable`, also for a text that is too long.
    pub fn keep_tab(&self, place: &str, tab: &KeptTab) -> Result<()> {
        if tab.draft.len() > DRAFT_BYTES_MAX {
            let detail = format!(
                "an open request has {} bytes, and at most {DRAFT_BYTES_MAX} are kept; save it, or send a file instead",
                tab.draft.len()
            );
            return Err(Failure::new(Code::DatabaseUnavailable)
                .with("path", FILE)
                .with("detail", detail));
        }
        let kept = self.lock().execute(
            "INSERT INTO tabs (place, id, position, draft)
             VALUES (?1, ?2, (SELECT COALESCE(MAX(position), 0) + 1 FROM tabs WHERE place = ?1), ?3)
             ON CONFLICT (place, id) DO UPDATE SET draft = excluded.draft",
            params![place, tab.id, tab.draft],
        );
        kept.map(drop).map_err(|error| failed(&error))
    }

    /// Keeps which tabs there are, in which order, and which is on show. All others are forgotten.
    ///
    /// # Errors
    /// `database.unavailable`: it is as it was.
    pub fn arrange_tabs(&self, place: &str, order: &[u32], active: u32) -> Result<()> {
        arrange(&mut self.lock(), place, order, active).map_err(|error| failed(&error))
    }
}

fn read(connection: &Connection, place: &str) -> rusqlite::Result<OpenTabs> {
    let mut statement = connection
        .prepare_cached("SELECT id, draft FROM tabs WHERE place = ?1 ORDER BY position LIMIT ?2")?;
    let tabs = statement
        .query_map(params![place, TABS_MAX], |row| {
            Ok(KeptTab {
                id: row.get(0)?,
                draft: row.get(1)?,
            })
        })?
        .collect::<rusqlite::Result<_>>()?;
    let active = connection
        .query_row(
            "SELECT id FROM active_tabs WHERE place = ?1",
            [place],
            |row| row.get(0),
        )
        .optional()?;
    Ok(OpenTabs { tabs, active })
}

fn arrange(
    connection: &mut Connection,
    place: &str,
    order: &[u32],
    active: u32,
) -> rusqlite::Result<()> {
    let change = connection.transaction()?;
    change.execute(
        "UPDATE tabs SET position = -1 WHERE place = ?1",
        params![place],
    )?;
    for (position, id) in (0_u32..).zip(order) {
        change.execute(
            "UPDATE tabs SET position = ?3 WHERE place = ?1 AND id = ?2",
            params![place, id, position],
        )?;
    }
    change.execute(
        "DELETE FROM tabs WHERE place = ?1 AND position = -1",
        params![place],
    )?;
    change.execute(
        "INSERT INTO active_tabs (place, id) VALUES (?1, ?2)
         ON CONFLICT (place) DO UPDATE SET id = excluded.id",
        params![place, active],
    )?;
    change.commit()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::WallMs;

    fn tab(id: u32, draft: &str) -> KeptTab {
        KeptTab {
            id,
            draft: draft.to_owned(),
        }
    }

    #[test]
    fn what_is_open_is_there_again_in_its_order_for_each_workspace() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join(FILE);
        let open = || Notebook::open(&path, WallMs(0)).expect("usable").0;
        let notebook = open();
        for (place, tab) in [
            ("shop", tab(1, "a")),
            ("shop", tab(2, "b")),
            ("blog", tab(1, "other")),
            ("shop", tab(3, "c")),
            ("shop", tab(2, "b, longer")),
        ] {
            notebook.keep_tab(place, &tab).expect("kept");
        }
        notebook
            .arrange_tabs("shop", &[3, 2, 9], 2)
            .expect("arranged");
        // As after a kill: nothing is closed in order.
        std::mem::forget(notebook);
        let (shop, blog) = (open().tabs("shop"), open().tabs("blog"));
        let expected = OpenTabs {
            tabs: vec![tab(3, "c"), tab(2, "b, longer")],
            active: Some(2),
        };
        assert_eq!(shop, Ok(expected));
        let expected = OpenTabs {
            tabs: vec![tab(1, "other")],
            active: None,
        };
        assert_eq!(blog, Ok(expected));
    }

    #[test]
    fn a_text_that_is_too_long_is_refused_and_what_was_kept_stays() {
        let notebook = Notebook::in_memory().expect("memory");
        notebook.keep_tab("shop", &tab(1, "short")).expect("kept");
        let refused = notebook.keep_tab("shop", &tab(1, &"x".repeat(DRAFT_BYTES_MAX + 1)));
        assert_eq!(
            refused.map_err(|failure| failure.code),
            Err(Code::DatabaseUnavailable)
        );
        assert_eq!(
            notebook.tabs("shop").expect("readable").tabs,
            [tab(1, "short")]
        );
    }
}
