//! Numbers and names, checked whoever typed them: durations, sizes, counts, app names, paths that an
//! app sees. Knows nothing of TOML.

use std::ops::RangeInclusive;
use std::path::PathBuf;
use std::time::Duration;

use super::error::Problem;
use super::limits::{
    APP_NAME_BYTES_MAX, DURATION_MAX, DURATION_MIN, GIB, KIB, MEMORY_BYTES, MIB,
    STASH_TABLE_NAME_BYTES_MAX, TIB, WORKERS_MAX,
};
use super::settings::DirSettings;

/// A duration typed as a number of seconds (`30`, `0.5`): zero, or 1 ms to [`DURATION_MAX`].
///
/// # Errors
/// [`Problem::NotSeconds`] and [`Problem::OutOfRange`].
pub fn parse_seconds(text: &str) -> Result<Duration, Problem> {
    let seconds: f64 = text
        .trim()
        .parse()
        .map_err(|_| Problem::NotSeconds(text.to_owned()))?;
    duration(seconds, text)
}

/// The same, where zero has no meaning.
///
/// # Errors
/// As [`parse_seconds`], and for zero.
pub fn parse_seconds_above_zero(text: &str) -> Result<Duration, Problem> {
    above_zero(parse_seconds(text)?)
}

/// A count of workers, 0 to [`WORKERS_MAX`].
///
/// # Errors
/// [`Problem::NotInteger`] and [`Problem::OutOfRange`].
pub fn parse_workers(text: &str) -> Result<u32, Problem> {
    let count: i128 = text
        .parse()
        .map_err(|_| Problem::NotInteger(text.to_owned()))?;
    workers(count)
}

/// How much linear memory an instance may have: a number of bytes, or one with a unit.
///
/// # Errors
/// [`Problem::NotSize`] and [`Problem::OutOfRange`].
pub fn parse_memory(text: &str) -> Result<u64, Problem> {
    ranged(i128::from(size(text)?), &MEMORY_BYTES)
}

/// An environment variable of an app's, `NAME=VALUE`.
///
/// # Errors
/// What is not of this form, and names or values that cannot be.
pub fn parse_env(text: &str) -> Result<(String, String), Problem> {
    let (name, value) = pair(text, "NAME=VALUE")?;
    env_name(name)?;
    no_nul(value)?;
    Ok((name.to_owned(), value.to_owned()))
}

/// A directory that an app sees, `GUEST=HOST`, or `GUEST=HOST:rw` if it may write to it.
///
/// # Errors
/// What is not of this form, and paths that cannot be.
pub fn parse_dir(text: &str) -> Result<DirSettings, Problem> {
    let (guest, host) = pair(text, "GUEST=HOST or GUEST=HOST:rw")?;
    let (host, writable) = match host.strip_suffix(":rw") {
        Some(host) => (host, true),
        None => (host, false),
    };
    if host.is_empty() {
        return Err(Problem::Empty);
    }
    no_nul(host)?;
    Ok(DirSettings {
        guest: guest_path(guest)?,
        host: PathBuf::from(host),
        writable,
    })
}

fn pair<'t>(text: &'t str, form: &'static str) -> Result<(&'t str, &'t str), Problem> {
    let value = text.to_owned();
    text.split_once('=')
        .ok_or(Problem::NotOfForm { value, form })
}

pub(super) fn workers(count: i128) -> Result<u32, Problem> {
    u32::try_from(count)
        .ok()
        .filter(|count| *count <= WORKERS_MAX)
        .ok_or_else(|| Problem::OutOfRange {
            value: count.to_string(),
            allowed: format!("an app may have 0 to {WORKERS_MAX} workers"),
        })
}

/// `seconds` as a duration; `typed` is what an error quotes.
pub(super) fn duration(seconds: f64, typed: &str) -> Result<Duration, Problem> {
    if seconds == 0.0 {
        return Ok(Duration::ZERO);
    }
    let allowed = DURATION_MIN.as_secs_f64()..=DURATION_MAX.as_secs_f64();
    if allowed.contains(&seconds) {
        return Ok(Duration::from_secs_f64(seconds));
    }
    Err(Problem::OutOfRange {
        value: typed.to_owned(),
        allowed: format!(
            "a number of seconds may be 0, or {} to {}",
            DURATION_MIN.as_secs_f64(),
            DURATION_MAX.as_secs()
        ),
    })
}

