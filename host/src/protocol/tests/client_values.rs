#![allow(clippy::unwrap_used)]

use proptest::prelude::*;
use proptest::sample::select;

use super::super::{
    Dialect, FrameError, ReplyBody, ReplyValue, StashRequest, read_reply, read_request,
};
use super::*;

const MAX: usize = 1 << 24;

/// What an app gets for a client's value.
fn to_app(text: &str) -> (String, Vec<Vec<u8>>) {
    let mut intake = Intake::new();
    let json = for_app(text, 0, &mut intake).unwrap_or_else(|fault| panic!("{fault}: {text}"));
    let blobs = intake.into_blobs().into_iter();
    (json.into(), blobs.map(Cow::into_owned).collect())
}

/// What a client gets for an app's value.
fn from_app(json: &str, blobs: &Vec<Vec<u8>>) -> Result<String, ReplyFault> {
    let mut out = b"before".to_vec();
    append_for_client(&mut out, json, blobs, "before".len(), MAX)?;
    Ok(String::from_utf8(out.split_off("before".len())).unwrap())
}

#[test]
fn values_of_clients_and_of_apps() {
    for (client, app, blobs) in [
        (
            r#"{"$bytes":"/+8="}"#,
            r#"{"$blob":0}"#,
            &[&b"\xff\xef"[..]][..],
        ),
        (r#"{"$bytes":""}"#, r#"{"$blob":0}"#, &[b""]),
        (
            r#"[{"$bytes":"YQ=="}, {"x":{"$bytes":"Yg=="}}]"#,
            r#"[{"$blob":0}, {"x":{"$blob":1}}]"#,
            &[b"a", b"b"],
        ),
        (r#"{"$$bytes":"AA=="}"#, r#"{"$bytes":"AA=="}"#, &[]),
        (r#"{"$$bytes":[1]}"#, r#"{"$bytes":[1]}"#, &[]),
        (r#"{"$$$bytes":0}"#, r#"{"$$bytes":0}"#, &[]),
        (r#"{"$blob":0}"#, r#"{"$$blob":0}"#, &[]),
        (r#"{"$$blob":0}"#, r#"{"$$$blob":0}"#, &[]),
        (r#"{"$float":"nan"}"#, r#"{"$$float":"nan"}"#, &[]),
        (
            r#"{"$blob":{"$float":{"$bytes":"YQ=="}}}"#,
            r#"{"$$blob":{"$$float":{"$blob":0}}}"#,
            &[b"a"],
        ),
        // With another key beside it a key means nothing.
        (r#"{"$bytes":1,"a":2}"#, r#"{"$bytes":1,"a":2}"#, &[]),
        (r#"{"a":1,"$blob":2}"#, r#"{"a":1,"$blob":2}"#, &[]),
        (r#"{"$":{"bytes":1}}"#, r#"{"$":{"bytes":1}}"#, &[]),
        (r#"{"$byte":1}"#, r#"{"$byte":1}"#, &[]),
        // Everything else stays as it was written.
        (
            r#" [ 1e999 , "\ud800" , {"$blob" : -0} ] "#,
            r#" [ 1e999 , "\ud800" , {"$$blob" : -0} ] "#,
            &[],
        ),
    ] {
        let (json, found) = to_app(client);
        assert_eq!(
            (&*json, &found),
            (app, &blobs.iter().map(|blob| blob.to_vec()).collect())
        );
        assert_eq!(from_app(app, &found).unwrap(), client);
    }
}

#[test]
fn a_client_may_spell_its_keys_and_base64_with_escapes() {
    for text in [
        r#"{"\u0024bytes":"/+8="}"#,
        r#"{"$\u0062ytes":"\/+8="}"#,
        "{ \"$bytes\" : \"/\\u002b8=\" }",
    ] {
        let (json, blobs) = to_app(text);
        assert_eq!(json.trim(), r#"{"$blob":0}"#);
        assert_eq!(blobs, [b"\xff\xef"]);
    }
    assert_eq!(
        to_app(r#"{"\u0024\u0024bytes":1}"#).0,
        r#"{"\u0024bytes":1}"#
    );
}

#[test]
fn a_text_without_such_objects_is_not_copied() {
    for text in ["[1]", r#"{"$blob":1,"a":2}"#, r#"["$bytes"]"#] {
        let json = for_app(text, 0, &mut Intake::new()).unwrap();
        assert!(
            matches!(json, Cow::Borrowed(same) if same.as_ptr() == text.as_ptr()),
            "{text}"
        );
    }
}

#[test]
fn what_is_no_base64_is_told_with_its_place() {
    for value in [
        r#""?""#,
        r#""AA""#,
        r#""AA=""#,
        r#""AB==""#,
        r#""AA==\n""#,
        r#""\ud800""#,
        "5",
        "null",
        r#"["AA=="]"#,
        r#"{"$bytes":"AA=="}"#,
    ] {
        let frame = format!(
            r#"{{"type":"request","id":7,"app_path":"a","action":"b","args":[1],"kwargs":{{"x":{{"$bytes":{value}}}}}}}"#
        );
        let error = read_request(frame.as_bytes()).unwrap_err();
        let at = frame.find(r#"{"$bytes""#).unwrap();
        assert_eq!(error.fault, EnvelopeFault::NotBase64 { at }, "{value}");
        assert_eq!(error.id.as_str(), "7");
    }
    let fault = EnvelopeFault::NotBase64 { at: 5 };
    assert_eq!(
        fault.to_string(),
        "`$bytes` at byte 5 must be a string of base64 (RFC 4648, with padding); an object of your \
         own with this key alone is written with `$$bytes`"
    );
}

#[test]
fn args_and_kwargs_number_their_binaries_together() {
    let frame = br#"{"type":"request","id":7,"app_path":"a","action":"b","args":[{"$bytes":"YQ=="}],"kwargs":{"$bytes":"Yg=="}}"#;
    let request = read_request(frame).unwrap();
    assert_eq!(
        (&*request.args, &*request.kwargs),
        (r#"[{"$blob":0}]"#, r#"{"$blob":1}"#)
    );
    assert_eq!(request.blobs, [&b"a"[..], b"b"]);
}

#[test]
fn an_app_that_names_nothing_is_told() {
    for index in [
        "1",
        "-1",
        "0.0",
        r#""0""#,
        "[0]",
        r#"{"$blob":0}"#,
        "99999999999999999999",
    ] {
        let told = from_app(&format!(r#"[{{"$blob": {index} }}]"#), &vec![vec![1]]).unwrap_err();
        assert_eq!(
            told,
            ReplyFault::NoSuchBlob {
                index: index.to_owned()
            }
        );
    }
    let long = "1".repeat(1000);
    let told = from_app(&format!(r#"{{"$blob":{long}}}"#), &vec![]).unwrap_err();
    assert!(told.to_string().len() < 200, "{told}");
}

#[test]
fn a_number_that_is_not_finite_is_shown_as_it_is() {
    for json in [r#"{"$float":"nan"}"#, r#"{"$float":5}"#] {
        assert_eq!(from_app(json, &vec![]).unwrap(), json);
    }
}

#[test]
fn one_large_binary_named_many_times_is_given_up_on_the_way() {
    let blobs = vec![vec![0; 1 << 16]];
    let json = format!("[{}1]", r#"{"$blob":0},"#.repeat(10_000));
    let value = ReplyValue::App {
        json: &json,
        blobs: &blobs,
    };
    let mut out = b"before".to_vec();
    let fault = Dialect::Json
        .write_response(&mut out, "1", value, 1 << 20)
        .unwrap_err();
    assert!(
        matches!(fault, ReplyFault::Frame(FrameError::TooLarge { .. })),
        "{fault}"
    );
    assert_eq!(out, b"before");
    assert!(out.capacity() <= 4 << 20, "{}", out.capacity());
}

#[test]
fn the_limit_is_that_of_the_frame_as_it_is_sent() {
    let (json, blobs) = (r#"{"$blob":0}"#, vec![vec![0; 300]]);
    let len = r#"{"type":"response","id":1,"result":{"$bytes":""}}"#.len() + 400;
    let mut out = Vec::new();
    let value = ReplyValue::App {
        json,
        blobs: &blobs,
    };
    let fault = Dialect::Json
        .write_response(&mut out, "1", value, len - 1)
        .unwrap_err();
    assert_eq!(
        fault,
        ReplyFault::Frame(FrameError::TooLarge { len, max: len - 1 })
    );
    Dialect::Json
        .write_response(&mut out, "1", value, len)
        .unwrap();
    assert_eq!(out.len(), 4 + len);
}

/// A stash value, as a client of the JSON dialect puts it.
fn stashed(text: &str) -> StashRequest {
    let frame = format!(r#"{{"type":"stash","id":7,"op":1,"table":"t","key":"k","value":{text}}}"#);
    Dialect::Json
        .read_stash(frame.as_bytes(), usize::MAX)
        .unwrap()
}

#[test]
fn the_stash_keeps_binaries_as_apps_see_them() {
    let request = stashed(r#"[{"$bytes":"YQ=="},{"$float":1}]"#);
    let StashRequest::Put { value, .. } = request else {
        panic!("{request:?}");
    };
    assert_eq!(&*value.json, r#"[{"$blob":0},{"$$float":1}]"#);
    assert_eq!(value.blobs, ["a"]);
}

/// JSON full of dollars. If it is to be `sound`, an object with the one key `$bytes` is a binary.
fn value(sound: bool) -> impl Strategy<Value = String> {
    let key = select(vec![
        r"$bytes",
        r"$$bytes",
        r"$$$bytes",
        r"\u0024bytes",
        r"$blob",
        r"$$blob",
        r"\u0024\u0024blob",
        r"$float",
        r"$$float",
        r"$\u0066loat",
        r"$",
        r"bytes",
        r"a",
        r"\u00e9",
        r"$blobs",
    ]);
    let base64 = prop::collection::vec(any::<u8>(), 0..8).prop_map(|bytes| STANDARD.encode(bytes));
    let bytes = base64.prop_map(|text| format!(r#"{{"$bytes":"{text}"}}"#));
    let scalar = select(vec![
        "0",
        "1",
        "-0",
        "1.50",
        "null",
        r#""nan""#,
        r#""$bytes""#,
        r#""\\\"$""#,
    ]);
    let leaf = prop_oneof![bytes, scalar.prop_map(str::to_owned)];
    leaf.prop_recursive(6, 64, 4, move |inner| {
        let member = (key.clone(), inner.clone());
        let is_wrong = move |key: &str| sound && matches!(key, "$bytes" | r"\u0024bytes");
        prop_oneof![
            prop::collection::vec(inner, 0..4).prop_map(|items| format!("[{}]", items.join(", "))),
            prop::collection::vec(member, 0..3).prop_map(move |members| match &members[..] {
                [(key, _)] if is_wrong(key) => "{}".to_owned(),
                members => {
                    let members = members
                        .iter()
                        .map(|(key, value)| format!(r#""{key}":{value}"#));
                    format!("{{{}}}", members.collect::<Vec<_>>().join(","))
                }
            }),
        ]
    })
}

proptest! {
    // An app that returns what it got: the dollars of keys may be spelled in another way.
    #[test]
    fn every_value_survives_the_way_to_an_app_and_back(text in value(true)) {
        let (json, blobs) = to_app(&text);
        let back = from_app(&json, &blobs).unwrap();
        let parsed = |text: &str| serde_json::from_str::<serde_json::Value>(text).unwrap();
        prop_assert_eq!(parsed(&back), parsed(&text));
        if !text.contains(r"\u0024") {
            prop_assert_eq!(back, text);
        }
    }

    #[test]
    fn any_value_of_an_apps_is_sent_or_refused(json in value(false)) {
        let mut out = Vec::new();
        let blobs = vec![vec![1]];
        let value = ReplyValue::App { json: &json, blobs: &blobs };
        match Dialect::Json.write_response(&mut out, "1", value, MAX) {
            Ok(()) => {
                let reply = read_reply(&out[4..]).unwrap();
                prop_assert!(matches!(reply.body, ReplyBody::Response(_)));
            }
            Err(fault) => prop_assert!(matches!(fault, ReplyFault::NoSuchBlob { .. }), "{fault}"),
        }
    }

    #[test]
    fn any_value_of_a_clients_is_read_or_refused(text in value(false)) {
        match for_app(&text, 0, &mut Intake::new()) {
            Ok(json) => prop_assert_eq!(super::super::check_value(&json), Ok(())),
            Err(fault) => prop_assert!(matches!(fault, EnvelopeFault::NotBase64 { .. }), "{fault}"),
        }
    }
}
