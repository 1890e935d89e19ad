//! The bytes of a connection, cut into frames: the same ones however they arrive.

use bytes::{Bytes, BytesMut};

use crate::protocol::{Dialect, FrameError};

const FRAME_BYTES_MAX: usize = 200;
const GD_HEADER_BYTES: usize = 16;
/// In one read at most so much room is made for what has not arrived.
const ROOM_BYTES_MAX: usize = 16 << 10;
/// So many places are tried to cut the input in two.
const CUTS_MAX: usize = 40;

/// What came out of a connection until its end.
#[derive(Debug, PartialEq)]
struct Received {
    frames: Vec<Bytes>,
    /// What was left, or why there was no reading on.
    rest: Result<Bytes, FrameError>,
}

/// Takes any bytes.
pub(crate) fn frames(data: &[u8]) {
    let Some(dialect) = detect(data) else {
        assert!(data.is_empty() || data == b"G", "two bytes tell");
        return;
    };
    let whole = receive(dialect, [data]);
    for at in (0..=data.len()).step_by(data.len() / CUTS_MAX + 1) {
        let (head, tail) = data.split_at(at);
        assert_eq!(receive(dialect, [head, tail]), whole, "cut at {at}");
    }
    assert_eq!(receive(dialect, data.chunks(1)), whole);
    check_frames(dialect, data, &whole);
}

/// Once it is known, what follows does not change it.
fn detect(data: &[u8]) -> Option<Dialect> {
    let mut found = None;
    for len in 0..=data.len().min(8) {
        let dialect = Dialect::detect(&data[..len]);
        assert!(found.is_none() || found == dialect);
        found = dialect;
    }
    found
}

fn receive<'a>(dialect: Dialect, parts: impl IntoIterator<Item = &'a [u8]>) -> Received {
    let mut buf = BytesMut::new();
    let mut frames = Vec::new();
    for part in parts {
        buf.extend_from_slice(part);
        loop {
            match dialect.decode_frame(&mut buf, FRAME_BYTES_MAX) {
                Ok(Some(frame)) => frames.push(frame),
                Ok(None) => break,
                Err(error) => {
                    let rest = Err(error);
                    return Received { frames, rest };
                }
            }
        }
        check_unfinished(dialect, &buf);
    }
    let rest = Ok(buf.freeze());
    Received { frames, rest }
}

/// What is told of a frame that has not arrived as a whole.
fn check_unfinished(dialect: Dialect, buf: &BytesMut) {
    let wanted = dialect.bytes_wanted(buf);
    assert!((1..=ROOM_BYTES_MAX).contains(&wanted));
    if let Some((beginning, missing)) = dialect.begun_frame(buf) {
        assert!(missing > 0 && beginning.len() + missing <= FRAME_BYTES_MAX + GD_HEADER_BYTES);
        assert!(buf.ends_with(beginning));
    }
}

/// Together the frames are what arrived, and none is above the limit.
fn check_frames(dialect: Dialect, data: &[u8], received: &Received) {
    let mut sent = Vec::new();
    for frame in &received.frames {
        match dialect {
            Dialect::Json => {
                assert!((1..=FRAME_BYTES_MAX).contains(&frame.len()));
                sent.extend_from_slice(&u32::try_from(frame.len()).unwrap().to_be_bytes());
            }
            Dialect::Gd => {
                let payload = frame.len() - GD_HEADER_BYTES;
                assert!(payload <= FRAME_BYTES_MAX);
                assert_eq!(frame[4..8], u32::try_from(payload).unwrap().to_be_bytes());
                assert_eq!(Dialect::of_frame(frame), Dialect::Gd);
            }
        }
        sent.extend_from_slice(frame);
    }
    assert!(data.starts_with(&sent));
    if let Ok(rest) = &received.rest {
        assert_eq!([&sent[..], rest].concat(), data);
    }
}
