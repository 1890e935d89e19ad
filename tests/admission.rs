//! Who is let in: bounds on connections, on queues and on the bytes that the host holds for all of
//! them, and what those hear who find no room.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod harness;

use std::time::{Duration, Instant};

use harness::wire::{framed, request};
use harness::{App, Failure, Host, PATIENCE, Wire, processes, wait_until};
use serde_json::{Value, json};

const KIB: usize = 1 << 10;
const MIB: usize = 1 << 20;

/// What the host may need beside the bytes that it counts: its parsing and writing, and what the
/// allocator keeps.
const SLACK: u64 = 16 * MIB as u64;

fn start_calls(host: &Host, count: usize, action: &str, args: &Value) -> Vec<Wire> {
    (0..count)
        .map(|_| {
            let mut wire = host.connect();
            wire.request("x", "demo", action, args);
            wire
        })
        .collect()
}

/// Has the demo's only worker busy until the returned call is cancelled.
fn keep_busy(host: &Host) -> Wire {
    let busy = start_calls(host, 1, "sleep", &json!([600])).remove(0);
    host.wait_leased("demo", 1);
    busy
}

fn cancel(busy: &mut Wire) {
    busy.send(r#"{"type":"cancel","id":"x"}"#);
}

#[track_caller]
fn assert_may_try_again(failure: &Failure) {
    assert_eq!(failure.detail("retryable"), &json!(true), "{failure:?}");
    let retry_after = failure.detail("retry_after").as_f64();
    assert!(retry_after.unwrap() > 0.0, "{failure:?}");
}

#[test]
fn a_full_queue_answers_at_once_that_one_may_try_again() {
    let host = Host::builder()
        .set("cancel_grace = 0")
        .app(App::demo().workers(1).set("max_queue = 2"))
        .start();
    let mut busy = keep_busy(&host);
    let mut queued = start_calls(&host, 2, "fib", &json!([10]));
    host.wait_status("two calls wait", |status| status.app("demo").queue == 2);
    let failure = host.call("demo", "fib", json!([10])).failure();
    assert_may_try_again(&failure);
    assert_eq!(failure.detail("queue_depth"), &json!(2), "{failure:?}");
    assert!(!busy.has_input(), "it was answered at once");
    cancel(&mut busy);
    for wire in &mut queued {
        assert_eq!(wire.outcome().result(), json!(55));
    }
}

#[test]
fn connections_over_the_limit_are_turned_away_and_others_served() {
    let host = Host::builder()
        .set("max_connections = 8")
        .app(App::demo().workers(1))
        .start();
    let mut held: Vec<Wire> = (0..8).map(|_| host.connect()).collect();
    for wire in &mut held {
        assert_eq!(wire.call("demo", "fib", &json!([10])).result(), json!(55));
    }
    let turned_away = host.connect().try_read();
    if let Some(frame) = turned_away {
        let failure = frame.failure();
        assert!(failure.message.contains('8'), "{failure:?}");
        assert_may_try_again(&failure);
    }
    drop(held);
    wait_until("a new connection is served", PATIENCE, || {
        let mut wire = host.connect();
        let call = framed(request("x", "demo", "fib", "[10]", "").as_bytes());
        wire.try_send_bytes(&call).is_ok()
            && wire
                .try_read()
                .is_some_and(|frame| frame.kind() == "response")
    });
}

/// 64 calls of 2 MiB each for one worker that is busy, where 16 MiB may be held.
#[test]
fn large_calls_that_find_no_room_are_refused_at_once_and_find_some_later() {
    let (calls, bytes_max) = (64, 16 * MIB as u64);
    let host = Host::builder()
        .set("max_frame = \"4MiB\"")
        .set("max_bytes_in_flight = \"16MiB\"")
        .set("cancel_grace = 0")
        .app(App::demo().workers(1))
        .start();
    let before = processes::peak_memory(host.pid());
    let mut busy = keep_busy(&host);
    let large = json!(["x".repeat(2 * MIB)]);
    let wires = start_calls(&host, calls, "echo", &large);
    let refused = || wires.iter().filter(|wire| wire.has_input()).count();
    let status = host.wait_status("every call waits or is refused", |status| {
        status.app("demo").queue as usize + refused() == calls
    });
    assert!(status.app("demo").queue >= 4, "{status:?}");
    assert_eq!(status.bytes_in_flight_max, bytes_max);
    assert!(
        (8 * MIB as u64..=bytes_max).contains(&status.bytes_in_flight),
        "{status:?}"
    );
    assert!(!busy.has_input());
    let grown = processes::peak_memory(host.pid()) - before;
    assert!(grown < bytes_max + SLACK, "the host held {grown} bytes");

    let (refused, mut queued): (Vec<_>, Vec<_>) = wires.into_iter().partition(Wire::has_input);
    cancel(&mut busy);
    for wire in &mut queued {
        let echoed = wire.outcome().result();
        assert_eq!(echoed["args"], large);
    }
    for mut wire in refused {
        let frame = wire.read();
        assert_eq!(frame.raw("id"), r#""x""#);
        let failure = frame.failure().of_type("DirtyError");
        assert!(
            failure.message.contains("max_bytes_in_flight"),
            "{failure:?}"
        );
        assert_may_try_again(&failure);
        assert_eq!(failure.detail("bytes_in_flight_max"), &json!(bytes_max));
        assert!(failure.detail("bytes_in_flight").as_u64().unwrap() > bytes_max / 2);
        // The connection is in step, and there is room again.
        let echoed = wire.call("demo", "echo", &large).result();
        assert_eq!(echoed["args"], large);
    }
    host.wait_status("nothing is held any more", |status| {
        status.bytes_in_flight < KIB as u64
    });
    assert!(host.stderr.count_of("requests refused") > 0);
}

#[test]
fn frames_that_are_only_announced_cost_nothing() {
    let host = Host::demo(1);
    let before = processes::private_memory(host.pid());
    let announcement = u32::try_from(64 * MIB).unwrap().to_be_bytes();
    let announced: Vec<Wire> = (0..100)
        .map(|_| {
            let mut wire = host.connect();
            wire.send_bytes(&announcement);
            wire
        })
        .collect();
    let expected = (announced.len() * announcement.len()) as u64;
    host.wait_status("the host has read them all", |status| {
        status.bytes_in_flight >= expected
    });
    assert!(host.status().bytes_in_flight < expected + KIB as u64);
    let grown = processes::private_memory(host.pid()).saturating_sub(before);
    assert!(grown < 8 * MIB as u64, "{grown} bytes for nothing");
    assert_eq!(host.call("demo", "fib", json!([10])).result(), json!(55));
}

#[test]
fn a_client_that_stops_within_a_large_frame_is_closed() {
    let limit = Duration::from_secs(1);
    let host = Host::builder()
        .set(&format!("write_timeout = {}", limit.as_secs()))
        .app(App::demo().workers(1))
        .start();
    let mut waiting = host.connect();
    let small = framed(request("x", "demo", "fib", "[10]", "").as_bytes());
    waiting.send_bytes(&small[..10]);
    let mut stopped = host.connect();
    let started = Instant::now();
    stopped.send_bytes(&u32::try_from(64 * MIB).unwrap().to_be_bytes());
    stopped.send_bytes(&vec![b' '; MIB]);
    assert!(stopped.try_read().is_none(), "closed without an answer");
    assert!(started.elapsed() >= limit, "{:?}", started.elapsed());
    wait_until("the log tells", PATIENCE, || {
        host.stderr.count_of("write_timeout") == 1
    });
    let status = host.status();
    assert!(status.bytes_in_flight < KIB as u64, "{status:?}");
    // One that holds next to nothing may take its time.
    waiting.send_bytes(&small[10..]);
    assert_eq!(waiting.outcome().result(), json!(55));
}

/// 40 replies of 900 KiB that nobody reads, where 8 MiB may be held.
#[test]
fn replies_that_nobody_reads_do_not_pile_up_and_others_are_served() {
    let (calls, bytes_max) = (40, 8 * MIB as u64);
    let host = Host::builder()
        .set("max_frame = \"1MiB\"")
        .set("max_bytes_in_flight = \"8MiB\"")
        // Not what ends the connections here.
        .set("write_timeout = 0")
        .app(App::demo().workers(2))
        .start();
    let before = processes::peak_memory(host.pid());
    let mut bystander = host.connect();
    let mut unread = Vec::new();
    for _ in 0..calls {
        unread.extend(start_calls(&host, 1, "big", &json!([900 * KIB])));
        let answer = bystander.call("demo", "fib", &json!([10]));
        assert_eq!(answer.result(), json!(55));
    }
    let status = host.wait_status("the host has closed some", |status| {
        host.stderr.count_of("left most unread") > 0 && status.count("demo", "ready") == 2
    });
    assert!(status.bytes_in_flight <= bytes_max, "{status:?}");
    let grown = processes::peak_memory(host.pid()) - before;
    assert!(grown < bytes_max + SLACK, "the host held {grown} bytes");
    drop(unread);
    host.wait_status("nothing is held any more", |status| {
        status.bytes_in_flight < KIB as u64
    });
    assert_eq!(
        bystander.call("demo", "fib", &json!([10])).result(),
        json!(55)
    );
}

/// Fresh memory for a request of this size would be 2048 pages.
#[test]
fn what_a_large_request_leaves_behind_is_used_again_and_then_given_back() {
    let host = Host::builder().app(App::demo().workers(1)).start();
    let before = processes::private_memory(host.pid());
    let mut wire = host.connect();
    let large = json!(["x".repeat(8 * MIB)]);
    let mut call = || {
        let faults = processes::page_faults(host.pid());
        let echoed = wire.call("demo", "echo", &large).result();
        assert!(echoed["args"] == large, "it was changed on its way");
        processes::page_faults(host.pid()) - faults
    };
    let first = call();
    assert!(first > 2000, "{first} pages");
    wait_until("memory is used again", PATIENCE, || call() < 200);
    wait_until("it is given back", PATIENCE, || {
        processes::private_memory(host.pid()) < before + MIB as u64
    });
}

#[test]
fn what_a_client_leaves_behind_that_vanishes_within_a_large_request_is_given_back() {
    let host = Host::builder().app(App::demo().workers(1)).start();
    let before = processes::private_memory(host.pid());
    let grown = || processes::private_memory(host.pid()).saturating_sub(before);
    let mut vanishing = host.connect();
    vanishing.send_bytes(&u32::try_from(16 * MIB).unwrap().to_be_bytes());
    vanishing.send_bytes(&vec![b' '; 8 * MIB]);
    wait_until("it is held", PATIENCE, || grown() > 7 * MIB as u64);
    drop(vanishing);
    wait_until("it is given back", PATIENCE, || grown() < MIB as u64);
}
