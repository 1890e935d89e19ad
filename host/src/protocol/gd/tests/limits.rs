use std::hint::black_box;

use bytes::Bytes;
use proptest::prelude::*;

use super::super::header::{HEADER_BYTES, Kind};
use super::super::{read_beginning, read_envelope, read_request, write_response};
use super::model::{Tlv, dict, frame_of, request, text, value};
use crate::protocol::{DEPTH_MAX, Message, ReplyFault, ReplyValue};

fn refused(payload: &[u8]) -> String {
    let error = read_request(&frame_of(Kind::Request, 7, payload)).unwrap_err();
    assert_eq!(error.id.as_str(), "7");
    error.to_string()
}

fn nested(depth: usize) -> Tlv {
    (1..depth).fold(Tlv::List(vec![]), |inner, _| Tlv::List(vec![inner]))
}

#[test]
fn depth_counts_the_whole_message() {
    // The message's dict, the list of arguments, and the argument.
    let deepest = request(vec![nested(DEPTH_MAX - 2)], vec![]).encode();
    let frame = frame_of(Kind::Request, 7, &deepest);
    assert_eq!(
        read_request(&frame).unwrap().args.len(),
        2 * (DEPTH_MAX - 1)
    );
    let deeper = request(vec![nested(DEPTH_MAX - 1)], vec![]).encode();
    let at = HEADER_BYTES + deeper.len() - "kwargs".len() - 10 - 5;
    assert_eq!(
        refused(&deeper),
        format!("the value at byte {at} is more than 128 lists and dicts deep: send it flatter")
    );
    // The arbiter does not mind: it has no stack to lose, and the worker answers.
    let hostile = request(vec![nested(1000)], vec![]).encode();
    assert!(read_envelope(&frame_of(Kind::Request, 7, &hostile)).is_ok());
    assert!(refused(&hostile).contains("deep"));
}

#[test]
fn an_apps_result_may_be_as_deep_as_in_the_other_dialect() {
    let json = "[".repeat(DEPTH_MAX) + &"]".repeat(DEPTH_MAX);
    let mut out = Vec::new();
    write_response(&mut out, "1", (&*json).into(), 10_000).unwrap();
    let fault = write_response(&mut out, "1", (&*format!("[{json}]")).into(), 10_000);
    assert!(fault.unwrap_err().to_string().contains("deep"));
}

#[test]
fn counts_and_lengths_are_believed_no_further_than_the_message_reaches() {
    let args = |list: &[u8]| {
        let mut payload = dict([("app_path", text("a")), ("action", text("b"))]).encode();
        payload[4] = 3;
        payload.extend(text("args").encode());
        payload.extend(list);
        payload
    };
    let at = HEADER_BYTES + args(b"").len();
    for (list, fault) in [
        // 2^20 elements are allowed, but none is there.
        (
            &[0x20, 0, 0x10, 0, 0][..],
            format!(
                "Truncated TLV data: the value at byte {} goes beyond the message",
                at + 5
            ),
        ),
        (
            &[0x20, 0, 0x10, 0, 1],
            format!("the list or dict at byte {at} is too large: 1048577 items (max: 1048576)"),
        ),
        (
            &[0x21, 0xff, 0xff, 0xff, 0xff],
            format!("the list or dict at byte {at} is too large: 4294967295 items (max: 1048576)"),
        ),
        (
            &[0x20, 0, 0],
            format!("Truncated TLV data: the value at byte {at} goes beyond the message"),
        ),
        (
            &[],
            format!("Truncated TLV data: the value at byte {at} goes beyond the message"),
        ),
        (
            &[0x20, 0, 0, 0, 1, 0x10, 0xff, 0xff, 0xff, 0xff, 0],
            format!(
                "Truncated TLV data: the value at byte {} goes beyond the message",
                at + 5
            ),
        ),
        (
            &[0x20, 0, 0, 0, 1, 0x05, 0, 0],
            format!(
                "Truncated TLV data: the value at byte {} goes beyond the message",
                at + 5
            ),
        ),
        (
            &[0x20, 0, 0, 0, 1, 0x02],
            format!("Unknown TLV type code: 0x02 at byte {}", at + 5),
        ),
        (
            &[0x20, 0, 0, 0, 1, 0x11, 0, 0, 0, 1, 0xff],
            format!("Invalid UTF-8 in the string at byte {}", at + 5),
        ),
        (
            &[0x20, 0, 0, 0, 1, 0x21, 0, 0, 0, 1, 0x00, 0x00],
            format!(
                "Dict key must be string: the one at byte {} is not",
                at + 10
            ),
        ),
        (
            &[0x20, 0, 0, 0, 0, 0, 0],
            "Trailing data after TLV: 2 bytes".to_owned(),
        ),
    ] {
        assert_eq!(refused(&args(list)), fault, "{list:?}");
    }
    assert_eq!(refused(&[0x20, 0, 0, 0, 0]), "the message must be a dict");
}

