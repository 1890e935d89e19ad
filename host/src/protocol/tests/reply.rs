#![allow(clippy::unwrap_used)]

use bytes::BytesMut;

use super::super::{FrameError, decode_frame};
use super::*;

const MAX: usize = 1 << 20;

fn payload(write: impl FnOnce(&mut Vec<u8>)) -> String {
    let mut out = b"before".to_vec();
    write(&mut out);
    let mut buf = BytesMut::from(&out["before".len()..]);
    let frame = decode_frame(&mut buf, MAX).unwrap().unwrap();
    assert!(buf.is_empty());
    String::from_utf8(frame.to_vec()).unwrap()
}

#[test]
fn writes_each_reply_as_its_clients_expect_it() {
    let response = payload(|out| write_response(out, r#""a""#, "1e999", MAX).unwrap());
    assert_eq!(response, r#"{"type":"response","id":"a","result":1e999}"#);
    let chunk = payload(|out| write_chunk(out, "7", r#"{"k": "\ud800"}"#, MAX).unwrap());
    assert_eq!(chunk, r#"{"type":"chunk","id":7,"data":{"k": "\ud800"}}"#);
    let end = payload(|out| write_end(out, "null"));
    assert_eq!(end, r#"{"type":"end","id":null}"#);
    let error = payload(|out| write_error(out, "1", &WireError::dirty("m")));
    assert_eq!(
        error,
        r#"{"type":"error","id":1,"error":{"error_type":"DirtyError","message":"m","details":{}}}"#
    );
}

#[test]
fn what_was_written_is_read() {
    let text = payload(|out| write_response(out, "7", "[1, null]", MAX).unwrap());
    let reply = read_reply(text.as_bytes()).unwrap();
    assert_eq!(reply.id, "7");
    assert!(matches!(reply.body, ReplyBody::Response(result) if result.get() == "[1, null]"));

    let text = payload(|out| write_chunk(out, r#""x""#, "null", MAX).unwrap());
    let reply = read_reply(text.as_bytes()).unwrap();
    assert_eq!(reply.id, r#""x""#);
    assert!(matches!(reply.body, ReplyBody::Chunk(data) if data.get() == "null"));

    let text = payload(|out| write_end(out, "7"));
    assert!(matches!(
        read_reply(text.as_bytes()).unwrap().body,
        ReplyBody::End
    ));

    let sent = WireError::app("a", "b", "m", Some("t".repeat(2 << 20)));
    let text = payload(|out| write_error(out, "null", &sent));
    let reply = read_reply(text.as_bytes()).unwrap();
    assert_eq!(reply.id, "null");
    assert!(matches!(reply.body, ReplyBody::Error(error) if error.message == "m"));
}

#[test]
fn what_nobody_has_checked_is_checked_as_it_is_written() {
    let blobs = vec![b"x"];
    let unchecked = |json| ReplyValue::Unchecked {
        json,
        blobs: &blobs,
    };
    for (json, written) in [
        (r#"[1, "$"]"#, r#"[1, "$"]"#),
        (
            r#"[{"$blob":0},{"$$blob":0}]"#,
            r#"[{"$bytes":"eA=="},{"$blob":0}]"#,
        ),
    ] {
        let text = payload(|out| write_response(out, "7", unchecked(json), MAX).unwrap());
        let expected = format!(r#"{{"type":"response","id":7,"result":{written}}}"#);
        assert_eq!(text, expected);
    }
    let mut out = b"before".to_vec();
    for json in ["", "[1", r#"{"$blob":0} 1"#, "nan"] {
        let refused = write_response(&mut out, "7", unchecked(json), MAX);
        assert!(matches!(refused, Err(ReplyFault::Json(_))), "{json}");
    }
    assert_eq!(out, b"before");
}

#[test]
fn a_reply_above_the_limit_is_not_begun() {
    let mut out = b"before".to_vec();
    let result = "1".repeat(100);
    let error = write_response(&mut out, "1", &result, 100).unwrap_err();
    let too_large = FrameError::TooLarge { len: 136, max: 100 };
    assert_eq!(error, ReplyFault::Frame(too_large));
    assert_eq!(out, b"before");
    write_response(&mut out, "1", &result, 136).unwrap();
}

#[test]
fn what_is_no_reply_is_an_error() {
    for text in [
        "",
        "[]",
        r#"{"id":1}"#,
        r#"{"type":"request","id":1}"#,
        r#"{"type":"error","id":1}"#,
        r#"{"type":"end","id":1} x"#,
        r#"{"type":"response","id":1,"result":NaN}"#,
    ] {
        assert!(read_reply(text.as_bytes()).is_err(), "{text}");
    }
}
