#![allow(clippy::unwrap_used)]

use super::*;
use crate::config::StashSettings;

fn stash() -> Stash {
    Stash::new(StashSettings {
        bytes_max: 1 << 20,
        table_bytes_max: 1 << 20,
        keys_max: 2,
        tables_max: 10,
    })
}

fn request(operation: StashOperation, table: &str, key: Option<&str>) -> StashRequest {
    StashRequest {
        operation,
        table: table.to_owned(),
        key: key.map(str::to_owned),
        value: None,
        pattern: None,
    }
}

#[test]
fn every_operation_answers_in_its_shape() {
    use StashOperation::*;
    let now = Instant::now();
    let mut stash = stash();
    for (operation, table, key, expected) in [
        (Tables, "", None, json!([])),
        (Exists, "t", None, json!(false)),
        (Keys, "t", None, json!([])),
        (Clear, "t", None, json!(true)),
        (Delete, "t", Some("k"), json!(false)),
        (DeleteTable, "t", None, json!(false)),
        (Ensure, "t", None, json!(true)),
        (Ensure, "t", None, json!(true)),
        (Exists, "t", None, json!(true)),
        (Exists, "t", Some("k"), json!(false)),
        (Put, "t", Some("k"), json!(true)),
        (Put, "u", Some("größe"), json!(true)),
        (Exists, "t", Some("k"), json!(true)),
        (Info, "t", None, json!({"size": 1, "table": "t"})),
        (Keys, "u", None, json!(["größe"])),
        (Tables, "", None, json!(["t", "u"])),
        (Clear, "u", None, json!(true)),
        (Info, "u", None, json!({"size": 0, "table": "u"})),
        (Delete, "t", Some("k"), json!(true)),
        (DeleteTable, "t", None, json!(true)),
    ] {
        let answer = perform(&mut stash, now, request(operation, table, key));
        assert_eq!(answer, Ok(Answer::Fact(expected)), "{operation:?} {table}");
    }
}

#[test]
fn a_value_comes_back_and_one_that_was_not_sent_is_null() {
    let now = Instant::now();
    let mut stash = stash();
    for (sent, json) in [(Some("[1.0]"), "[1.0]"), (None, "null")] {
        let put = StashRequest {
            value: sent.map(StashValue::from_json),
            ..request(StashOperation::Put, "t", Some("k"))
        };
        perform(&mut stash, now, put).unwrap();
        let get = request(StashOperation::Get, "t", Some("k"));
        let expected = StashValue::from_json(json);
        let got = perform(&mut stash, now, get);
        assert_eq!(got, Ok(Answer::Value(&expected)));
    }
}

#[test]
fn a_pattern_chooses_among_keys() {
    let now = Instant::now();
    let mut stash = stash();
    for key in ["a1", "b1"] {
        perform(
            &mut stash,
            now,
            request(StashOperation::Put, "t", Some(key)),
        )
        .unwrap();
    }
    for (pattern, expected) in [("a*", json!(["a1"])), ("", json!(["a1", "b1"]))] {
        let keys = StashRequest {
            pattern: Some(pattern.to_owned()),
            ..request(StashOperation::Keys, "t", None)
        };
        let answer = perform(&mut stash, now, keys);
        assert_eq!(answer, Ok(Answer::Fact(expected)), "{pattern}");
    }
}

#[test]
fn what_does_not_fit_into_a_frame_is_an_error() {
    let value = StashValue::from_json("1".repeat(100));
    let answer = Answer::Value(&value);
    let error = encode(&answer, Dialect::Json, &RawId::null(), 100).unwrap_err();
    assert!(error.message.contains("max: 100"), "{error}");
    let reply = encode(&answer, Dialect::Json, &RawId::null(), 1000).unwrap();
    assert!(reply.ends_with(b"1}"));
}
