#![allow(clippy::unwrap_used)]

use serde_json::json;

use super::*;

#[test]
fn each_class_has_the_details_that_its_clients_read() {
    for (error, expected) in [
        (
            WireError::dirty("No dirty workers available"),
            json!({"error_type": "DirtyError", "message": "No dirty workers available", "details": {}}),
        ),
        (
            WireError::timeout(Duration::from_millis(1500)),
            json!({"error_type": "DirtyTimeoutError", "message": "Operation timed out after 1.5 s", "details": {"timeout": 1.5}}),
        ),
        (
            WireError::connection("/s", "refused"),
            json!({"error_type": "DirtyConnectionError", "message": "refused", "details": {"socket_path": "/s"}}),
        ),
        (
            WireError::worker(7, "died").with("retryable", true),
            json!({"error_type": "DirtyWorkerError", "message": "died", "details": {"worker_id": 7, "retryable": true}}),
        ),
        (
            WireError::app("a:B", "go", "no", Some("at x".to_owned())),
            json!({"error_type": "DirtyAppError", "message": "no", "details": {"app_path": "a:B", "action": "go", "traceback": "at x"}}),
        ),
        (
            WireError::app("a:B", "go", "no", None),
            json!({"error_type": "DirtyAppError", "message": "no", "details": {"app_path": "a:B", "action": "go"}}),
        ),
        (
            WireError::app_not_found("a:B"),
            json!({"error_type": "DirtyAppNotFoundError", "message": "Dirty app not found: a:B", "details": {"app_path": "a:B"}}),
        ),
        (
            WireError::no_workers("a:B"),
            json!({"error_type": "DirtyNoWorkersAvailableError", "message": "No workers available for app: a:B", "details": {"app_path": "a:B"}}),
        ),
        (
            WireError::protocol("bad", Some(b"\x00\xffx")),
            json!({"error_type": "DirtyProtocolError", "message": "bad", "details": {"raw_data": "00ff78"}}),
        ),
    ] {
        assert_eq!(serde_json::to_value(&error).unwrap(), expected);
        assert_eq!(error.error_type.as_str(), expected["error_type"]);
        let read: WireError = serde_json::from_slice(&error.to_json()).unwrap();
        assert_eq!(read, error);
    }
}

#[test]
fn a_class_of_a_later_version_is_the_base_class() {
    let text = r#"{"error_type":"DirtyErrorOfTomorrow","message":"m"}"#;
    let error: WireError = serde_json::from_str(text).unwrap();
    assert_eq!(error, WireError::dirty("m"));
    assert_eq!(error.to_string(), "DirtyError: m");
}

#[test]
fn errors_of_the_stash_name_what_was_not_found() {
    let json = |error: WireError| serde_json::to_value(error).unwrap();
    assert_eq!(
        json(WireError::stash_key_not_found("t", "k")),
        serde_json::json!({
            "error_type": "StashKeyNotFoundError",
            "message": "Key not found in t: k",
            "details": {"table": "t", "key": "k"},
        })
    );
    assert_eq!(
        json(WireError::stash_table_not_found("t")),
        serde_json::json!({
            "error_type": "StashTableNotFoundError",
            "message": "Stash table not found: t",
            "details": {"table": "t"},
        })
    );
}

#[test]
fn an_error_with_too_much_text_keeps_what_programs_read() {
    let traceback = format!("first{}last", "é".repeat(1 << 20));
    let error = WireError::app("a:B", "go", "\u{1}".repeat(1 << 20), Some(traceback))
        .with("stage", "init")
        .with("list", vec!["x"; 100_000]);
    let json = error.to_json();
    // A control character takes six bytes.
    assert!(json.len() < 7 * ERROR_TEXT_BYTES_MAX, "{}", json.len());
    let read: WireError = serde_json::from_slice(&json).unwrap();
    assert_eq!(read.error_type, ErrorType::DirtyAppError);
    for key in ["app_path", "action", "stage"] {
        assert_eq!(read.details[key], error.details[key]);
    }
    let traceback = read.details["traceback"].as_str().unwrap();
    assert!(traceback.starts_with("firsté") && traceback.ends_with("élast"));
    assert!(traceback.contains("(cut)"));
    assert!(!read.details.contains_key("list"));
}

#[test]
fn a_cut_error_is_bounded_whatever_its_details() {
    let many = (0..100_000).fold(WireError::dirty("m"), |error, number| {
        error.with(&format!("key {number}"), "v".repeat(number % 50))
    });
    assert!(many.to_json().len() < 7 * ERROR_TEXT_BYTES_MAX);
    let long_key = WireError::dirty("m").with(&"k".repeat(1 << 20), 1);
    assert!(long_key.to_json().len() < 100);
}

#[test]
fn texts_are_cut_between_characters() {
    for bytes_max in 0..40 {
        let cut = middle_cut(&"é".repeat(100), bytes_max);
        assert!(cut.len() <= bytes_max, "{bytes_max}: {cut}");
    }
    assert_eq!(middle_cut("short", 5), "short");
}
