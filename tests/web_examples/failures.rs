//! What browsers see when something goes wrong behind the applications.

use std::time::{Duration, Instant};

use serde_json::json;

use crate::harness::processes::Process;
use crate::harness::wire::Wire;
use crate::harness::{Host, PATIENCE};
use crate::http::Browser;
use crate::site::{APP, Site, text};

/// Keeps every worker busy for as long as the test takes.
fn occupy(host: &Host, workers: usize) -> Vec<Wire> {
    let streams = host.start_calls(workers, APP, "complete", &json!(["", 1_000_000]));
    host.wait_in_calls(APP, workers);
    streams
}

#[test]
fn a_killed_worker_is_502_and_the_next_request_works() {
    let site = Site::of(text().workers(1).config("seconds_per_word = 0.1"));
    for browser in site.browsers() {
        std::thread::scope(|scope| {
            let request = scope.spawn(|| browser.get("/complete?max_tokens=1000000&stream=false"));
            site.host.wait_in_calls(APP, 1);
            let [worker] = site.host.wait_workers(APP, 1)[..] else {
                panic!("one worker");
            };
            assert!(Process::of(worker).unwrap().kill());
            let reply = request.join().unwrap();
            reply.failure(502, "DirtyWorkerError");
        });
        let reply = browser.get("/complete?max_tokens=3&stream=false");
        assert_ne!(reply.json()["text"], "");
    }
}

#[test]
fn a_call_that_takes_too_long_is_504() {
    let timeout = Duration::from_secs(2);
    let app = text().workers(1).timeout(timeout.as_secs_f64());
    let site = Site::of(app.config("seconds_per_word = 0.1"));
    let _streams = occupy(&site.host, 1);
    for browser in site.browsers() {
        let asked = Instant::now();
        let reply = browser.get("/similar?text=never+asked+before");
        reply.failure(504, "DirtyTimeoutError");
        let took = asked.elapsed();
        assert!(timeout <= took && took < PATIENCE / 2, "{took:?}");
        // Before the first word an error is an HTTP error, also of what would be a stream.
        browser.get("/complete").failure(504, "DirtyTimeoutError");
    }
}

#[test]
fn a_full_queue_is_503_with_when_to_come_back() {
    let app = text().workers(1).set("max_queue = 1");
    let site = Site::of(app.config("seconds_per_word = 0.1"));
    let _streams = occupy(&site.host, 1);
    let _queued = site.host.start_calls(1, APP, "similar", &json!(["x"]));
    site.host
        .wait_status("a full queue", |status| status.app(APP).queue == 1);
    for browser in site.browsers() {
        let refused = |reply: crate::http::Reply| {
            reply.failure(503, "DirtyError");
            assert!(reply.retry_after() >= 1);
        };
        refused(browser.get("/similar?text=never+asked+before"));
        refused(browser.get("/complete"));
        refused(browser.post("/compress", b"data"));
    }
}

#[test]
fn without_the_host_everything_is_503() {
    let mut site = Site::of(text().workers(1));
    for browser in site.browsers() {
        browser.get("/similar").bytes();
    }
    site.host.stop();
    let unavailable = |browser: &Browser, path: &str, error: &str| {
        let reply = browser.get(path);
        reply.failure(503, error);
        assert!(reply.retry_after() >= 1);
    };
    for browser in site.browsers() {
        unavailable(browser, "/health", "DirtyConnectionError");
        unavailable(browser, "/complete", "DirtyConnectionError");
        unavailable(browser, "/hits/home", "StashError");
    }
}
