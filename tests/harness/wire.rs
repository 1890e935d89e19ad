//! A blocking peer that speaks the JSON dialect byte for byte, so that a test can also break its
//! rules. Values stay text unless a test asks for them.

use std::collections::BTreeMap;
use std::io::{ErrorKind, Read, Write};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::Duration;

use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Map, Value};

use super::wait::PATIENCE;

/// One connection.
pub(crate) struct Wire {
    stream: UnixStream,
}

/// One frame from the host.
#[derive(Debug)]
pub(crate) struct Frame {
    fields: BTreeMap<String, Box<RawValue>>,
}

/// The error of an `error` frame.
#[derive(Clone, Debug, PartialEq, Deserialize)]
pub(crate) struct Failure {
    pub(crate) error_type: String,
    pub(crate) message: String,
    pub(crate) details: Map<String, Value>,
}

/// Everything that came in reply to one request.
#[derive(Debug)]
pub(crate) struct Outcome {
    pub(crate) chunks: Vec<Value>,
    /// A `response`'s result, none for a stream's `end`, or the error.
    pub(crate) end: Result<Option<Value>, Failure>,
}

impl Outcome {
    /// The result of a plain call.
    #[track_caller]
    pub(crate) fn result(self) -> Value {
        assert!(self.chunks.is_empty(), "a stream, not a result: {self:?}");
        match self.end {
            Ok(Some(result)) => result,
            other => panic!("no result: {other:?}"),
        }
    }

    /// The chunks of a stream that ended well.
    #[track_caller]
    pub(crate) fn stream(self) -> Vec<Value> {
        match self.end {
            Ok(None) => self.chunks,
            other => panic!("no whole stream: {other:?} after {:?}", self.chunks),
        }
    }

    /// The error.
    #[track_caller]
    pub(crate) fn failure(self) -> Failure {
        match self.end {
            Err(failure) => failure,
            other => panic!("no error: {other:?}"),
        }
    }
}

impl Failure {
    /// One of the details; null if it is not there.
    pub(crate) fn detail(&self, name: &str) -> &Value {
        self.details.get(name).unwrap_or(&Value::Null)
    }

    /// Panics unless the error is of this type, and returns it.
    #[track_caller]
    pub(crate) fn of_type(self, error_type: &str) -> Failure {
        assert_eq!(self.error_type, error_type, "{self:?}");
        self
    }
}

impl Frame {
    /// Its `type`.
    pub(crate) fn kind(&self) -> String {
        serde_json::from_str(self.raw("type")).expect("a string")
    }

    /// A field's JSON text, exactly as the host sent it.
    #[track_caller]
    pub(crate) fn raw(&self, field: &str) -> &str {
        self.fields
            .get(field)
            .unwrap_or_else(|| panic!("no {field} in {self:?}"))
            .get()
    }

    /// A field's value.
    #[track_caller]
    pub(crate) fn value(&self, field: &str) -> Value {
        serde_json::from_str(self.raw(field)).expect("the host sends JSON")
    }

    /// The error that it carries.
    #[track_caller]
    pub(crate) fn failure(&self) -> Failure {
        assert_eq!(self.kind(), "error", "{self:?}");
        serde_json::from_str(self.raw("error")).expect("an error object")
    }

    /// Whether nothing more follows for its request.
    pub(crate) fn is_terminal(&self) -> bool {
        self.kind() != "chunk"
    }
}

impl Wire {
    /// Connects; a read that gets nothing for long fails the test instead of hanging it.
    #[track_caller]
    pub(crate) fn connect(socket: &Path) -> Wire {
        Wire::try_connect(socket).unwrap_or_else(|error| panic!("{}: {error}", socket.display()))
    }

    /// Connects if somebody listens.
    pub(crate) fn try_connect(socket: &Path) -> std::io::Result<Wire> {
        let stream = UnixStream::connect(socket)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        stream.set_write_timeout(Some(PATIENCE))?;
        Ok(Wire { stream })
    }

    /// Writes bytes as they are.
    #[track_caller]
    pub(crate) fn send_bytes(&mut self, bytes: &[u8]) {
        self.stream.write_all(bytes).expect("the host reads");
    }

    /// Writes bytes as they are, to a host that may close instead of reading them all.
    pub(crate) fn try_send_bytes(&mut self, bytes: &[u8]) -> std::io::Result<()> {
        self.stream.write_all(bytes)
    }

