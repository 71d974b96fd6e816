//! A form of several parts on the wire (RFC 7578): the pieces around the content, so that files stay on disk until they are sent.

use std::path::{Path, PathBuf};

use super::body::{MULTIPART_PARTS_MAX, Part};
use crate::error::{Code, Failure, Result};

/// One piece of a body: in memory, or a file to be read in its place.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Piece {
    Memory(Vec<u8>),
    File(PathBuf),
}

/// The pieces of a form, in the order of the wire. The boundary is chosen once a send, so that a repetition is the same.
///
/// # Errors
/// `body.invalid` where there are too many parts, or a media type that cannot stand in a header.
pub(super) fn pieces(parts: &[Part], boundary: &str) -> Result<Vec<Piece>> {
    if parts.len() > MULTIPART_PARTS_MAX {
        return Err(Failure::new(Code::BodyInvalid).with(
            "detail",
            format!(
                "{} parts; at most {MULTIPART_PARTS_MAX} are sent",
                parts.len()
            ),
        ));
    }
    let (mut pieces, mut memory) = (Vec::new(), String::new());
    for part in parts {
        memory.push_str(&format!("--{boundary}\r\nContent-Disposition: form-data; "));
        match part {
            Part::Text { name, text } => {
                memory.push_str(&format!("name=\"{}\"\r\n\r\n{text}\r\n", quoted(name)));
            }
            Part::File {
                name,
                path,
                file_name,
                media_type,
            } => {
                let file_name = file_name.clone().unwrap_or_else(|| own_name(path));
                let media_type = media_type.as_deref().unwrap_or("application/octet-stream");
                if reqwest::header::HeaderValue::from_str(media_type).is_err() {
                    return Err(Failure::new(Code::BodyInvalid).with(
                        "detail",
                        "a part's media type holds a line break or a control character",
                    ));
                }
                memory.push_str(&format!(
                    "name=\"{}\"; filename=\"{}\"\r\nContent-Type: {media_type}\r\n\r\n",
                    quoted(name),
                    quoted(&file_name)
                ));
                pieces.push(Piece::Memory(std::mem::take(&mut memory).into_bytes()));
                pieces.push(Piece::File(path.clone()));
                memory.push_str("\r\n");
            }
        }
    }
    memory.push_str(&format!("--{boundary}--\r\n"));
    pieces.push(Piece::Memory(memory.into_bytes()));
    Ok(pieces)
}

/// A boundary that no content is likely to hold.
///
/// # Errors
/// `system.unavailable` where there are no random numbers.
pub(super) fn boundary() -> Result<String> {
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes)
        .map_err(|error| Failure::new(Code::SystemUnavailable).with("detail", error))?;
    Ok(format!("sandglass-{:032x}", u128::from_le_bytes(bytes)))
}

fn own_name(path: &Path) -> String {
    path.file_name()
        .map(|name| name.to_string_lossy().into_owned())
        .unwrap_or_default()
}

/// What would end the quotes or the line is percent-encoded, as browsers do: a name cannot add a header.
fn quoted(name: &str) -> String {
    name.chars().fold(String::new(), |mut quoted, letter| {
        match letter {
            '"' => quoted.push_str("%22"),
            '\r' => quoted.push_str("%0D"),
            '\n' => quoted.push_str("%0A"),
            letter => quoted.push(letter),
        }
        quoted
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wire(parts: &[Part]) -> Vec<String> {
        pieces(parts, "B")
            .expect("a form")
            .into_iter()
            .map(|piece| match piece {
                Piece::Memory(bytes) => String::from_utf8(bytes).expect("names are text"),
                Piece::File(path) => format!("<{}>", path.display()),
            })
            .collect()
    }

    #[test]
    fn a_form_is_written_around_its_files() {
        let field = Part::Text {
            name: "note".to_owned(),
            text: "two\r\nlines".to_owned(),
        };
        let file = Part::File {
            name: "photo".to_owned(),
            path: "/tmp/a.png".into(),
            file_name: None,
            media_type: Some("image/png".to_owned()),
        };
        assert_eq!(
            wire(&[field, file]),
            [
                "--B\r\nContent-Disposition: form-data; name=\"note\"\r\n\r\ntwo\r\nlines\r\n--B\r\nContent-Disposition: form-data; name=\"photo\"; filename=\"a.png\"\r\nContent-Type: image/png\r\n\r\n",
                "</tmp/a.png>",
                "\r\n--B--\r\n",
            ]
        );
        assert_eq!(wire(&[]), ["--B--\r\n"]);
    }

    #[test]
    fn a_name_cannot_add_a_header() {
        let file = Part::File {
            name: "a\"; x=\"".to_owned(),
            path: "/tmp/a".into(),
            file_name: Some("b\r\nInjected: 1".to_owned()),
            media_type: None,
        };
        let head = &wire(&[file])[0];
        assert!(head.contains("name=\"a%22; x=%22\"; filename=\"b%0D%0AInjected: 1\"\r\n"));
        let odd = Part::File {
            name: "a".to_owned(),
            path: "/tmp/a".into(),
            file_name: None,
            media_type: Some("text/plain\r\nInjected: 1".to_owned()),
        };
        let refused = pieces(&[odd], "B").expect_err("refused");
        assert_eq!(refused.code, Code::BodyInvalid);
    }

    #[test]
    fn a_form_has_a_bound() {
        let field = Part::Text {
            name: String::new(),
            text: String::new(),
        };
        assert!(pieces(&vec![field.clone(); MULTIPART_PARTS_MAX], "B").is_ok());
        let refused = pieces(&vec![field; MULTIPART_PARTS_MAX + 1], "B").expect_err("too many");
        assert_eq!(refused.code, Code::BodyInvalid);
    }
}
