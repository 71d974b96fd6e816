//! What was sent from the window, with how it ended: to be found again, and sent again. It holds no secret: what is one by
//! its name or is known as one is hidden before it is written.

use rusqlite::types::Value;
use rusqlite::{Connection, OptionalExtension as _, Row, params, params_from_iter};
use serde::{Deserialize, Serialize};

use super::{Notebook, failed};
use crate::clock::WallMs;
use crate::error::{Code, Result};
use crate::exchange::draft::Draft;

/// Longest request that is remembered with what it carried, in bytes of JSON; of a longer one the rest is.
pub const DRAFT_BYTES_MAX: usize = 256 * 1024;
/// Sends of one page.
pub const PAGE_MAX: u32 = 100;
/// Words of one question.
const WORDS_MAX: usize = 8;
/// So many sends are recorded between two looks at how many there are.
const PRUNE_EVERY: u64 = 50;

pub(super) const TABLE: &str = "
    CREATE TABLE IF NOT EXISTS sends (
        place TEXT NOT NULL,
        run INTEGER NOT NULL,
        request INTEGER NOT NULL,
        at_ms INTEGER NOT NULL,
        method TEXT NOT NULL,
        url TEXT NOT NULL,
        session TEXT,
        written TEXT,
        hidden INTEGER NOT NULL,
        outcome TEXT,
        status INTEGER,
        took_us INTEGER,
        body_bytes INTEGER,
        pinned INTEGER NOT NULL DEFAULT 0,
        PRIMARY KEY (run, request)
    ) WITHOUT ROWID;
    CREATE INDEX IF NOT EXISTS sends_by_time ON sends (place, at_ms);
";

/// Which send.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(ts_rs::TS))]
#[serde(deny_unknown_fields)]
pub struct SendKey {
    /// The run that sent it.
    #[cfg_attr(feature = "bindings", ts(type = "number"))]
    pub run: u64,
    /// Its number: R12.
    #[cfg_attr(feature = "bindings", ts(type = "number"))]
    pub request: u64,
}

/// A request that was sent, without its secrets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Remembered {
    /// Where it went, its variables filled in.
    pub url: String,
    /// What was written.
    pub written: Draft,
    /// Parts of it that were hidden.
    pub hidden: u32,
}

/// How a send ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ended {
    /// `answered`, or the code of what went wrong.
    pub outcome: String,
    /// The answer's status.
    pub status: Option<u16>,
    /// From the press to the end, in microseconds.
    pub took_us: Option<u64>,
    /// Length of the answer's body.
    pub body_bytes: Option<u64>,
}

impl Ended {
    /// One that was answered.
    pub const ANSWERED: &'static str = "answered";

    /// One that went wrong.
    pub fn failed(code: Code) -> Self {
        Self {
            outcome: code.to_string(),
            status: None,
            took_us: None,
            body_bytes: None,
        }
    }
}

/// One send of the past.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "bindings", derive(ts_rs::TS))]
pub struct SentRow {
    /// Which.
    pub key: SendKey,
    /// When it was accepted.
    pub at: WallMs,
    /// Its method.
    pub method: String,
    /// Where it went.
    pub url: String,
    /// The session that it went with.
    pub session: Option<String>,
    /// `answered`, or the code of what went wrong. Absent: it is under way, or its process ended first.
    pub outcome: Option<String>,
    /// The answer's status.
    pub status: Option<u16>,
    /// From the press to the end, in microseconds.
    #[cfg_attr(feature = "bindings", ts(type = "number | null"))]
    pub took_us: Option<u64>,
    /// Length of the answer's body.
    #[cfg_attr(feature = "bindings", ts(type = "number | null"))]
    pub body_bytes: Option<u64>,
    /// It stays when older ones go.
    pub pinned: bool,
}

/// Some sends of the past, the newest first.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "bindings", derive(ts_rs::TS))]
pub struct HistoryPage {
    /// At most [`PAGE_MAX`].
    pub sends: Vec<SentRow>,
    /// There are older ones.
    pub more: bool,
    /// All that are remembered for this workspace.
    pub total: u32,
}

