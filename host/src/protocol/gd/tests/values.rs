use std::borrow::Cow;

use proptest::prelude::*;

use super::super::header::{HEADER_BYTES, Kind};
use super::super::read_request;
use super::super::reply::write_response;
use super::model::{Tlv, dict, frame_of, request, text, value};
use crate::protocol::{ReplyFault, ReplyValue, check_value};

/// What an app gets for an argument, and the binaries beside.
fn to_app(value: &Tlv) -> (String, Vec<Vec<u8>>) {
    let frame = frame_of(
        Kind::Request,
        7,
        &request(vec![value.clone()], vec![]).encode(),
    );
    let request = read_request(&frame).unwrap();
    let args = request.args.strip_prefix('[').unwrap();
    let blobs = request.blobs.into_iter().map(Cow::into_owned).collect();
    (args.strip_suffix(']').unwrap().to_owned(), blobs)
}

/// The payload that a client gets for what an app returns.
fn from_app(json: &str, blobs: &Vec<Vec<u8>>) -> Result<Vec<u8>, ReplyFault> {
    let mut out = b"before".to_vec();
    let written = write_response(&mut out, "7", ReplyValue::App { json, blobs }, 1 << 24);
    if written.is_err() {
        assert_eq!(out, b"before");
    }
    written.map(|()| out.split_off("before".len() + HEADER_BYTES))
}

fn result(value: Tlv) -> Vec<u8> {
    dict([("result", value)]).encode()
}

