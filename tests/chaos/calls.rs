//! A call as its client remembers it: what may come in reply, and what has come so far. A frame
//! that is not explained by that fails the test.

use std::collections::BTreeMap;

use fastrand::Rng;
use serde_json::{Value, json};

use crate::apps::TARGETS;
use crate::harness::wire::request;
use crate::harness::{Failure, Frame};

/// What is asked of the app.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Kind {
    Echo,
    Sleep { milliseconds: u64 },
    Stream { chunks: u64, bytes: usize },
    Fail,
    Trap,
    Hang,
}

/// How a call can end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Ending {
    /// As it should.
    Served,
    /// The app's own error, where it was asked for one.
    AppError,
    /// The call hung, as it was asked to, until its deadline.
    TimedOut,
    /// Its client cancelled it.
    Cancelled,
    /// Its worker or mold was killed.
    Killed,
    /// Nothing of the app lived that could serve it.
    NoWorkers,
    /// Its client gave it up: no terminal frame is owed.
    GivenUp,
}

const ENDINGS: [Ending; 7] = [
    Ending::Served,
    Ending::AppError,
    Ending::TimedOut,
    Ending::Cancelled,
    Ending::Killed,
    Ending::NoWorkers,
    Ending::GivenUp,
];

/// A call that was made.
#[derive(Debug)]
pub(crate) struct Call {
    pub(crate) app: &'static str,
    pub(crate) kind: Kind,
    pub(crate) nonce: String,
    pub(crate) cancelled: bool,
    chunks_seen: u64,
}

/// Seconds after which a call that hangs is given up by the host.
const HANG_TIMEOUT: f64 = 0.3;
const CHUNK_DELAY_MS: u64 = 1;

impl Call {
    /// Some call of some app.
    pub(crate) fn any(choices: &mut Rng) -> Call {
        let kind = match choices.u8(..100) {
            0..45 => Kind::Echo,
            45..60 => Kind::Sleep {
                milliseconds: choices.u64(1..80),
            },
            60..90 => Kind::Stream {
                chunks: choices.u64(0..20),
                bytes: choices.usize(0..10_000),
            },
            90..95 => Kind::Fail,
            95..98 => Kind::Trap,
            _ => Kind::Hang,
        };
        Call::of(kind, choices)
    }

    /// A call of this kind.
    pub(crate) fn of(kind: Kind, choices: &mut Rng) -> Call {
        let target = choices.usize(..TARGETS.len());
        Call {
            app: TARGETS[target].name,
            kind,
            nonce: format!("{:032x}", choices.u128(..)),
            cancelled: false,
            chunks_seen: 0,
        }
    }