/// What was written for a send.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "bindings", derive(ts_rs::TS))]
pub struct SentDraft {
    /// What was written. Absent: it was too long to be remembered.
    pub draft: Option<Draft>,
    /// Parts of it that were hidden, and have to be typed again.
    pub hidden: u32,
}

impl Notebook {
    /// Remembers a send that was accepted. `keep` is how many are remembered of this workspace; zero: none.
    ///
    /// # Errors
    /// `database.unavailable`.
    pub fn record(
        &self,
        place: &str,
        key: SendKey,
        at: WallMs,
        sent: &Remembered,
        keep: u32,
    ) -> Result<()> {
        if keep == 0 {
            return Ok(());
        }
        let written = serde_json::to_string(&sent.written).ok();
        let written = written.filter(|text| text.len() <= DRAFT_BYTES_MAX);
        let connection = self.lock();
        let recorded = connection.execute(
            "INSERT OR REPLACE INTO sends (place, run, request, at_ms, method, url, session, written, hidden)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
            params![
                place,
                number(key.run),
                number(key.request),
                at.0,
                sent.written.method,
                sent.url,
                sent.written.session,
                written,
                sent.hidden
            ],
        );
        let pruned = recorded.and_then(|_| {
            if key.request.is_multiple_of(PRUNE_EVERY) {
                prune(&connection, place, keep)?;
            }
            Ok(())
        });
        pruned.map_err(|error| failed(&error))
    }

    /// Remembers how a send ended.
    ///
    /// # Errors
    /// `database.unavailable`.
    pub fn ended(&self, key: SendKey, ended: &Ended) -> Result<()> {
        let told = self.lock().execute(
            "UPDATE sends SET outcome = ?3, status = ?4, took_us = ?5, body_bytes = ?6
             WHERE run = ?1 AND request = ?2",
            params![
                number(key.run),
                number(key.request),
                ended.outcome,
                ended.status,
                ended.took_us.map(number),
                ended.body_bytes.map(number)
            ],
        );
        told.map(drop).map_err(|error| failed(&error))
    }

    /// The sends that have all words of a question in method, address, session, status or outcome; older than one of them, or
    /// the newest.
    ///
    /// # Errors
    /// `database.unavailable`.
    pub fn history(
        &self,
        place: &str,
        question: &str,
        before: Option<SendKey>,
    ) -> Result<HistoryPage> {
        find(&self.lock(), place, question, before).map_err(|error| failed(&error))
    }

    /// What was written for a send. `None`: it is not remembered.
    ///
    /// # Errors
    /// `database.unavailable`.
    pub fn sent(&self, place: &str, key: SendKey) -> Result<Option<SentDraft>> {
        let found = self.lock().query_row(
            "SELECT written, hidden FROM sends WHERE place = ?1 AND run = ?2 AND request = ?3",
            params![place, number(key.run), number(key.request)],
            |row| {
                let written: Option<String> = row.get(0)?;
                Ok(SentDraft {
                    draft: written.and_then(|text| serde_json::from_str(&text).ok()),
                    hidden: row.get(1)?,
                })
            },
        );
        found.optional().map_err(|error| failed(&error))
    }

    /// Lets a send stay when older ones go, or no longer.
    ///
    /// # Errors
    /// `database.unavailable`.
    pub fn pin(&self, place: &str, key: SendKey, pinned: bool) -> Result<()> {
        let told = self.lock().execute(
            "UPDATE sends SET pinned = ?4 WHERE place = ?1 AND run = ?2 AND request = ?3",
            params![place, number(key.run), number(key.request), pinned],
        );
        told.map(drop).map_err(|error| failed(&error))
    }

    /// Forgets one send, or all of this workspace, pinned ones too; what the file held of them is written over. Answers how
    /// many are left of what was to go: none, or it is an error.
    ///
    /// # Errors
    /// `database.unavailable`: some may still be there.
    pub fn forget(&self, place: &str, which: Option<SendKey>) -> Result<u32> {
        forget(&self.lock(), place, which).map_err(|error| failed(&error))
    }
}

