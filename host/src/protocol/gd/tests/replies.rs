use super::super::header::{HEADER_BYTES, Header, Kind};
use super::super::{write_chunk, write_end, write_error, write_response};
use super::model::{Tlv, dict, text};
use crate::protocol::{ERROR_TEXT_BYTES_MAX, FrameError, ReplyFault, WireError};

fn parts(out: &[u8]) -> (Kind, u64, &[u8]) {
    let header = Header::read(out).unwrap().unwrap();
    let payload = &out[HEADER_BYTES..];
    assert_eq!(payload.len(), usize::try_from(header.len).unwrap());
    (header.kind, header.id, payload)
}

#[test]
fn writes_each_reply_as_its_clients_expect_it() {
    let mut out = Vec::new();
    write_response(&mut out, "18446744073709551615", "[1]".into(), 100).unwrap();
    let result = dict([("result", Tlv::List(vec![Tlv::Int(1)]))]).encode();
    assert_eq!(parts(&out), (Kind::Response, u64::MAX, &result[..]));

    out.clear();
    write_chunk(&mut out, "7", "null".into(), 100).unwrap();
    let data = dict([("data", Tlv::None)]).encode();
    assert_eq!(parts(&out), (Kind::Chunk, 7, &data[..]));

    out.clear();
    write_end(&mut out, "7");
    assert_eq!(parts(&out), (Kind::End, 7, &b""[..]));

    // Where no request could be read, there is no id.
    out.clear();
    write_end(&mut out, "null");
    assert_eq!(parts(&out), (Kind::End, 0, &b""[..]));
}

#[test]
fn an_error_has_its_details() {
    let error = WireError::dirty("é")
        .with("a", 1)
        .with("b", 1.5)
        .with("c", u64::MAX)
        .with("d", serde_json::json!([null, true, {"$blob": "x"}]));
    let mut out = Vec::new();
    write_error(&mut out, "3", &error);
    let details = dict([
        ("a", Tlv::Int(1)),
        ("b", Tlv::Float(1.5)),
        ("c", Tlv::Float(u64::MAX as f64)),
        (
            "d",
            Tlv::List(vec![
                Tlv::None,
                Tlv::Bool(true),
                dict([("$blob", text("x"))]),
            ]),
        ),
    ]);
    let error = dict([
        ("error_type", text("DirtyError")),
        ("message", text("é")),
        ("details", details),
    ]);
    let payload = dict([("error", error)]).encode();
    assert_eq!(parts(&out), (Kind::Error, 3, &payload[..]));
}

#[test]
fn a_long_error_is_cut() {
    let error = WireError::app("a", "b", "m", Some("t".repeat(2 << 20)));
    let mut out = Vec::new();
    write_error(&mut out, "3", &error);
    assert!(out.len() < ERROR_TEXT_BYTES_MAX + 1000);
    assert!(out.windows(5).any(|window| window == "(cut)".as_bytes()));
}

#[test]
fn a_reply_above_the_limit_is_not_begun() {
    let json = "[".to_owned() + &"1,".repeat(99) + "1]";
    // Two dicts' and a list's beginnings, the name, and nine bytes for each number.
    let len = 5 + 11 + 5 + 900;
    let mut out = b"before".to_vec();
    let fault = write_response(&mut out, "1", (&*json).into(), len - 1).unwrap_err();
    assert_eq!(
        fault,
        ReplyFault::Frame(FrameError::TooLarge { len, max: len - 1 })
    );
    assert_eq!(out, b"before");
    write_response(&mut out, "1", (&*json).into(), len).unwrap();
    assert_eq!(out.len(), 6 + HEADER_BYTES + len);
}

#[test]
fn what_grows_beyond_the_limit_is_given_up_on_the_way() {
    let json = "[".to_owned() + &"1,".repeat(1 << 20) + "1]";
    let mut out = Vec::new();
    write_response(&mut out, "1", (&*json).into(), 1000).unwrap_err();
    assert!(out.capacity() < 10_000, "{}", out.capacity());
}
