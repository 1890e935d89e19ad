//! The steps of a call that look at its bytes, each as a function whose instructions are counted.
//!
//! As tests they show that each step does what it should; `scripts/count-instructions` runs them under
//! callgrind, one by one, and counts what happens within the functions whose names begin with
//! `counted`. Routing itself is counted in the machine's tests.

#![allow(clippy::unwrap_used)]

use bytes::{Bytes, BytesMut};

use crate::fuzzing::frame_of;
use crate::fuzzing::tlv::{Tlv, dict, text};
use crate::process::hop::{CallId, Deadline, Down};
use crate::protocol::{Dialect, Message, ReplyValue, Request, check_value};

/// How often each step is taken. The script divides by it.
pub(crate) const TIMES: usize = 100;
const FRAME_BYTES_MAX: usize = 64 << 20;
const ID: &str = r#""8c0d2d5e-3d1c-4f5b-9a53-6f0f5a1e7b42""#;
const GD_REQUEST: u8 = 0x01;
const LONG_TEXT_BYTES: usize = 64 << 10;

/// A payload as clients send it, with this as its only argument.
fn json_request(argument: &str) -> Bytes {
    let text = format!(
        r#"{{"type":"request","id":{ID},"app_path":"demo","action":"echo","args":[{argument}],"kwargs":{{}}}}"#
    );
    text.into()
}

/// The same in the binary dialect.
fn gd_request(argument: Tlv) -> Bytes {
    let request = dict([
        ("app_path", text("demo")),
        ("action", text("echo")),
        ("args", Tlv::List(vec![argument])),
        ("kwargs", dict([])),
    ]);
    frame_of(GD_REQUEST, &request.encode())
}

/// A value with something of everything, about a KiB.
const MIXED: &str = r#"{"rows":[[1,-2.5e3,"three",null,true],[9223372036854775807,0.125,"vier \u00e4\n",false,[]]],"name":"a name of some length","nested":{"a":{"b":{"c":[1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16]}}},"text":"Each of these words is plain text, of which most values consist, so there is some of it."}"#;

fn mixed_tlv() -> Tlv {
    let numbers = (1..=16).map(Tlv::Int).collect();
    dict([
        (
            "rows",
            Tlv::List(vec![
                Tlv::List(vec![
                    Tlv::Int(1),
                    Tlv::Float(-2500.0),
                    text("three"),
                    Tlv::None,
                    Tlv::Bool(true),
                ]),
                Tlv::List(vec![
                    Tlv::Int(i64::MAX),
                    Tlv::Float(0.125),
                    text("vier ä\n"),
                    Tlv::Bool(false),
                ]),
            ]),
        ),
        ("name", text("a name of some length")),
        ("nested", dict([("a", dict([("b", Tlv::List(numbers))]))])),
        (
            "text",
            text("Each of these words is plain text, of which most values consist."),
        ),
    ])
}

fn quoted(bytes: usize) -> String {
    format!(r#""{}""#, "Long texts are common. ".repeat(bytes / 23))
}

#[test]
fn json_frame() {
    let payload = json_request("1");
    let mut frame = u32::try_from(payload.len()).unwrap().to_be_bytes().to_vec();
    frame.extend_from_slice(&payload);
    let mut buf = BytesMut::from(&frame.repeat(TIMES)[..]);
    for _ in 0..TIMES {
        assert_eq!(counted_json_frame(&mut buf), Some(payload.clone()));
    }
}

#[inline(never)]
fn counted_json_frame(buf: &mut BytesMut) -> Option<Bytes> {
    Dialect::Json.decode_frame(buf, FRAME_BYTES_MAX).unwrap()
}

#[test]
fn json_envelope() {
    let frame = json_request(MIXED);
    for _ in 0..TIMES {
        let Message::Request(envelope) = counted_envelope(&frame) else {
            panic!("a request");
        };
        assert_eq!(envelope.app_path.as_str(), "demo");
    }
}

#[inline(never)]
fn counted_envelope(frame: &Bytes) -> Message {
    Dialect::of_frame(frame).read_envelope(frame).unwrap()
}

#[test]
fn gd_envelope() {
    let frame = gd_request(mixed_tlv());
    for _ in 0..TIMES {
        let Message::Request(envelope) = counted_envelope(&frame) else {
            panic!("a request");
        };
        assert_eq!(envelope.app_path.as_str(), "demo");
    }
}

#[test]
fn hop_call() {
    let frame = json_request(MIXED);
    for number in 0..TIMES as u64 {
        let call = Down::Call {
            call: CallId(number),
            deadline: Deadline::default(),
            frame: frame.clone(),
        };
        assert_eq!(counted_hop_call(&call), frame.len());
    }
}

#[inline(never)]
fn counted_hop_call(call: &Down) -> usize {
    call.encode().body.len()
}

#[test]
fn json_request_mixed() {
    let frame = json_request(MIXED);
    for _ in 0..TIMES {
        let request = counted_request(&frame);
        assert_eq!(request.args, format!("[{MIXED}]"));
    }
}

#[inline(never)]
fn counted_request(frame: &Bytes) -> Request<'_> {
    Dialect::of_frame(frame).read_request(frame).unwrap()
}

#[test]
fn json_request_long_text() {
    let argument = quoted(LONG_TEXT_BYTES);
    let frame = json_request(&argument);
    for _ in 0..TIMES {
        let request = counted_request(&frame);
        assert_eq!(request.args.len(), argument.len() + 2);
    }
}

#[test]
fn gd_request_mixed() {
    let frame = gd_request(mixed_tlv());
    for _ in 0..TIMES {
        let request = counted_request(&frame);
        check_value(&request.args).unwrap();
    }
}

#[test]
fn json_response_mixed() {
    let mut out = Vec::new();
    for _ in 0..TIMES {
        out.clear();
        counted_response(Dialect::Json, &mut out, MIXED);
        assert!(out.ends_with(format!("{MIXED}}}").as_bytes()));
    }
}

#[test]
fn json_response_long_text() {
    let (json, mut out) = (quoted(LONG_TEXT_BYTES), Vec::new());
    for _ in 0..TIMES {
        out.clear();
        counted_response(Dialect::Json, &mut out, &json);
        assert!(out.len() > json.len());
    }
}

#[test]
fn gd_response_mixed() {
    let mut out = Vec::new();
    for _ in 0..TIMES {
        out.clear();
        counted_response(Dialect::Gd, &mut out, MIXED);
        assert!(out.starts_with(b"GD"));
    }
}

/// What a worker does with an app's result.
#[inline(never)]
fn counted_response(dialect: Dialect, out: &mut Vec<u8>, json: &str) {
    let value = ReplyValue::Unchecked { json, blobs: &() };
    let id = match dialect {
        Dialect::Json => ID,
        Dialect::Gd => "7",
    };
    dialect
        .write_response(out, id, value, FRAME_BYTES_MAX)
        .unwrap();
}
