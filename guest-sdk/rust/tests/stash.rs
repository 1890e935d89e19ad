//! The stash in native tests.

#![allow(clippy::unwrap_used, missing_docs, reason = "a test may panic")]
#![cfg(not(target_family = "wasm"))]

use std::time::Duration;

use dirty_guest::stash::{StashError, Table, Value, tables};
use dirty_guest::testing::TestApp;
use dirty_guest::{Actions, App, Bytes, NoConfig, Result};

struct Counter;

impl App for Counter {
    type Config = NoConfig;

    fn init(_: NoConfig) -> Result<Self> {
        Table::open("counts").put("start", &40)?;
        Ok(Self)
    }

    fn actions(actions: &mut Actions<Self>) {
        actions.on("count", Self::count);
        actions.on("name", Self::name);
    }
}

impl Counter {
    fn count(&self, (by,): (i64,)) -> Result<i64> {
        Ok(Table::open("counts").increment("start", by)?)
    }

    fn name(&self) -> Result<i64> {
        let counts = Table::open("counts");
        counts.put("name", "Ada")?;
        Ok(counts.increment("name", 1)?)
    }
}

#[test]
fn an_app_and_its_test_see_the_same_tables() {
    let mut app = TestApp::<Counter>::start("{}").unwrap();
    let reply = app.call("count", "[2]", "{}").unwrap();
    assert_eq!(reply.result.as_deref(), Some("42"));
    assert_eq!(Table::open("counts").get("start"), Ok(Some(42)));
    let error = app.call("name", "[]", "{}").unwrap_err();
    assert_eq!(error.kind(), "StashError");
    TestApp::<Counter>::start("{}").unwrap();
    assert_eq!(Table::open("counts").get("start"), Ok(Some(40)));
}

#[test]
fn values_keys_and_tables() {
    let table = Table::open("t");
    assert_eq!((tables(), table.size()), (Ok(vec![]), Ok(None)));
    table.put("user:2", &vec![Some(1), None]).unwrap();
    table.put("user:1", "Ada").unwrap();
    let bytes = Bytes::from(b"\0\xff");
    table.put("bytes", &bytes).unwrap();
    table.put("list", &[&bytes, &Bytes::default()]).unwrap();
    assert_eq!(table.get("user:2"), Ok(Some(vec![Some(1), None])));
    assert_eq!(table.get("bytes"), Ok(Some(bytes.clone())));
    assert_eq!(table.get("list"), Ok(Some(vec![bytes, Bytes::default()])));
    assert!(matches!(
        table.get::<String>("bytes"),
        Err(StashError::Decode(_))
    ));
    assert_eq!(table.delete("list"), Ok(true));
    assert!(matches!(
        table.get::<u8>("user:1"),
        Err(StashError::Decode(_))
    ));
    assert_eq!(table.get::<u8>("none"), Ok(None));
    assert_eq!(table.keys().unwrap(), ["user:2", "user:1", "bytes"]);
    assert_eq!(table.keys_like("user:[!2]").unwrap(), ["user:1"]);
    assert_eq!(table.delete("user:2"), Ok(true));
    assert_eq!(table.delete("user:2"), Ok(false));
    assert_eq!(table.exists("user:1"), Ok(true));
    assert_eq!(table.size(), Ok(Some(2)));
    table.clear().unwrap();
    Table::open("u").ensure().unwrap();
    assert_eq!(tables().unwrap(), ["t", "u"]);
    assert_eq!(table.clone().remove(), Ok(true));
    assert_eq!(table.remove(), Ok(false));
}

#[test]
fn swaps_and_times() {
    let table = Table::open("t");
    assert_eq!(table.compare_and_swap("k", None, &1), Ok(true));
    assert_eq!(table.compare_and_swap("k", None, &2), Ok(false));
    assert_eq!(table.compare_and_swap("k", Some(&1), &2), Ok(true));
    let seen = table.get_value("k").unwrap();
    let expected = Value {
        json: "2".into(),
        blobs: vec![],
    };
    assert_eq!(seen.as_ref(), Some(&expected));
    let swap = table.compare_and_swap_value("k", seen, expected, Some(Duration::ZERO));
    assert_eq!(swap, Ok(true));
    assert_eq!(table.get::<u8>("k"), Ok(None), "it is forgotten at once");
    table.put_for("k", &1, Duration::from_secs(3600)).unwrap();
    assert_eq!(table.get::<u8>("k"), Ok(Some(1)));
}
