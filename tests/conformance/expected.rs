//! What is to come of a call, and whether it did. Where languages differ by their nature, the
//! transcript has a pattern beside the case; nothing here knows a language.

use serde::Deserialize;
use serde_json::value::RawValue;

use crate::exact::Exact;
use crate::harness::Failure;

/// What came of a call.
#[derive(Debug)]
pub(crate) struct Outcome {
    pub(crate) chunks: Vec<Box<RawValue>>,
    pub(crate) end: End,
}

/// How it ended.
#[derive(Debug)]
pub(crate) enum End {
    Result(Box<RawValue>),
    /// That of a stream.
    End,
    Error(Failure),
    /// The client has left.
    Left,
}

/// What is to come of a call.
pub(crate) enum Expected {
    Result(Box<RawValue>),
    /// An integer from the first to the second.
    Between(i64, i64),
    /// The number of the app's only worker.
    ItsWorker,
    Stream {
        chunks: Vec<Box<RawValue>>,
        /// In the place of the end.
        error: Option<ExpectedError>,
    },
    Error(ExpectedError),
}

/// An error as far as it is the same in all languages.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ExpectedError {
    /// What the app calls it; without, the host has refused the call.
    #[serde(default)]
    kind: Kind,
    /// What the message contains.
    #[serde(default)]
    says: Vec<Pattern>,
    /// What the traceback contains.
    #[serde(default)]
    traceback: Vec<Pattern>,
}

/// A kind, or one of several; none of them is the host's.
#[derive(Deserialize)]
#[serde(untagged)]
enum Kind {
    One(Option<String>),
    AnyOf(Vec<Option<String>>),
}

impl Default for Kind {
    fn default() -> Self {
        Self::One(None)
    }
}

/// A text to be found in another, or several of which one is.
#[derive(Deserialize, Debug)]
#[serde(untagged)]
pub(crate) enum Pattern {
    One(String),
    AnyOf(Vec<String>),
}

impl Pattern {
    /// Whether it is found.
    pub(crate) fn is_in(&self, text: &str) -> bool {
        match self {
            Self::One(part) => text.contains(part),
            Self::AnyOf(parts) => parts.iter().any(|part| text.contains(part)),
        }
    }
}

impl Expected {
    /// Whether a client would ask for a stream.
    pub(crate) fn is_stream(&self) -> bool {
        matches!(self, Self::Stream { .. })
    }

    /// Whether this is what came of it. `worker` is the number of the app's only one.
    pub(crate) fn is(&self, Outcome { chunks, end }: &Outcome, worker: i32) -> bool {
        match (self, end) {
            (Self::Stream { chunks: all, error }, end) => {
                same(all, chunks)
                    && match (error, end) {
                        (None, End::End) => true,
                        (Some(expected), End::Error(failure)) => expected.is(failure),
                        _ => false,
                    }
            }
            (_, _) if !chunks.is_empty() => false,
            (Self::Result(expected), End::Result(result)) => {
                Exact::of(expected) == Exact::of(result)
            }
            (Self::Between(least, most), End::Result(result)) => {
                let number = result.get().parse::<i64>();
                number.is_ok_and(|number| (*least..=*most).contains(&number))
            }
            (Self::ItsWorker, End::Result(result)) => result.get() == worker.to_string(),
            (Self::Error(expected), End::Error(failure)) => expected.is(failure),
            _ => false,
        }
    }
}

fn same(all: &[Box<RawValue>], others: &[Box<RawValue>]) -> bool {
    all.len() == others.len()
        && (all.iter().zip(others)).all(|(one, other)| Exact::of(one) == Exact::of(other))
}

impl ExpectedError {
    fn is(&self, failure: &Failure) -> bool {
        let kind = failure.detail("kind").as_str();
        let traceback = failure.detail("traceback").as_str().unwrap_or_default();
        failure.error_type == "DirtyAppError"
            && self.kind.is(kind)
            && self.says.iter().all(|part| part.is_in(&failure.message))
            && self.traceback.iter().all(|part| part.is_in(traceback))
    }
}

impl Kind {
    fn is(&self, kind: Option<&str>) -> bool {
        match self {
            Self::One(one) => one.as_deref() == kind,
            Self::AnyOf(kinds) => kinds.iter().any(|one| one.as_deref() == kind),
        }
    }
}
