//! What happens where somebody does not read, or where there is more to say than fits: clients
//! that leave replies unread, streams that stall, messages to molds, status answers.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod harness;

use std::collections::BTreeSet;
use std::io::{Read, Write};
use std::os::fd::AsFd;
use std::os::unix::net::UnixStream;
use std::time::{Duration, Instant};

use harness::wire::{framed, request};
use harness::{App, Host, PATIENCE, Wire, processes, wait_for, wait_until};
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::signal::Signal;
use serde_json::{Value, json};

const KIB: usize = 1 << 10;
const MIB: usize = 1 << 20;
const STATUS: &str = r#"{"type":"status","id":"status"}"#;
const WRITE_TIMEOUT: Duration = Duration::from_secs(1);

/// A connection whose test decides what is read of it, and when.
fn raw_client(host: &Host) -> UnixStream {
    let stream = UnixStream::connect(&host.socket).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    stream.set_write_timeout(Some(PATIENCE)).unwrap();
    stream
}

/// Whether the host has closed a connection, however much of it is unread.
fn is_closed(stream: &UnixStream) -> bool {
    let mut descriptors = [PollFd::new(stream.as_fd(), PollFlags::empty())];
    poll(&mut descriptors, PollTimeout::ZERO).unwrap();
    descriptors[0]
        .revents()
        .is_some_and(|events| events.contains(PollFlags::POLLHUP))
}

/// The sockets that the arbiter has open.
fn sockets(host: &Host) -> BTreeSet<String> {
    processes::open_descriptors(host.pid())
        .into_values()
        .filter(|target| target.starts_with("socket:"))
        .collect()
}

/// A new connection, and the arbiter's end of it.
fn connect_and_find(host: &Host) -> (UnixStream, String) {
    let before = sockets(host);
    let stream = raw_client(host);
    let socket = wait_for("the arbiter's end of the connection", PATIENCE, || {
        sockets(host).difference(&before).next().cloned()
    });
    (stream, socket)
}

/// Panics if the first mold of an app is not the one that serves it still.
#[track_caller]
fn assert_is_the_first_mold(host: &Host, app: &str) {
    assert_eq!(host.status().app(app).generation, 1);
    assert_eq!(host.stderr.count_of("mold died"), 0);
}

#[test]
fn an_app_with_hundreds_of_workers_starts_at_the_first_attempt() {
    let workers = 400;
    let host = Host::demo(workers);
    host.wait_workers("demo", workers as usize);
    assert_is_the_first_mold(&host, "demo");
    assert_eq!(host.status().app("demo").restarts, 0);
    assert_eq!(host.call("demo", "fib", json!([10])).result(), json!(55));
}

/// A line of an app's configuration that no socket takes at once.
fn large_setting() -> String {
    format!("text = \"{}\"", "x".repeat(400 * KIB))
}

#[test]
fn an_app_with_a_large_configuration_starts_at_the_first_attempt() {
    // A guest that looks at neither its configuration nor the names of actions.
    let app = App::fixture("bad_json").workers(1).config(&large_setting());
    let host = Host::serving(app);
    assert_eq!(
        host.call("bad_json", "any", json!([])).result(),
        json!(null)
    );
    assert_is_the_first_mold(&host, "bad_json");
}

#[test]
fn a_large_configuration_reaches_the_app() {
    let app = App::demo().workers(1).config(&large_setting());
    let host = Host::builder().app(app).launch();
    host.wait_listening();
    let status = host.wait_status("the demo refuses a key that it does not know", |status| {
        status.app("demo").last_error.is_some()
    });
    let reason = status.app("demo").last_error.clone().unwrap();
    assert!(reason.contains("`text`"), "{reason}");
    assert_eq!(host.stderr.count_of("mold died"), 0);
}

