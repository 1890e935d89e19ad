//! A value of the command line: the bytes of a file behind an `@`, JSON where it parses as JSON, else
//! a string.

use std::fs;
use std::io::{self, Read};

use serde_json::value::{RawValue, to_raw_value};
use thiserror::Error;

use crate::client::Bytes;

/// What is wrong with a value.
#[derive(Debug, Error)]
pub(super) enum ArgumentError {
    #[error("cannot read the file: {0} (a string that begins with `@` is typed as JSON: '\"@…\"')")]
    File(io::Error),
    #[error("cannot read standard input: {0}")]
    Stdin(io::Error),
    #[error(transparent)]
    Json(#[from] serde_json::Error),
}

/// A JSON text, exactly as it was typed where JSON was typed.
#[derive(Debug, Clone)]
pub(super) struct Argument(Box<RawValue>);

impl Argument {
    pub(super) fn json(&self) -> &RawValue {
        &self.0
    }

    pub(super) fn into_json(self) -> Box<RawValue> {
        self.0
    }
}

pub(super) fn parse(text: &str) -> Result<Argument, ArgumentError> {
    let json = match text.strip_prefix('@') {
        Some("-") => to_raw_value(&read_stdin()?)?,
        Some(path) if !path.is_empty() => {
            to_raw_value(&Bytes::from(fs::read(path).map_err(ArgumentError::File)?))?
        }
        _ => return parse_text(text),
    };
    Ok(Argument(json))
}

/// The same where there can be no bytes, so that an `@` is a character like any other.
pub(super) fn parse_text(text: &str) -> Result<Argument, ArgumentError> {
    let json = serde_json::from_str(text).or_else(|_| to_raw_value(text))?;
    Ok(Argument(json))
}

fn read_stdin() -> Result<Bytes, ArgumentError> {
    let mut bytes = Vec::new();
    let read = io::stdin().lock().read_to_end(&mut bytes);
    read.map_err(ArgumentError::Stdin)?;
    Ok(bytes.into())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn an_argument_is_json_where_it_can_be() {
        for (text, json) in [
            ("42", "42"),
            (
                "123456789012345678901234567890",
                "123456789012345678901234567890",
            ),
            ("1e999", "1e999"),
            ("1.10", "1.10"),
            (" [1, 2] ", "[1, 2]"),
            (r#""42""#, r#""42""#),
            ("null", "null"),
            ("hello", r#""hello""#),
            ("NaN", r#""NaN""#),
            ("[1,", r#""[1,""#),
            ("", r#""""#),
            ("a\"b", r#""a\"b""#),
            ("1 2", r#""1 2""#),
            ("@", r#""@""#),
            ("a@b", r#""a@b""#),
            (r#""@a""#, r#""@a""#),
        ] {
            assert_eq!(parse(text).unwrap().json().get(), json, "{text}");
        }
    }

    #[test]
    fn behind_an_at_sign_is_a_file() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("a");
        let typed = format!("@{}", path.display());
        assert!(matches!(parse(&typed), Err(ArgumentError::File(_))));
        fs::write(&path, b"\xff\xef").unwrap();
        let argument = parse(&typed).unwrap();
        assert_eq!(argument.json().get(), r#"{"$bytes":"/+8="}"#);
    }
}