    /// Writes one frame with this payload.
    #[track_caller]
    pub(crate) fn send(&mut self, payload: impl AsRef<[u8]>) {
        self.send_bytes(&framed(payload.as_ref()));
    }

    /// Writes a request as an old client does: without `multiplex`, without `timeout`.
    #[track_caller]
    pub(crate) fn request(&mut self, id: &str, app: &str, action: &str, args: &Value) {
        self.send(request(id, app, action, &args.to_string(), ""));
    }

    /// Writes a request that shares the connection with others.
    #[track_caller]
    pub(crate) fn multiplexed(&mut self, id: &str, app: &str, action: &str, args: &Value) {
        self.send(request(
            id,
            app,
            action,
            &args.to_string(),
            r#","multiplex":true"#,
        ));
    }

    /// The next frame; none where the host has closed the connection.
    #[track_caller]
    pub(crate) fn try_read(&mut self) -> Option<Frame> {
        let mut length = [0; 4];
        if !self.read_whole(&mut length) {
            return None;
        }
        let mut payload = vec![0; u32::from_be_bytes(length) as usize];
        assert!(
            self.read_whole(&mut payload),
            "the host closed within a frame"
        );
        let fields = serde_json::from_slice(&payload)
            .unwrap_or_else(|error| panic!("{error}: {}", String::from_utf8_lossy(&payload)));
        Some(Frame { fields })
    }

    /// The next frame.
    #[track_caller]
    pub(crate) fn read(&mut self) -> Frame {
        self.try_read().expect("the host closed the connection")
    }

    /// False at the end of the connection, whether closed or reset.
    #[track_caller]
    fn read_whole(&mut self, buffer: &mut [u8]) -> bool {
        match self.stream.read_exact(buffer) {
            Ok(()) => true,
            Err(error) => match error.kind() {
                ErrorKind::UnexpectedEof | ErrorKind::ConnectionReset => false,
                ErrorKind::WouldBlock | ErrorKind::TimedOut => {
                    panic!("the host sent nothing for {PATIENCE:?}")
                }
                _ => panic!("cannot read: {error}"),
            },
        }
    }

    /// Everything up to the end of the reply to the one request in flight.
    #[track_caller]
    pub(crate) fn outcome(&mut self) -> Outcome {
        let mut chunks = Vec::new();
        loop {
            let frame = self.read();
            let end = match frame.kind().as_str() {
                "chunk" => {
                    chunks.push(frame.value("data"));
                    continue;
                }
                "response" => Ok(Some(frame.value("result"))),
                "end" => Ok(None),
                _ => Err(frame.failure()),
            };
            return Outcome { chunks, end };
        }
    }

    /// Makes a call and waits for its end.
    #[track_caller]
    pub(crate) fn call(&mut self, app: &str, action: &str, args: &Value) -> Outcome {
        self.request("call", app, action, args);
        self.outcome()
    }

    /// Whether the host has sent something that was not read yet, or has closed.
    pub(crate) fn has_input(&self) -> bool {
        use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
        use std::os::fd::AsFd;
        let mut descriptors = [PollFd::new(self.stream.as_fd(), PollFlags::POLLIN)];
        poll(&mut descriptors, PollTimeout::ZERO).expect("poll") > 0
    }

    /// Shortens how long a read waits, for tests that expect nothing.
    pub(crate) fn set_read_timeout(&mut self, timeout: Duration) {
        self.stream
            .set_read_timeout(Some(timeout))
            .expect("a timeout over zero");
    }

    /// Sends no more; the host sees the end of the connection, and may still answer.
    pub(crate) fn shut_down_sending(&mut self) {
        self.stream
            .shutdown(std::net::Shutdown::Write)
            .expect("the connection is open");
    }
}

/// A payload with its length before it.
pub(crate) fn framed(payload: &[u8]) -> Vec<u8> {
    let length = u32::try_from(payload.len()).expect("a frame's length");
    [&length.to_be_bytes(), payload].concat()
}

/// A request's message, its fields in the order in which clients send them; `args` is an array's
/// text, and `more` is put behind the last field as it is.
pub(crate) fn request(id: &str, app: &str, action: &str, args: &str, more: &str) -> String {
    let [id, app, action] = [id, app, action].map(|text| Value::from(text).to_string());
    format!(
        r#"{{"type":"request","id":{id},"app_path":{app},"action":{action},"args":{args},"kwargs":{{}}{more}}}"#
    )
}