#[test]
fn a_client_that_asks_for_much_and_reads_nothing_is_disconnected() {
    let calls = 60;
    let host = Host::builder()
        .set("max_frame = \"1MiB\"")
        // Not what ends the connection here.
        .set("write_timeout = 0")
        .app(App::demo().workers(2))
        .app(App::demo().named("other").workers(1))
        .start();
    let mut greedy = raw_client(&host);
    let mut bystander = host.connect();
    let requests: Vec<u8> = (0..calls)
        .flat_map(|number| {
            let args = format!("[{}]", 512 * KIB);
            let more = r#","multiplex":true"#;
            framed(request(&format!("id-{number}"), "demo", "big", &args, more).as_bytes())
        })
        .collect();
    greedy.write_all(&requests).unwrap();
    let mut peak = 0;
    wait_until("the greedy client is disconnected", PATIENCE, || {
        assert_eq!(
            bystander.call("other", "fib", &json!([10])).result(),
            json!(55)
        );
        peak = processes::private_memory(host.pid()).max(peak);
        is_closed(&greedy)
    });
    // Four of the largest frames, what is on its way, the arbiter itself; the replies are 30 MiB.
    assert!(peak < 16 * MIB as u64, "the host held {peak} bytes");
    assert_eq!(host.call("demo", "fib", json!([10])).result(), json!(55));
    let served = host.status().app("demo").calls;
    assert!(
        served < calls,
        "calls of a client that is gone are dropped: {served}"
    );
}

