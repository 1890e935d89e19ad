//! Replays the transcript against one app, in one dialect, on a host of its own.

use std::fmt::Write as _;
use std::path::Path;

use crate::callers::{BinaryCaller, Caller, JsonCaller};
use crate::expected::{Expected, Outcome, Pattern};
use crate::harness::{App, Host, PATIENCE, wait_for, wait_until};
use crate::transcript::{Call, Dialect, Step, cases};

/// Panics unless every case passes; says of each that does not what came instead.
#[track_caller]
pub(crate) fn replay(language: &str, component: &Path, dialect: Dialect) {
    let host = start(language, component);
    let caller: Box<dyn Caller> = match dialect {
        Dialect::Json => Box::new(JsonCaller::connect(&host.socket)),
        Dialect::Binary => Box::new(BinaryCaller::start(&host.socket)),
    };
    let mut replay = Replay {
        language,
        worker: host.wait_workers(language, 1)[0],
        host,
        caller,
    };
    let mut failed = String::new();
    for case in cases().into_iter().filter(|case| case.is_for(dialect)) {
        for (index, step) in case.steps.iter().enumerate() {
            if let Err(instead) = replay.step(step) {
                let _ = writeln!(failed, "{:?}, step {}: {instead}", case.name, index + 1);
            }
        }
    }
    assert!(failed.is_empty(), "{language}, {dialect:?}:\n{failed}");
}

fn start(language: &str, component: &Path) -> Host {
    let app = App::new(language, component)
        .workers(1)
        // Time is short only where the transcript says so.
        .set("timeout = 0")
        .set("env = { CONFORMANCE = \"é set\" }")
        .config("label = \"the label\"");
    Host::builder()
        .set("cancel_grace = 60")
        .env("DIRTY_LOG", "info,app=trace")
        .app(app)
        .start()
}

struct Replay<'a> {
    /// The app's name, too.
    language: &'a str,
    /// The only worker's process: no case ends it.
    worker: i32,
    host: Host,
    caller: Box<dyn Caller>,
}

impl Replay<'_> {
    /// Takes a step; the error is what came instead of what was expected.
    fn step(&mut self, step: &Step) -> Result<(), String> {
        match step {
            Step::Call {
                call,
                expected,
                eventually: false,
            } => {
                let outcome = self.call(call, expected.is_stream(), None);
                if expected.is(&outcome, self.worker) {
                    return Ok(());
                }
                Err(abridged(&format!("{}: {outcome:?}", call.action)))
            }
            Step::Call { call, expected, .. } => {
                self.wait_for_outcome(call, expected);
                Ok(())
            }
            Step::Leave { call, after } => {
                let outcome = self.call(call, true, Some(*after));
                if outcome.chunks.len() == *after {
                    return Ok(());
                }
                Err(abridged(&format!("{}: {outcome:?}", call.action)))
            }
            Step::Log { level, says } => {
                self.wait_for_line(level, says);
                Ok(())
            }
            Step::Stop => {
                let status = self.host.stop();
                status.success().then_some(()).ok_or(status.to_string())
            }
        }
    }

    fn call(&mut self, call: &Call, stream: bool, leave_after: Option<usize>) -> Outcome {
        self.caller.call(self.language, call, stream, leave_after)
    }

    fn wait_for_outcome(&mut self, call: &Call, expected: &Expected) {
        let worker = self.worker;
        wait_until(&call.action, PATIENCE, || {
            expected.is(&self.call(call, expected.is_stream(), None), worker)
        });
    }

    fn wait_for_line(&self, level: &str, says: &[Pattern]) {
        let app = format!("app={:?}", self.language);
        let what = format!("a line of level {level} that says {says:?}");
        let mut seen = self.host.stderr.all().into_iter();
        let fits = |line: &String| {
            line.contains(level) && line.contains(&app) && says.iter().all(|part| part.is_in(line))
        };
        if seen.any(|line| fits(&line)) {
            return;
        }
        wait_for(&what, PATIENCE, || {
            self.host.stderr.all().into_iter().find(fits)
        });
    }
}

/// The beginning of a text that may be a mebibyte.
fn abridged(text: &str) -> String {
    text.chars().take(1000).collect()
}
