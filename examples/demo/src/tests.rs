//! The actions that need no host, tested natively.
#![allow(clippy::unwrap_used)]

use dirty_guest::testing::TestApp;

use super::*;

fn demo() -> TestApp<Demo> {
    TestApp::start(r#"{"state_mib": 1}"#).unwrap()
}

fn result(action: &str, args: &str, kwargs: &str) -> String {
    demo().call(action, args, kwargs).unwrap().result.unwrap()
}

#[test]
fn echo_passes_json_on_as_it_is() {
    let args = r#"[123456789012345678901234567890,1.10,"\u00e9"]"#;
    let kwargs = r#"{"k":[null]}"#;
    assert_eq!(
        result("echo", args, kwargs),
        format!(r#"{{"args":{args},"kwargs":{kwargs}}}"#)
    );
}

#[test]
fn actions_return_what_the_readme_says() {
    assert_eq!(result("fib", "[20]", "{}"), "6765");
    assert_eq!(result("sleep", "[0]", "{}"), "null");
    assert_eq!(result("big", "[3]", "{}"), r#""xxx""#);
    assert_eq!(result("hog", "[]", r#"{"mib": 2}"#), "2");
    assert_eq!(result("init_count", "[]", "{}"), "1");
    assert_eq!(
        demo().call("count", "[3]", "{}").unwrap().chunks,
        ["0", "1", "2"]
    );
}

#[test]
fn bytes_are_reversed_and_cut() {
    let mut app = demo();
    let args = format!("[{}]", app.give(*b"abcde"));
    assert_eq!(app.call("reverse", &args, "{}").unwrap().blobs[1], b"edcba");
    app.give(*b"abcde");
    let reply = app.call("pieces", &args, r#"{"bytes": 2}"#).unwrap();
    assert_eq!(reply.chunks.len(), 3);
    assert_eq!(reply.blobs, [&b"abcde"[..], b"ab", b"cd", b"e"]);
}

#[test]
fn counter_counts_and_hog_keeps() {
    let mut app = demo();
    for n in ["1", "2"] {
        assert_eq!(
            app.call("counter", "[]", "{}").unwrap().result.as_deref(),
            Some(n)
        );
        assert_eq!(
            app.call("hog", "[1]", "{}").unwrap().result.as_deref(),
            Some(n)
        );
    }
}

#[test]
fn the_nonce_stays_and_random_bytes_do_not() {
    let mut app = demo();
    let mut twice =
        |action| [(); 2].map(|()| app.call(action, "[]", "{}").unwrap().result.unwrap());
    let [a, b] = twice("instance");
    assert_eq!(a, b);
    let [a, b] = twice("random");
    assert_ne!(a, b);
    assert_eq!(a.len(), 34);
}

#[test]
fn errors_have_their_kind() {
    let kind = |action, args| {
        demo()
            .call(action, args, "{}")
            .unwrap_err()
            .kind()
            .to_owned()
    };
    assert_eq!(kind("fail", r#"["no"]"#), "ValueError");
    assert_eq!(kind("fib", "[-1]"), "TypeError");
    assert_eq!(kind("fibb", "[]"), "AttributeError");
    assert_eq!(kind("sleep", "[-1]"), "TryFromFloatSecsError");
    assert_eq!(
        TestApp::<Demo>::start(r#"{"init_fails": true}"#)
            .unwrap_err()
            .kind(),
        "RuntimeError"
    );
    assert_eq!(
        TestApp::<Demo>::start(r#"{"init_fail": true}"#)
            .unwrap_err()
            .kind(),
        "ConfigError"
    );
}

#[test]
fn state_is_filled() {
    let app = demo();
    assert_eq!(app.app().state.len(), WORDS_PER_MIB);
    assert!(app.app().state.iter().all(|word| *word != 0));
}
