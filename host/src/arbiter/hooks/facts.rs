//! What a hook is told: the same facts as variables of its environment and as one JSON object on
//! its standard input. What is not known is not there.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use serde::Serialize;
use serde_json::{Map, Value};

use super::super::log::exit_status;
use super::{Hook, HookEvent, HookWorker};
use crate::process::hop::Exit;

/// What begins the name of each variable.
const PREFIX: &str = "DIRTY_";

/// What a hook may be told. A variable of such a name that the host itself was started with is not
/// passed on.
const NAMES: [&str; 12] = [
    "hook",
    "socket",
    "arbiter_pid",
    "app",
    "worker_id",
    "pid",
    "generation",
    "age",
    "exit_reason",
    "exit_status",
    "cpu_seconds",
    "rss_kib",
];

/// The host, as every hook is told of it.
#[derive(Clone, Debug)]
pub(super) struct Host {
    socket: PathBuf,
    arbiter_pid: u32,
}

impl Host {
    /// This process, which is called there.
    pub(super) fn at(socket: &Path) -> Host {
        Host {
            socket: std::path::absolute(socket).unwrap_or_else(|_| socket.to_owned()),
            arbiter_pid: std::process::id(),
        }
    }
}

/// The facts by their names in JSON.
#[derive(Serialize)]
struct Named<'a> {
    hook: &'static str,
    socket: String,
    arbiter_pid: u32,
    #[serde(flatten)]
    worker: Option<NamedWorker<'a>>,
    #[serde(flatten)]
    end: Option<NamedEnd>,
}

#[derive(Serialize)]
struct NamedWorker<'a> {
    app: &'a str,
    worker_id: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    pid: Option<i32>,
    generation: u64,
    age: f64,
}

#[derive(Serialize)]
struct NamedEnd {
    exit_reason: &'static str,
    #[serde(flatten)]
    exit: Option<NamedExit>,
}

#[derive(Serialize)]
struct NamedExit {
    exit_status: String,
    cpu_seconds: f64,
    rss_kib: u64,
}

/// What one hook is told.
#[derive(Debug)]
pub(super) struct Facts {
    named: Map<String, Value>,
    /// As it is; in JSON it is text.
    socket: PathBuf,
}

impl Facts {
    /// Of `on_starting`.
    pub(super) fn of_start(host: &Host) -> Facts {
        Facts::of(host, Hook::OnStarting, None, None)
    }

    /// Of a worker's hook.
    pub(super) fn of_event(host: &Host, event: &HookEvent) -> Facts {
        let end = match event {
            HookEvent::PostFork(_) | HookEvent::WorkerInit(_) => None,
            HookEvent::WorkerExit { reason, exit, .. } => Some(NamedEnd {
                exit_reason: reason,
                exit: exit.map(NamedExit::from),
            }),
        };
        Facts::of(host, event.hook(), Some(event.worker().into()), end)
    }

    fn of(
        host: &Host,
        hook: Hook,
        worker: Option<NamedWorker<'_>>,
        end: Option<NamedEnd>,
    ) -> Facts {
        let named = Named {
            hook: hook.name(),
            socket: host.socket.to_string_lossy().into_owned(),
            arbiter_pid: host.arbiter_pid,
            worker,
            end,
        };
        let Ok(Value::Object(named)) = serde_json::to_value(named) else {
            unreachable!("text and finite numbers under names are an object");
        };
        Facts {
            named,
            socket: host.socket.clone(),
        }
    }

    /// One JSON object and a newline.
    pub(super) fn json(&self) -> Vec<u8> {
        format!("{}\n", Value::Object(self.named.clone())).into_bytes()
    }

    /// Adds the facts to what a command inherits of the host's environment.
    pub(super) fn set_environment(&self, command: &mut Command) {
        for name in NAMES {
            let value = match self.named.get(name) {
                Some(_) if name == "socket" => Some(self.socket.clone().into_os_string()),
                Some(Value::String(text)) => Some(OsString::from(text)),
                Some(number) => Some(OsString::from(number.to_string())),
                None => None,
            };
            let variable = format!("{PREFIX}{}", name.to_ascii_uppercase());
            match value {
                Some(value) => command.env(variable, value),
                None => command.env_remove(variable),
            };
        }
    }
}

