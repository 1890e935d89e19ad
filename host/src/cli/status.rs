//! `dirty status`.

use std::collections::BTreeMap;
use std::time::Duration;

use clap::Args;
use serde::Deserialize;

use super::connect::{block_on, connect, within};
use super::failure::Failure;
use super::socket::SocketArgs;
use super::{output, table};

/// A host that lives answers at once.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(10);

const EXAMPLES: &str = "\
Examples:
  dirty status
  dirty status --json | jq .app_status
  dirty status --socket /run/dirty/dirty.sock";

/// The arguments of `dirty status`.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct StatusArgs {
    #[command(flatten)]
    location: SocketArgs,
    /// Print the host's status as the JSON object that it is
    #[arg(long)]
    json: bool,
}

impl StatusArgs {
    pub(super) fn run(self) -> Result<(), Failure> {
        let located = self.location.locate_for_client()?;
        let status = block_on(async {
            let client = connect(&located).await?;
            Ok(within(ANSWER_TIMEOUT, client.status()).await??)
        })?;
        if self.json {
            return output::line(status.get());
        }
        let status: Status = serde_json::from_str(status.get()).map_err(Failure::StatusShape)?;
        output::line(&status.tables())
    }
}

/// The part of a status that is shown. What another version does not send is shown as absent.
#[derive(Debug, Deserialize)]
struct Status {
    #[serde(default)]
    workers: Vec<Worker>,
    #[serde(default)]
    app_status: BTreeMap<String, App>,
}

#[derive(Debug, Deserialize)]
struct Worker {
    pid: u64,
    age: Option<f64>,
    #[serde(default)]
    apps: Vec<String>,
    state: Option<String>,
    #[serde(default)]
    spare: bool,
    memory: Option<u64>,
}

#[derive(Debug, Deserialize)]
struct App {
    state: Option<String>,
    generation: Option<u64>,
    workers: Option<u64>,
    workers_ready: Option<u64>,
    queue: Option<u64>,
    calls: Option<u64>,
    restarts: Option<u64>,
    last_error: Option<String>,
}

const ABSENT: &str = "-";

fn shown(value: Option<impl ToString>) -> String {
    value.map_or_else(|| ABSENT.to_owned(), |value| value.to_string())
}

impl Status {
    fn tables(&self) -> String {
        let header = [
            "APP",
            "STATE",
            "GENERATION",
            "READY",
            "QUEUE",
            "CALLS",
            "RESTARTS",
            "LAST ERROR",
        ];
        let apps: Vec<_> = self
            .app_status
            .iter()
            .map(|(name, app)| app.row(name))
            .collect();
        let apps = table::render(header, &apps);
        if self.workers.is_empty() {
            return apps;
        }
        let workers: Vec<_> = self.workers.iter().map(Worker::row).collect();
        let workers = table::render(["WORKER", "APP", "STATE", "AGE", "MEMORY"], &workers);
        format!("{apps}\n\n{workers}")
    }
}

impl App {
    fn row(&self, name: &str) -> [String; 8] {
        [
            name.to_owned(),
            shown(self.state.as_ref()),
            shown(self.generation),
            format!("{}/{}", shown(self.workers_ready), shown(self.workers)),
            shown(self.queue),
            shown(self.calls),
            shown(self.restarts),
            shown(self.last_error.as_ref()),
        ]
    }
}

impl Worker {
    fn row(&self) -> [String; 5] {
        [
            self.pid.to_string(),
            self.apps.join(", "),
            self.state(),
            shown(self.age.map(age)),
            shown(self.memory.map(size)),
        ]
    }

    fn state(&self) -> String {
        let state = shown(self.state.as_ref());
        match self.spare {
            true => format!("{state}, spare"),
            false => state,
        }
    }
}

/// Seconds, in the two largest units.
fn age(seconds: f64) -> String {
    // Negative and absurd numbers saturate.
    let seconds = seconds as u64;
    let (minutes, hours, days) = (seconds / 60, seconds / 3600, seconds / 86_400);
    match seconds {
        0..60 => format!("{seconds}s"),
        60..3600 => format!("{minutes}m{:02}s", seconds % 60),
        3600..86_400 => format!("{hours}h{:02}m", minutes % 60),
        86_400.. => format!("{days}d{:02}h", hours % 24),
    }
}

pub(super) fn size(bytes: u64) -> String {
    const KIB: f64 = 1024.0;
    let kib = bytes as f64 / KIB;
    if kib < KIB {
        format!("{kib:.0} KiB")
    } else if kib < KIB * KIB {
        format!("{:.1} MiB", kib / KIB)
    } else {
        format!("{:.1} GiB", kib / KIB / KIB)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_line_per_app_and_per_worker() {
        let status: Status = serde_json::from_str(
            r#"{"arbiter_pid": 7, "worker_count": 2, "apps": ["a", "bad"],
                "workers": [
                    {"pid": 11, "age": 3.7, "apps": ["a"], "booted": true, "last_heartbeat": 0.1,
                     "state": "leased", "memory": 307200},
                    {"pid": 13, "age": 2, "apps": ["a"], "booted": true, "state": "ready",
                     "spare": true, "memory": 0},
                    {"pid": 12, "age": 4000, "apps": ["a"], "booted": false, "state": "starting"}],
                "app_status": {
                    "a": {"state": "serving", "generation": 1, "workers": 2, "workers_ready": 1, "queue": 3, "calls": 40,
                          "restarts": 0, "last_error": null},
                    "bad": {"state": "failed", "generation": 2, "workers": 1, "workers_ready": 0, "queue": 0, "calls": 0,
                            "restarts": 5, "last_error": "init: ValueError\nat 3"}}}"#,
        )
        .unwrap();
        let expected = "\
APP  STATE    GENERATION  READY  QUEUE  CALLS  RESTARTS  LAST ERROR
a    serving  1           1/2    3      40     0         -
bad  failed   2           0/1    0      0      5         init: ValueError …

WORKER  APP  STATE         AGE    MEMORY
11      a    leased        3s     300 KiB
13      a    ready, spare  2s     0 KiB
12      a    starting      1h06m  -";
        assert_eq!(status.tables(), expected);
    }

    #[test]
    fn a_host_of_another_version_can_be_shown() {
        let status: Status =
            serde_json::from_str(r#"{"app_status": {"a": {}}, "new": 1}"#).unwrap();
        assert!(status.tables().contains("-/-"));
    }

    #[test]
    fn ages_and_sizes() {
        for (seconds, text) in [
            (-1.0, "0s"),
            (59.9, "59s"),
            (61.0, "1m01s"),
            (90_000.0, "1d01h"),
        ] {
            assert_eq!(age(seconds), text);
        }
        for (bytes, text) in [(0, "0 KiB"), (3 << 19, "1.5 MiB"), (5 << 30, "5.0 GiB")] {
            assert_eq!(size(bytes), text);
        }
    }
}
