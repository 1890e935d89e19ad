//! From a TOML value to a checked one: types first, then [`super::values`]. Knows no positions.

use std::ops::RangeInclusive;
use std::path::PathBuf;
use std::time::Duration;

use toml::de::{DeInteger, DeValue};

use super::build::PythonClass;
use super::error::Problem;
use super::settings::{InitMode, OnDisconnect};
use super::values;

/// The [`Problem::WrongType`] of `value`.
pub(super) fn wrong_type(expected: &'static str, value: &DeValue<'_>) -> Problem {
    let found = match value {
        DeValue::String(_) => "a string",
        DeValue::Integer(_) => "an integer",
        DeValue::Float(_) => "a float",
        DeValue::Boolean(_) => "a boolean",
        DeValue::Datetime(_) => "a date or time",
        DeValue::Array(_) => "an array",
        DeValue::Table(_) => "a table",
    };
    Problem::WrongType { expected, found }
}

/// The number that `integer` spells; an error if it exceeds 128 bits.
pub(super) fn integer_value(integer: &DeInteger<'_>) -> Result<i128, Problem> {
    i128::from_str_radix(integer.as_str(), integer.radix()).map_err(|_| Problem::OutOfRange {
        value: integer.to_string(),
        allowed: "an integer may have 127 bits".to_owned(),
    })
}

fn integer(value: &DeValue<'_>) -> Result<i128, Problem> {
    match value {
        DeValue::Integer(integer) => integer_value(integer),
        other => Err(wrong_type("an integer", other)),
    }
}

pub(super) fn workers(value: &DeValue<'_>) -> Result<u32, Problem> {
    values::workers(integer(value)?)
}

/// A count in `range`, which must fit `usize` on every platform we build for.
pub(super) fn count(value: &DeValue<'_>, range: &RangeInclusive<u64>) -> Result<usize, Problem> {
    to_usize(values::ranged(integer(value)?, range)?)
}

/// A count in `range`, which must fit 32 bits.
pub(super) fn count_u32(value: &DeValue<'_>, range: &RangeInclusive<u64>) -> Result<u32, Problem> {
    let count = values::ranged(integer(value)?, range)?;
    u32::try_from(count).map_err(|_| Problem::OutOfRange {
        value: count.to_string(),
        allowed: format!("at most {} are possible", u32::MAX),
    })
}

/// A size in bytes in `range`.
pub(super) fn size(value: &DeValue<'_>, range: &RangeInclusive<u64>) -> Result<u64, Problem> {
    values::ranged(bytes(value)?, range)
}

fn bytes(value: &DeValue<'_>) -> Result<i128, Problem> {
    match value {
        DeValue::Integer(integer) => integer_value(integer),
        DeValue::String(text) => Ok(i128::from(values::size(text)?)),
        other => {
            let expected = "a size (bytes as an integer, or a string like \"64MiB\")";
            Err(wrong_type(expected, other))
        }
    }
}

/// The same, or zero.
pub(super) fn size_or_zero(
    value: &DeValue<'_>,
    range: &RangeInclusive<u64>,
) -> Result<u64, Problem> {
    match bytes(value)? {
        0 => Ok(0),
        bytes => values::ranged(bytes, range),
    }
}

/// The same, for what is held in memory.
pub(super) fn size_in_memory(
    value: &DeValue<'_>,
    range: &RangeInclusive<u64>,
) -> Result<usize, Problem> {
    to_usize(size(value, range)?)
}

fn to_usize(number: u64) -> Result<usize, Problem> {
    usize::try_from(number).map_err(|_| Problem::OutOfRange {
        value: number.to_string(),
        allowed: format!("at most {} on this machine", usize::MAX),
    })
}

