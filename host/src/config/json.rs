//! TOML values as JSON text. Dates become strings; integers stay exact; what JSON lacks is an error.

use std::ops::Range;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::convert::integer_value;
use super::error::Problem;
use super::limits::CONFIG_DEPTH_MAX;

/// Why a value cannot be expressed, and which.
#[derive(Debug, PartialEq)]
pub(super) struct Fault {
    /// Where the value stands.
    pub(super) span: Range<usize>,
    /// The keys that lead to it, innermost first.
    pub(super) keys: Vec<String>,
    pub(super) problem: Problem,
}

/// `table` as one line of JSON.
pub(super) fn object(table: &DeTable<'_>) -> Result<String, Fault> {
    let mut out = String::new();
    write_table(&mut out, table, 1)?;
    Ok(out)
}

/// `depth` counts the tables and arrays around `table`, itself included.
fn write_table(out: &mut String, table: &DeTable<'_>, depth: usize) -> Result<(), Fault> {
    out.push('{');
    for (index, (key, value)) in table.iter().enumerate() {
        if index > 0 {
            out.push(',');
        }
        write_string(out, key.get_ref());
        out.push(':');
        write(out, value, depth).map_err(|mut fault| {
            fault.keys.push(key.get_ref().to_string());
            fault
        })?;
    }
    out.push('}');
    Ok(())
}

fn write(out: &mut String, value: &Spanned<DeValue<'_>>, depth: usize) -> Result<(), Fault> {
    let fault = |problem| Fault {
        span: value.span(),
        keys: Vec::new(),
        problem,
    };
    let deeper = || match depth {
        CONFIG_DEPTH_MAX.. => Err(fault(Problem::TooDeep(CONFIG_DEPTH_MAX))),
        _ => Ok(depth + 1),
    };
    match value.get_ref() {
        DeValue::String(text) => write_string(out, text),
        DeValue::Integer(integer) => {
            out.push_str(&integer_value(integer).map_err(fault)?.to_string());
        }
        DeValue::Float(float) => match float.as_str().parse::<f64>() {
            // Debug writes the shortest text that reads back as the same number, and always as JSON
            // does.
            Ok(number) if number.is_finite() => out.push_str(&format!("{number:?}")),
            _ => return Err(fault(Problem::NoJsonNumber(float.to_string()))),
        },
        DeValue::Boolean(boolean) => out.push_str(if *boolean { "true" } else { "false" }),
        DeValue::Datetime(datetime) => write_string(out, &datetime.to_string()),
        DeValue::Array(items) => {
            let depth = deeper()?;
            out.push('[');
            for (index, item) in items.iter().enumerate() {
                if index > 0 {
                    out.push(',');
                }
                write(out, item, depth)?;
            }
            out.push(']');
        }
        DeValue::Table(table) => write_table(out, table, deeper()?)?,
    }
    Ok(())
}

fn write_string(out: &mut String, text: &str) {
    out.push('"');
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            c if c < ' ' => out.push_str(&format!("\\u{:04x}", u32::from(c))),
            c => out.push(c),
        }
    }
    out.push('"');
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use proptest::prelude::*;

    fn convert(toml: &str) -> Result<String, Problem> {
        let table = DeTable::parse(toml).unwrap();
        object(table.get_ref()).map_err(|fault| fault.problem)
    }

    #[test]
    fn every_type_of_toml() {
        for (toml, json) in [
            ("", "{}"),
            ("a = 1\nb = [1, 2.5, 'x']", r#"{"a":1,"b":[1,2.5,"x"]}"#),
            ("a = 9223372036854775808", r#"{"a":9223372036854775808}"#),
            ("a = +1_000", r#"{"a":1000}"#),
            ("a = 0xff\nb = -7", r#"{"a":255,"b":-7}"#),
            ("a = 1e300\nb = -0.0", r#"{"a":1e300,"b":-0.0}"#),
            ("a = 2.0", r#"{"a":2.0}"#),
            ("a = true", r#"{"a":true}"#),
            (
                "a = 1979-05-27T07:32:00Z",
                r#"{"a":"1979-05-27T07:32:00Z"}"#,
            ),
            ("a = 1979-05-27", r#"{"a":"1979-05-27"}"#),
            ("a = {b = {c = []}}", r#"{"a":{"b":{"c":[]}}}"#),
            (
                "a.b = 1\n[[c]]\nd = 1\n[[c]]",
                r#"{"a":{"b":1},"c":[{"d":1},{}]}"#,
            ),
            (r#""k\"" = "q\"\\\n\u0001é""#, r#"{"k\"":"q\"\\\n\u0001é"}"#),
        ] {
            assert_eq!(convert(toml).unwrap(), json, "{toml}");
            serde_json::from_str::<&serde_json::value::RawValue>(json).unwrap();
        }
    }

    #[test]
    fn numbers_that_json_lacks_are_errors() {
        for toml in ["a = nan", "a = inf", "a = [-inf]", "a = 1e999"] {
            assert!(
                matches!(convert(toml), Err(Problem::NoJsonNumber(_))),
                "{toml}"
            );
        }
        let huge = format!("a = {}", "9".repeat(60));
        assert!(matches!(convert(&huge), Err(Problem::OutOfRange { .. })));
    }

    #[test]
    fn a_fault_is_found_where_it_is() {
        let table = DeTable::parse("a = 1\nb.c = [{d = nan}]").unwrap();
        let fault = object(table.get_ref()).unwrap_err();
        assert_eq!(fault.keys, ["d", "c", "b"]);
        assert_eq!(fault.span, 18..21);
    }

    #[test]
    fn depth_is_limited() {
        let keys = |levels| vec!["a"; levels].join(".");
        assert!(convert(&format!("[{}]\n{} = 1", keys(64), keys(64))).is_ok());
        let deep = convert(&format!("[{}]\n{} = 1", keys(65), keys(65)));
        assert_eq!(deep, Err(Problem::TooDeep(CONFIG_DEPTH_MAX)));
    }

    proptest! {
        #[test]
        fn any_string_survives(text: String) {
            let mut json = String::new();
            write_string(&mut json, &text);
            prop_assert_eq!(serde_json::from_str::<String>(&json).unwrap(), text);
        }
    }
}
