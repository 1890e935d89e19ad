//! Clients of the two dialects: the reference client for JSON, and for the binary dialect that of
//! gunicorn, unmodified, in a process of its own which `peers/driven.py` drives.

use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use dirty_host::client::{Client, ClientError, Reply};
use serde::Deserialize;
use serde_json::json;
use serde_json::value::RawValue;
use tokio::runtime::{Builder, Runtime};
use tokio::time::timeout;

use crate::expected::{End, Outcome};
use crate::harness::{Failure, PATIENCE, paths, python};
use crate::transcript::{Call, present};

/// Somebody who makes calls, one after another.
pub(crate) trait Caller {
    /// Makes a call and waits for its end, or leaves after so many chunks. `stream` is whether the
    /// caller asks for a stream, where the client has two ways to ask.
    fn call(&mut self, app: &str, call: &Call, stream: bool, leave_after: Option<usize>)
    -> Outcome;
}

/// The reference client, which says `cancel` when it leaves.
pub(crate) struct JsonCaller {
    runtime: Runtime,
    client: Client,
}

impl JsonCaller {
    pub(crate) fn connect(socket: &Path) -> Self {
        let runtime = Builder::new_current_thread().enable_all().build().unwrap();
        let client = runtime.block_on(Client::connect(socket)).unwrap();
        Self { runtime, client }
    }
}

impl Caller for JsonCaller {
    fn call(
        &mut self,
        app: &str,
        call: &Call,
        _stream: bool,
        leave_after: Option<usize>,
    ) -> Outcome {
        let kwargs = call.kwargs.clone().into_iter().collect();
        let request = self.client.call(app, &call.action);
        let mut request = request.args(call.args.clone()).kwargs(kwargs);
        if let Some(timeout) = call.timeout {
            request = request.timeout(timeout);
        }
        let outcome = async {
            let mut chunks = Vec::new();
            let mut replies = request.send().await.unwrap();
            while leave_after.is_none_or(|after| chunks.len() < after) {
                let end = match replies.next().await {
                    Some(Ok(Reply::Chunk(chunk))) => {
                        chunks.push(chunk);
                        continue;
                    }
                    Some(Ok(Reply::Result(result))) => End::Result(result),
                    Some(Err(error)) => End::Error(failure(&error)),
                    None => End::End,
                };
                return Outcome { chunks, end };
            }
            drop(replies);
            // Its answer comes after the host has read that the call is cancelled.
            self.client.status().await.unwrap();
            let end = End::Left;
            Outcome { chunks, end }
        };
        let timed = async { timeout(PATIENCE, outcome).await };
        let outcome = self.runtime.block_on(timed);
        outcome.unwrap_or_else(|_| panic!("{} did not end for {PATIENCE:?}", call.action))
    }
}

fn failure(error: &ClientError) -> Failure {
    let ClientError::Remote(error) = error else {
        panic!("{error}");
    };
    serde_json::from_value(json!(error)).unwrap()
}

/// gunicorn's client, which closes its connection when it leaves.
pub(crate) struct BinaryCaller {
    client: Child,
    requests: ChildStdin,
    outcomes: BufReader<ChildStdout>,
}

impl BinaryCaller {
    pub(crate) fn start(socket: &Path) -> Self {
        let mut client = Command::new(python::python(python::BINARY_DIALECT))
            .arg("-B")
            .arg(paths::repository().join("tests/peers/driven.py"))
            .env("GUNICORN_DIRTY_SOCKET", socket)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        Self {
            requests: client.stdin.take().unwrap(),
            outcomes: BufReader::new(client.stdout.take().unwrap()),
            client,
        }
    }
}

impl Caller for BinaryCaller {
    fn call(
        &mut self,
        app: &str,
        call: &Call,
        stream: bool,
        leave_after: Option<usize>,
    ) -> Outcome {
        #[derive(Deserialize)]
        struct Said {
            chunks: Vec<Box<RawValue>>,
            #[serde(default, deserialize_with = "present")]
            result: Option<Box<RawValue>>,
            error: Option<Failure>,
        }
        assert!(
            call.timeout.is_none(),
            "gunicorn's client cannot say how long a call may take"
        );
        let request = json!({"app": app, "action": call.action, "stream": stream, "leave_after": leave_after});
        let (args, kwargs) = (text(&call.args), text(&call.kwargs));
        writeln!(self.requests, "{request}\n{args}\n{kwargs}").unwrap();
        let mut line = String::new();
        self.outcomes.read_line(&mut line).unwrap();
        let said: Said = serde_json::from_str(&line).unwrap_or_else(|error| {
            panic!(
                "{}: the client did not say what came of it: {error}: {line}",
                call.action
            )
        });
        let end = match said {
            Said {
                error: Some(error), ..
            } => End::Error(error),
            Said {
                result: Some(result),
                ..
            } => End::Result(result),
            _ if leave_after.is_some() => End::Left,
            _ => End::End,
        };
        let chunks = said.chunks;
        Outcome { chunks, end }
    }
}

fn text(values: &impl serde::Serialize) -> String {
    serde_json::to_string(values).unwrap()
}

impl Drop for BinaryCaller {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.client.kill();
        let _ = self.client.wait();
    }
}
