//! Reads `transcript.json`: cases, each of them steps. Knows what may stand there, not how it is done.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use serde::Deserialize;
use serde_json::value::RawValue;

use crate::expected::{Expected, ExpectedError, Pattern};

/// How a client and the host talk.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Dialect {
    Json,
    Binary,
}

/// One thing that is the same in all languages.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Case {
    pub(crate) name: String,
    /// Why it has to be so.
    why: String,
    /// The only dialect that can say it; none: both.
    only: Option<Dialect>,
    #[serde(deserialize_with = "steps")]
    pub(crate) steps: Vec<Step>,
}

impl Case {
    /// Whether it can be said in this dialect.
    pub(crate) fn is_for(&self, dialect: Dialect) -> bool {
        self.only.is_none_or(|only| only == dialect)
    }
}

/// One step of a case.
pub(crate) enum Step {
    /// A call, and what comes of it.
    Call {
        call: Call,
        expected: Expected,
        /// It is made again and again until that is what comes of it.
        eventually: bool,
    },
    /// A call whose client leaves after so many chunks.
    Leave { call: Call, after: usize },
    /// A line of the app's in the host's log.
    Log { level: String, says: Vec<Pattern> },
    /// The host is told to stop, and does.
    Stop,
}

/// What a client asks for.
#[derive(Clone)]
pub(crate) struct Call {
    pub(crate) action: String,
    pub(crate) args: Vec<Box<RawValue>>,
    pub(crate) kwargs: BTreeMap<String, Box<RawValue>>,
    pub(crate) timeout: Option<Duration>,
}

/// The cases of the transcript.
pub(crate) fn cases() -> Vec<Case> {
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Transcript {
        cases: Vec<Case>,
    }
    let text = include_str!("transcript.json");
    let Transcript { cases } =
        serde_json::from_str(text).unwrap_or_else(|error| panic!("transcript.json: {error}"));
    let mut names = BTreeSet::new();
    for Case { name, why, .. } in &cases {
        assert!(names.insert(name), "two cases are named {name:?}");
        assert!(!why.is_empty(), "{name:?} does not say why");
    }
    cases
}

/// A step as it is written.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    call: Option<String>,
    #[serde(default)]
    args: Vec<Box<RawValue>>,
    #[serde(default)]
    kwargs: BTreeMap<String, Box<RawValue>>,
    timeout_seconds: Option<u64>,
    #[serde(default, deserialize_with = "present")]
    result: Option<Box<RawValue>>,
    between: Option<(i64, i64)>,
    #[serde(default)]
    is_worker: bool,
    stream: Option<Vec<Box<RawValue>>>,
    error: Option<ExpectedError>,
    leave_after: Option<usize>,
    #[serde(default)]
    eventually: bool,
    log: Option<String>,
    #[serde(default)]
    says: Vec<Pattern>,
    #[serde(default)]
    stop: bool,
}

/// A value that is there, `null` too.
pub(crate) fn present<'de, D: serde::Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<Box<RawValue>>, D::Error> {
    Box::<RawValue>::deserialize(deserializer).map(Some)
}

fn steps<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Vec<Step>, D::Error> {
    let written = Vec::<Written>::deserialize(deserializer)?;
    let steps = written.into_iter().enumerate().map(|(index, written)| {
        written
            .step()
            .ok_or_else(|| serde::de::Error::custom(format!("step {} makes no sense", index + 1)))
    });
    steps.collect()
}

impl Written {
    /// What is meant; none where that cannot be told.
    fn step(self) -> Option<Step> {
        match (self.call, self.log, self.stop) {
            (None, None, true) => Some(Step::Stop),
            (None, Some(level), false) => Some(Step::Log {
                level,
                says: self.says,
            }),
            (Some(action), None, false) => {
                let call = Call {
                    action,
                    args: self.args.iter().map(|arg| expanded(arg)).collect(),
                    kwargs: self.kwargs,
                    timeout: self.timeout_seconds.map(Duration::from_secs),
                };
                if let Some(after) = self.leave_after {
                    return Some(Step::Leave { call, after });
                }
                let expected = match (self.result, self.between, self.is_worker) {
                    (Some(result), None, false) => Expected::Result(expanded(&result)),
                    (None, Some((least, most)), false) => Expected::Between(least, most),
                    (None, None, true) => Expected::ItsWorker,
                    (None, None, false) => match (self.stream, self.error) {
                        (Some(chunks), error) => Expected::Stream { chunks, error },
                        (None, Some(error)) => Expected::Error(error),
                        (None, None) => return None,
                    },
                    _ => return None,
                };
                Some(Step::Call {
                    call,
                    expected,
                    eventually: self.eventually,
                })
            }
            _ => None,
        }
    }
}

/// The value, or a long text where it is `{"$repeat": [TEXT, TIMES]}`.
fn expanded(value: &RawValue) -> Box<RawValue> {
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Repeat {
        #[serde(rename = "$repeat")]
        repeat: (String, usize),
    }
    match serde_json::from_str(value.get()) {
        Ok(Repeat {
            repeat: (text, times),
        }) => serde_json::value::to_raw_value(&text.repeat(times)).unwrap(),
        Err(_) => value.to_owned(),
    }
}
