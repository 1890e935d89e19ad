//! What the applications answer while all is well.

use serde_json::{Value, json};

use crate::harness::{App, Host};
use crate::site::{Model, Site, text};

/// All endpoints under both of gunicorn's usual models.
#[track_caller]
fn with_each_model(check: impl Fn(&Site)) {
    for model in [Model::Threads, Model::PreloadedProcesses] {
        check(&Site::with(Host::serving(text().workers(2)), model));
    }
}

#[test]
fn bytes_go_in_and_come_out() {
    let mut random = fastrand::Rng::with_seed(1);
    let mib: Vec<u8> = std::iter::repeat_with(|| random.u8(..))
        .take(1 << 20)
        .collect();
    with_each_model(|site| {
        for browser in site.browsers() {
            for data in [&[], &mib[..]] {
                let packed = browser.post("/compress", data).bytes();
                assert!(packed.starts_with(b"\x1f\x8b"), "a gzip file");
                assert_eq!(browser.post("/decompress", &packed).bytes(), data);
            }
            let zeros = vec![0; 1 << 20];
            let stored = browser.post("/compress?level=0", &zeros).bytes();
            assert!(stored.len() > zeros.len());
            let packed = browser.post("/compress?level=9", &zeros).bytes();
            assert!(packed.len() < 10_000);
        }
    });
}

#[test]
fn what_a_browser_does_wrong_is_400() {
    let site = Site::of(text().workers(1));
    for browser in site.browsers() {
        let reply = browser.post("/decompress", b"this is no gzip file");
        let message = reply.failure(400, "DirtyAppError");
        assert!(message.contains("no gzip file"), "{message}");
        let reply = browser.post("/compress?level=10", b"");
        let message = reply.failure(400, "DirtyAppError");
        assert!(message.contains("9 at most"), "{message}");
        browser
            .get("/complete?max_tokens=-1")
            .failure(400, "DirtyAppError");
    }
    // What is wrong before the host is asked, the frameworks say in their own way.
    for (browser, status) in site.browsers().into_iter().zip([400, 422]) {
        assert_eq!(browser.get("/complete?max_tokens=x").status, status);
        assert_eq!(browser.post("/hits/a*", b"").status, status);
    }
}

#[test]
fn a_completion_as_events_and_as_one_object() {
    let site = Site::of(text().workers(1));
    let query = "/complete?prompt=The+keeper&max_tokens=20&seed=7";
    let [one, other] = site.browsers().map(|browser| {
        let whole = browser.get(&format!("{query}&stream=false")).json();
        let mut events: Vec<_> = browser.events(query).collect();
        let end = events.pop().unwrap();
        assert_eq!((end.name.as_str(), end.data), ("end", json!({})));
        assert_eq!(events.len(), 20);
        assert!(events.iter().all(|event| event.name == "message"));
        let words = events.iter().map(|event| event.data.as_str().unwrap());
        assert_eq!(whole["text"], words.collect::<String>());
        whole
    });
    assert_eq!(one, other, "the same model with the same seed");
    for browser in site.browsers() {
        let none: Vec<_> = browser.events("/complete?max_tokens=0").collect();
        assert_eq!(none.len(), 1, "only the end: {none:?}");
    }
}

#[test]
fn a_result_is_computed_once_for_both_applications() {
    let site = Site::of(text().workers(1));
    let [flask, fastapi] = site.browsers();
    let computed = flask.get("/similar?text=the+old+lamp&limit=3");
    assert_eq!(computed.cache(), "miss");
    let computed = computed.json();
    assert_eq!(computed.as_array().unwrap().len(), 3);
    let calls = site.host.status().app("text").calls;
    let kept = fastapi.get("/similar?text=the+old+lamp&limit=3");
    assert_eq!(kept.cache(), "hit");
    assert_eq!(kept.json(), computed);
    assert_eq!(site.host.status().app("text").calls, calls);
    let other = fastapi.get("/similar?text=the+old+lamp&limit=2");
    assert_eq!(other.cache(), "miss", "another question");
    assert_eq!(
        flask.get("/similar?text=the+old+lamp&limit=2").cache(),
        "hit"
    );
}

#[test]
fn no_hit_is_lost_between_threads_processes_and_applications() {
    const HITS_EACH: u64 = 25;
    let site = Site::of(text().workers(1));
    std::thread::scope(|scope| {
        for browser in [site.browsers(), site.browsers()].concat() {
            scope.spawn(move || {
                for _ in 0..HITS_EACH {
                    browser.post("/hits/home", b"").bytes();
                }
            });
        }
    });
    for browser in site.browsers() {
        assert_eq!(browser.get("/hits/home").json()["hits"], 4 * HITS_EACH);
        assert_eq!(browser.get("/hits/hom").json()["hits"], 0, "another name");
    }
}

#[test]
fn health_is_the_apps() {
    let site = Site::of(text().workers(2));
    for browser in site.browsers() {
        let expected: Value = json!({"state": "serving", "workers_ready": 2, "queue": 0});
        assert_eq!(browser.get("/health").json(), expected);
    }
    // Beside an app that serves, or the host would give up.
    let hopeless = text().workers(1).config("seconds_per_word = -1");
    let host = Host::builder()
        .app(hopeless)
        .app(App::demo().workers(1))
        .launch();
    host.wait_listening();
    let site = Site::with(host, Model::Threads);
    for browser in site.browsers() {
        assert_eq!(browser.get("/health").status, 503);
        browser
            .get("/similar")
            .failure(503, "DirtyNoWorkersAvailableError");
    }
}
