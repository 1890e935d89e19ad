//! Requests as values do what the methods do.

use super::*;
use crate::protocol::StashRequest as Request;

fn put(key: &str, value: StashValue) -> Request {
    let (table, key) = ("t".to_owned(), key.to_owned());
    Request::Put {
        table,
        key,
        value,
        ttl: None,
    }
}

#[test]
fn every_request_answers_in_its_shape() {
    use StashAnswer::{Done, Info, Names, Sum, Truth, Value};
    let now = Instant::now();
    let mut stash = Stash::new(roomy());
    let (t, k) = (|| "t".to_owned(), || "k".to_owned());
    let value = StashValue {
        json: r#"{"$blob":0}"#.into(),
        blobs: vec![bytes::Bytes::from_static(b"\0")],
    };
    let info = |size| Info { table: t(), size };
    #[rustfmt::skip]
    let steps = [
        (Request::Tables, Names(vec![])),
        (Request::Exists { table: t(), key: None }, Truth(false)),
        (Request::Keys { table: t(), pattern: None }, Names(vec![])),
        (Request::Clear { table: t() }, Done),
        (Request::Delete { table: t(), key: k() }, Truth(false)),
        (Request::DeleteTable { table: t() }, Truth(false)),
        (Request::Ensure { table: t() }, Done),
        (Request::Exists { table: t(), key: None }, Truth(true)),
        (Request::Exists { table: t(), key: Some(k()) }, Truth(false)),
        (put("k", value.clone()), Done),
        (Request::Exists { table: t(), key: Some(k()) }, Truth(true)),
        (Request::Get { table: t(), key: k() }, Value(std::borrow::Cow::Owned(value.clone()))),
        (Request::Increment { table: t(), key: "n".into(), delta: -3 }, Sum(-3)),
        (Request::Info { table: t() }, info(2)),
        (Request::Keys { table: t(), pattern: Some("n*".into()) }, Names(vec!["n".into()])),
        (Request::CompareAndSwap { table: t(), key: "n".into(), expected: None, value: json("1"), ttl: None }, Truth(false)),
        (
            Request::CompareAndSwap {
                table: t(), key: k(), expected: Some(value), value: json("1"), ttl: Some(Duration::ZERO),
            },
            Truth(true),
        ),
        (Request::Delete { table: t(), key: k() }, Truth(false)),
        (Request::Tables, Names(vec![t()])),
        (Request::Clear { table: t() }, Done),
        (Request::Info { table: t() }, info(0)),
        (Request::DeleteTable { table: t() }, Truth(true)),
    ];
    for (request, answer) in steps {
        let shown = format!("{request:?}");
        assert_eq!(stash.perform(now, request), Ok(answer), "{shown}");
    }
    let missing = Request::Get {
        table: t(),
        key: k(),
    };
    let (table, key) = (t(), k());
    let error = StashError::KeyNotFound { table, key };
    assert_eq!(stash.perform(now, missing), Err(error));
}

#[test]
fn an_answer_survives_the_way_to_an_app() {
    let now = Instant::now();
    let mut stash = Stash::new(roomy());
    let value = StashValue {
        json: r#"["ä",{"$blob":0}]"#.into(),
        blobs: vec![bytes::Bytes::from_static(b"\0\xff")],
    };
    stash.perform(now, put("k", value.clone())).unwrap();
    let get = || Request::Get {
        table: "t".into(),
        key: "k".into(),
    };
    for answer in [
        stash.perform(now, get()),
        Err(StashError::Full { bytes: 2, max: 1 }),
    ] {
        let bytes = postcard::to_allocvec(&answer).unwrap();
        let read: Result<StashAnswer<'static>, StashError> = postcard::from_bytes(&bytes).unwrap();
        assert_eq!(read, answer);
    }
}
