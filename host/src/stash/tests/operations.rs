//! What each operation does, and says.

use bytes::Bytes;

use super::*;
use crate::protocol::WireError;

fn filled(now: Instant) -> Stash {
    let mut stash = Stash::new(roomy());
    for (table, key, value) in [
        ("users", "user:2", r#"{"name":"B"}"#),
        ("users", "user:1", r#"{"name":"A"}"#),
        ("users", "admin", "null"),
        ("empty", "gone", "1"),
    ] {
        stash.put(now, table, key, json(value), None).unwrap();
    }
    assert!(stash.delete(now, "empty", "gone"));
    stash
}

#[test]
fn a_value_comes_back_as_it_was_put() {
    let now = Instant::now();
    let mut stash = filled(now);
    let value = StashValue {
        json: r#"[1.0, {"$blob":0}, "\ud800"]"#.into(),
        blobs: vec![Bytes::from_static(b"\0\xff")],
    };
    stash
        .put(now, "users", "user:1", value.clone(), None)
        .unwrap();
    assert_eq!(stash.get(now, "users", "user:1"), Ok(&value));
    assert_eq!(stash.get(now, "users", "admin"), Ok(&json("null")));
}

#[test]
fn what_is_not_there_is_said_by_name() {
    let now = Instant::now();
    let stash = filled(now);
    for (table, key) in [("users", "user"), ("empty", "gone"), ("none", "admin")] {
        let missing = stash.get(now, table, key).unwrap_err();
        assert_eq!(
            missing.to_string(),
            format!("Key not found in {table}: {key}")
        );
        let wire = WireError::from(&missing);
        assert_eq!(wire, WireError::stash_key_not_found(table, key));
        assert!(!stash.has_key(now, table, key));
    }
    let missing = stash.size(now, "none").unwrap_err();
    let wire = WireError::from(&missing);
    assert_eq!(wire, WireError::stash_table_not_found("none"));
    assert_eq!(wire.message, missing.to_string());
}

#[test]
fn keys_and_tables_come_in_the_order_in_which_they_were_made() {
    let now = Instant::now();
    let mut stash = filled(now);
    stash.put(now, "users", "user:2", json("2"), None).unwrap();
    let keys = |stash: &Stash, pattern| stash.keys(now, "users", pattern).unwrap();
    assert_eq!(keys(&stash, None), ["user:2", "user:1", "admin"]);
    assert_eq!(keys(&stash, Some("")), keys(&stash, None));
    assert_eq!(keys(&stash, Some("user:*")), ["user:2", "user:1"]);
    assert_eq!(keys(&stash, Some("user:1")), ["user:1"]);
    assert_eq!(keys(&stash, Some("*m*")), ["admin"]);
    assert_eq!(keys(&stash, Some("user")), [""; 0]);
    assert!(stash.delete(now, "users", "user:2"));
    stash.put(now, "users", "user:2", json("3"), None).unwrap();
    assert_eq!(keys(&stash, None), ["user:1", "admin", "user:2"]);
    assert_eq!(stash.keys(now, "none", Some("*")), Ok(Vec::new()));
    assert_eq!(stash.tables(), ["users", "empty"]);
}

#[test]
fn a_table_outlives_its_values_until_it_is_deleted() {
    let now = Instant::now();
    let mut stash = filled(now);
    assert_eq!(
        (stash.size(now, "users"), stash.size(now, "empty")),
        (Ok(3), Ok(0))
    );
    stash.clear("users");
    stash.clear("none");
    assert_eq!(
        (stash.size(now, "users"), stash.has_table("none")),
        (Ok(0), false)
    );
    assert!(!stash.delete(now, "users", "admin"));
    stash.ensure("users").unwrap();
    stash.ensure("fresh").unwrap();
    assert_eq!(stash.tables(), ["users", "empty", "fresh"]);
    for table in ["users", "empty", "fresh"] {
        assert!(stash.has_table(table) && stash.delete_table(table));
        assert!(!stash.has_table(table) && !stash.delete_table(table));
    }
    assert_eq!(stash.bytes(), 0);
}

#[test]
fn an_increment_begins_at_zero_and_keeps_to_64_bits() {
    let now = Instant::now();
    let mut stash = Stash::new(roomy());
    assert_eq!(stash.increment(now, "t", "hits", 5), Ok(5));
    assert_eq!(stash.increment(now, "t", "hits", -7), Ok(-2));
    assert_eq!(stash.get(now, "t", "hits"), Ok(&json("-2")));
    for (value, delta) in [(i64::MAX, 1), (i64::MIN, -1), (-2, i64::MIN + 1)] {
        let text = value.to_string();
        stash.put(now, "t", "k", json(&text), None).unwrap();
        let overflow = stash.increment(now, "t", "k", delta).unwrap_err();
        assert!(
            matches!(overflow, StashError::Overflow { .. }),
            "{overflow}"
        );
        assert_eq!(stash.get(now, "t", "k"), Ok(&json(&text)));
    }
    stash.put(now, "t", "k", json(" \t41\r\n"), None).unwrap();
    assert_eq!(stash.increment(now, "t", "k", 1), Ok(42));
    for value in ["1.0", "1e2", "\"1\"", "null", "[1]", "9223372036854775808"] {
        stash.put(now, "t", "k", json(value), None).unwrap();
        let refused = stash.increment(now, "t", "k", 1).unwrap_err();
        assert!(
            matches!(refused, StashError::NotAnInteger { .. }),
            "{value}"
        );
        assert_eq!(WireError::from(&refused).details["key"], "k");
    }
}

#[test]
fn a_swap_needs_the_very_value() {
    let now = Instant::now();
    let mut stash = Stash::new(roomy());
    let mut swap = |expected: Option<&str>, value: &str| {
        let expected = expected.map(json);
        stash.compare_and_swap(now, "t", "k", expected.as_ref(), json(value), None)
    };
    assert_eq!(swap(Some("1"), "2"), Ok(false));
    assert_eq!(swap(None, "1"), Ok(true));
    assert_eq!(swap(None, "2"), Ok(false));
    assert_eq!(swap(Some("1.0"), "2"), Ok(false));
    assert_eq!(swap(Some("1"), "2"), Ok(true));
    assert_eq!(stash.get(now, "t", "k"), Ok(&json("2")));
}

#[test]
fn the_bytes_of_an_integers_digits_can_be_added_to() {
    let now = Instant::now();
    let mut stash = Stash::new(roomy());
    let mut increment = |bytes: &'static [u8]| {
        let value = StashValue::from_binary(bytes);
        stash.put(now, "t", "k", value, None).unwrap();
        let sum = stash.increment(now, "t", "k", 1);
        let value = stash.get(now, "t", "k").unwrap().clone();
        (sum, value)
    };
    for (bytes, sum) in [
        (&b"5"[..], 6),
        (b"-1", 0),
        (b"9223372036854775806", i64::MAX),
    ] {
        assert_eq!(increment(bytes), (Ok(sum), json(&sum.to_string())));
    }
    for bytes in [&b""[..], b" 5", b"5.0", b"\xff", b"9223372036854775808"] {
        let (sum, value) = increment(bytes);
        assert!(
            matches!(sum, Err(StashError::NotAnInteger { .. })),
            "{sum:?}"
        );
        assert_eq!(value, StashValue::from_binary(bytes));
    }
}
