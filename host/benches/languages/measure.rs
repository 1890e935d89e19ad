//! Size, start, calls and memory of the same app in each language, served by one host.

use std::io::{Read, Write};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::harness::processes::{private_memory, proportional_memory};
use crate::harness::{App, Host, PATIENCE, wait_for};
use crate::language::LANGUAGES;

const RESTARTS: usize = 9;
const ROUNDS: usize = 9;
const ARGUMENT: &str = "hello";

/// What an app costs.
pub(crate) struct Cost {
    pub(crate) component_bytes: f64,
    pub(crate) start_seconds: f64,
    pub(crate) call_seconds: f64,
    pub(crate) worker_bytes: f64,
    pub(crate) with_mold_bytes: f64,
}

/// Puts this process, and what it starts from now on, on one core.
pub(crate) fn pin_to_core_0() {
    let own = std::process::id().to_string();
    let pinned = Command::new("taskset")
        .args(["--cpu-list", "--pid", "0", &own])
        .output();
    let pinned = pinned.expect("taskset (of util-linux) is needed");
    assert!(pinned.status.success(), "{pinned:?}");
}

/// The host, and the components that it serves, in the order of the languages.
pub(crate) struct Contest<'a> {
    host: Host,
    components: &'a [PathBuf],
}

impl Contest<'_> {
    /// Serves each component by one worker, under the name of its language.
    pub(crate) fn start(components: &[PathBuf]) -> Contest<'_> {
        let apps = LANGUAGES.iter().zip(components);
        let builder = apps.fold(Host::builder(), |builder, (language, component)| {
            let app = App::new(language.name, component).workers(1);
            builder.app(app.config("label = \"measured\""))
        });
        // What molds say of their start, and nothing of each call.
        let host = builder.env("DIRTY_LOG", "info,app=debug").start();
        Contest { host, components }
    }

    /// Measures, one after the other or in turns, and returns each language's cost.
    pub(crate) fn run(&self, calls: u32) -> Vec<Cost> {
        let names = LANGUAGES.map(|language| language.name);
        let starts = names.map(|app| self.start_seconds(app));
        let mut callers = names.map(|app| Caller::connect(&self.host.socket, app));
        // A round that does not count comes first.
        callers.iter_mut().for_each(|caller| {
            caller.median_seconds(calls);
        });
        let mut rounds = names.map(|_| Vec::new());
        for _ in 0..ROUNDS {
            for (caller, medians) in callers.iter_mut().zip(&mut rounds) {
                medians.push(caller.median_seconds(calls));
            }
        }
        let measured = names.iter().zip(self.components).zip(starts).zip(rounds);
        measured
            .map(|(((app, component), start_seconds), rounds)| {
                let [worker] = self.host.wait_workers(app, 1)[..] else {
                    panic!("{app} has one worker");
                };
                let both = [worker, self.host.mold(app)].map(proportional_memory);
                Cost {
                    component_bytes: component.metadata().unwrap().len() as f64,
                    start_seconds,
                    call_seconds: median(rounds),
                    worker_bytes: private_memory(worker) as f64,
                    with_mold_bytes: both.iter().sum::<u64>() as f64,
                }
            })
            .collect()
    }

    /// Restarts an app, and takes from the log how long each start took.
    fn start_seconds(&self, app: &str) -> f64 {
        for _ in 0..RESTARTS {
            self.host.cli(&["restart", app]).success();
        }
        let named = format!("app=\"{app}\"");
        let starts = wait_for("what molds say of their start", PATIENCE, || {
            let starts: Vec<f64> = self
                .host
                .stderr
                .all()
                .iter()
                .filter(|line| line.contains(&named))
                .filter_map(|line| milliseconds(line))
                .collect();
            (starts.len() > RESTARTS).then_some(starts)
        });
        median(starts) / 1000.0
    }
}

/// The number in a line with `initialised in N ms`.
fn milliseconds(line: &str) -> Option<f64> {
    let (_, rest) = line.split_once("initialised in ")?;
    let (number, _) = rest.split_once(" ms")?;
    number.parse().ok()
}

/// A client that makes the same call again and again.
struct Caller {
    stream: UnixStream,
    request: Vec<u8>,
    reply: Vec<u8>,
}

impl Caller {
    /// Makes the call once, and remembers the reply, which does not change.
    fn connect(socket: &Path, app: &str) -> Caller {
        let request = json!({
            "type": "request", "id": "1", "app_path": app, "action": "echo", "args": [ARGUMENT],
        });
        let request = request.to_string().into_bytes();
        let length = u32::try_from(request.len()).unwrap().to_be_bytes();
        let mut caller = Caller {
            stream: UnixStream::connect(socket).unwrap(),
            request: [&length[..], &request].concat(),
            reply: Vec::new(),
        };
        caller.stream.set_read_timeout(Some(PATIENCE)).unwrap();
        caller.stream.write_all(&caller.request).unwrap();
        let mut length = [0; 4];
        caller.stream.read_exact(&mut length).unwrap();
        let mut reply = vec![0; u32::from_be_bytes(length) as usize];
        caller.stream.read_exact(&mut reply).unwrap();
        let parsed: Value = serde_json::from_slice(&reply).unwrap();
        assert_eq!(parsed["result"], ARGUMENT, "{parsed}");
        caller.reply = [&length[..], &reply].concat();
        caller
    }

    fn median_seconds(&mut self, calls: u32) -> f64 {
        let mut reply = vec![0; self.reply.len()];
        let mut call = || -> Duration {
            let began = Instant::now();
            self.stream.write_all(&self.request).unwrap();
            self.stream.read_exact(&mut reply).unwrap();
            let took = began.elapsed();
            assert_eq!(reply, self.reply);
            took
        };
        median((0..calls).map(|_| call().as_secs_f64()).collect())
    }
}

/// The middle of some numbers, of which there is at least one.
fn median(mut numbers: Vec<f64>) -> f64 {
    numbers.sort_by(f64::total_cmp);
    numbers[numbers.len() / 2]
}
