//! The error that an app reports to its caller. Made from any standard error by `?`.

use std::borrow::Cow;
use std::fmt;
use std::panic::Location;

/// A result of an app's, with the error that its caller will see.
pub type Result<T> = std::result::Result<T, Error>;

/// An error as its caller will see it: a kind to tell errors apart by, a line for humans, where it
/// was made, and what caused it.
///
/// `?` makes one from any standard error; its kind is then the name of the error's type
/// (`ParseIntError`; a type that is just called `Error` is named after its module: `IoError`).
///
/// ```
/// use dirty_guest::Error;
///
/// fn parse(text: &str) -> dirty_guest::Result<u32> {
///     Ok(text.parse()?)
/// }
/// let error = parse("x").unwrap_err();
/// assert_eq!(error.kind(), "ParseIntError");
/// assert_eq!(error.message(), "invalid digit found in string");
///
/// let error = Error::new("ConfigError", "`port` is no number").caused_by(error);
/// assert!(error.traceback().ends_with("caused by: ParseIntError: invalid digit found in string"));
/// ```
///
/// Like `anyhow::Error` it is no `std::error::Error` itself, or the conversion could not be so
/// general.
pub struct Error {
    kind: Cow<'static, str>,
    message: String,
    /// Where the app made it; none where the SDK did, whose lines would tell the caller nothing.
    location: Option<&'static Location<'static>>,
    /// What caused it, outermost first.
    causes: Vec<String>,
    gone: bool,
}

impl Error {
    /// An error of that kind, such as `ValueError`, with one line for humans.
    #[track_caller]
    pub fn new(kind: impl Into<Cow<'static, str>>, message: impl Into<String>) -> Self {
        Self {
            kind: kind.into(),
            message: message.into(),
            location: Some(Location::caller()),
            causes: Vec::new(),
            gone: false,
        }
    }

    /// The same error with another one (and what caused that) as its cause.
    #[must_use]
    #[track_caller]
    pub fn caused_by(mut self, cause: impl Into<Self>) -> Self {
        let cause = cause.into();
        self.causes.push(cause.to_string());
        self.causes.extend(cause.causes);
        self
    }

    /// An error that the SDK itself reports.
    pub(crate) fn of_sdk(kind: &'static str, message: String) -> Self {
        Self {
            location: None,
            ..Self::new(kind, message)
        }
    }

    /// What [`emit`](crate::emit) returns when nobody reads on.
    #[track_caller]
    pub(crate) fn gone() -> Self {
        Self {
            gone: true,
            ..Self::new("ClientGone", "nobody reads this call's chunks")
        }
    }

    /// The error's class, for example `ValueError`.
    pub fn kind(&self) -> &str {
        &self.kind
    }

    /// One line for humans.
    pub fn message(&self) -> &str {
        &self.message
    }

    /// True if this is the error with which [`emit`](crate::emit) says that nobody reads on. An
    /// action that returns it just ends.
    pub fn is_gone(&self) -> bool {
        self.gone
    }

    /// The error, where the app made it, and what caused it: a line each, innermost cause last.
    pub fn traceback(&self) -> String {
        let place = self.location.map(|place| format!("\n  at {place}"));
        let causes = self
            .causes
            .iter()
            .map(|cause| format!("\ncaused by: {cause}"));
        std::iter::once(self.to_string())
            .chain(place)
            .chain(causes)
            .collect()
    }
}

impl<E: std::error::Error> From<E> for Error {
    #[track_caller]
    fn from(error: E) -> Self {
        let causes =
            std::iter::successors(error.source(), |cause| cause.source()).map(ToString::to_string);
        Self {
            causes: causes.collect(),
            ..Self::new(kind_of::<E>(), error.to_string())
        }
    }
}

/// `kind: message`
impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.kind, self.message)
    }
}

/// The traceback, for `unwrap` in tests.
impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.traceback())
    }
}

/// The name of an error type, without its path and generic arguments.
fn kind_of<E>() -> String {
    let full = std::any::type_name::<E>().trim_start_matches('&');
    let path = full.split('<').next().unwrap_or(full);
    let mut segments = path.rsplit("::");
    match segments.next() {
        // `std::io::error::Error` says more as `IoError`.
        Some("Error") => match segments.find(|module| *module != "error") {
            Some(module) => format!("{}Error", pascal_case(module)),
            None => "Error".to_owned(),
        },
        Some(name) => name.to_owned(),
        None => path.to_owned(),
    }
}

fn pascal_case(module: &str) -> String {
    let words = module.split('_').filter_map(|word| {
        let mut letters = word.chars();
        letters
            .next()
            .map(|first| first.to_uppercase().chain(letters).collect::<String>())
    });
    words.collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    fn question_mark(text: &str) -> Result<u8> {
        Ok(text.parse()?)
    }

    #[test]
    fn the_place_is_that_of_the_question_mark() {
        let (line, parse) = (line!(), || -> Result<u8> { Ok("x".parse()?) });
        let error = parse().unwrap_err();
        assert!(
            error.traceback().contains(&format!("error.rs:{line}:")),
            "{}",
            error.traceback()
        );
    }

    #[test]
    fn kinds_are_type_names() {
        assert_eq!(question_mark("x").unwrap_err().kind(), "ParseIntError");
        assert_eq!(Error::from(std::io::Error::other("x")).kind(), "IoError");
        assert_eq!(
            Error::from(serde_json::from_str::<u8>("x").unwrap_err()).kind(),
            "SerdeJsonError"
        );
    }

    #[test]
    fn causes_are_listed_innermost_last() {
        let inner = Error::new("B", "b").caused_by(Error::new("C", "c"));
        let traceback = Error::new("A", "a").caused_by(inner).traceback();
        let lines: Vec<_> = traceback.lines().collect();
        assert_eq!(
            [lines[0], lines[2], lines[3]],
            ["A: a", "caused by: B: b", "caused by: C: c"]
        );
    }
}
