use bytes::BytesMut;
use proptest::prelude::*;

use super::super::header::{HEADER_BYTES, Header, Kind};
use super::super::{begun_frame, bytes_wanted, decode_frame};
use super::model::frame_of;
use crate::protocol::{Dialect, FrameError};

#[test]
fn the_dialect_is_known_by_its_first_two_bytes() {
    for (bytes, dialect) in [
        (&b""[..], None),
        (b"G", None),
        (b"GD", Some(Dialect::Gd)),
        (b"GD\x01", Some(Dialect::Gd)),
        (b"GE", Some(Dialect::Json)),
        (b"D", Some(Dialect::Json)),
        (&[0], Some(Dialect::Json)),
        (&[0, 0, 0, 2], Some(Dialect::Json)),
    ] {
        assert_eq!(Dialect::detect(bytes), dialect, "{bytes:?}");
    }
    assert_eq!(Dialect::of_frame(b"GD\x01"), Dialect::Gd);
    for frame in [&b"{}"[..], b" {}", b"\n{}"] {
        assert_eq!(Dialect::of_frame(frame), Dialect::Json);
    }
}

#[test]
fn a_header_has_its_sixteen_bytes() {
    let header = Header {
        kind: Kind::Manage,
        len: 0x01020304,
        id: 0x05060708090a0b0c,
    };
    let bytes = *b"GD\x01\x12\x01\x02\x03\x04\x05\x06\x07\x08\x09\x0a\x0b\x0c";
    assert_eq!(header.to_bytes(), bytes);
    assert_eq!(Header::read(&bytes), Ok(Some(header)));
}

#[test]
fn frames_come_out_whole_however_they_arrive() {
    let frames = [
        frame_of(Kind::Status, 1, b""),
        frame_of(Kind::Request, 2, &[7; 300]),
        frame_of(Kind::Stash, u64::MAX, b"abc"),
    ];
    let sent = frames.concat();
    for split in 0..=sent.len() {
        let mut buf = BytesMut::new();
        let mut received = Vec::new();
        for part in [&sent[..split], &sent[split..]] {
            buf.extend_from_slice(part);
            while let Some(frame) = decode_frame(&mut buf, 300).unwrap() {
                received.push(frame);
            }
        }
        assert_eq!(received, frames);
        assert!(buf.is_empty());
    }
}

#[test]
fn a_header_that_makes_no_sense_is_refused_as_soon_as_it_shows() {
    let too_large = FrameError::TooLarge { len: 11, max: 10 };
    for (bytes, error) in [
        (&b"{"[..], FrameError::NoMagic),
        (b"Gd", FrameError::NoMagic),
        (b"GD\x02", FrameError::UnknownVersion { version: 2 }),
        (b"GD\x01\x06", FrameError::UnknownType { code: 6 }),
        (b"GD\x01\x00", FrameError::UnknownType { code: 0 }),
        (b"GD\x01\x01\0\0\0\x0b\0\0\0\0\0\0\0\0", too_large),
    ] {
        for len in 0..bytes.len() {
            let mut buf = BytesMut::from(&bytes[..len]);
            assert_eq!(decode_frame(&mut buf, 10), Ok(None), "{bytes:?}");
        }
        let mut buf = BytesMut::from(bytes);
        assert_eq!(decode_frame(&mut buf, 10), Err(error), "{bytes:?}");
    }
}

#[test]
fn of_an_unfinished_frame_the_beginning_and_the_missing_length_are_known() {
    let sent = frame_of(Kind::Request, 1, b"hello");
    assert_eq!(begun_frame(&sent[..HEADER_BYTES - 1]), None);
    for len in HEADER_BYTES..sent.len() {
        assert_eq!(
            begun_frame(&sent[..len]),
            Some((&sent[..len], sent.len() - len))
        );
    }
}

#[test]
fn memory_is_reserved_only_for_what_has_begun_to_arrive() {
    let len = 64 << 20;
    let header = Header {
        kind: Kind::Request,
        len: u32::try_from(len).unwrap(),
        id: 1,
    };
    let mut buf = BytesMut::from(&header.to_bytes()[..]);
    let mut reads = 0;
    let frame = loop {
        if let Some(frame) = decode_frame(&mut buf, len).unwrap() {
            break frame;
        }
        let wanted = bytes_wanted(&buf);
        assert!(wanted > 0 && (buf.len() >= 1 << 20 || wanted <= buf.len().max(16 << 10)));
        buf.resize(buf.len() + wanted, 0);
        reads += 1;
    };
    assert_eq!(frame.len(), HEADER_BYTES + len);
    assert!(reads < 20, "{reads} reads");
    assert!(buf.capacity() < 1 << 20);
}

proptest! {
    #[test]
    fn any_bytes_are_frames_or_an_error(bytes in prop::collection::vec(any::<u8>(), 0..64)) {
        let mut buf = BytesMut::from(&[b"GD\x01\x01\0\0\0", &bytes[..]].concat()[..]);
        while let Ok(Some(frame)) = decode_frame(&mut buf, 32) {
            prop_assert!((HEADER_BYTES..=HEADER_BYTES + 32).contains(&frame.len()));
        }
        prop_assert!(bytes_wanted(&buf) > 0);
    }
}
