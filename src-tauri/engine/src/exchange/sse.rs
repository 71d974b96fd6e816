//! Server-sent events out of bytes as they arrive (WHATWG HTML, section 9.2). Pure: it neither waits nor connects.
//!
//! Where it departs from the standard it is stricter, because an id goes back to the server in a header: one that cannot
//! stand in a header, or is longer than [`ID_BYTES_MAX`], is not taken.

use serde::{Deserialize, Serialize};

/// Most bytes of one event, its lines together; beyond that the stream is given up.
pub const EVENT_BYTES_MAX: usize = 1024 * 1024;
/// Most bytes of an id that is remembered.
pub const ID_BYTES_MAX: usize = 1_024;

const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// One event of a stream.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(ts_rs::TS))]
pub struct ServerEvent {
    /// Its type; `message` where the server names none.
    pub event: String,
    /// Its data, lines joined by line feeds.
    pub data: String,
    /// The last id that the server named up to here; empty: none.
    pub id: String,
}

/// An event was longer than [`EVENT_BYTES_MAX`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct TooLong;

/// Reads one connection's stream. The last id lives on over connections: [`Parser::after`].
#[derive(Debug, Default)]
pub(crate) struct Parser {
    /// The line that is not over yet.
    line: Vec<u8>,
    /// The first line is not over yet: it may begin with a byte order mark.
    begun: bool,
    /// The last byte was a carriage return, which may be half of a line's end.
    carriage_return: bool,
    event: String,
    data: String,
    has_data: bool,
    id: String,
    dispatched_id: String,
    retry_ms: Option<u64>,
}

impl Parser {
    /// A parser for a connection that goes on after the event with this id.
    pub(crate) fn after(id: &str) -> Self {
        Self {
            id: id.to_owned(),
            dispatched_id: id.to_owned(),
            ..Self::default()
        }
    }

    /// The id of the last event that was whole; empty: none.
    pub(crate) fn last_id(&self) -> &str {
        &self.dispatched_id
    }

    /// How long the server asked to wait before connecting again, if it did.
    pub(crate) fn retry_ms(&self) -> Option<u64> {
        self.retry_ms
    }

    /// Takes in the next bytes, however they were cut, and gives out the events that they complete.
    ///
    /// # Errors
    /// Where an event grows too long. The parser is of no more use then.
    pub(crate) fn push(&mut self, chunk: &[u8]) -> Result<Vec<ServerEvent>, TooLong> {
        let mut events = Vec::new();
        for &byte in chunk {
            let after_return = std::mem::take(&mut self.carriage_return);
            match byte {
                b'\n' if after_return => {}
                b'\n' | b'\r' => {
                    self.carriage_return = byte == b'\r';
                    let line = std::mem::take(&mut self.line);
                    events.extend(self.take_line(&line));
                }
                byte => {
                    if self.line.len() + self.data.len() >= EVENT_BYTES_MAX {
                        return Err(TooLong);
                    }
                    self.line.push(byte);
                }
            }
        }
        Ok(events)
    }

    fn take_line(&mut self, line: &[u8]) -> Option<ServerEvent> {
        let first = !std::mem::replace(&mut self.begun, true);
        let line = if first {
            line.strip_prefix(BYTE_ORDER_MARK).unwrap_or(line)
        } else {
            line
        };
        if line.is_empty() {
            return self.dispatch();
        }
        let line = String::from_utf8_lossy(line);
        let (field, value) = line.split_once(':').unwrap_or((&line, ""));
        let value = value.strip_prefix(' ').unwrap_or(value);
        match field {
            "event" => value.clone_into(&mut self.event),
            "data" => {
                if self.has_data {
                    self.data.push('\n');
                }
                self.has_data = true;
                self.data.push_str(value);
            }
            "id" if fits_a_header(value) => value.clone_into(&mut self.id),
            "retry" if value.bytes().all(|byte| byte.is_ascii_digit()) => {
                self.retry_ms = value.parse().ok().or(self.retry_ms);
            }
            // A comment, or a field of another time.
            _ => {}
        }
        None
    }

    /// An empty line: the event is whole. Without data it is none, but its id counts.
    fn dispatch(&mut self) -> Option<ServerEvent> {
        self.id.clone_into(&mut self.dispatched_id);
        let event = std::mem::take(&mut self.event);
        let data = std::mem::take(&mut self.data);
        if !std::mem::take(&mut self.has_data) {
            return None;
        }
        Some(ServerEvent {
            event: if event.is_empty() {
                "message".to_owned()
            } else {
                event
            },
            data,
            id: self.id.clone(),
        })
    }
}

