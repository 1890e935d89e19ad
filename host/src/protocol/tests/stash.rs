#![allow(clippy::unwrap_used)]

use bytes::Bytes;

use super::super::intake::{BLOBS_MAX, IntakeFault};
use super::super::{Message, read_envelope};
use super::*;

fn read(text: &str) -> Result<StashRequest, String> {
    let frame = Bytes::copy_from_slice(text.as_bytes());
    let Ok(Message::Stash { id }) = read_envelope(&frame) else {
        panic!("{text}");
    };
    assert_eq!(id.as_str(), "7", "{text}");
    read_json_stash(&frame, usize::MAX).map_err(|fault| fault.to_string())
}

#[test]
fn every_operation_has_its_number() {
    for (index, operation) in StashOperation::ALL.into_iter().enumerate() {
        assert_eq!(usize::from(operation.number()), index + 1);
    }
    let (table, key) = (|| "t".to_owned(), || "k".to_owned());
    let value = || StashValue::from_json("[1]");
    let old = StashValue::from_json("null");
    #[rustfmt::skip]
    let requests = [
        StashRequest::Put { table: table(), key: key(), value: value(), ttl: Some(Duration::from_millis(2500)) },
        StashRequest::Get { table: table(), key: key() },
        StashRequest::Delete { table: table(), key: key() },
        StashRequest::Keys { table: table(), pattern: Some("a*".into()) },
        StashRequest::Clear { table: table() },
        StashRequest::Info { table: table() },
        StashRequest::Ensure { table: table() },
        StashRequest::DeleteTable { table: table() },
        StashRequest::Tables,
        StashRequest::Exists { table: table(), key: Some(key()) },
        StashRequest::Increment { table: table(), key: key(), delta: -9 },
        StashRequest::CompareAndSwap {
            table: table(), key: key(), expected: Some(old), value: value(), ttl: Some(Duration::from_millis(2500)),
        },
    ];
    for (number, request) in (1..).zip(requests) {
        let text = format!(
            r#"{{"type":"stash","id":7,"op":{number},"table":"t","key":"k","value":[1],"ttl":2.5,
            "pattern":"a*","delta":-9,"expected":null}}"#
        );
        assert_eq!(read(&text), Ok(request));
    }
}