/// `duration`, unless it is zero.
pub(super) fn above_zero(duration: Duration) -> Result<Duration, Problem> {
    none_if_zero(duration).ok_or_else(|| Problem::OutOfRange {
        value: "0".to_owned(),
        allowed: "this must be some time, at least 0.001 seconds".to_owned(),
    })
}

/// Zero is how "none" is typed.
pub(super) fn none_if_zero(duration: Duration) -> Option<Duration> {
    Some(duration).filter(|duration| !duration.is_zero())
}

/// `number`, if it lies in `range`.
pub(super) fn ranged(number: i128, range: &RangeInclusive<u64>) -> Result<u64, Problem> {
    u64::try_from(number)
        .ok()
        .filter(|number| range.contains(number))
        .ok_or_else(|| Problem::OutOfRange {
            value: number.to_string(),
            allowed: format!("{} to {} are possible", range.start(), range.end()),
        })
}

/// A size with a unit, `64MiB` or `500 MB`, or in plain bytes.
pub(super) fn size(text: &str) -> Result<u64, Problem> {
    let wrong = || Problem::NotSize(text.to_owned());
    let trimmed = text.trim();
    let digits = trimmed
        .find(|c: char| !c.is_ascii_digit())
        .unwrap_or(trimmed.len());
    let (number, unit) = trimmed.split_at(digits);
    let unit: u64 = match unit.trim_start().to_ascii_lowercase().as_str() {
        "" | "b" => 1,
        "kib" => KIB,
        "mib" => MIB,
        "gib" => GIB,
        "tib" => TIB,
        "kb" => 1_000,
        "mb" => 1_000_000,
        "gb" => 1_000_000_000,
        "tb" => 1_000_000_000_000,
        _ => return Err(wrong()),
    };
    let number: u64 = number.parse().map_err(|_| wrong())?;
    number.checked_mul(unit).ok_or_else(wrong)
}

/// A name of an app that calls may use.
pub(super) fn app_name(name: &str) -> Result<(), Problem> {
    if name.is_empty() {
        Err(Problem::Empty)
    } else if name.len() > APP_NAME_BYTES_MAX {
        Err(Problem::TooLong {
            len: name.len(),
            max: APP_NAME_BYTES_MAX,
        })
    } else if name.chars().any(char::is_control) {
        Err(Problem::Forbidden("control characters"))
    } else {
        Ok(())
    }
}

/// A name of one of the stash's tables.
pub(super) fn table_name(name: &str) -> Result<(), Problem> {
    if name.is_empty() {
        Err(Problem::Empty)
    } else if name.len() > STASH_TABLE_NAME_BYTES_MAX {
        Err(Problem::TooLong {
            len: name.len(),
            max: STASH_TABLE_NAME_BYTES_MAX,
        })
    } else {
        Ok(())
    }
}

/// A name of an environment variable.
pub(super) fn env_name(name: &str) -> Result<(), Problem> {
    if name.is_empty() {
        Err(Problem::Empty)
    } else if name.contains('=') {
        Err(Problem::Forbidden("`=`"))
    } else {
        no_nul(name)
    }
}

/// A text that the operating system can take.
pub(super) fn no_nul(text: &str) -> Result<(), Problem> {
    if text.contains('\0') {
        Err(Problem::Forbidden("a NUL character"))
    } else {
        Ok(())
    }
}

