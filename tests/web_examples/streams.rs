//! Completions as they are written, and readers who leave.

use std::time::{Duration, Instant};

use crate::harness::processes::Process;
use crate::http::Browser;
use crate::site::{APP, Site, text};

/// How long a word takes here.
const PAUSE: Duration = Duration::from_millis(100);

fn thoughtful() -> Site {
    let pause = PAUSE.as_secs_f64();
    Site::of(
        text()
            .workers(1)
            .config(&format!("seconds_per_word = {pause}")),
    )
}

#[test]
fn words_arrive_one_by_one() {
    const WORDS: u32 = 10;
    let site = thoughtful();
    for browser in site.browsers() {
        let mut events = browser.events(&format!("/complete?max_tokens={WORDS}"));
        events.next().unwrap();
        let first = Instant::now();
        assert_eq!(
            events.count(),
            WORDS as usize,
            "the other words and the end"
        );
        let rest = first.elapsed();
        // Were they collected anywhere on their way, all would be there at once.
        assert!(rest > (WORDS - 2) * PAUSE, "the rest came in {rest:?}");
    }
}

#[test]
fn a_browser_that_leaves_frees_the_worker() {
    let site = thoughtful();
    for browser in site.browsers() {
        let mut events = browser.events("/complete?max_tokens=1000000");
        events.next().unwrap();
        assert_eq!(site.host.status().count(APP, "leased"), 1);
        drop(events);
        let status = site.host.wait_status("the worker is free", |status| {
            status.count(APP, "ready") == 1
        });
        assert_eq!(status.app(APP).restarts, 0, "it has ended by itself");
        assert!(answers(browser));
    }
}

#[test]
fn an_error_in_mid_stream_is_an_event() {
    let site = thoughtful();
    for browser in site.browsers() {
        let mut events = browser.events("/complete?max_tokens=1000000");
        events.next().unwrap();
        let [worker] = site.host.wait_workers(APP, 1)[..] else {
            panic!("one worker");
        };
        assert!(Process::of(worker).unwrap().kill());
        let last = events.last().unwrap();
        assert_eq!(last.name, "error");
        assert_eq!(last.data["status"], 502, "{last:?}");
        assert_eq!(last.data["error"], "DirtyWorkerError", "{last:?}");
        assert!(answers(browser));
    }
}

fn answers(browser: &Browser) -> bool {
    browser.get("/complete?max_tokens=1&stream=false").status == 200
}