fn fits_a_header(id: &str) -> bool {
    id.len() <= ID_BYTES_MAX && !id.chars().any(char::is_control)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(event: &str, data: &str, id: &str) -> ServerEvent {
        ServerEvent {
            event: event.to_owned(),
            data: data.to_owned(),
            id: id.to_owned(),
        }
    }

    fn read(chunks: &[&[u8]]) -> (Vec<ServerEvent>, Parser) {
        let mut parser = Parser::default();
        let mut events = Vec::new();
        for chunk in chunks {
            events.extend(parser.push(chunk).expect("short events"));
        }
        (events, parser)
    }

    #[test]
    fn events_are_read_as_the_standard_says() {
        let message = |data: &str| vec![event("message", data, "")];
        for (text, expected) in [
            ("data: a\n\n", message("a")),
            ("data:a\n\n", message("a")),
            ("data:  a\n\n", message(" a")),
            ("data: a\ndata: b\n\n", message("a\nb")),
            ("data\ndata\n\n", message("\n")),
            ("data:\n\n", message("")),
            ("data: a: b\n\n", message("a: b")),
            ("\u{feff}data: a\n\n", message("a")),
            ("\u{feff}\u{feff}data: a\n\n", vec![]),
            (
                "data: a\r\rdata: b\r\n\r\n",
                vec![event("message", "a", ""), event("message", "b", "")],
            ),
            (": a comment\n\n", vec![]),
            ("event: order\ndata: 1\n\n", vec![event("order", "1", "")]),
            ("event: order\n\ndata: 1\n\n", message("1")),
            ("other: 1\ndata: 1\n\n", message("1")),
            ("Data: 1\n\n", vec![]),
            ("data: not over", vec![]),
            ("data: not over\n", vec![]),
            (
                "id: 1\ndata: a\n\ndata: b\n\nid\ndata: c\n\n",
                vec![
                    event("message", "a", "1"),
                    event("message", "b", "1"),
                    event("message", "c", ""),
                ],
            ),
            ("id: a\0b\ndata: a\n\n", message("a")),
            ("id: a\u{7}b\ndata: a\n\n", message("a")),
        ] {
            assert_eq!(read(&[text.as_bytes()]).0, expected, "{text:?}");
        }
    }

    #[test]
    fn where_the_bytes_are_cut_makes_no_difference() {
        let text = "\u{feff}id: 7\r\nevent: café\r\ndata: über\rdata: zwei\n\nretry: 250\r\n\r\ndata: drei\r\n\r\n";
        let (whole, _) = read(&[text.as_bytes()]);
        assert_eq!(
            whole,
            [
                event("café", "über\nzwei", "7"),
                event("message", "drei", "7")
            ]
        );
        for cut in 1..text.len() {
            let (first, second) = text.as_bytes().split_at(cut);
            assert_eq!(read(&[first, second]).0, whole, "cut at {cut}");
        }
        let single: Vec<&[u8]> = text.as_bytes().chunks(1).collect();
        assert_eq!(read(&single).0, whole);
    }

    #[test]
    fn only_a_whole_event_moves_the_last_id() {
        for (text, expected) in [
            ("id: 1\ndata: a\n\n", "1"),
            ("id: 1\ndata: a\n\nid: 2\ndata: b\n", "1"),
            ("id: 1\n\n", "1"),
            ("id: 1\ndata: a\n\nid:\n\n", ""),
            ("data: a\n\n", "0"),
        ] {
            let mut parser = Parser::after("0");
            parser.push(text.as_bytes()).expect("short events");
            assert_eq!(parser.last_id(), expected, "{text:?}");
        }
        let long = format!("id: {}\n\n", "7".repeat(ID_BYTES_MAX + 1));
        assert_eq!(read(&[long.as_bytes()]).1.last_id(), "");
    }

    #[test]
    fn the_wait_that_the_server_asks_for_is_a_number() {
        for (text, expected) in [
            ("retry: 250\n", Some(250)),
            ("retry: 0\n", Some(0)),
            ("retry: 250\nretry: soon\n", Some(250)),
            ("retry: -1\n", None),
            ("retry: 1.5\n", None),
            ("retry:\n", None),
            ("retry: 99999999999999999999999\n", None),
        ] {
            assert_eq!(read(&[text.as_bytes()]).1.retry_ms(), expected, "{text:?}");
        }
    }

    #[test]
    fn an_event_has_a_bound_and_a_stream_has_none() {
        let mut parser = Parser::default();
        let event = format!("data: {}\n\n", "a".repeat(EVENT_BYTES_MAX / 2));
        for _ in 0..4 {
            assert_eq!(
                parser.push(event.as_bytes()).map(|events| events.len()),
                Ok(1)
            );
        }
        let line = vec![b'a'; EVENT_BYTES_MAX];
        assert_eq!(parser.push(&line), Ok(vec![]));
        assert_eq!(parser.push(b"a"), Err(TooLong));
        let mut parser = Parser::default();
        let lines = "data: aaaaaaaa\n".repeat(EVENT_BYTES_MAX / 8);
        assert_eq!(parser.push(lines.as_bytes()), Err(TooLong));
        let mut parser = Parser::default();
        let empty = "data\n".repeat(EVENT_BYTES_MAX + 10);
        assert_eq!(
            parser.push(empty.as_bytes()),
            Err(TooLong),
            "line feeds count"
        );
    }
}
