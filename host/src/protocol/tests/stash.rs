#![allow(clippy::unwrap_used)]

use bytes::Bytes;

use super::super::{Message, read_envelope};
use super::*;

fn read(text: &str) -> Result<StashRequest, String> {
    match read_envelope(&Bytes::copy_from_slice(text.as_bytes())) {
        Ok(Message::Stash { id, request }) => {
            assert_eq!(id.as_str(), "7", "{text}");
            Ok(request)
        }
        Ok(other) => panic!("{text}: {other:?}"),
        Err(refused) => {
            assert_eq!(refused.id.as_str(), "7", "{text}");
            Err(refused.to_string())
        }
    }
}

#[test]
fn every_operation_has_its_number() {
    for (index, operation) in StashOperation::ALL.into_iter().enumerate() {
        assert_eq!(usize::from(operation.number()), index + 1);
        let text = format!(
            r#"{{"type":"stash","id":7,"op":{},"table":"t","key":"k"}}"#,
            index + 1
        );
        assert_eq!(read(&text).unwrap().operation, operation);
    }
}

#[test]
fn a_value_stays_the_text_that_was_sent() {
    let text = r#"{"type":"stash","id":7,"op":1,"table":"caf\u00e9","key":"k","value": [1e999, {"a" : "\ud800"}] }"#;
    let request = read(text).unwrap();
    assert_eq!(
        (&*request.table, request.key.as_deref()),
        ("café", Some("k"))
    );
    let value = request.value.unwrap();
    assert_eq!(&*value.json, r#"[1e999, {"a" : "\ud800"}]"#);
    assert_eq!((value.blobs.len(), value.len_bytes()), (0, 25));
}

#[test]
fn what_is_not_sent_is_not_there() {
    let request = read(r#"{"type":"stash","id":7,"op":9}"#).unwrap();
    assert_eq!((&*request.table, &request.key), ("", &None));
    assert_eq!((&request.value, &request.pattern), (&None, &None));
    let request = read(r#"{"type":"stash","id":7,"op":4,"table":"t","pattern":"a*"}"#).unwrap();
    assert_eq!(request.pattern.as_deref(), Some("a*"));
}

#[test]
fn a_whole_number_is_a_key_by_its_digits() {
    let request = read(r#"{"type":"stash","id":7,"op":2,"table":"t","key":-42}"#).unwrap();
    assert_eq!(request.key.as_deref(), Some("-42"));
}

#[test]
fn refusals_say_what_is_wrong() {
    for (members, message) in [
        ("", "the message lacks `op`"),
        (r#","op":0"#, "`op` must be a number from 1 to 10"),
        (r#","op":11"#, "`op` must be a number from 1 to 10"),
        (r#","op":"get""#, "`op` must be a number from 1 to 10"),
        (r#","op":1,"value":1"#, "the message lacks `key`"),
        (r#","op":2"#, "the message lacks `key`"),
        (r#","op":3"#, "the message lacks `key`"),
        (
            r#","op":2,"key":1.5"#,
            "`key` must be a string of Unicode text",
        ),
        (
            r#","op":9,"table":1"#,
            "`table` must be a string of Unicode text",
        ),
        (
            r#","op":4,"pattern":[]"#,
            "`pattern` must be a string of Unicode text",
        ),
        (
            r#","op":9,"op":9"#,
            "the message has `op` twice: send it once",
        ),
    ] {
        let text = format!(r#"{{"type":"stash","id":7{members}}}"#);
        assert_eq!(read(&text).unwrap_err(), message, "{text}");
    }
}

#[test]
fn a_value_that_is_no_unicode_is_refused() {
    let frame = b"{\"type\":\"stash\",\"id\":7,\"op\":1,\"key\":\"k\",\"value\":\"\xff\"}";
    let error = read_envelope(&Bytes::from_static(frame)).unwrap_err();
    assert_eq!(error.fault, EnvelopeFault::NotUtf8 { at: 49 });
}
