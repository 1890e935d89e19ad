//! A graceful stop and replies that are not read yet: they are delivered first, within the grace,
//! and unless somebody insists. How a stop treats calls in flight is in `serve_cli`.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod harness;

use std::io::{Read, Write};
use std::os::unix::net::UnixStream;
use std::time::{Duration, Instant};

use harness::processes::Process;
use harness::wire::{framed, request};
use harness::{App, Host, PATIENCE, wait_until};
use nix::sys::signal::Signal;

const REPLY_BYTES: usize = 30 << 20;
const FIRST_BYTES: usize = 64 << 10;
/// What a slow client reads at once, and how long it takes for that.
const PIECE_BYTES: usize = 256 << 10;
const PIECE_PACE: Duration = Duration::from_millis(10);
/// What a stop may take that waits for nobody, on a busy machine.
const AT_ONCE: Duration = Duration::from_secs(10);

/// A host whose grace is so many seconds.
fn demo_with_grace(seconds: u32) -> Host {
    Host::builder()
        .set(&format!("graceful_timeout = {seconds}"))
        .app(App::demo().workers(1))
        .start()
}

/// A client that has read the beginning of a large reply, and that beginning.
fn client_amid_its_reply(host: &Host) -> (UnixStream, Vec<u8>) {
    let mut stream = UnixStream::connect(&host.socket).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    let call = request("x", "demo", "big", &format!("[{REPLY_BYTES}]"), "");
    stream.write_all(&framed(call.as_bytes())).unwrap();
    let mut received = vec![0; FIRST_BYTES];
    stream.read_exact(&mut received).unwrap();
    (stream, received)
}

/// Asks the host to stop and waits until the reply is all that it has left to do.
fn stop_but_for_the_reply(host: &Host) {
    host.signal(Signal::SIGTERM);
    wait_until("the end of workers and molds", PATIENCE, || {
        host.children().is_empty()
    });
    assert!(
        Process::of(host.pid()).is_some(),
        "the host ended before its client had the reply"
    );
}

/// Reads to the end of the connection, a piece at a time.
fn read_slowly(stream: &mut UnixStream, received: &mut Vec<u8>) {
    let mut piece = vec![0; PIECE_BYTES];
    loop {
        let read_at = Instant::now();
        let count = stream.read(&mut piece).unwrap();
        if count == 0 {
            return;
        }
        received.extend_from_slice(&piece[..count]);
        wait_until("the time for the next piece", PATIENCE, || {
            read_at.elapsed() >= PIECE_PACE
        });
    }
}

/// Panics unless this is one frame, whole, with the reply in it.
#[track_caller]
fn assert_is_the_reply(received: &[u8]) {
    let (length, payload) = received.split_first_chunk().unwrap();
    assert_eq!(payload.len(), u32::from_be_bytes(*length) as usize);
    let frame: serde_json::Value = serde_json::from_slice(payload).unwrap();
    assert_eq!(frame["id"], "x");
    let text = frame["result"].as_str().unwrap();
    assert_eq!(text.len(), REPLY_BYTES);
    assert!(text.bytes().all(|byte| byte == b'x'));
}

#[test]
fn a_reply_that_is_still_being_read_is_delivered_before_the_host_ends() {
    // Only that the reply is read can end the stop within the time of a test.
    let mut host = demo_with_grace(600);
    let (mut stream, mut received) = client_amid_its_reply(&host);
    stop_but_for_the_reply(&host);
    read_slowly(&mut stream, &mut received);
    assert_is_the_reply(&received);
    assert_eq!(host.wait_exit(AT_ONCE).code(), Some(0));
}

#[test]
fn a_second_term_does_not_wait_for_a_client_that_has_not_read_its_reply() {
    let mut host = demo_with_grace(600);
    let (mut stream, mut received) = client_amid_its_reply(&host);
    stop_but_for_the_reply(&host);
    host.signal(Signal::SIGTERM);
    assert_eq!(host.wait_exit(AT_ONCE).code(), Some(0));
    stream.read_to_end(&mut received).unwrap();
    assert!(
        received.len() < REPLY_BYTES,
        "the client cannot have had it all"
    );
}

#[test]
fn a_client_that_does_not_read_its_reply_holds_up_a_stop_for_the_grace_only() {
    let mut host = demo_with_grace(1);
    let (_stream, _received) = client_amid_its_reply(&host);
    let asked = Instant::now();
    assert_eq!(host.stop().code(), Some(0));
    let took = asked.elapsed();
    assert!(took >= Duration::from_secs(1), "it had its grace: {took:?}");
    assert!(took < AT_ONCE, "took {took:?}");
}
