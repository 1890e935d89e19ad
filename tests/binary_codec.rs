//! The codec of the binary dialect against gunicorn's own, which writes thousands of messages and
//! judges what becomes of them. The checks themselves are Python, in `peers/codec.py`.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod harness;

use std::io::{Read, Write};
use std::process::{Command, Stdio};

use bytes::BytesMut;
use dirty_host::protocol::{Dialect, FRAME_BYTES_MAX_DEFAULT, ReplyValue, WireError};
use harness::cli::clean;
use harness::{paths, python};

#[test]
fn gunicorns_codec_and_ours_agree() {
    let script = paths::repository().join("tests/peers/codec.py");
    let mut peer = clean(Command::new(python::python(python::BINARY_DIALECT)))
        .arg("-B")
        .arg(script)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut to_peer = peer.stdin.take().unwrap();
    let mut from_peer = peer.stdout.take().unwrap();
    let mut buf = BytesMut::new();
    loop {
        while let Some(frame) = Dialect::Gd
            .decode_frame(&mut buf, FRAME_BYTES_MAX_DEFAULT)
            .unwrap()
        {
            // A peer that has found a difference has ended, and says so below.
            let _ = to_peer.write_all(&answer(&frame));
        }
        let mut some = [0; 1 << 16];
        let count = from_peer.read(&mut some).unwrap();
        if count == 0 {
            break;
        }
        buf.extend_from_slice(&some[..count]);
    }
    let output = peer.wait_with_output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(
        output.status.success() && said.trim_end().ends_with("compared 12000 messages"),
        "{said}"
    );
}

/// The reply of an app that returns its `args`, or the JSON text in them.
fn answer(frame: &[u8]) -> Vec<u8> {
    let dialect = Dialect::of_frame(frame);
    let mut out = Vec::new();
    match dialect.read_request(frame) {
        Ok(request) => {
            let said: [String; 1];
            let json = match &*request.action {
                "say" => {
                    said = serde_json::from_str(&request.args).unwrap();
                    &said[0]
                }
                _ => &*request.args,
            };
            let result = ReplyValue::App {
                json,
                blobs: &request.blobs,
            };
            let id = &request.id;
            let written = dialect.write_response(&mut out, id, result, FRAME_BYTES_MAX_DEFAULT);
            if let Err(fault) = written {
                dialect.write_error(&mut out, id, &WireError::dirty(fault.to_string()));
            }
        }
        Err(refused) => {
            dialect.write_error(&mut out, refused.id.as_str(), &refused.to_wire(frame));
        }
    }
    out
}
