//! The corpus that is committed: a few inputs for each target, each of which means something. The
//! fuzzers begin with them, and the tests change them at random.

use std::time::Duration;

use bytes::Bytes;

use super::binary_message::frame_of;
use super::tlv::{Tlv, dict, text};
use crate::logline::{LogLevel, LogSource};
use crate::process::hop::{
    CallId, Deadline, Down, Exit, ExitStatus, Failure, Fate, Header, Initialised, Stage, Taint, Up,
    WorkerId,
};
use crate::protocol::DEPTH_MAX;

/// A file of the corpus: its name and what is in it.
pub(super) type Seed = (&'static str, Vec<u8>);

fn nested(depth: usize) -> String {
    "[".repeat(depth) + &"]".repeat(depth)
}

fn texts<const N: usize>(texts: [(&'static str, &str); N]) -> Vec<Seed> {
    texts.map(|(name, text)| (name, text.into())).into()
}

pub(super) fn json_message() -> Vec<Seed> {
    let id = "9".repeat(1025);
    texts([
        (
            "request",
            r#"{"type":"request","id":"6f1c","app_path":"demo","action":"echo","args":[1,"two",[3.5]],"kwargs":{"k":null}}"#,
        ),
        (
            "request_with_all_fields",
            r#"{"type":"request","id":7,"app_path":"demo","action":"echo","timeout":2.5,"multiplex":true,"args":[],"kwargs":{}}"#,
        ),
        (
            "request_in_another_order",
            r#" { "kwargs" : {"timeout":1} , "args" : [{"multiplex":true}] , "multiplex" : false, "timeout":1e999, "action":"a", "app_path":"b", "id":null, "type":"request" } "#,
        ),
        (
            "request_with_escapes",
            r#"{"\u0074ype":"re\u0071uest","i\u0064":"\ud800","app_path":"\ud83e\udd80","action":"\u00e9\/","args":["\udc00"]}"#,
        ),
        (
            "request_with_escaped_timeout",
            r#"{"type":"request","id":1,"app_path":"a","action":"b","tim\u0065out":1}"#,
        ),
        (
            "request_with_a_field_twice",
            r#"{"type":"request","id":1,"app_path":"a","action":"b","args":[],"args":[1]}"#,
        ),
        (
            "request_with_bytes",
            r#"{"type":"request","id":1,"app_path":"a","action":"b","args":[{"$bytes":"\/+8="},{"$blob":0},{"$$bytes":{"\u0024bytes":""}}],"kwargs":{"$float":1}}"#,
        ),
        (
            "request_with_many_digits",
            r#"{"type":"request","id":-0.0e-0,"app_path":"a","action":"b","args":[18446744073709551616,1e-400,-0]}"#,
        ),
        (
            "request_with_a_long_id",
            &format!(r#"{{"type":"request","id":{id},"app_path":"a","action":"b"}}"#),
        ),
        (
            "request_of_all_the_depth",
            &format!(
                r#"{{"type":"request","id":1,"app_path":"a","action":"b","args":{}}}"#,
                nested(DEPTH_MAX - 1)
            ),
        ),
        (
            "request_too_deep",
            &format!(
                r#"{{"type":"request","id":1,"app_path":"a","action":"b","x":{}}}"#,
                nested(DEPTH_MAX)
            ),
        ),
        ("cancel", r#"{"type":"cancel","id":"x"}"#),
        ("status", r#"{"type":"status"}"#),
        ("reload", r#"{"type":"control","id":1,"op":"reload"}"#),
        (
            "scale",
            r#"{"type":"control","id":1,"op":"scale","app":"demo","workers":4}"#,
        ),
        (
            "manage",
            r#"{"type":"manage","id":1,"op":2,"count":3,"app":"demo"}"#,
        ),
        (
            "stash_put",
            r#"{"type":"stash","id":1,"op":1,"table":"t","key":"k","value":{"a":[1.0,"\ud800"]}}"#,
        ),
        (
            "stash_keys",
            r#"{"type":"stash","id":1,"op":4,"table":"t","pattern":"user:[!1]*"}"#,
        ),
        ("response", r#"{"type":"response","id":1,"result":[1]}"#),
        (
            "error",
            r#"{"type":"error","id":1,"error":{"error_type":"DirtyAppError","message":"boom","details":{"kind":"ValueError"}}}"#,
        ),
        ("unknown", r#"{"type":"frobnicate","id":1}"#),
        ("no_object", "[1, 2]"),
        ("cut_off", r#"{"type":"request","id":"x"#),
    ])
}

pub(super) fn binary_message() -> Vec<Seed> {
    // The first byte selects the kind: 0 a request, 5 a stash message, 6 status, 7 manage.
    let message = |selector: u8, payload: &Tlv| [&[selector][..], &payload.encode()].concat();
    let request = |more: &[(&str, Tlv)]| {
        let mut members = vec![
            ("app_path".to_owned(), text("demo")),
            ("action".to_owned(), text("echo")),
        ];
        members.extend(
            more.iter()
                .map(|(key, value)| ((*key).to_owned(), value.clone())),
        );
        message(0, &Tlv::Dict(members))
    };
    let args = |args: Vec<Tlv>| [("args", Tlv::List(args))];
    let deep = |depth: usize| (1..depth).fold(Tlv::List(vec![]), |inner, _| Tlv::List(vec![inner]));
    let float = |number| Tlv::Float(number);
    vec![
        (
            "request",
            request(&[
                ("args", Tlv::List(vec![Tlv::Int(1), text("zwölf")])),
                ("kwargs", dict([("k", Tlv::None)])),
            ]),
        ),
        (
            "integers",
            request(&args(vec![
                Tlv::Int(i64::MIN),
                Tlv::Int(i64::MAX),
                Tlv::Int(-1),
                Tlv::Int(1 << 53),
            ])),
        ),
        (
            "floats",
            request(&args(vec![
                float(f64::NAN),
                float(f64::INFINITY),
                float(f64::NEG_INFINITY),
                float(-0.0),
                float(5e-324),
                float(1e16),
            ])),
        ),
        (
            "another_nan",
            request(&args(vec![float(f64::from_bits(0xfff8_0000_0000_0001))])),
        ),
        (
            "bytes",
            request(&[
                ("args", Tlv::List(vec![Tlv::Bytes(b"\0\xff".to_vec())])),
                ("kwargs", dict([("b", Tlv::Bytes(vec![]))])),
            ]),
        ),
        (
            "texts",
            request(&args(vec![
                text(""),
                text("\u{0}\u{1f}\u{7f}\u{2028}\"\\"),
                text("🦀"),
            ])),
        ),
        (
            "like_escapes",
            request(&args(vec![
                dict([("$blob", Tlv::Int(0))]),
                dict([("$$float", text("nan"))]),
                dict([("$blob", Tlv::None), ("a", Tlv::None)]),
            ])),
        ),
        (
            "empty_containers",
            request(&args(vec![
                Tlv::List(vec![]),
                dict([]),
                dict([("", dict([]))]),
            ])),
        ),
        (
            "timeout_and_multiplex",
            request(&[
                ("args", Tlv::List(vec![text("timeout")])),
                ("timeout", float(0.5)),
                ("multiplex", Tlv::Bool(true)),
            ]),
        ),
        ("timeout_of_zero", request(&[("timeout", Tlv::Int(0))])),
        (
            "a_key_twice",
            request(&[("args", Tlv::List(vec![])), ("args", Tlv::List(vec![]))]),
        ),
        ("all_the_depth", request(&args(vec![deep(DEPTH_MAX - 2)]))),
        ("too_deep", request(&args(vec![deep(DEPTH_MAX - 1)]))),
        (
            "a_count_that_lies",
            [
                &[0][..],
                &[0x21, 0, 0, 0, 1, 0x11, 0, 0, 0, 4],
                b"args",
                &[0x20, 0, 0x10, 0, 0],
            ]
            .concat(),
        ),
        ("a_count_above_the_limit", vec![0, 0x20, 0, 0x10, 0, 1]),
        (
            "a_length_that_lies",
            vec![0, 0x21, 0, 0, 0, 1, 0x11, 0xff, 0xff, 0xff, 0xff],
        ),
        (
            "a_key_that_is_no_text",
            vec![0, 0x21, 0, 0, 0, 1, 0x05, 0, 0, 0, 0, 0, 0, 0, 1, 0],
        ),
        ("trailing", [message(0, &dict([])), vec![0]].concat()),
        ("status", vec![6]),
        (
            "manage",
            message(
                7,
                &dict([
                    ("op", Tlv::Int(2)),
                    ("count", Tlv::Int(3)),
                    ("app", text("demo")),
                ]),
            ),
        ),
        (
            "stash_put",
            message(
                5,
                &dict([
                    ("op", Tlv::Int(1)),
                    ("table", text("t")),
                    ("key", text("k")),
                    ("value", dict([("b", Tlv::Bytes(b"x".to_vec()))])),
                ]),
            ),
        ),
        (
            "stash_get_by_number",
            message(
                5,
                &dict([
                    ("op", Tlv::Int(2)),
                    ("table", text("t")),
                    ("key", Tlv::Int(5)),
                ]),
            ),
        ),
        ("end", vec![4]),
    ]
}

pub(super) fn app_value() -> Vec<Seed> {
    texts([
        ("scalars", r#"[null,true,false,"",0,-0,-0.0,1e5]"#),
        (
            "integers",
            "[9223372036854775807,-9223372036854775808,9007199254740993]",
        ),
        ("integer_too_long", "[9223372036854775808]"),
        (
            "floats",
            "[1.0,0.1,1E+2,1e999,-1e999,5e-324,1e16,123456789.125]",
        ),
        ("blobs", r#"[{"$blob":0},{"$blob":1},{"a":{"$blob":1}}]"#),
        (
            "large_blob_often",
            r#"[{"$blob":2},{"$blob":2},{"$blob":2},{"$blob":2}]"#,
        ),
        ("no_such_blob", r#"{"$blob":3}"#),
        ("blob_of_a_wrong_type", r#"{"$blob":{"$float":"nan"}}"#),
        (
            "not_finite",
            r#"[{"$float":"nan"},{"$float":"inf"},{"$float":"-inf"}]"#,
        ),
        ("no_such_float", r#"{"$float":"NaN"}"#),
        (
            "escaped_dollars",
            r#"{"$$blob":{"$$$float":[{"$$blob":{"$blob":1}}]}}"#,
        ),
        ("escapes_in_escapes", r#" { "\u0024bl\u006fb" : 1 } "#),
        ("two_keys", r#"{"$blob":0,"$float":"nan"}"#),
        ("the_same_key_twice", r#"{"$blob":0,"$blob":1}"#),
        (
            "texts",
            r#"["\u0000\u001f\u007f\u2028","\ud83e\udd80","\"\\\/\b\f\n\r\t"]"#,
        ),
        ("half_a_surrogate_pair", r#"["\ud800"]"#),
        ("surrogates_the_wrong_way_round", r#"{"\udc00\ud800":1}"#),
        ("objects", r#"{"":{},"a":{"b":[{"c":[]}]}}"#),
        ("all_the_depth", &nested(DEPTH_MAX)),
        ("too_deep", &nested(DEPTH_MAX + 1)),
        ("no_value", "[1,]"),
    ])
}

pub(super) fn frames() -> Vec<Seed> {
    let json = |payload: &str| {
        [
            &(payload.len() as u32).to_be_bytes()[..],
            payload.as_bytes(),
        ]
        .concat()
    };
    let request = json(r#"{"type":"request","id":1,"app_path":"a","action":"b"}"#);
    let binary = [
        frame_of(0x11, b""),
        frame_of(0x01, &dict([]).encode()),
        frame_of(0x10, b"abc"),
    ]
    .concat();
    vec![
        ("json", [&request[..], &json("{}"), &request].concat()),
        ("json_unfinished", request[..20].to_vec()),
        ("json_empty", vec![0, 0, 0, 0, 1]),
        ("json_of_the_limit", json(&"x".repeat(200))),
        ("json_above_the_limit", json(&"x".repeat(201))),
        ("binary", binary.clone()),
        ("binary_unfinished", binary[..30].to_vec()),
        ("binary_of_the_limit", frame_of(0x01, &[0; 200]).to_vec()),
        ("binary_above_the_limit", frame_of(0x01, &[0; 201]).to_vec()),
        (
            "binary_of_another_version",
            [&binary[..], b"GD\x02"].concat(),
        ),
        ("binary_of_no_type", [&binary[..], b"GD\x01\x06"].concat()),
        ("binary_without_magic", [&binary[..], b"GE"].concat()),
        ("another_protocol", b"GET / HTTP/1.1\r\n\r\n".to_vec()),
    ]
}

pub(super) fn hop() -> Vec<Seed> {
    let up = |message: Up| {
        let encoded = message.encode();
        [encoded.head(), &encoded.body].concat()
    };
    let down = |message: Down| {
        let encoded = message.encode();
        [encoded.head(), &encoded.body].concat()
    };
    let failure = Failure {
        stage: Stage::Initialising,
        message: "no such model".into(),
        traceback: Some("at demo".into()),
        permanent: true,
    };
    let exit = Exit {
        status: ExitStatus::Signal(9),
        cpu_micros: 1500,
        rss_kib_max: 4096,
    };
    let frame = Bytes::from_static(b"{}");
    let deadline = Deadline {
        at_nanos: Some(99),
        timeout: Some(Duration::from_millis(1500)),
    };
    let log = Up::Log {
        call: Some(CallId(5)),
        source: LogSource::Stderr,
        level: LogLevel::Warn,
        message: Bytes::from_static(b"a line"),
    };
    vec![
        (
            "start_of_a_mold",
            [
                up(Up::Hello(9)),
                up(Up::Stage(Stage::Compiling)),
                up(Up::WantsWorkers(2)),
                up(Up::Initialised(Initialised::InMold)),
            ]
            .concat(),
        ),
        (
            "why_per_worker",
            up(Up::Initialised(Initialised::PerWorkerBecause(
                "a file".into(),
            ))),
        ),
        ("failed", up(Up::Failed(failure.clone()))),
        (
            "forked",
            [
                up(Up::Forked {
                    worker: WorkerId(3),
                    pid: 4711,
                }),
                up(Up::ForkFailed(WorkerId(4), failure)),
            ]
            .concat(),
        ),
        ("exited", up(Up::Exited(WorkerId(3), exit))),
        (
            "a_call",
            [
                up(Up::Ready),
                up(log),
                up(Up::Chunk(CallId(5), frame.clone())),
                up(Up::Final(CallId(5), Fate::Healthy, frame.clone())),
            ]
            .concat(),
        ),
        (
            "tainted",
            [
                up(Up::Final(
                    CallId(1),
                    Fate::Tainted(Taint::Trap),
                    Bytes::new(),
                )),
                up(Up::Final(
                    CallId(2),
                    Fate::Tainted(Taint::Memory),
                    Bytes::new(),
                )),
            ]
            .concat(),
        ),
        ("over_memory", up(Up::OverMemory(u64::MAX))),
        (
            "orders",
            [
                down(Down::Fork(WorkerId(1))),
                down(Down::Call {
                    call: CallId(8),
                    deadline,
                    frame: frame.clone(),
                }),
                down(Down::Cancel(CallId(8))),
                down(Down::Stop),
            ]
            .concat(),
        ),
        (
            "a_call_without_deadline",
            down(Down::Call {
                call: CallId(8),
                deadline: Deadline::default(),
                frame,
            }),
        ),
        (
            "too_long",
            Header::chunk(CallId(1), 1 << 30).bytes().to_vec(),
        ),
        ("unfinished", up(Up::Ready)[..15].to_vec()),
    ]
}
