//! A value of the command line: JSON where it parses as JSON, else a string.

use serde_json::value::{RawValue, to_raw_value};

/// A JSON text, exactly as it was typed.
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

pub(super) fn parse(text: &str) -> Result<Argument, serde_json::Error> {
    let json = serde_json::from_str(text).or_else(|_| to_raw_value(text))?;
    Ok(Argument(json))
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
        ] {
            assert_eq!(parse(text).unwrap().json().get(), json, "{text}");
        }
    }
}
