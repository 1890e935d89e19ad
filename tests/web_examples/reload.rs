//! A reload while browsers ask.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use crate::harness::{PATIENCE, wait_until};
use crate::http::Browser;
use crate::site::{APP, Site, text};

/// Browsers that ask on and on, and how often each was answered.
struct Load {
    stop: AtomicBool,
    answered: [AtomicUsize; 2],
}

/// Stops them also when the test fails, which would else wait for them for ever.
struct StopAtEnd<'a>(&'a Load);

impl Drop for StopAtEnd<'_> {
    fn drop(&mut self) {
        self.0.stop.store(true, Ordering::Relaxed);
    }
}

impl Load {
    /// Asks until it is told to stop; every answer has to be right.
    fn ask(&self, number: usize, browser: &Browser) {
        while !self.stop.load(Ordering::Relaxed) {
            let round = self.answered[number].load(Ordering::Relaxed);
            let text = format!("/similar?text=question+{number}+{round}");
            let found = browser.get(&text);
            assert_eq!(found.cache(), "miss");
            assert_eq!(found.json().as_array().unwrap().len(), 5);
            let data = text.repeat(100).into_bytes();
            let packed = browser.post("/compress", &data).bytes();
            assert_eq!(browser.post("/decompress", &packed).bytes(), data);
            self.answered[number].fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Waits until each was answered once more from its beginning on.
    fn wait_for_answers(&self) {
        let counts = || {
            self.answered
                .each_ref()
                .map(|count| count.load(Ordering::Relaxed))
        };
        let before = counts();
        wait_until("more answers", PATIENCE, || {
            // One round may have begun before.
            counts()
                .iter()
                .zip(before)
                .all(|(now, before)| *now >= before + 2)
        });
    }
}

#[test]
fn no_request_fails_while_the_app_is_reloaded() {
    const RELOADS: u64 = 3;
    let site = Site::of(text().workers(2));
    let load = Load {
        stop: AtomicBool::new(false),
        answered: [AtomicUsize::new(0), AtomicUsize::new(0)],
    };
    let generation = || site.host.status().app(APP).generation;
    let first = generation();
    std::thread::scope(|scope| {
        let load = &load;
        let stop = StopAtEnd(load);
        let browsers = site.browsers().into_iter().enumerate();
        let asking: Vec<_> = browsers
            .map(|(number, browser)| scope.spawn(move || load.ask(number, browser)))
            .collect();
        for _ in 0..RELOADS {
            load.wait_for_answers();
            site.host.cli(&["reload"]).success();
        }
        load.wait_for_answers();
        drop(stop);
        for browser in asking {
            browser.join().unwrap();
        }
    });
    assert_eq!(generation(), first + RELOADS);
}