impl<'a> From<&'a HookWorker> for NamedWorker<'a> {
    fn from(worker: &'a HookWorker) -> Self {
        NamedWorker {
            app: &worker.app,
            worker_id: worker.worker.0,
            pid: worker.pid,
            generation: worker.generation,
            age: seconds(worker.age),
        }
    }
}

impl From<Exit> for NamedExit {
    fn from(exit: Exit) -> Self {
        NamedExit {
            exit_status: exit_status(exit.status),
            cpu_seconds: seconds(Duration::from_micros(exit.cpu_micros)),
            rss_kib: exit.rss_kib_max,
        }
    }
}

/// To the millisecond.
fn seconds(duration: Duration) -> f64 {
    duration.as_millis() as f64 / 1000.0
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::process::hop::{ExitStatus, WorkerId};
    use std::ffi::OsStr;
    use std::os::unix::ffi::OsStrExt;

    fn worker(pid: Option<i32>) -> HookWorker {
        HookWorker {
            app: "a=b \"ä\"".to_owned(),
            worker: WorkerId(3),
            pid,
            generation: 2,
            age: Duration::from_micros(1_234_567),
        }
    }

    fn exit_of(pid: Option<i32>, exit: Option<Exit>) -> Facts {
        let event = HookEvent::WorkerExit {
            worker: worker(pid),
            reason: "deadline",
            exit,
        };
        Facts::of_event(&Host::at(Path::new("/run/s")), &event)
    }

    /// Each variable that a command would get, or lose.
    fn environment(facts: &Facts) -> Vec<(String, Option<OsString>)> {
        let mut command = Command::new("true");
        facts.set_environment(&mut command);
        command
            .get_envs()
            .map(|(name, value)| {
                (
                    name.to_str().unwrap().to_owned(),
                    value.map(OsStr::to_owned),
                )
            })
            .collect()
    }

    #[test]
    fn json_and_environment_say_the_same() {
        let exit = Exit {
            status: ExitStatus::Signal(9),
            cpu_micros: 1_500_000,
            rss_kib_max: 4096,
        };
        let facts = exit_of(Some(77), Some(exit));
        let json: Value = serde_json::from_slice(&facts.json()).unwrap();
        let expected = serde_json::json!({
            "hook": "worker_exit", "socket": "/run/s", "arbiter_pid": std::process::id(),
            "app": "a=b \"ä\"", "worker_id": 3, "pid": 77, "generation": 2, "age": 1.234,
            "exit_reason": "deadline", "exit_status": "SIGKILL", "cpu_seconds": 1.5,
            "rss_kib": 4096,
        });
        assert_eq!(json, expected);
        let environment = environment(&facts);
        assert_eq!(environment.len(), expected.as_object().unwrap().len());
        for (name, value) in environment {
            let field = name.strip_prefix("DIRTY_").unwrap().to_lowercase();
            let text = match &expected[&field] {
                Value::String(text) => text.clone(),
                number => number.to_string(),
            };
            assert_eq!(value, Some(OsString::from(text)), "{name}");
        }
    }

    #[test]
    fn what_is_not_known_is_not_there_whatever_the_host_was_started_with() {
        let facts = exit_of(None, None);
        let json: Value = serde_json::from_slice(&facts.json()).unwrap();
        assert_eq!(json["exit_reason"], "deadline");
        let environment = environment(&facts);
        for field in ["pid", "exit_status", "cpu_seconds", "rss_kib"] {
            assert!(json.get(field).is_none(), "{field}");
            let name = format!("DIRTY_{}", field.to_uppercase());
            assert!(environment.contains(&(name, None)), "{field} is taken out");
        }
    }

    #[test]
    fn a_socket_whose_path_is_no_text_reaches_the_environment_as_it_is() {
        let path = Path::new(OsStr::from_bytes(b"/\xff/s"));
        let facts = Facts::of_start(&Host::at(path));
        let socket = ("DIRTY_SOCKET".to_owned(), Some(path.as_os_str().to_owned()));
        assert!(environment(&facts).contains(&socket));
        assert!(serde_json::from_slice::<Value>(&facts.json()).is_ok());
    }
}
