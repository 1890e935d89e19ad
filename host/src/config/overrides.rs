//! What flags say: it goes before what the file says.

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use super::error::Problem;
use super::values;

/// The settings that were given as flags. All absent by default.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Overrides {
    /// Apps to serve beside those of the file; one whose name is in the file replaces that app's
    /// component, and its workers if it says how many.
    pub apps: Vec<AppOverride>,
    /// The socket.
    pub socket: Option<PathBuf>,
    /// How many workers every app has, except those whose [`AppOverride`] says so itself.
    pub workers: Option<u32>,
    /// How long a call to any app may take; zero is without a deadline.
    pub timeout: Option<Duration>,
    /// How long calls in flight may run on after a request to stop.
    pub graceful_timeout: Option<Duration>,
    /// The file for the arbiter's process number.
    pub pidfile: Option<PathBuf>,
    /// The file for the log.
    pub log_file: Option<PathBuf>,
}

/// An app given as a flag, `NAME=PATH` or `NAME=PATH:WORKERS`.
///
/// The name ends at the first `=`. What follows the last `:` is a count of workers if it is a
/// number, else a part of the path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AppOverride {
    /// Its name.
    pub name: String,
    /// Its component's file.
    pub component: PathBuf,
    /// How many workers it has, if the flag says so.
    pub workers: Option<u32>,
}

impl fmt::Display for AppOverride {
    /// As it is typed.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}={}", self.name, self.component.display())?;
        match self.workers {
            Some(workers) => write!(f, ":{workers}"),
            None => Ok(()),
        }
    }
}

impl FromStr for AppOverride {
    type Err = Problem;

    fn from_str(text: &str) -> Result<AppOverride, Problem> {
        let malformed = || Problem::NotAnApp(text.to_owned());
        let (name, file) = text.split_once('=').ok_or_else(malformed)?;
        values::app_name(name)?;
        let (component, workers) = match file.rsplit_once(':') {
            Some((_, "")) => return Err(malformed()),
            Some((path, count)) if count.bytes().all(|byte| byte.is_ascii_digit()) => {
                (path, Some(values::parse_workers(count)?))
            }
            _ => (file, None),
        };
        if component.is_empty() {
            return Err(malformed());
        }
        values::no_nul(component)?;
        Ok(AppOverride {
            name: name.to_owned(),
            component: PathBuf::from(component),
            workers,
        })
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn apps_of_the_command_line() {
        for (text, name, path, workers) in [
            ("a=b.wasm", "a", "b.wasm", None),
            ("a=b.wasm:4", "a", "b.wasm", Some(4)),
            ("a=b.wasm:0", "a", "b.wasm", Some(0)),
            ("my.ml:App=/x/y.wasm:2", "my.ml:App", "/x/y.wasm", Some(2)),
            ("a=v:2/b.wasm", "a", "v:2/b.wasm", None),
            ("a=b=c.wasm", "a", "b=c.wasm", None),
        ] {
            let app: AppOverride = text.parse().unwrap();
            assert_eq!(app.to_string(), text);
            assert_eq!(app.name, name, "{text}");
            assert_eq!(app.component, PathBuf::from(path), "{text}");
            assert_eq!(app.workers, workers, "{text}");
        }
        for text in [
            "",
            "a",
            "=b.wasm",
            "a=",
            "a=:3",
            "a=b.wasm:",
            "a=b:9999",
            "a\n=b",
            "a=b\0",
        ] {
            assert!(text.parse::<AppOverride>().is_err(), "{text:?}");
        }
    }
}