    pub(crate) fn action(&self) -> &'static str {
        match self.kind {
            Kind::Echo => "echo",
            Kind::Sleep { .. } => "sleep",
            Kind::Stream { .. } => "stream",
            Kind::Fail => "fail",
            Kind::Trap => "trap",
            Kind::Hang => "hang",
        }
    }

    pub(crate) fn args(&self) -> Vec<Value> {
        let mut args = vec![json!(self.nonce)];
        match self.kind {
            Kind::Sleep { milliseconds } => args.push(json!(milliseconds as f64 / 1000.0)),
            Kind::Stream { chunks, bytes } => {
                args.extend([json!(chunks), json!(bytes), json!(CHUNK_DELAY_MS)]);
            }
            Kind::Echo | Kind::Fail | Kind::Trap | Kind::Hang => {}
        }
        args
    }

    /// The timeout that its request asks for, in seconds.
    pub(crate) fn timeout(&self) -> Option<f64> {
        (self.kind == Kind::Hang).then_some(HANG_TIMEOUT)
    }

    /// The message that makes it.
    pub(crate) fn message(&self, id: &str, multiplex: bool) -> String {
        let timeout = self.timeout().map(|s| format!(r#","timeout":{s}"#));
        let mut more = timeout.unwrap_or_default();
        if multiplex {
            more += r#","multiplex":true"#;
        }
        let args = Value::from(self.args()).to_string();
        request(id, self.app, self.action(), &args, &more)
    }

    /// Takes a frame that came in reply. Returns how the call has ended, if it has.
    #[track_caller]
    pub(crate) fn take(&mut self, frame: &Frame) -> Option<Ending> {
        match frame.kind().as_str() {
            "chunk" => {
                self.take_chunk(&frame.value("data"));
                None
            }
            "end" => Some(self.take_end()),
            "response" => Some(self.take_result(&frame.value("result"))),
            "error" => Some(self.take_error(&frame.failure())),
            other => panic!("a frame of type {other}: {frame:?}"),
        }
    }

    #[track_caller]
    pub(crate) fn take_chunk(&mut self, data: &Value) {
        let Kind::Stream { chunks, bytes } = self.kind else {
            panic!("a chunk in reply to {self:?}: {data}");
        };
        assert_eq!(data["nonce"], self.nonce, "the chunk of another call");
        assert_eq!(data["number"], self.chunks_seen, "out of order: {self:?}");
        let filler = data["filler"].as_str().map(str::len);
        assert_eq!(filler, Some(bytes), "a part of a chunk: {self:?}");
        self.chunks_seen += 1;
        assert!(self.chunks_seen <= chunks, "too many chunks: {self:?}");
    }

    #[track_caller]
    pub(crate) fn take_end(&self) -> Ending {
        let whole = matches!(self.kind, Kind::Stream { chunks, .. } if chunks == self.chunks_seen);
        assert!(whole, "a stream's end in reply to {self:?}");
        Ending::Served
    }

    #[track_caller]
    pub(crate) fn take_result(&self, result: &Value) -> Ending {
        let plain = matches!(self.kind, Kind::Echo | Kind::Sleep { .. });
        assert!(plain, "a result in reply to {self:?}: {result}");
        assert_eq!(result, &json!(self.nonce), "the result of another call");
        Ending::Served
    }

    /// Each error has to be one that this call, or what is done to the host, explains.
    #[track_caller]
    pub(crate) fn take_error(&self, failure: &Failure) -> Ending {
        let ending = match (failure.error_type.as_str(), self.kind) {
            ("DirtyAppError", Kind::Fail | Kind::Trap) => {
                let message = &failure.message;
                assert!(message.contains(&self.nonce), "of another call: {message}");
                Ending::AppError
            }
            ("DirtyTimeoutError", Kind::Hang) => Ending::TimedOut,
            ("DirtyWorkerError", _) => Ending::Killed,
            ("DirtyNoWorkersAvailableError", _) => Ending::NoWorkers,
            ("DirtyError", _) if self.cancelled => {
                assert_eq!(failure.detail("cancelled"), &json!(true), "{failure:?}");
                Ending::Cancelled
            }
            _ => panic!("nothing explains {failure:?} in reply to {self:?}"),
        };
        assert!(
            failure
                .detail("app_path")
                .as_str()
                .is_none_or(|app| app == self.app),
            "of another app: {failure:?} in reply to {self:?}"
        );
        ending
    }
}

/// How many calls ended how.
#[derive(Debug, Default)]
pub(crate) struct Tally(BTreeMap<Ending, u64>);

impl Tally {
    pub(crate) fn count(&mut self, ending: Ending) {
        *self.0.entry(ending).or_default() += 1;
    }

    pub(crate) fn add(&mut self, other: &Tally) {
        for (ending, count) in &other.0 {
            *self.0.entry(*ending).or_default() += count;
        }
    }

    /// Panics if there was an ending that no call had: then something was not tried.
    #[track_caller]
    pub(crate) fn assert_of_every_kind(&self) {
        for ending in ENDINGS {
            // Whether an app is ever without any worker is a matter of luck.
            let by_luck = ending == Ending::NoWorkers;
            assert!(
                by_luck || self.0.contains_key(&ending),
                "no {ending:?}: {self:?}"
            );
        }
    }
}
