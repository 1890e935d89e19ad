//! Clients of the two dialects that read each other's values, by way of an app or of the stash.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use proptest::prelude::*;

use super::super::header::{HEADER_BYTES, Kind};
use super::model::{Tlv, dict, frame_of, request, text, value};
use crate::protocol::{Dialect, ReplyValue};

/// The value as a client of the JSON dialect writes it.
fn json_of(value: &Tlv) -> String {
    let all = |items: Vec<String>| items.join(",");
    let quoted = |text: &str| serde_json::to_string(text).unwrap();
    match value {
        Tlv::None => "null".to_owned(),
        Tlv::Bool(value) => value.to_string(),
        Tlv::Int(number) => number.to_string(),
        Tlv::Float(number) if number.is_finite() => serde_json::to_string(number).unwrap(),
        Tlv::Float(number) => format!(r#"{{"$float":"{}"}}"#, number.to_string().to_lowercase()),
        Tlv::Bytes(bytes) => format!(r#"{{"$bytes":"{}"}}"#, STANDARD.encode(bytes)),
        Tlv::Text(text) => quoted(text),
        Tlv::List(items) => format!("[{}]", all(items.iter().map(json_of).collect())),
        Tlv::Dict(pairs) => {
            let dollar = match &pairs[..] {
                [(key, _)] if key.starts_with('$') && key.trim_start_matches('$') == "bytes" => "$",
                _ => "",
            };
            let member = |(key, value): &(String, Tlv)| {
                format!("{}:{}", quoted(&format!("{dollar}{key}")), json_of(value))
            };
            format!("{{{}}}", all(pairs.iter().map(member).collect()))
        }
    }
}

/// The value with numbers that JSON can say.
fn finite(value: Tlv) -> Tlv {
    match value {
        Tlv::Float(number) if !number.is_finite() => Tlv::Float(0.5),
        Tlv::List(items) => Tlv::List(items.into_iter().map(finite).collect()),
        Tlv::Dict(pairs) => {
            let finite = |(key, value)| (key, finite(value));
            Tlv::Dict(pairs.into_iter().map(finite).collect())
        }
        value => value,
    }
}

/// What a client of a dialect gets of an app that returns its arguments.
fn echoed(frame: &[u8], to: Dialect) -> Vec<u8> {
    let request = Dialect::of_frame(frame).read_request(frame).unwrap();
    let value = ReplyValue::App {
        json: &request.args,
        blobs: &request.blobs,
    };
    let mut out = Vec::new();
    to.write_response(&mut out, "7", value, 1 << 24).unwrap();
    out
}

fn json_to_gd(args: &str) -> Vec<u8> {
    let frame = format!(r#"{{"type":"request","id":7,"app_path":"a","action":"b","args":{args}}}"#);
    echoed(frame.as_bytes(), Dialect::Gd).split_off(HEADER_BYTES)
}

fn gd_to_json(args: Vec<Tlv>) -> String {
    let frame = frame_of(Kind::Request, 7, &request(args, vec![]).encode());
    let reply = String::from_utf8(echoed(&frame, Dialect::Json).split_off(4)).unwrap();
    let result = reply.strip_prefix(r#"{"type":"response","id":7,"result":"#);
    result.unwrap().strip_suffix('}').unwrap().to_owned()
}

#[test]
fn a_literal_object_is_the_same_for_both() {
    for (json, value) in [
        (r#"{"$bytes":"/+8="}"#, Tlv::Bytes(vec![0xff, 0xef])),
        (r#"{"$$bytes":"AA=="}"#, dict([("$bytes", text("AA=="))])),
        (r#"{"$blob":0}"#, dict([("$blob", Tlv::Int(0))])),
        (r#"{"$$blob":0}"#, dict([("$$blob", Tlv::Int(0))])),
        (r#"{"$float":"nan"}"#, dict([("$float", text("nan"))])),
        (r#"{"$float":5}"#, dict([("$float", Tlv::Int(5))])),
    ] {
        let result = dict([("result", Tlv::List(vec![value.clone()]))]);
        assert_eq!(json_to_gd(&format!("[{json}]")), result.encode(), "{json}");
        assert_eq!(gd_to_json(vec![value]), format!("[{json}]"));
    }
}

proptest! {
    #[test]
    fn every_value_survives_the_way_from_json_to_this_dialect(value in value()) {
        let value = finite(value);
        let result = dict([("result", Tlv::List(vec![value.clone()]))]);
        prop_assert_eq!(json_to_gd(&format!("[{}]", json_of(&value))), result.encode());
    }

    #[test]
    fn every_value_survives_the_way_from_this_dialect_to_json(value in value()) {
        prop_assert_eq!(gd_to_json(vec![value.clone()]), format!("[{}]", json_of(&value)));
    }
}
