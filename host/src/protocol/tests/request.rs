#![allow(clippy::unwrap_used)]

use proptest::prelude::*;

use super::super::{DEPTH_MAX, ValueError};
use super::*;

#[test]
fn hands_out_the_clients_own_text() {
    let frame = r#"{"type": "request", "id": "é\ud800", "app_path": "caf\u00e9:B", "action": "gö", "args": [1e999, "\ud800", 123456789012345678901234567890], "kwargs": {"$serde_json::private::RawValue": "x", "k": 1, "k": 2}}"#;
    let request = read_request(frame.as_bytes()).unwrap();
    assert_eq!(request.id, r#""é\ud800""#);
    assert_eq!(request.app_path, "café:B");
    assert_eq!(request.action, "gö");
    assert_eq!(
        request.args,
        r#"[1e999, "\ud800", 123456789012345678901234567890]"#
    );
    assert_eq!(
        request.kwargs,
        r#"{"$serde_json::private::RawValue": "x", "k": 1, "k": 2}"#
    );
}

#[test]
fn what_is_not_sent_is_empty() {
    let request = read_request(br#"{"type":"request","app_path":"a","action":"b"}"#).unwrap();
    assert_eq!(
        (&*request.id, &*request.args, &*request.kwargs),
        ("null", "[]", "{}")
    );
}

#[test]
fn refuses_what_the_arbiter_does_not_look_at() {
    let long = "[".repeat(200);
    for (tail, fault) in [
        (r#""args":{}}"#, "`args` must be an array"),
        (r#""args":null}"#, "`args` must be an array"),
        (r#""args":[],"kwargs":[]}"#, "`kwargs` must be an object"),
        (
            r#""args":[NaN]}"#,
            "malformed JSON at byte 61: expected a value",
        ),
        (
            r#""args":[],"id":2}"#,
            "the message has `id` twice: send it once",
        ),
        (
            r#""args":[],"args":[]}"#,
            "the message has `args` twice: send it once",
        ),
        (
            r#""args":[],"timeout":0}"#,
            "`timeout` must be a number of seconds above 0",
        ),
        (
            r#""args":[],"\u0074imeout":1}"#,
            "write the name `timeout` without escapes",
        ),
        (
            r#""args":[],"multiplex":0}"#,
            "`multiplex` must be true or false",
        ),
        (
            r#""args":[]}}"#,
            "malformed JSON at byte 63: expected the end of the text",
        ),
        (
            &format!(r#""args":{long}"#),
            "JSON at byte 187 is more than 128 arrays and objects deep: send it flatter",
        ),
    ] {
        let frame = format!(r#"{{"type":"request","id":1,"app_path":"a","action":"b",{tail}"#);
        let error = read_request(frame.as_bytes()).unwrap_err();
        assert_eq!(error.id.as_str(), "1", "{tail}");
        assert_eq!(error.to_string(), fault, "{tail}");
    }
}

#[test]
fn refuses_an_action_that_is_missing_or_no_string_and_other_types() {
    for (frame, fault) in [
        (
            r#"{"type":"request","app_path":"a"}"#,
            "the message lacks `action`",
        ),
        (
            r#"{"type":"request","app_path":"a","action":1}"#,
            "`action` must be a string",
        ),
        (
            r#"{"type":"end"}"#,
            "Unknown message type: end (known: request, cancel, status, control, manage, stash)",
        ),
    ] {
        let error = read_request(frame.as_bytes()).unwrap_err();
        assert_eq!(error.to_string(), fault, "{frame}");
    }
}

#[test]
fn refuses_what_is_not_utf8_under_the_id() {
    let frame =
        b"{\"type\":\"request\",\"id\":1,\"app_path\":\"a\",\"action\":\"b\",\"args\":[\"\xff\"]}";
    let error = read_request(frame).unwrap_err();
    assert_eq!(error.id.as_str(), "1");
    assert_eq!(error.fault, EnvelopeFault::NotUtf8 { at: 62 });
    let id = read_request(b"{\"id\":\"\xff\"}").unwrap_err().id;
    assert_eq!(id.as_str(), "null");
}

#[test]
fn depth_counts_the_whole_frame() {
    let with_args = |depth: usize| {
        let args = "[".repeat(depth) + &"]".repeat(depth);
        let frame = format!(r#"{{"type":"request","app_path":"a","action":"b","args":{args}}}"#);
        read_request(frame.as_bytes()).map(|request| request.args.len())
    };
    assert_eq!(with_args(DEPTH_MAX - 1), Ok((DEPTH_MAX - 1) * 2));
    let fault = with_args(DEPTH_MAX).unwrap_err().fault;
    assert!(matches!(
        fault,
        EnvelopeFault::Json(ValueError::TooDeep { .. })
    ));
}

proptest! {
    #[test]
    fn strings_are_decoded_as_serde_json_does(app_path: String, action: String, escape: bool) {
        let quoted = |text: &str| {
            let quoted = serde_json::to_string(text).unwrap();
            if !escape {
                return quoted;
            }
            quoted.chars().map(|c| {
                let mut units = [0; 2];
                let units = c.encode_utf16(&mut units);
                match c.is_ascii() {
                    true => c.to_string(),
                    false => units.iter().map(|unit| format!("\\u{unit:04x}")).collect(),
                }
            }).collect()
        };
        let frame = format!(
            r#"{{"type":"request","app_path":{},"action":{}}}"#,
            quoted(&app_path),
            quoted(&action),
        );
        let request = read_request(frame.as_bytes()).unwrap();
        prop_assert_eq!(request.app_path, app_path);
        prop_assert_eq!(request.action, action);
    }
}