/// Seconds, as an integer or a float.
pub(super) fn seconds(value: &DeValue<'_>) -> Result<Duration, Problem> {
    match value {
        DeValue::Integer(integer) => {
            // Rounding only concerns numbers far beyond the longest duration.
            values::duration(integer_value(integer)? as f64, &integer.to_string())
        }
        DeValue::Float(float) => values::parse_seconds(float.as_str()),
        other => Err(wrong_type("a number of seconds", other)),
    }
}

/// The same, where anything but zero must be this long.
pub(super) fn seconds_or_zero(value: &DeValue<'_>, min: Duration) -> Result<Duration, Problem> {
    match seconds(value)? {
        short if !short.is_zero() && short < min => Err(Problem::OutOfRange {
            value: format!("{} s", short.as_secs_f64()),
            allowed: format!("0 for none, or at least {} s", min.as_secs_f64()),
        }),
        duration => Ok(duration),
    }
}

/// The same, where zero has no meaning.
pub(super) fn seconds_above_zero(value: &DeValue<'_>) -> Result<Duration, Problem> {
    values::above_zero(seconds(value)?)
}

pub(super) fn boolean(value: &DeValue<'_>) -> Result<bool, Problem> {
    match value {
        DeValue::Boolean(boolean) => Ok(*boolean),
        other => Err(wrong_type("true or false", other)),
    }
}

fn string<'v>(value: &'v DeValue<'_>) -> Result<&'v str, Problem> {
    match value {
        DeValue::String(text) => Ok(text),
        other => Err(wrong_type("a string", other)),
    }
}

/// A text that may be an environment variable's value.
pub(super) fn env_value(value: &DeValue<'_>) -> Result<String, Problem> {
    let text = string(value)?;
    values::no_nul(text)?;
    Ok(text.to_owned())
}

/// A path as it was typed.
pub(super) fn path(value: &DeValue<'_>) -> Result<PathBuf, Problem> {
    let text = string(value)?;
    if text.is_empty() {
        return Err(Problem::Empty);
    }
    values::no_nul(text)?;
    Ok(PathBuf::from(text))
}

/// Texts, none of them empty.
pub(super) fn texts(value: &DeValue<'_>) -> Result<Vec<String>, Problem> {
    let DeValue::Array(texts) = value else {
        return Err(wrong_type("an array of strings", value));
    };
    let texts = texts.iter().map(|text| match string(text.get_ref())? {
        "" => Err(Problem::Empty),
        text => Ok(text.to_owned()),
    });
    texts.collect()
}

/// The place of a Python class.
pub(super) fn python_class(value: &DeValue<'_>) -> Result<PythonClass, Problem> {
    string(value)?.parse()
}

/// Names of the stash's tables, each once.
pub(super) fn table_names(value: &DeValue<'_>) -> Result<Vec<String>, Problem> {
    let DeValue::Array(names) = value else {
        return Err(wrong_type("an array of names", value));
    };
    let mut read = Vec::new();
    for name in names.iter() {
        let name = string(name.get_ref())?;
        values::table_name(name)?;
        if read.iter().any(|known| known == name) {
            return Err(Problem::Duplicate(name.to_owned()));
        }
        read.push(name.to_owned());
    }
    Ok(read)
}

pub(super) fn init_mode(value: &DeValue<'_>) -> Result<InitMode, Problem> {
    match string(value)? {
        "mold" => Ok(InitMode::Mold),
        "per-worker" => Ok(InitMode::PerWorker),
        other => Err(Problem::NotAChoice {
            value: other.to_owned(),
            choices: "\"mold\" (once, for all workers) or \"per-worker\"",
        }),
    }
}

pub(super) fn on_disconnect(value: &DeValue<'_>) -> Result<OnDisconnect, Problem> {
    match string(value)? {
        "finish" => Ok(OnDisconnect::Finish),
        "cancel" => Ok(OnDisconnect::Cancel),
        other => Err(Problem::NotAChoice {
            value: other.to_owned(),
            choices: "\"finish\" (the call runs to its end) or \"cancel\"",
        }),
    }
}
