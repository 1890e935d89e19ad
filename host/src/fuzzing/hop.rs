//! What a mold or a worker sends to the arbiter, or gets from it. A guest has no say in it, but an
//! arbiter that a broken child could bring down would bring every app down.

use bytes::{Bytes, BytesMut};

use crate::process::hop::{Down, Header, HopError, Up, bytes_wanted, next_message};

const FRAME_BYTES_MAX: usize = 1 << 10;
/// In one read at most so much room is made for what has not arrived.
const ROOM_BYTES_MAX: usize = 1 << 20;

/// Takes any bytes.
pub(crate) fn hop(data: &[u8]) {
    let whole = receive([data]);
    assert_eq!(receive(data.chunks(1)), whole);
    for message in messages(data) {
        stable(&message, Up::decode, |up| {
            let encoded = up.encode();
            [encoded.head(), &encoded.body].concat()
        });
        let decode = |header, payload| Down::decode_with(header, payload, |_| None);
        stable(&message, decode, |down| {
            let encoded = down.encode();
            [encoded.head(), &encoded.body].concat()
        });
    }
}

/// The messages up to the end, or up to one that no link reads on after; and what is left.
fn receive<'a>(parts: impl IntoIterator<Item = &'a [u8]>) -> (Vec<Bytes>, Option<Bytes>) {
    let mut buf = BytesMut::new();
    let mut payloads = Vec::new();
    for part in parts {
        buf.extend_from_slice(part);
        loop {
            match next_message(&mut buf, FRAME_BYTES_MAX) {
                Ok(Some((_, payload))) => payloads.push(payload),
                Ok(None) => break,
                Err(HopError::TooLong(_)) => return (payloads, None),
                Err(error) => panic!("not found by the length alone: {error}"),
            }
        }
        assert!((1..=ROOM_BYTES_MAX).contains(&bytes_wanted(&buf)));
    }
    (payloads, Some(buf.freeze()))
}

fn messages(data: &[u8]) -> Vec<(Header, Bytes)> {
    let mut buf = BytesMut::from(data);
    let next = || next_message(&mut buf, FRAME_BYTES_MAX).ok().flatten();
    std::iter::from_fn(next).collect()
}

/// A message that is read, written and read again is the same.
fn stable<T: PartialEq + std::fmt::Debug>(
    (header, payload): &(Header, Bytes),
    decode: fn(Header, Bytes) -> Result<T, HopError>,
    encode: fn(&T) -> Vec<u8>,
) {
    let Ok(read) = decode(*header, payload.clone()) else {
        return;
    };
    let again = |message: &T| {
        let mut buf = BytesMut::from(&encode(message)[..]);
        // A number may be written longer than it came, and a text with more escapes.
        let (header, payload) = next_message(&mut buf, 1 << 20).unwrap().unwrap();
        assert!(buf.is_empty());
        decode(header, payload).unwrap()
    };
    assert_eq!(again(&read), read);
}
