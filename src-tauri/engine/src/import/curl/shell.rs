//! A command line taken apart the way a POSIX shell does, with bash's `$'…'`, and nothing of it carried out.
//!
//! `shell-words` and `shlex` know neither `$'…'`, which browsers write when they copy a request, nor where a line ends and
//! what a shell would do begins.

use std::iter::Peekable;
use std::str::Chars;

/// What stood on the line.
pub(super) struct Line {
    /// The words of the first command.
    pub(super) words: Vec<String>,
    /// What a shell would have done besides: variables and commands to fill in, redirections, further commands.
    pub(super) left_over: Vec<String>,
}

/// Takes a line apart.
pub(super) fn split(text: &str) -> Result<Line, &'static str> {
    let mut line = Line {
        words: Vec::new(),
        left_over: Vec::new(),
    };
    let mut chars = text.trim().chars().peekable();
    let mut word: Option<String> = None;
    while let Some(next) = chars.next() {
        match next {
            '\'' => single(&mut chars, word.get_or_insert_default())?,
            '"' => double(
                &mut chars,
                word.get_or_insert_default(),
                &mut line.left_over,
            )?,
            '$' if chars.next_if_eq(&'\'').is_some() => {
                ansi(&mut chars, word.get_or_insert_default())?;
            }
            '\\' => match chars.next() {
                // A line that goes on below, as people break long ones.
                Some('\r') => _ = chars.next_if_eq(&'\n'),
                Some('\n') => {}
                Some(escaped) => word.get_or_insert_default().push(escaped),
                None => word.get_or_insert_default().push('\\'),
            },
            space if space.is_whitespace() && space != '\n' => line.words.extend(word.take()),
            '|' | ';' | '&' | '>' | '<' | '\n' => {
                line.words.extend(word.take());
                let rest: String = chars.by_ref().collect();
                line.left_over
                    .push(format!("{next}{rest}").trim().to_owned());
            }
            '$' | '`' => {
                line.left_over.push(filled_in(next, &chars));
                word.get_or_insert_default().push(next);
            }
            other => word.get_or_insert_default().push(other),
        }
    }
    line.words.extend(word);
    line.left_over.retain(|rest| !rest.is_empty());
    Ok(line)
}

/// Up to the next quote, letter by letter.
fn single(chars: &mut Peekable<Chars<'_>>, word: &mut String) -> Result<(), &'static str> {
    for next in chars {
        if next == '\'' {
            return Ok(());
        }
        word.push(next);
    }
    Err("a ' is opened and never closed")
}

/// Up to the next quote; a backslash takes away the meaning of four characters.
fn double(
    chars: &mut Peekable<Chars<'_>>,
    word: &mut String,
    left_over: &mut Vec<String>,
) -> Result<(), &'static str> {
    while let Some(next) = chars.next() {
        match next {
            '"' => return Ok(()),
            '\\' => match chars.next() {
                Some(escaped @ ('"' | '\\' | '$' | '`')) => word.push(escaped),
                Some('\n') => {}
                Some(other) => word.extend(['\\', other]),
                None => break,
            },
            '$' | '`' => {
                left_over.push(filled_in(next, chars));
                word.push(next);
            }
            other => word.push(other),
        }
    }
    Err("a \" is opened and never closed")
}

/// bash's `$'…'`, with the escapes of C.
fn ansi(chars: &mut Peekable<Chars<'_>>, word: &mut String) -> Result<(), &'static str> {
    const UNFINISHED: &str = "a $' is opened and never closed";
    let mut bytes = Vec::new();
    loop {
        let escaped = match chars.next().ok_or(UNFINISHED)? {
            '\'' => break,
            '\\' => chars.next().ok_or(UNFINISHED)?,
            other => {
                bytes.extend_from_slice(other.encode_utf8(&mut [0; 4]).as_bytes());
                continue;
            }
        };
        let character = match escaped {
            'n' => '\n',
            't' => '\t',
            'r' => '\r',
            'a' => '\u{7}',
            'b' => '\u{8}',
            'e' | 'E' => '\u{1b}',
            'f' => '\u{c}',
            'v' => '\u{b}',
            // A byte, of which several may be one character.
            'x' => {
                bytes.push(u8::try_from(number(chars, 2, 16)).unwrap_or_default());
                continue;
            }
            'u' => char::from_u32(number(chars, 4, 16)).unwrap_or(char::REPLACEMENT_CHARACTER),
            'U' => char::from_u32(number(chars, 8, 16)).unwrap_or(char::REPLACEMENT_CHARACTER),
            other => other,
        };
        bytes.extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes());
    }
    word.push_str(&String::from_utf8_lossy(&bytes));
    Ok(())
}

/// The number in the next digits, at most so many.
fn number(chars: &mut Peekable<Chars<'_>>, digits: usize, radix: u32) -> u32 {
    let mut value = 0;
    for _ in 0..digits {
        let Some(digit) = chars
            .next_if(|next| next.is_digit(radix))
            .and_then(|next| next.to_digit(radix))
        else {
            break;
        };
        value = value * radix + digit;
    }
    value
}

/// How what a shell would fill in begins: enough to find it again.
fn filled_in(sign: char, rest: &Peekable<Chars<'_>>) -> String {
    const CHARACTERS_MAX: usize = 24;
    let name = rest
        .clone()
        .take_while(|next| !next.is_whitespace() && !matches!(next, '"' | '\'' | '/'));
    std::iter::once(sign)
        .chain(name.take(CHARACTERS_MAX))
        .collect()
}