#[test]
fn what_an_existing_client_would_refuse_is_not_sent() {
    let items = |count: usize| format!("[{}1]", "1,".repeat(count - 1));
    let mut out = Vec::new();
    write_response(&mut out, "1", (&*items(1 << 20)).into(), 1 << 24).unwrap();
    let fault = write_response(&mut out, "1", (&*items((1 << 20) + 1)).into(), 1 << 24);
    assert_eq!(fault, Err(ReplyFault::TooManyItems { max: 1 << 20 }));
}

#[test]
fn one_large_binary_named_many_times_is_given_up_on_the_way() {
    let blobs = vec![vec![0; 1 << 16]];
    let json = format!("[{}1]", r#"{"$blob":0},"#.repeat(10_000));
    let value = ReplyValue::App {
        json: &json,
        blobs: &blobs,
    };
    let mut out = Vec::new();
    write_response(&mut out, "1", value, 1 << 20).unwrap_err();
    assert!(out.capacity() <= 4 << 20, "{}", out.capacity());
}

/// Reads a frame in every way, and checks what that holds.
fn read(frame: &Bytes) -> Result<(), TestCaseError> {
    black_box(read_beginning(frame));
    let envelope = read_envelope(frame);
    match read_request(frame) {
        Ok(request) => {
            // The longest that a byte gets: `\u0001`; the longest that a value's gets is an escape.
            let bytes_max = 16 * frame.len();
            prop_assert!(request.args.len() + request.kwargs.len() <= bytes_max);
            prop_assert!(request.blobs.len() <= frame.len() / 5);
            serde_json::from_str::<serde::de::IgnoredAny>(&request.args).unwrap();
            serde_json::from_str::<serde::de::IgnoredAny>(&request.kwargs).unwrap();
            let Ok(Message::Request(envelope)) = envelope else {
                return Err(TestCaseError::fail(format!(
                    "the arbiter refuses it: {envelope:?}"
                )));
            };
            prop_assert_eq!(envelope.app_path.as_str(), &*request.app_path);
            prop_assert_eq!(envelope.id.as_str(), &*request.id);
        }
        Err(error) => {
            black_box(error.to_string());
        }
    }
    Ok(())
}

proptest! {
    #[test]
    fn any_bytes_are_a_message_or_an_error(
        kind in prop::sample::select(vec![Kind::Request, Kind::Stash, Kind::Manage, Kind::Status]),
        payload in prop::collection::vec(prop_oneof![
            prop::sample::select(vec![0, 1, 5, 6, 0x10, 0x11, 0x20, 0x21]),
            any::<u8>(),
        ], 0..80),
    ) {
        read(&frame_of(kind, 1, &payload))?;
        read(&Bytes::from(payload))?;
    }

    #[test]
    fn damaged_messages_are_messages_or_errors(
        args in prop::collection::vec(value(), 0..4),
        kwargs in prop::collection::vec((any::<String>(), value()), 0..3),
        at: prop::sample::Index,
        with in prop::collection::vec(any::<u8>(), 0..4),
        cut: prop::sample::Index,
    ) {
        let mut payload = request(args, kwargs).encode();
        let at = at.index(payload.len());
        let end = payload.len().min(at + with.len());
        payload.splice(at..end, with);
        read(&frame_of(Kind::Request, 1, &payload))?;
        read(&frame_of(Kind::Request, 1, &payload[..cut.index(payload.len())]))?;
    }
}
