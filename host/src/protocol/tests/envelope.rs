#![allow(clippy::unwrap_used)]

use proptest::prelude::*;
use proptest::sample::select;

use super::super::{ID_BYTES_MAX, TIMEOUT_MAX, ValueError, read_request};
use super::*;

const SECOND: Duration = Duration::from_secs(1);

fn read(text: &str) -> Result<Message, EnvelopeError> {
    read_envelope(&Bytes::copy_from_slice(text.as_bytes()))
}

fn envelope(text: &str) -> Envelope {
    match read(text) {
        Ok(Message::Request(envelope)) => envelope,
        other => panic!("{text}: {other:?}"),
    }
}

#[test]
fn reads_what_the_peers_client_sends() {
    let frame = r#"{"type": "request", "id": "0b5e-11", "app_path": "a.b:C", "action": "go", "args": [1], "kwargs": {"k": 2}}"#;
    let read = envelope(frame);
    assert_eq!(read.id.as_str(), r#""0b5e-11""#);
    assert_eq!(&*read.app_path, "a.b:C");
    assert_eq!((read.timeout, read.multiplex), (None, false));
}

#[test]
fn fields_are_found_wherever_they_stand() {
    let expected = envelope(
        r#"{"type":"request","id":7,"app_path":"café","multiplex":true,"timeout":1,"args":[]}"#,
    );
    assert_eq!(&*expected.app_path, "café");
    assert_eq!((expected.timeout, expected.multiplex), (Some(SECOND), true));
    for text in [
        r#"{"type":"request","id":7,"app_path":"caf\u00e9","timeout":1.0,"multiplex":true,"args":[]}"#,
        r#"{"type":"request","id":7,"app_path":"café","args":[],"timeout" : 1,"kwargs":{},"multiplex":true}"#,
        r#"{"args":["timeout"],"type":"request","id":7,"app_path":"café","multiplex":true,"timeout":1}"#,
        r#"{"type":"request","id":7,"\u0061pp_path":"café","args":[],"multiplex":true,"timeout":1}"#,
        r#"{"x":{"id":9},"type":"request","id":7,"app_path":"café","multiplex":true,"timeout":1}"#,
        r#" { "type" : "request" , "id" : 7 , "app_path" : "café" , "multiplex" : true , "timeout" : 1e0 } "#,
    ] {
        assert_eq!(envelope(text), expected, "{text}");
    }
}

#[test]
fn arguments_that_look_like_fields_are_not_fields() {
    let read = envelope(
        r#"{"type":"request","id":7,"app_path":"a","args":["\"timeout\":"],"kwargs":{"timeout":0,"multiplex":5,"id":1}}"#,
    );
    assert_eq!((read.timeout, read.multiplex), (None, false));
    assert_eq!(read.id.as_str(), "7");
}

#[test]
fn the_beginning_of_a_message_tells_what_stands_there_as_a_whole() {
    let text = r#"{"type":"request","id":712,"app_path":"app","multiplex":true,"args":["x"#;
    let sketch = |len| read_beginning(&Bytes::copy_from_slice(&text.as_bytes()[..len]));
    for len in 0..=text.len() {
        let told = sketch(len);
        let whole = |field: &str| len > text.find(field).unwrap() + field.len();
        let id = if whole(r#""id":712"#) { "712" } else { "null" };
        assert_eq!(told.id.as_str(), id, "{len}");
        let app = whole(r#""app""#).then_some("app");
        assert_eq!(told.app_path.as_deref(), app, "{len}");
        let multiplex = whole(r#""multiplex":true"#).then_some(true);
        assert_eq!(told.multiplex, multiplex, "{len}");
    }
}

#[test]
fn the_usual_order_needs_no_look_at_the_arguments() {
    // Not JSON: the worker will say so.
    let read = envelope(r#"{"type":"request","id":7,"app_path":"a","args":[}{"#);
    assert_eq!(&*read.app_path, "a");
}

#[test]
fn ids_are_echoed_as_they_were_written() {
    for id in [
        r#""é\u00e9\ud800""#,
        "1e3",
        "-0",
        "true",
        "false",
        "null",
        r#""""#,
    ] {
        let text = format!(r#"{{"type":"status", "id": {id} }}"#);
        let id = RawId::copied_from(id);
        assert_eq!(read(&text), Ok(Message::Status { id }));
    }
    let id = RawId::null();
    assert_eq!(read(r#"{"type":"cancel"}"#), Ok(Message::Cancel { id }));
    let longest = format!("\"{}\"", "x".repeat(ID_BYTES_MAX - 2));
    assert!(read(&format!(r#"{{"type":"status","id":{longest}}}"#)).is_ok());
}

#[test]
fn an_id_pins_no_large_frame() {
    let id_is_a_part_of = |padding: usize| {
        let padding = "x".repeat(padding);
        let text = format!(r#"{{"type":"request","id":"1","app_path":"a","args":["{padding}"]}}"#);
        let frame = Bytes::from(text);
        let Ok(Message::Request(envelope)) = read_envelope(&frame) else {
            panic!("not a request");
        };
        assert!(frame.as_ptr_range().contains(&envelope.app_path.as_ptr()));
        frame
            .as_ptr_range()
            .contains(&envelope.id.as_str().as_ptr())
    };
    assert!(id_is_a_part_of(10));
    assert!(!id_is_a_part_of(10_000));
}

#[test]
fn timeouts_are_bounded_on_both_sides() {
    let timeout = |seconds: &str| {
        let text = format!(r#"{{"type":"request","app_path":"a","timeout":{seconds}}}"#);
        read(&text).map(|message| match message {
            Message::Request(envelope) => envelope.timeout,
            other => panic!("{other:?}"),
        })
    };
    assert_eq!(timeout("2.5"), Ok(Some(Duration::from_millis(2500))));
    assert_eq!(timeout("1e-30"), Ok(Some(Duration::from_nanos(1))));
    for huge in ["1e12", "1e300", "1e999", "99999999999999999999999999"] {
        assert_eq!(timeout(huge), Ok(Some(TIMEOUT_MAX)), "{huge}");
    }
    for wrong in [
        "0", "-1", "-0.0", "-1e999", "1e-999", "null", "true", r#""5""#, "[5]",
    ] {
        let fault = timeout(wrong).unwrap_err().fault;
        let key = "timeout";
        assert!(
            matches!(fault, EnvelopeFault::WrongType { key: k, .. } if k == key),
            "{wrong}: {fault:?}"
        );
    }
}

#[test]
fn refusals_carry_the_id_and_say_what_is_wrong() {
    let long_id = "9".repeat(ID_BYTES_MAX + 1);
    for (text, id, message) in [
        ("", "null", "malformed JSON at byte 0: expected an object"),
        ("[]", "null", "malformed JSON at byte 0: expected an object"),
        (
            "\u{feff}{}",
            "null",
            "malformed JSON at byte 0: expected an object",
        ),
        ("{}", "null", "the message lacks `type`"),
        (
            r#"{"id":1"#,
            "1",
            "malformed JSON at byte 7: expected `,` or `}`",
        ),
        (
            r#"{"id":1} x"#,
            "1",
            "malformed JSON at byte 9: expected the end of the text",
        ),
        (
            r#"{"id":1,"x":NaN}"#,
            "1",
            "malformed JSON at byte 12: expected a value",
        ),
        (
            r#"{"id":1,"id":2}"#,
            "1",
            "the message has `id` twice: send it once",
        ),
        (
            r#"{"id":1,"\u0069d":2}"#,
            "1",
            "the message has `id` twice: send it once",
        ),
        (r#"{"id":1,"type":5}"#, "1", "`type` must be a string"),
        (
            r#"{"id":"x","type":"manages"}"#,
            "\"x\"",
            "Unknown message type: manages (known: request, cancel, status, control, manage, stash)",
        ),
        (
            r#"{"id":1,"type":"request"}"#,
            "1",
            "the message lacks `app_path`",
        ),
        (
            r#"{"id":1,"type":"request","app_path":null}"#,
            "1",
            "`app_path` must be a string",
        ),
        (
            r#"{"id":1,"type":"request","app_path":"\ud800"}"#,
            "1",
            "`app_path` must be a string of Unicode text",
        ),
        (
            r#"{"id":1,"type":"request","app_path":"a","multiplex":1}"#,
            "1",
            "`multiplex` must be true or false",
        ),
        (
            r#"{"id":1,"type":"request","app_path":"a","\u0074imeout":1}"#,
            "1",
            "write the name `timeout` without escapes",
        ),
        (
            r#"{"id":[1],"type":"status"}"#,
            "null",
            "`id` must be a string of Unicode text, a number, a boolean or null",
        ),
        (
            &format!(r#"{{"id":{long_id},"type":"status"}}"#),
            "null",
            "`id` is 1025 bytes long (max: 1024)",
        ),
    ] {
        let error = read(text).unwrap_err();
        assert_eq!(error.id.as_str(), id, "{text}");
        assert_eq!(error.to_string(), message, "{text}");
    }
}

#[test]
fn too_deep_is_an_error_wherever_it_is_seen() {
    let text = format!(r#"{{"x":{}"#, "[".repeat(200));
    let fault = EnvelopeFault::Json(ValueError::TooDeep { at: 5 + 127 });
    assert_eq!(read(&text).unwrap_err().fault, fault);
}

#[test]
fn the_answer_shows_the_beginning_of_the_frame() {
    let frame = [b'['; 200];
    let error = read_envelope(&Bytes::copy_from_slice(&frame)).unwrap_err();
    assert_eq!(error.to_wire(&frame).details["raw_data"], "5b".repeat(100));
}

/// A member of an envelope, as text: its key and its value.
fn member() -> impl Strategy<Value = (&'static str, &'static str)> {
    let keys = [
        r#""type""#,
        r#""id""#,
        r#""app_path""#,
        r#""action""#,
        r#""args""#,
        r#""kwargs""#,
        r#""timeout""#,
        r#""multiplex""#,
        r#""other""#,
        r#""app\u005fpath""#,
        r#""\ud800""#,
    ];
    let values = [
        "1",
        "-2.5e3",
        "true",
        "null",
        r#""request""#,
        r#""cancel""#,
        r#""caf\u00e9""#,
        r#""é""#,
        "[]",
        "{}",
        r#"["timeout",{"timeout":1}]"#,
        r#"{"multiplex" :true,"id":2}"#,
        r#""\"timeout\":""#,
    ];
    (select(keys.to_vec()), select(values.to_vec()))
}

/// Members of a request that is sound but for what `member` adds.
fn frame() -> impl Strategy<Value = Bytes> {
    let sound = vec![
        (r#""type""#, r#""request""#),
        (r#""id""#, r#""x-1""#),
        (r#""app_path""#, r#""a:B""#),
        (r#""action""#, r#""go""#),
        (r#""args""#, r#"[1,"}"]"#),
        (r#""kwargs""#, r#"{"timeout": 3}"#),
        (r#""timeout""#, "2"),
        (r#""multiplex""#, "true"),
    ];
    let sound = prop::sample::subsequence(sound, 3..=8);
    let extra = prop::collection::vec(member(), 0..2);
    let members = (sound, extra).prop_map(|(sound, extra)| [sound, extra].concat());
    let space = select(vec!["", " ", "\n\t"]);
    (members.prop_shuffle(), space).prop_map(|(members, space)| {
        let members: Vec<_> = members
            .iter()
            .map(|(key, value)| format!("{space}{key}{space}:{space}{value}{space}"))
            .collect();
        Bytes::from(format!("{space}{{{}}}{space}", members.join(",")))
    })
}

proptest! {
    #[test]
    fn the_scan_agrees_with_the_whole_reading(frame in frame()) {
        match (read_envelope(&frame), read_envelope_whole(&frame)) {
            (scanned, Ok(whole)) => prop_assert_eq!(scanned, Ok(whole)),
            // What comes after the arguments is for the worker to refuse.
            (Ok(_), Err(_)) => prop_assert!(read_request(&frame).is_err()),
            (Err(_), Err(_)) => {}
        }
    }

    #[test]
    fn arbiter_and_worker_read_the_same(frame in frame()) {
        if let Ok(request) = read_request(&frame) {
            let Ok(Message::Request(envelope)) = read_envelope(&frame) else {
                return Err(TestCaseError::fail("only the worker takes it"));
            };
            prop_assert_eq!(envelope.id.as_str(), request.id);
            prop_assert_eq!(&*envelope.app_path, &*request.app_path);
        }
    }

    #[test]
    fn damaged_frames_never_panic(frame in frame(), at in 0usize..100, byte: u8, len in 0usize..200) {
        let mut damaged = frame.to_vec();
        let at = at % damaged.len();
        damaged[at] = byte;
        damaged.truncate(len);
        let damaged = Bytes::from(damaged);
        let worker = read_request(&damaged).is_ok();
        prop_assert!(!worker || read_envelope(&damaged).is_ok());
    }

    #[test]
    fn any_bytes_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..100)) {
        let frame = Bytes::from(bytes);
        prop_assert_eq!(read_request(&frame).is_ok(), false);
        prop_assert_eq!(read_envelope(&frame).is_ok(), false);
    }
}