#[test]
fn values_are_json_for_the_app() {
    let blob = |bytes: &[u8]| Tlv::Bytes(bytes.to_vec());
    for (value, json) in [
        (Tlv::None, "null"),
        (Tlv::Bool(true), "true"),
        (Tlv::Bool(false), "false"),
        (Tlv::Int(i64::MIN), "-9223372036854775808"),
        (Tlv::Int(i64::MAX), "9223372036854775807"),
        (Tlv::Float(1.0), "1.0"),
        (Tlv::Float(-0.0), "-0.0"),
        (Tlv::Float(f64::NAN), r#"{"$float":"nan"}"#),
        (Tlv::Float(f64::INFINITY), r#"{"$float":"inf"}"#),
        (Tlv::Float(f64::NEG_INFINITY), r#"{"$float":"-inf"}"#),
        (text("\"\u{1}é\u{2028}🦀"), "\"\\\"\\u0001é\u{2028}🦀\""),
        (Tlv::List(vec![]), "[]"),
        (dict([]), "{}"),
        (
            Tlv::List(vec![blob(b"a"), Tlv::List(vec![blob(b"")])]),
            r#"[{"$blob":0},[{"$blob":1}]]"#,
        ),
        (
            dict([("a\n", Tlv::Int(1)), ("", dict([("b", Tlv::None)]))]),
            r#"{"a\n":1,"":{"b":null}}"#,
        ),
        (dict([("$blob", Tlv::Int(0))]), r#"{"$$blob":0}"#),
        (dict([("$$blob", text("x"))]), r#"{"$$$blob":"x"}"#),
        (dict([("$float", text("nan"))]), r#"{"$$float":"nan"}"#),
        // Only an object with one key is an escape.
        (
            dict([("$blob", Tlv::Int(0)), ("a", Tlv::None)]),
            r#"{"$blob":0,"a":null}"#,
        ),
        (dict([("$blobs", Tlv::Int(0))]), r#"{"$blobs":0}"#),
        (
            dict([("$", dict([("blob", Tlv::None)]))]),
            r#"{"$":{"blob":null}}"#,
        ),
    ] {
        assert_eq!(to_app(&value).0, json);
        // -0.0 equals 0.0, but not as bytes.
        let (json, blobs) = to_app(&value);
        assert_eq!(from_app(&json, &blobs).unwrap(), result(value), "{json}");
    }
}

#[test]
fn texts_are_escaped_as_serde_json_does_it() {
    let all: String = ('\0'..='\u{ff}').collect();
    let long = all.repeat(3) + &"x".repeat(1000) + "\n" + &"é".repeat(500) + "\"";
    for sent in ["", "\\", &all, &long] {
        let expected = serde_json::to_string(sent).unwrap();
        assert_eq!(to_app(&text(sent)).0, expected);
        assert_eq!(from_app(&expected, &vec![]), Ok(result(text(sent))));
    }
}

#[test]
fn args_and_kwargs_number_their_binaries_together() {
    let blob = |bytes: &[u8]| Tlv::Bytes(bytes.to_vec());
    let payload = request(vec![blob(b"x")], vec![("k".to_owned(), blob(b"yz"))]);
    let frame = frame_of(Kind::Request, u64::MAX, &payload.encode());
    let request = read_request(&frame).unwrap();
    assert_eq!(request.id, "18446744073709551615");
    assert_eq!((&*request.app_path, &*request.action), ("a:B", "go"));
    assert_eq!(request.args, r#"[{"$blob":0}]"#);
    assert_eq!(request.kwargs, r#"{"k":{"$blob":1}}"#);
    assert_eq!(request.blobs, [&b"x"[..], b"yz"]);
}

#[test]
fn an_apps_json_may_be_written_in_any_way() {
    let blobs = vec![b"one".to_vec(), b"two".to_vec()];
    let two = || Tlv::Bytes(b"two".to_vec());
    for (json, value) in [
        (
            " [ 1 , -0 , 1e2 , 1E-1, 0.5 ] ",
            Tlv::List(vec![
                Tlv::Int(1),
                Tlv::Int(0),
                Tlv::Float(100.0),
                Tlv::Float(0.1),
                Tlv::Float(0.5),
            ]),
        ),
        ("1e999", Tlv::Float(f64::INFINITY)),
        ("-1e999", Tlv::Float(f64::NEG_INFINITY)),
        (r#""\u00e9\ud83e\udd80\/""#, text("é🦀/")),
        ("{ }", dict([])),
        ("[ \n ]", Tlv::List(vec![])),
        (r#" { "\u0024blob" : 1 } "#, two()),
        (r#"{"\u0024\u0066loat":"\u006ean"}"#, Tlv::Float(f64::NAN)),
        (
            r#"[{"$blob":1},{"$blob":1}]"#,
            Tlv::List(vec![two(), two()]),
        ),
        (
            r#"{"$\u0024blob":{"$$$float" : [{"$blob":1}] } }"#,
            dict([("$blob", dict([("$$float", Tlv::List(vec![two()]))]))]),
        ),
        (
            r#"{"$blob":5,"$float":6}"#,
            dict([("$blob", Tlv::Int(5)), ("$float", Tlv::Int(6))]),
        ),
        (
            r#"{"a":1,"$blob":5}"#,
            dict([("a", Tlv::Int(1)), ("$blob", Tlv::Int(5))]),
        ),
        (r#"{"$bytes":"AA=="}"#, dict([("$bytes", text("AA=="))])),
    ] {
        assert_eq!(from_app(json, &blobs).unwrap(), result(value), "{json}");
    }
}

#[test]
fn dollars_are_dropped_wherever_they_are() {
    let inner = |depth: usize, dollars: &str| {
        let open = format!(r#"{{"{dollars}blob":[1,"#).repeat(depth);
        format!("{open}{{}}{}", "]}".repeat(depth))
    };
    let mut expected = dict([]);
    for _ in 0..50 {
        expected = dict([("$blob", Tlv::List(vec![Tlv::Int(1), expected]))]);
    }
    let json = format!("[{0},{0}]", inner(50, "$$"));
    let both = Tlv::List(vec![expected.clone(), expected]);
    assert_eq!(from_app(&json, &vec![]).unwrap(), result(both));
}

#[test]
fn what_cannot_be_sent_is_told() {
    let long = "9".repeat(1000);
    for (json, fault) in [
        (
            "9223372036854775808",
            "the integer 9223372036854775808 does not fit into 64 bits, and this client's protocol has none longer: send it as a string or a float",
        ),
        (
            "[-9223372036854775809]",
            "the integer -9223372036854775809 does not fit into 64 bits, and this client's protocol has none longer: send it as a string or a float",
        ),
        (
            &long,
            &format!(
                "the integer {} does not fit into 64 bits, and this client's protocol has none longer: send it as a string or a float",
                &long[..64]
            ),
        ),
        (
            r#"["\ud800"]"#,
            r#"the string "\ud800" has half a surrogate pair, which is no Unicode text"#,
        ),
        (
            r#"{"\udc00":1}"#,
            r#"the string "\udc00" has half a surrogate pair, which is no Unicode text"#,
        ),
        (r#"{"$blob":1}"#, "`$blob` is 1, which names no binary"),
        (r#"{"$blob":-1}"#, "`$blob` is -1, which names no binary"),
        (r#"{"$blob":0.0}"#, "`$blob` is 0.0, which names no binary"),
        (
            r#"{"$blob":"0"}"#,
            "`$blob` is \"0\", which names no binary",
        ),
        (
            r#"{"$blob": [0] }"#,
            "`$blob` is [0], which names no binary",
        ),
        (
            r#"{"$float":"NaN"}"#,
            "`$float` is \"NaN\", which must be \"nan\", \"inf\" or \"-inf\"",
        ),
        (
            r#"{"$float":1}"#,
            "`$float` is 1, which must be \"nan\", \"inf\" or \"-inf\"",
        ),
        ("", "malformed JSON at byte 0: expected a value"),
        ("[1", "malformed JSON at byte 2: expected `,` or `]`"),
        (
            r#"{"a":1]"#,
            "malformed JSON at byte 6: expected `,` or `}`",
        ),
        ("[1}", "malformed JSON at byte 2: expected `,` or `]`"),
        ("[1,]", "malformed JSON at byte 3: expected a value"),
        (
            r#"{"a":1,}"#,
            "malformed JSON at byte 7: expected a key in double quotes",
        ),
        (
            "1 2",
            "malformed JSON at byte 2: expected the end of the text",
        ),
    ] {
        let told = from_app(json, &vec![b"x".to_vec()]).unwrap_err();
        assert_eq!(told.to_string(), fault, "{json}");
    }
}

#[test]
fn what_the_host_says_itself_has_no_escapes() {
    let mut out = Vec::new();
    let json = r#"{"$blob":3,"a":{"$float":"x"},"b":{"$$blob":1}}"#;
    write_response(&mut out, "1", json.into(), 1000).unwrap();
    let value = dict([
        ("$blob", Tlv::Int(3)),
        ("a", dict([("$float", text("x"))])),
        ("b", dict([("$$blob", Tlv::Int(1))])),
    ]);
    assert_eq!(&out[HEADER_BYTES..], result(value));
}

proptest! {
    // An app that returns what it got: not a byte may differ.
    #[test]
    fn every_value_survives_the_way_to_an_app_and_back(value in value()) {
        let (json, blobs) = to_app(&value);
        prop_assert_eq!(check_value(&json), Ok(()));
        prop_assert_eq!(from_app(&json, &blobs).unwrap(), result(value));
    }

    #[test]
    fn text_that_is_json_or_not_never_panics(
        json in r#"[\[\]{}",:\\u0-9eE.+\- $blofatn]{0,40}"#,
    ) {
        let sound = check_value(&json).is_ok();
        match from_app(&json, &vec![vec![1], vec![2]]) {
            Ok(_) => prop_assert!(sound),
            Err(ReplyFault::Json(_)) => prop_assert!(!sound),
            Err(_) => {}
        }
    }
}