#[test]
fn a_value_stays_the_text_that_was_sent() {
    let text = r#"{"type":"stash","id":7,"op":1,"table":"caf\u00e9","key":"k","value": [1e999, {"a" : "\ud800"}] }"#;
    let Ok(StashRequest::Put { table, value, .. }) = read(text) else {
        panic!("{text}");
    };
    assert_eq!(table, "café");
    assert_eq!(&*value.json, r#"[1e999, {"a" : "\ud800"}]"#);
    assert_eq!((value.blobs.len(), value.len_bytes()), (0, 25));
}

#[test]
fn what_is_not_sent_is_not_there() {
    let (table, key) = (String::new, || "k".to_owned());
    let null = StashValue::from_json("null");
    #[rustfmt::skip]
    let requests = [
        (1, StashRequest::Put { table: table(), key: key(), value: null.clone(), ttl: None }),
        (4, StashRequest::Keys { table: table(), pattern: None }),
        (9, StashRequest::Tables),
        (11, StashRequest::Increment { table: table(), key: key(), delta: 1 }),
        (12, StashRequest::CompareAndSwap { table: table(), key: key(), expected: None, value: null, ttl: None }),
    ];
    for (number, request) in requests {
        let text = format!(r#"{{"type":"stash","id":7,"op":{number},"key":"k"}}"#);
        assert_eq!(read(&text), Ok(request));
    }
    let table = String::new();
    let exists = StashRequest::Exists { table, key: None };
    assert_eq!(read(r#"{"type":"stash","id":7,"op":10}"#), Ok(exists));
}

#[test]
fn a_whole_number_is_a_key_by_its_digits() {
    let request = read(r#"{"type":"stash","id":7,"op":2,"table":"t","key":-42}"#);
    let (table, key) = ("t".to_owned(), "-42".to_owned());
    assert_eq!(request, Ok(StashRequest::Get { table, key }));
}

#[test]
fn a_request_survives_the_way_from_an_app() {
    let value = StashValue {
        json: "[\"ä\",{\"$blob\":1}]".into(),
        blobs: vec![Bytes::new(), Bytes::from_static(b"\0\xff")],
    };
    let swap = StashRequest::CompareAndSwap {
        table: "t".into(),
        key: "k".into(),
        expected: Some(value.clone()),
        value,
        ttl: Some(Duration::from_nanos(1)),
    };
    let bytes = postcard::to_allocvec(&swap).unwrap();
    assert_eq!(postcard::from_bytes(&bytes), Ok(swap));
    for cut in 0..bytes.len() {
        assert!(postcard::from_bytes::<StashRequest>(&bytes[..cut]).is_err());
    }
}

#[test]
fn refusals_say_what_is_wrong() {
    for (members, message) in [
        ("", "the message lacks `op`"),
        (r#","op":0"#, "`op` must be a number from 1 to 12"),
        (r#","op":13"#, "`op` must be a number from 1 to 12"),
        (r#","op":"get""#, "`op` must be a number from 1 to 12"),
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
        (r#","op":11"#, "the message lacks `key`"),
        (r#","op":12,"value":1"#, "the message lacks `key`"),
        (
            r#","op":1,"key":"k","ttl":0"#,
            "`ttl` must be a number of seconds above 0",
        ),
        (
            r#","op":1,"key":"k","ttl":"1""#,
            "`ttl` must be a number of seconds above 0",
        ),
        (
            r#","op":11,"key":"k","delta":1.0"#,
            "`delta` must be a whole number of 64 bits",
        ),
        (
            r#","op":11,"key":"k","delta":9223372036854775808"#,
            "`delta` must be a whole number of 64 bits",
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
    let fault = read_json_stash(frame, usize::MAX).unwrap_err();
    assert_eq!(fault, EnvelopeFault::NotUtf8 { at: 49 });
}

/// What becomes of a value that may have so many bytes.
fn read_value(value: &str, bytes_max: usize) -> Result<StashRequest, EnvelopeFault> {
    let frame =
        format!(r#"{{"type":"stash","id":7,"op":1,"table":"t","key":"k","value":{value}}}"#);
    read_json_stash(frame.as_bytes(), bytes_max)
}

#[test]
fn a_value_is_refused_as_soon_as_it_is_too_long() {
    for (value, len) in [
        ("[1,2,3]", 7),
        (r#"[{"$blob":0}]"#, 14),
        (r#"[{"$bytes":"YWI="}]"#, 13 + 2),
    ] {
        assert!(read_value(value, len).is_ok(), "{value}");
        let fault = IntakeFault::TooLarge { max: len - 1 }.into();
        assert_eq!(read_value(value, len - 1), Err(fault), "{value}");
    }
    // It is not read to its end: there it is no base64.
    let value = format!(
        r#"[{}{{"$bytes":"?"}}]"#,
        r#"{"$bytes":"YWI="},"#.repeat(100)
    );
    let fault = IntakeFault::TooLarge { max: 1000 }.into();
    assert_eq!(read_value(&value, 1000), Err(fault));
}

#[test]
fn the_binaries_of_a_value_are_counted() {
    let value = |blobs: usize| format!("[{}0]", r#"{"$bytes":""},"#.repeat(blobs));
    let Ok(StashRequest::Put { value: put, .. }) = read_value(&value(BLOBS_MAX), usize::MAX) else {
        panic!("so many there may be");
    };
    assert_eq!(put.blobs.len(), BLOBS_MAX);
    let refused = read_value(&value(BLOBS_MAX + 1), usize::MAX);
    assert_eq!(refused, Err(IntakeFault::TooManyBlobs.into()));
}

#[test]
fn the_binaries_of_an_apps_value_are_counted_when_they_arrive() {
    let with_blobs = |blobs| StashValue {
        json: "0".into(),
        blobs: vec![Bytes::new(); blobs],
    };
    let arrives = |value: &StashValue| {
        let bytes = postcard::to_allocvec(value).unwrap();
        postcard::from_bytes::<StashValue>(&bytes)
    };
    let most = with_blobs(BLOBS_MAX);
    assert_eq!(arrives(&most).as_ref(), Ok(&most));
    assert!(arrives(&with_blobs(BLOBS_MAX + 1)).is_err());
}

#[test]
fn a_value_that_is_one_binary() {
    let value = |json: &str, blobs: &[&'static [u8]]| StashValue {
        json: json.into(),
        blobs: blobs.iter().copied().map(Bytes::from_static).collect(),
    };
    let binary = StashValue::from_binary(&b"\0"[..]);
    assert_eq!(binary.as_binary().map(|bytes| &bytes[..]), Some(&b"\0"[..]));
    assert!(value(" {\"$blob\" : 0}\n", &[b""]).as_binary().is_some());
    for other in [
        value(r#"{"$blob":1}"#, &[b"x"]),
        value(r#"[{"$blob":0}]"#, &[b"x"]),
        value(r#"{"$blob":0}"#, &[]),
        value(r#"{"$blob":0}"#, &[b"x", b"y"]),
    ] {
        assert!(other.as_binary().is_none(), "{other:?}");
    }
}