fn forget(connection: &Connection, place: &str, which: Option<SendKey>) -> rusqlite::Result<u32> {
    let (condition, values): (_, Vec<Value>) = match which {
        None => ("place = ?1", vec![place.to_owned().into()]),
        Some(key) => (
            "place = ?1 AND run = ?2 AND request = ?3",
            vec![
                place.to_owned().into(),
                number(key.run).into(),
                number(key.request).into(),
            ],
        ),
    };
    connection.execute(
        &format!("DELETE FROM sends WHERE {condition}"),
        params_from_iter(&values),
    )?;
    // The pages that are written over (`secure_delete`) reach the file itself, not only the log beside it.
    connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))?;
    connection.query_row(
        &format!("SELECT COUNT(*) FROM sends WHERE {condition}"),
        params_from_iter(&values),
        |row| row.get(0),
    )
}

/// The oldest go, but for those that are pinned.
fn prune(connection: &Connection, place: &str, keep: u32) -> rusqlite::Result<()> {
    connection.execute(
        "DELETE FROM sends WHERE place = ?1 AND pinned = 0 AND at_ms < (
             SELECT at_ms FROM sends WHERE place = ?1 ORDER BY at_ms DESC LIMIT 1 OFFSET ?2)",
        params![place, keep.saturating_sub(1)],
    )?;
    Ok(())
}

fn find(
    connection: &Connection,
    place: &str,
    question: &str,
    before: Option<SendKey>,
) -> rusqlite::Result<HistoryPage> {
    let mut condition = "place = ?".to_owned();
    let mut values: Vec<Value> = vec![place.to_owned().into()];
    for word in question.split_whitespace().take(WORDS_MAX) {
        condition.push_str(
            " AND (method || ' ' || url || ' ' || COALESCE(session, '') || ' ' || COALESCE(status, '') || ' ' || COALESCE(outcome, '')) LIKE ? ESCAPE '\\'",
        );
        let plain = word
            .replace('\\', "\\\\")
            .replace('%', "\\%")
            .replace('_', "\\_");
        values.push(format!("%{plain}%").into());
    }
    if let Some(key) = before {
        condition.push_str(" AND (at_ms, run, request) < (SELECT at_ms, run, request FROM sends WHERE run = ? AND request = ?)");
        values.push(number(key.run).into());
        values.push(number(key.request).into());
    }
    let mut statement = connection.prepare_cached(&format!(
        "SELECT run, request, at_ms, method, url, session, outcome, status, took_us, body_bytes, pinned
         FROM sends WHERE {condition} ORDER BY at_ms DESC, run DESC, request DESC LIMIT {}",
        PAGE_MAX + 1
    ))?;
    let mut sends: Vec<SentRow> = statement
        .query_map(params_from_iter(&values), row)?
        .collect::<rusqlite::Result<_>>()?;
    let more = sends.len() > PAGE_MAX as usize;
    sends.truncate(PAGE_MAX as usize);
    let total = connection.query_row(
        "SELECT COUNT(*) FROM sends WHERE place = ?1",
        [place],
        |row| row.get(0),
    )?;
    Ok(HistoryPage { sends, more, total })
}

fn row(row: &Row<'_>) -> rusqlite::Result<SentRow> {
    let unsigned = |value: Option<i64>| value.and_then(|value| u64::try_from(value).ok());
    Ok(SentRow {
        key: SendKey {
            run: unsigned(row.get(0)?).unwrap_or_default(),
            request: unsigned(row.get(1)?).unwrap_or_default(),
        },
        at: WallMs(row.get(2)?),
        method: row.get(3)?,
        url: row.get(4)?,
        session: row.get(5)?,
        outcome: row.get(6)?,
        status: row.get(7)?,
        took_us: unsigned(row.get(8)?),
        body_bytes: unsigned(row.get(9)?),
        pinned: row.get(10)?,
    })
}

