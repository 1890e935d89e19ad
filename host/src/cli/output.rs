//! Writing to the user: standard output that may be closed, standard error that may be a terminal.
//!
//! `println!` and `eprintln!` panic where the other end is gone; these do not.

use std::borrow::Cow;
use std::io::{self, Write};

use super::failure::Failure;

/// Writes `text` and a newline to standard output, now.
pub(super) fn line(text: &str) -> Result<(), Failure> {
    let mut out = io::stdout().lock();
    out.write_all(text.as_bytes())
        .and_then(|()| out.write_all(b"\n"))
        .and_then(|()| out.flush())
        .map_err(Failure::Stdout)
}

/// Writes one JSON text as one line to standard output, now.
pub(super) fn json_line(json: &str) -> Result<(), Failure> {
    line(&one_line(json))
}

/// In JSON a line break stands between tokens only, so a space means the same.
pub(super) fn one_line(json: &str) -> Cow<'_, str> {
    if json.contains(['\n', '\r']) {
        Cow::Owned(json.replace(['\n', '\r'], " "))
    } else {
        Cow::Borrowed(json)
    }
}

/// Writes `text` and a newline to standard error. Where that is closed nobody can be told.
pub(super) fn error(text: &str) {
    let mut err = io::stderr().lock();
    let _ = writeln!(err, "{}", printable(text));
}

/// `text` without what would control a terminal; it may come from an app.
pub(super) fn printable(text: &str) -> Cow<'_, str> {
    let controls = |c: char| c.is_control() && c != '\n' && c != '\t';
    if !text.contains(controls) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        if controls(c) {
            out.extend(c.escape_default());
        } else {
            out.push(c);
        }
    }
    Cow::Owned(out)
}

/// `text` without what would control a terminal or begin a new line.
pub(super) fn on_one_line(text: &str) -> String {
    let text = printable(text);
    text.replace('\n', "\\n").replace('\t', "\\t")
}

/// The first line of `text`, without what would control a terminal, and with a mark if there are more.
pub(super) fn first_line(text: &str) -> String {
    let mut lines = text.lines();
    let first = lines.next().unwrap_or_default();
    let more = if lines.next().is_some() { " …" } else { "" };
    format!("{}{more}", printable(first))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_stays_on_its_line() {
        assert_eq!(one_line("{\n\t\"a\": [1,\r\n2]\n}"), "{ \t\"a\": [1,  2] }");
        assert_eq!(one_line(r#""a\nb""#), r#""a\nb""#);
    }

    #[test]
    fn what_controls_a_terminal_is_escaped() {
        assert_eq!(printable("a\nb\tc é"), "a\nb\tc é");
        assert_eq!(printable("\u{1b}[31mred\r"), "\\u{1b}[31mred\\r");
        assert_eq!(on_one_line("a\n\tb\r é"), "a\\n\\tb\\r é");
    }
}
