//! What can be wrong with a configuration, and where it was typed.

use std::fmt;
use std::path::PathBuf;

use thiserror::Error;

/// Everything that is wrong with a configuration, in the order of the file. Never empty.
///
/// Displayed as one line per mistake (a few have an example below it).
#[derive(Debug, Clone, PartialEq)]
pub struct ConfigErrors(Vec<ConfigError>);

impl ConfigErrors {
    /// `Err` with the given mistakes, or `Ok` where there are none.
    pub(super) fn check(errors: Vec<ConfigError>) -> Result<(), ConfigErrors> {
        if errors.is_empty() {
            Ok(())
        } else {
            Err(ConfigErrors(errors))
        }
    }

    /// The mistakes, one by one.
    pub fn iter(&self) -> impl Iterator<Item = &ConfigError> {
        self.0.iter()
    }
}

impl From<ConfigError> for ConfigErrors {
    fn from(error: ConfigError) -> Self {
        ConfigErrors(vec![error])
    }
}

impl fmt::Display for ConfigErrors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, error) in self.0.iter().enumerate() {
            if index > 0 {
                f.write_str("\n")?;
            }
            write!(f, "{error}")?;
        }
        Ok(())
    }
}

impl std::error::Error for ConfigErrors {}

/// One mistake: where, which key, what.
#[derive(Debug, Clone, PartialEq)]
pub struct ConfigError {
    /// Where it was typed.
    pub origin: Origin,
    /// The offending key as it would be written in TOML (`apps."a b".workers`), or the name of an
    /// app; empty where no key is at fault.
    pub key: String,
    /// What is wrong with it.
    pub problem: Problem,
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.origin {
            Origin::File { path, line, column } => {
                write!(f, "{}:{line}:{column}: ", path.display())?;
            }
            Origin::Flag(flag) => write!(f, "{flag}: ")?,
            Origin::Nowhere => {}
        }
        if !self.key.is_empty() {
            write!(f, "{}: ", self.key)?;
        }
        write!(f, "{}", self.problem)
    }
}

impl std::error::Error for ConfigError {}

/// Where something was typed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    /// In a file; line and column count from 1, the column in characters.
    File {
        /// The file, as it was named.
        path: PathBuf,
        /// The line.
        line: usize,
        /// The column.
        column: usize,
    },
    /// In a flag of the command line.
    Flag(&'static str),
    /// It is missing altogether.
    Nowhere,
}

/// What is wrong with a value or a key.
#[derive(Debug, Clone, PartialEq, Error)]
pub enum Problem {
    /// The text is not TOML.
    #[error("{0}")]
    Syntax(String),
    /// Nothing of this name can be set here, but something of a similar name can.
    #[error("unknown key; did you mean `{0}`?")]
    UnknownKey(&'static str),
    /// Nothing of this or a similar name can be set here.
    #[error("unknown key; the keys here are {}", .0.join(", "))]
    UnknownKeyFar(&'static [&'static str]),
    /// The key exists, elsewhere.
    #[error("this key belongs {0}")]
    Misplaced(&'static str),
    /// A setting of gunicorn's.
    #[error("this is a setting of gunicorn's: {0}")]
    Foreign(&'static str),
    /// A key that must be there is not.
    #[error("`{0}` is missing: {1}")]
    Missing(&'static str, &'static str),
    /// A value of another type.
    #[error("expected {expected}, found {found}")]
    WrongType {
        /// What belongs here, with its article.
        expected: &'static str,
        /// What is there, with its article.
        found: &'static str,
    },
    /// A number that is too small or too large.
    #[error("{value} is out of range: {allowed}")]
    OutOfRange {
        /// The number as it was typed.
        value: String,
        /// The range in words.
        allowed: String,
    },
    /// A duration that is no number of seconds.
    #[error("`{0}` is no duration: write a number of seconds, for example 30 or 0.5")]
    NotSeconds(String),
    /// A count that is no whole number.
    #[error("`{0}` is no whole number")]
    NotInteger(String),
    /// A size that cannot be read.
    #[error("`{0}` is no size: write a number of bytes, or a text like \"64MiB\" or \"1GB\"")]
    NotSize(String),
    /// A word that is not one of the choices.
    #[error("`{value}` is none of the choices: {choices}")]
    NotAChoice {
        /// What is there.
        value: String,
        /// What may be there.
        choices: &'static str,
    },
    /// An empty text where one is needed.
    #[error("must not be empty")]
    Empty,
    /// A text that contains what it must not.
    #[error("must not contain {0}")]
    Forbidden(&'static str),
    /// A name over its limit.
    #[error("{len} bytes are too long: at most {max}")]
    TooLong {
        /// Its length in bytes.
        len: usize,
        /// The limit in bytes.
        max: usize,
    },
    /// A guest path that is not usable.
    #[error("a directory's path for the app must be absolute and without `.` or `..`: \"/data\"")]
    GuestPath,
    /// A hook that was written like a line for a shell; its words as an array.
    #[error("there is no shell: write the program and each argument as an array, {0}")]
    NotAProgram(String),
    /// Less room for all frames together than for one.
    #[error(
        "{bytes} bytes are less than the largest frame has, {frame} bytes: raise this, or lower \
         `max_frame`"
    )]
    SmallerThanFrame {
        /// The bytes for all frames.
        bytes: usize,
        /// The bytes of the largest frame.
        frame: usize,
    },
    /// More room for one of the stash's tables than for all of them.
    #[error(
        "{table} bytes for one table are more than for all of them, {all} bytes: lower this, or \
         raise `max_bytes`"
    )]
    LargerThanStash {
        /// The bytes for one table.
        table: usize,
        /// The bytes for all tables.
        all: usize,
    },
    /// A jitter that could recycle a worker before its first call, or that there is nothing for.
    #[error("{jitter} is too large: it must be less than `max_calls`, which is {}", none_or(*.max))]
    JitterTooLarge {
        /// The jitter.
        jitter: u32,
        /// The calls; 0 is no limit.
        max: u32,
    },
    /// What names a Python class, and does not.
    #[error("`{0}` is not of the form MODULE:CLASS, as in shop.images:Thumbnails")]
    NotAPythonClass(String),
    /// Two keys of which there can be one.
    #[error("there can be `{0}` or `{1}`, not both")]
    Ambiguous(&'static str, &'static str),
    /// A key that says something of another key's value, which is not there.
    #[error("this goes with `{0}` only")]
    OnlyWith(&'static str),
    /// The same thing twice.
    #[error("{0} is there twice")]
    Duplicate(String),
    /// A value that JSON cannot express.
    #[error("{0} cannot be handed to the app: JSON has no such number")]
    NoJsonNumber(String),
    /// A value nested too deeply.
    #[error("nested more than {0} levels deep")]
    TooDeep(usize),
    /// A flag's value without its parts.
    #[error("`{value}` is not of the form {form}")]
    NotOfForm {
        /// What is there.
        value: String,
        /// How it is written.
        form: &'static str,
    },
    /// `--app` without its two parts.
    #[error("`{0}` is not of the form NAME=PATH or NAME=PATH:WORKERS")]
    NotAnApp(String),
    /// There is nothing to serve.
    #[error(
        "no apps to serve: give `--app NAME=PATH`, or name one in dirty.toml:\n\
         \n    [apps.hello]\n    component = \"hello.wasm\"\n    workers = 2"
    )]
    NoApps,
}

/// A limit in words; zero is none.
fn none_or(limit: u32) -> String {
    match limit {
        0 => "not set".to_owned(),
        limit => limit.to_string(),
    }
}
