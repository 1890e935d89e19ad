//! One call as bytes: what is sent, and what has to come back.

use super::value::Value;

/// Before a JSON message: its length.
const JSON_HEADER: usize = 4;
/// Before a binary one: magic, version, type, length, id.
const BINARY_HEADER: usize = 16;
const JSON_ID: &str = "8c0d2d5e-3d1c-4f5b-9a53-6f0f5a1e7b42";
const BINARY_ID: u64 = 7;

/// How messages are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Dialect {
    Json,
    Binary,
}

/// A call of the app that all servers have, in Rust or in Python.
#[derive(Clone, Debug)]
pub(crate) enum Call {
    /// Returns its argument.
    EchoText(usize),
    EchoBytes(usize),
    /// Streams so many numbers.
    Count(i64),
    /// Returns after so many seconds.
    Sleep(f64),
    /// Computes this Fibonacci number the slow way.
    Fib(u32),
}

/// A request, and the whole reply to it.
#[derive(Clone, Debug)]
pub(crate) struct Exchange {
    pub(crate) dialect: Dialect,
    pub(crate) request: Vec<u8>,
    /// All frames.
    pub(crate) reply: Vec<u8>,
    /// The length of the first of them.
    pub(crate) first_frame: usize,
}

#[derive(Clone, Copy)]
enum Kind {
    Request,
    Response,
    Chunk,
    End,
}

/// What tells calls in flight apart; the binary dialect, where none are, has a number of its own.
struct Id<'a>(&'a str);

impl Call {
    fn action(&self) -> &'static str {
        match self {
            Call::EchoText(_) | Call::EchoBytes(_) => "echo",
            Call::Count(_) => "count",
            Call::Sleep(_) => "sleep",
            Call::Fib(_) => "fib",
        }
    }

    fn argument(&self) -> Value {
        match self {
            Call::EchoText(length) => Value::Text("x".repeat(*length)),
            Call::EchoBytes(length) => Value::Bytes(vec![0xff; *length]),
            Call::Count(chunks) => Value::Int(*chunks),
            Call::Sleep(seconds) => Value::Float(*seconds),
            Call::Fib(n) => Value::Int(i64::from(*n)),
        }
    }

    fn result(&self) -> Value {
        match self {
            Call::EchoText(_) | Call::EchoBytes(_) => Value::Dict(vec![
                ("args", Value::List(vec![self.argument()])),
                ("kwargs", Value::Dict(Vec::new())),
            ]),
            Call::Fib(n) => Value::Int(fibonacci(*n)),
            Call::Count(_) | Call::Sleep(_) => Value::Null,
        }
    }

    /// The frames of the reply.
    fn frames(&self, dialect: Dialect, id: &Id<'_>) -> Vec<Vec<u8>> {
        let Call::Count(chunks) = self else {
            let result = vec![("result", self.result())];
            return vec![dialect.frame(Kind::Response, id, result)];
        };
        let chunk = |n| dialect.frame(Kind::Chunk, id, vec![("data", Value::Int(n))]);
        let mut frames: Vec<_> = (0..*chunks).map(chunk).collect();
        frames.push(dialect.frame(Kind::End, id, Vec::new()));
        frames
    }
}

/// Computed the quick way.
fn fibonacci(n: u32) -> i64 {
    (0..n).fold((0, 1), |(a, b), _| (b, a + b)).0
}

impl Exchange {
    /// A call of this app.
    pub(crate) fn new(dialect: Dialect, app: &str, call: &Call) -> Exchange {
        let id = Id(JSON_ID);
        let frames = call.frames(dialect, &id);
        Exchange {
            dialect,
            request: dialect.frame(Kind::Request, &id, request(app, call)),
            first_frame: frames[0].len(),
            reply: frames.concat(),
        }
    }

    /// So many calls at once in the JSON dialect, which are answered one after the other.
    pub(crate) fn many(app: &str, call: &Call, count: usize) -> Exchange {
        let (mut requests, mut replies) = (Vec::new(), Vec::new());
        let mut first_frame = 0;
        for number in 0..count {
            let id = number.to_string();
            let id = Id(&id);
            let mut fields = request(app, call);
            // Before the arguments, where the host finds it soonest.
            fields.insert(0, ("multiplex", Value::Bool(true)));
            let frame = Dialect::Json.frame(Kind::Request, &id, fields);
            requests.extend(frame);
            replies.extend(call.frames(Dialect::Json, &id).concat());
            if number == 0 {
                first_frame = replies.len();
            }
        }
        Exchange {
            dialect: Dialect::Json,
            request: requests,
            reply: replies,
            first_frame,
        }
    }
}

fn request(app: &str, call: &Call) -> Vec<(&'static str, Value)> {
    vec![
        ("app_path", Value::Text(app.to_owned())),
        ("action", Value::Text(call.action().to_owned())),
        ("args", Value::List(vec![call.argument()])),
        ("kwargs", Value::Dict(Vec::new())),
    ]
}

impl Kind {
    fn name(self) -> &'static str {
        match self {
            Kind::Request => "request",
            Kind::Response => "response",
            Kind::Chunk => "chunk",
            Kind::End => "end",
        }
    }

    fn code(self) -> u8 {
        match self {
            Kind::Request => 1,
            Kind::Response => 2,
            Kind::Chunk => 4,
            Kind::End => 5,
        }
    }
}

impl Dialect {
    /// How many bytes of a message have to be there before its length is known.
    pub(crate) fn header(self) -> usize {
        match self {
            Dialect::Json => JSON_HEADER,
            Dialect::Binary => BINARY_HEADER,
        }
    }

    /// The length of a message, header included, of which this is the beginning.
    pub(crate) fn frame_length(self, start: &[u8]) -> usize {
        let at = match self {
            Dialect::Json => 0,
            Dialect::Binary => 4,
        };
        let mut length = [0; 4];
        length.copy_from_slice(&start[at..at + 4]);
        self.header() + u32::from_be_bytes(length) as usize
    }

    fn frame(self, kind: Kind, id: &Id<'_>, fields: Vec<(&'static str, Value)>) -> Vec<u8> {
        match self {
            Dialect::Json => json_frame(kind, id, fields),
            Dialect::Binary => binary_frame(kind, fields),
        }
    }
}

fn json_frame(kind: Kind, id: &Id<'_>, fields: Vec<(&'static str, Value)>) -> Vec<u8> {
    let mut all = vec![
        ("type", Value::Text(kind.name().to_owned())),
        ("id", Value::Text(id.0.to_owned())),
    ];
    all.extend(fields);
    let mut frame = vec![0; JSON_HEADER];
    Value::Dict(all).write_json(&mut frame);
    let length = length_of(&frame[JSON_HEADER..]);
    frame[..JSON_HEADER].copy_from_slice(&length);
    frame
}

fn binary_frame(kind: Kind, fields: Vec<(&'static str, Value)>) -> Vec<u8> {
    let mut frame = vec![b'G', b'D', 1, kind.code(), 0, 0, 0, 0];
    frame.extend_from_slice(&BINARY_ID.to_be_bytes());
    if !fields.is_empty() {
        Value::Dict(fields).write_binary(&mut frame);
    }
    let length = length_of(&frame[BINARY_HEADER..]);
    frame[4..8].copy_from_slice(&length);
    frame
}

fn length_of(payload: &[u8]) -> [u8; 4] {
    let length = u32::try_from(payload.len()).expect("a message of ours is below 4 GiB");
    length.to_be_bytes()
}