/// Runs, numbers, times and lengths are far below what SQLite's integers hold.
fn number(value: u64) -> i64 {
    i64::try_from(value).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::notebook::FILE;
    use crate::workspace::SavedRequest;

    fn key(request: u64) -> SendKey {
        SendKey { run: 1, request }
    }

    fn record(notebook: &Notebook, request: u64, url: &str, keep: u32) {
        let saved = SavedRequest::new("", "GET", url);
        let sent = Remembered {
            url: url.to_owned(),
            written: Draft::of(&saved),
            hidden: 0,
        };
        let at = WallMs(i64::try_from(request).expect("small") * 1_000);
        let recorded = notebook.record("shop", key(request), at, &sent, keep);
        recorded.expect("recorded");
    }

    fn found(notebook: &Notebook, question: &str) -> Vec<u64> {
        let page = notebook.history("shop", question, None).expect("readable");
        page.sends.iter().map(|sent| sent.key.request).collect()
    }

    #[test]
    fn a_send_is_found_by_any_words_of_it_and_read_again() {
        let notebook = Notebook::in_memory().expect("memory");
        record(&notebook, 1, "https://api.test/orders?limit=5", 100);
        record(&notebook, 2, "https://api.test/100%/me", 100);
        let answered = Ended {
            outcome: Ended::ANSWERED.to_owned(),
            status: Some(403),
            took_us: Some(7),
            body_bytes: Some(11),
        };
        notebook.ended(key(1), &answered).expect("told");
        let unreachable = Ended::failed(Code::HostUnreachable);
        notebook.ended(key(2), &unreachable).expect("told");
        for (question, expected) in [
            ("", vec![2, 1]),
            ("orders 403", vec![1]),
            ("ORDERS get", vec![1]),
            ("unreachable", vec![2]),
            ("100%", vec![2]),
            ("%", vec![2]),
            ("_", vec![]),
            ("' OR 1=1", vec![]),
        ] {
            assert_eq!(found(&notebook, question), expected, "{question}");
        }
        let sent = notebook
            .sent("shop", key(1))
            .expect("readable")
            .expect("there");
        assert_eq!(
            sent.draft.map(|draft| draft.url).as_deref(),
            Some("https://api.test/orders?limit=5")
        );
        assert_eq!(
            notebook.sent("blog", key(1)),
            Ok(None),
            "another workspace's"
        );
    }

    #[test]
    fn the_oldest_go_and_what_is_pinned_stays() {
        let notebook = Notebook::in_memory().expect("memory");
        for request in 1..=PRUNE_EVERY - 1 {
            record(&notebook, request, "https://api.test/", 3);
        }
        notebook.pin("shop", key(2), true).expect("pinned");
        record(&notebook, PRUNE_EVERY, "https://api.test/", 3);
        let last = PRUNE_EVERY;
        assert_eq!(found(&notebook, ""), [last, last - 1, last - 2, 2]);
        record(&notebook, last + 1, "https://api.test/", 0);
        assert_eq!(
            found(&notebook, "").len(),
            4,
            "nothing is remembered where none is kept"
        );
    }

    #[test]
    fn pages_follow_each_other_without_a_hole() {
        let notebook = Notebook::in_memory().expect("memory");
        for request in 1..=u64::from(PAGE_MAX) + 5 {
            record(&notebook, request, "https://api.test/", 1_000);
        }
        let first = notebook.history("shop", "", None).expect("readable");
        let last = first.sends.last().map(|sent| sent.key);
        let second = notebook.history("shop", "", last).expect("readable");
        assert_eq!((first.sends.len(), first.more), (PAGE_MAX as usize, true));
        assert_eq!((second.sends.len(), second.more), (5, false));
        assert_eq!(second.sends[0].key, key(5));
    }

    #[test]
    fn what_is_deleted_is_not_in_the_file_any_more() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join(FILE);
        let (notebook, _) = Notebook::open(&path, WallMs(0)).expect("usable");
        for request in 1..=40 {
            record(
                &notebook,
                request,
                "https://api.test/find-me-in-the-file",
                100,
            );
        }
        assert_eq!(notebook.forget("shop", Some(key(1))), Ok(0));
        assert_eq!(found(&notebook, "").len(), 39);
        assert_eq!(notebook.forget("shop", None), Ok(0));
        for entry in std::fs::read_dir(folder.path()).expect("a folder") {
            let path = entry.expect("a file").path();
            let bytes = std::fs::read(&path).expect("readable");
            let left = memchr::memmem::find(&bytes, b"find-me-in-the-file");
            assert_eq!(left, None, "{}", path.display());
        }
    }
}
