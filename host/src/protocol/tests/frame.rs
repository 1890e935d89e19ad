#![allow(clippy::unwrap_used)]

use proptest::prelude::*;

use super::*;

fn framed(payloads: &[&[u8]]) -> Vec<u8> {
    let mut out = Vec::new();
    for payload in payloads {
        append_frame(&mut out, usize::MAX, |out| out.extend_from_slice(payload)).unwrap();
    }
    out
}

#[test]
fn frames_come_out_whole_however_they_arrive() {
    let payloads: [&[u8]; 3] = [b"a", b"bcd", &[7; 300]];
    let sent = framed(&payloads);
    for split in 0..=sent.len() {
        let mut buf = BytesMut::new();
        let mut received = Vec::new();
        for part in [&sent[..split], &sent[split..]] {
            buf.extend_from_slice(part);
            while let Some(payload) = decode_frame(&mut buf, 300).unwrap() {
                received.push(payload);
            }
        }
        assert_eq!(received, payloads);
        assert!(buf.is_empty());
    }
}

#[test]
fn a_length_out_of_bounds_is_refused_before_its_payload() {
    let mut empty = BytesMut::from(&[0, 0, 0, 0][..]);
    assert_eq!(decode_frame(&mut empty, 10), Err(FrameError::Empty));
    let mut large = BytesMut::from(&[0, 0, 0, 11][..]);
    let too_large = FrameError::TooLarge { len: 11, max: 10 };
    assert_eq!(decode_frame(&mut large, 10), Err(too_large));
}

#[test]
fn memory_is_reserved_only_for_what_has_begun_to_arrive() {
    let len = FRAME_BYTES_MAX_DEFAULT;
    let mut buf = BytesMut::from(&u32::try_from(len).unwrap().to_be_bytes()[..]);
    let mut reads = 0;
    let frame = loop {
        if let Some(frame) = decode_frame(&mut buf, len).unwrap() {
            break frame;
        }
        let wanted = bytes_wanted(&buf);
        if buf.len() < TRUSTED_BYTES {
            assert!(wanted <= READ_BYTES_MIN.max(buf.len()));
        }
        assert!(wanted > 0);
        buf.resize(buf.len() + wanted, b' ');
        reads += 1;
    };
    assert_eq!(frame.len(), len);
    assert!(reads < 20, "{reads} reads");
    assert!(buf.capacity() < TRUSTED_BYTES, "{}", buf.capacity());
}

#[test]
fn of_an_unfinished_frame_the_beginning_and_the_missing_length_are_known() {
    let sent = framed(&[b"hello"]);
    assert_eq!(begun_frame(&sent[..3]), None);
    assert_eq!(begun_frame(&sent[..4]), Some((&b""[..], 5)));
    assert_eq!(begun_frame(&sent[..6]), Some((&b"he"[..], 3)));
}

#[test]
fn a_large_frame_leaves_the_beginning_of_the_next_one() {
    let mut buf = BytesMut::from(&framed(&[&vec![1; 2 << 20], b"next"])[..]);
    assert_eq!(
        decode_frame(&mut buf, 4 << 20).unwrap().unwrap().len(),
        2 << 20
    );
    assert_eq!(decode_frame(&mut buf, 4 << 20).unwrap().unwrap(), "next");
}

#[test]
fn what_is_too_large_leaves_the_output_as_it_was() {
    let mut out = framed(&[b"first"]);
    let before = out.clone();
    let result = append_frame(&mut out, 3, |out| out.extend_from_slice(b"1234"));
    assert_eq!(result, Err(FrameError::TooLarge { len: 4, max: 3 }));
    assert_eq!(out, before);
}

proptest! {
    #[test]
    fn any_bytes_are_frames_or_an_error(bytes in prop::collection::vec(any::<u8>(), 0..64)) {
        let mut buf = BytesMut::from(&bytes[..]);
        while let Ok(Some(frame)) = decode_frame(&mut buf, 32) {
            prop_assert!(!frame.is_empty() && frame.len() <= 32);
        }
        prop_assert!(bytes_wanted(&buf) > 0);
    }
}