#[test]
fn a_status_that_does_not_fit_into_a_frame_is_an_error() {
    let host = Host::builder()
        .set("max_frame = 4096")
        .app(App::demo().workers(100))
        .start();
    let mut wire = host.connect();
    // It still fits while few workers have been forked.
    let frame = wait_for("the status grows too large", PATIENCE, || {
        wire.send(STATUS);
        Some(wire.read()).filter(|frame| frame.kind() == "error")
    });
    assert_eq!(frame.raw("id"), r#""status""#);
    let failure = frame.failure().of_type("DirtyError");
    assert!(
        failure.message.contains("4096"),
        "the limit is named: {failure:?}"
    );
    assert_eq!(wire.call("demo", "fib", &json!([10])).result(), json!(55));
}

#[test]
fn a_status_and_a_call_in_one_write_are_both_answered() {
    let host = Host::demo(1);
    let call = request("call", "demo", "fib", "[10]", "");
    for messages in [[STATUS, &call], [&call, STATUS]] {
        let mut wire = host.connect();
        let bytes = messages.map(|message| framed(message.as_bytes())).concat();
        wire.send_bytes(&bytes);
        let frames = [wire.read(), wire.read()];
        for frame in &frames {
            assert_eq!(frame.kind(), "response", "{frame:?}");
        }
        let ids: BTreeSet<&str> = frames.iter().map(|frame| frame.raw("id")).collect();
        assert_eq!(ids, [r#""call""#, r#""status""#].into());
    }
}

/// A host that closes connections whose clients do not read.
fn with_write_timeout() -> Host {
    Host::builder()
        .set(&format!("write_timeout = {}", WRITE_TIMEOUT.as_secs()))
        .set("cancel_grace = 0.2")
        .app(App::fixture("chunks_then_result").workers(1))
        .start()
}

/// Asks for more than any socket holds.
fn ask_for_a_long_stream(stream: &mut UnixStream) {
    let args = format!("[1000, {}]", 64 * KIB);
    let call = request("x", "chunks_then_result", "emit", &args, "");
    stream.write_all(&framed(call.as_bytes())).unwrap();
}

/// Does this every 50 ms, for so long.
fn slowly(duration: Duration, mut step: impl FnMut(Duration)) {
    let start = Instant::now();
    let mut next_at = start;
    while start.elapsed() < duration {
        wait_until("the time for the next step", PATIENCE, || {
            Instant::now() >= next_at
        });
        next_at += Duration::from_millis(50);
        step(start.elapsed());
    }
}

#[test]
fn a_client_that_reads_a_long_stream_slowly_is_not_closed() {
    let host = with_write_timeout();
    let mut slow = raw_client(&host);
    ask_for_a_long_stream(&mut slow);
    slowly(3 * WRITE_TIMEOUT, |elapsed| {
        slow.read_exact(&mut [0; 16 * KIB]).unwrap();
        assert!(!is_closed(&slow), "closed after {elapsed:?}");
    });
    // More than a closed connection would still hold.
    slow.read_exact(&mut vec![0; 2 * MIB]).unwrap();
}

/// What it reads makes room for the replies to what it asks next, so that its socket is always as full.
#[test]
fn a_client_that_reads_as_slowly_as_it_asks_is_not_closed() {
    let host = Host::builder()
        .set(&format!("write_timeout = {}", WRITE_TIMEOUT.as_secs()))
        .app(App::demo().workers(1))
        .start();
    let mut slow = raw_client(&host);
    let mut asked = 0;
    let mut ask_next = |stream: &mut UnixStream| {
        let more = r#","multiplex":true"#;
        let args = format!("[{}]", 16 * KIB);
        let call = request(&format!("{asked:06}"), "demo", "big", &args, more);
        asked += 1;
        stream.write_all(&framed(call.as_bytes())).unwrap();
    };
    for _ in 0..64 {
        ask_next(&mut slow);
    }
    slowly(4 * WRITE_TIMEOUT, |elapsed| {
        let mut length = [0; 4];
        slow.read_exact(&mut length).unwrap();
        let mut reply = vec![0; u32::from_be_bytes(length) as usize];
        slow.read_exact(&mut reply).unwrap();
        assert!(reply.starts_with(br#"{"type":"response""#));
        assert!(!is_closed(&slow), "closed after {elapsed:?}");
        ask_next(&mut slow);
    });
}

#[test]
fn a_client_that_reads_nothing_of_a_long_stream_is_closed() {
    let host = with_write_timeout();
    let (mut stuck, socket) = connect_and_find(&host);
    ask_for_a_long_stream(&mut stuck);
    let asked = Instant::now();
    wait_until("the arbiter closes its end", PATIENCE, || {
        !sockets(&host).contains(&socket)
    });
    assert!(asked.elapsed() >= WRITE_TIMEOUT, "{:?}", asked.elapsed());
    assert!(is_closed(&stuck));
    let chunks = host.call("chunks_then_result", "emit", json!([3, 1]));
    assert_eq!(chunks.stream().len(), 3);
}

/// The arbiter stands still while the worker writes a chunk and the end of its stream, so that it
/// finds both at once: the chunk has the worker's socket paused, with nothing left in it.
#[test]
fn a_worker_whose_stream_has_ended_serves_the_next_though_the_stream_is_unread() {
    let host = Host::builder()
        // Not what helps the next client here.
        .set("write_timeout = 0")
        .app(App::demo().workers(1))
        .start();
    let worker = host.wait_workers("demo", 1)[0];
    let mut slow = host.connect();
    slow.multiplexed("unread", "demo", "big", &json!([MIB]));
    host.wait_status("the large reply is there", |status| {
        status.app("demo").calls == 1
    });

    processes::signal(worker, Signal::SIGSTOP);
    slow.multiplexed("stream", "demo", "count", &json!([1]));
    host.wait_leased("demo", 1);
    // Answered only after what was decided before is written: the worker has its call.
    host.status();
    host.signal(Signal::SIGSTOP);
    processes::signal(worker, Signal::SIGCONT);
    wait_until("the worker is done", PATIENCE, || {
        processes::is_asleep(worker)
    });
    host.signal(Signal::SIGCONT);

    assert_eq!(host.call("demo", "fib", json!([10])).result(), json!(55));
    assert_whole(&mut slow);
}

/// The slow client's replies, once it reads them.
#[track_caller]
fn assert_whole(slow: &mut Wire) {
    let reply = slow.read();
    assert_eq!(reply.raw("id"), r#""unread""#);
    assert_eq!(reply.value("result").as_str().map(str::len), Some(MIB));
    let chunk = slow.read();
    assert_eq!(
        (chunk.raw("id"), chunk.value("data")),
        (r#""stream""#, Value::from(0))
    );
    assert_eq!(slow.read().kind(), "end");
}
