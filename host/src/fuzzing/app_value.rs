//! JSON text that an app returns or emits, on its way to a client of either dialect, and from one of
//! the binary dialect to an app again.

use super::binary_message::frame_of;
use super::json::{BareFloat, Json, Members};
use super::tlv::{Tlv, dict};
use super::{FRAME_BYTES_MAX, json};
use crate::protocol::{Dialect, FrameError, ReplyFault, ReplyValue, check_value};

const HEADER_BYTES: usize = 16;
/// A binary that is not copied unless there is room for it.
const LARGE: &[u8] = &[7; 64 << 10];
const BLOBS: [&[u8]; 3] = [b"", b"\x00\xff", LARGE];

/// Blobs as a call has them.
fn blobs() -> Vec<&'static [u8]> {
    BLOBS.to_vec()
}

/// Takes any bytes.
pub(crate) fn app_value(data: &[u8]) {
    let Ok(json) = std::str::from_utf8(data) else {
        return;
    };
    let tree = json::parse(data);
    let plain = tree.as_ref().and_then(|tree| tree.to_tlv(None));
    assert_eq!(write(json.into(), FRAME_BYTES_MAX).ok(), plain.map(result));

    let blobs = blobs();
    let value = ReplyValue::Unchecked {
        json,
        blobs: &blobs,
    };
    let written = write(value, FRAME_BYTES_MAX);
    let expected = tree.as_ref().and_then(|tree| tree.to_tlv(Some(&blobs)));
    match &tree {
        Some(tree) => check_json_dialect(tree, value),
        None => {
            let refused = Dialect::Json.write_response(&mut vec![], "7", value, FRAME_BYTES_MAX);
            assert!(matches!(refused, Err(ReplyFault::Json(_))));
        }
    }
    match (written, expected) {
        (Ok(payload), Some(tlv)) => {
            check_limit(value, &payload);
            check_return(&tlv);
            assert_eq!(payload, result(tlv));
        }
        (Err(ReplyFault::Json(_)), None) => assert!(tree.is_none(), "it is sound JSON"),
        // Of several faults the first is told.
        (Err(_), None) => {}
        (Ok(_), None) => panic!("sent what it has no words for"),
        (Err(fault), Some(_)) => panic!("did not send what it has words for: {fault}"),
    }
}

/// A client of the JSON dialect gets what the app means.
fn check_json_dialect(tree: &Json, value: ReplyValue<'_>) {
    let ReplyValue::Unchecked { blobs, .. } = value else {
        return;
    };
    let mut out = Vec::new();
    let written = Dialect::Json.write_response(&mut out, "7", value, FRAME_BYTES_MAX);
    let Some(meant) = tree.of_app(blobs, BareFloat::Passes) else {
        assert!(matches!(written, Err(ReplyFault::NoSuchBlob { .. })));
        return;
    };
    // A blob may be too large for a frame only in numbers that no input here has.
    written.expect("JSON has words for everything else");
    let frame = &out[4..];
    let Some(Members(members)) = json::members(frame) else {
        // The frame is one level deeper.
        return assert!(check_value(std::str::from_utf8(frame).unwrap()).is_err());
    };
    let (_, sent) = members.last().unwrap();
    let sent = json::parse(sent.get().as_bytes()).expect("it is a part of sound JSON");
    assert_eq!(sent.of_client(), Some(meant));
}

fn result(value: Tlv) -> Vec<u8> {
    dict([("result", value)]).encode()
}

/// The payload of a response with this value.
fn write(value: ReplyValue<'_>, frame_bytes_max: usize) -> Result<Vec<u8>, ReplyFault> {
    let mut out = b"before".to_vec();
    let written = Dialect::Gd.write_response(&mut out, "7", value, frame_bytes_max);
    match written {
        Ok(()) => Ok(out.split_off("before".len() + HEADER_BYTES)),
        Err(fault) => {
            assert_eq!(out, b"before");
            // An error costs no more memory than the limit and the text; a buffer grows by doubling.
            assert!(out.capacity() <= 4 * (frame_bytes_max + value.json().len() + 256));
            Err(fault)
        }
    }
}

/// The limit is exact, and found before there is memory for more.
fn check_limit(value: ReplyValue<'_>, payload: &[u8]) {
    let len = payload.len();
    assert!(write(value, len).is_ok());
    for max in [0, len / 2, len - 1] {
        let refused = write(value, max).unwrap_err();
        assert!(matches!(
            refused,
            ReplyFault::Frame(FrameError::TooLarge { .. })
        ));
    }
}

/// As an argument it is the same value for an app, and so on for ever.
fn check_return(value: &Tlv) {
    let request = |value: &Tlv| {
        let members = [
            ("app_path", Tlv::Text("a".into())),
            ("action", Tlv::Text("b".into())),
            ("args", Tlv::List(vec![value.clone()])),
        ];
        frame_of(1, &dict(members).encode())
    };
    let frame = request(value);
    let Ok(first) = Dialect::Gd.read_request(&frame) else {
        // An argument is two levels deeper than a result.
        assert!(Tlv::decode(&dict([("args", Tlv::List(vec![value.clone()]))]).encode()).is_none());
        return;
    };
    let tree = json::parse(first.args.as_bytes()).expect("apps get sound JSON");
    let blobs: Vec<&[u8]> = first.blobs.iter().map(AsRef::as_ref).collect();
    let again = tree.to_tlv(Some(&blobs)).expect("it came from TLV");
    assert_eq!(again.encode(), Tlv::List(vec![value.clone()]).encode());
    let Tlv::List(items) = again else {
        panic!("args are a list");
    };
    let frame = request(&items[0]);
    let second = Dialect::Gd.read_request(&frame).expect("it is the same");
    assert_eq!((&first.args, &first.blobs), (&second.args, &second.blobs));
}