/// A directory's path for the app, without doubled and trailing slashes.
pub(super) fn guest_path(path: &str) -> Result<String, Problem> {
    no_nul(path)?;
    let rest = path.strip_prefix('/').ok_or(Problem::GuestPath)?;
    let parts: Vec<&str> = rest.split('/').filter(|part| !part.is_empty()).collect();
    if parts.iter().any(|part| matches!(*part, "." | "..")) {
        return Err(Problem::GuestPath);
    }
    Ok(format!("/{}", parts.join("/")))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn seconds() {
        for (text, expected) in [
            ("0", Duration::ZERO),
            ("-0.0", Duration::ZERO),
            ("30", Duration::from_secs(30)),
            ("0.5", Duration::from_millis(500)),
            ("1e3", Duration::from_secs(1000)),
            ("0.001", Duration::from_millis(1)),
            ("31536000", DURATION_MAX),
        ] {
            assert_eq!(parse_seconds(text), Ok(expected), "{text}");
        }
        for text in ["-1", "nan", "inf", "1e300", "0.0001", "31536001"] {
            let error = parse_seconds(text).unwrap_err();
            assert!(
                matches!(error, Problem::OutOfRange { .. }),
                "{text}: {error}"
            );
        }
        assert!(matches!(
            parse_seconds_above_zero("-0.0"),
            Err(Problem::OutOfRange { .. })
        ));
        for text in ["", "5s", "one"] {
            let error = parse_seconds(text).unwrap_err();
            assert!(matches!(error, Problem::NotSeconds(_)), "{text}: {error}");
        }
    }

    #[test]
    fn sizes() {
        for (text, expected) in [
            ("0", 0),
            ("4096", 4096),
            ("12B", 12),
            ("64MiB", 64 * MIB),
            ("1GiB", GIB),
            ("500MB", 500_000_000),
            (" 2 gib ", 2 * GIB),
            ("3kB", 3000),
        ] {
            assert_eq!(size(text), Ok(expected), "{text}");
        }
        for text in ["", "MiB", "64M", "-1", "1.5GiB", "99999999999TiB", "1 Mi B"] {
            assert!(matches!(size(text), Err(Problem::NotSize(_))), "{text}");
        }
    }

    #[test]
    fn counts_of_workers() {
        assert_eq!(parse_workers("0"), Ok(0));
        assert_eq!(parse_workers("1024"), Ok(1024));
        for text in ["-1", "1025", "99999999999999999999"] {
            let error = parse_workers(text).unwrap_err();
            assert!(error.to_string().contains("0 to 1024"), "{text}: {error}");
        }
        for text in ["", "two", "1.5"] {
            assert!(matches!(parse_workers(text), Err(Problem::NotInteger(_))));
        }
    }

    #[test]
    fn names() {
        assert_eq!(app_name("myapp.ml:MLApp"), Ok(()));
        assert_eq!(app_name("größe 1=2"), Ok(()));
        assert_eq!(app_name(&"x".repeat(255)), Ok(()));
        assert_eq!(app_name(""), Err(Problem::Empty));
        for name in ["a\nb", "\u{7f}", "a\u{85}b", "\0"] {
            assert!(
                matches!(app_name(name), Err(Problem::Forbidden(_))),
                "{name:?}"
            );
        }
        assert!(matches!(
            app_name(&"x".repeat(256)),
            Err(Problem::TooLong { .. })
        ));
        assert_eq!(env_name("PATH"), Ok(()));
        assert_eq!(env_name(""), Err(Problem::Empty));
        assert!(env_name("A=B").is_err());
        assert!(env_name("A\0").is_err());
    }

    #[test]
    fn what_flags_say_of_one_app() {
        assert_eq!(parse_memory("64 MiB"), Ok(64 << 20));
        assert!(parse_memory("1KiB").is_err() && parse_memory("much").is_err());
        assert_eq!(parse_env("A=b=c"), Ok(("A".to_owned(), "b=c".to_owned())));
        assert!(parse_env("A").is_err() && parse_env("=b").is_err());
        for (text, guest, host, writable) in [
            ("/data=models", "/data", "models", false),
            ("/out/=/srv/out:rw", "/out", "/srv/out", true),
            ("/a=b=c", "/a", "b=c", false),
        ] {
            let expected = DirSettings {
                guest: guest.into(),
                host: host.into(),
                writable,
            };
            assert_eq!(parse_dir(text), Ok(expected), "{text}");
        }
        for text in ["/data", "data=x", "/a=", "/a=:rw", "/../a=b"] {
            assert!(parse_dir(text).is_err(), "{text}");
        }
    }

    #[test]
    fn guest_paths() {
        for (path, expected) in [("/", "/"), ("/data", "/data"), ("//a///b/", "/a/b")] {
            assert_eq!(guest_path(path).unwrap(), expected);
        }
        for path in ["", "data", "./data", "/a/../b", "/.", "/a\0"] {
            assert!(guest_path(path).is_err(), "{path:?}");
        }
    }
}
