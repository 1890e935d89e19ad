//! The part of the corpus that uses the stash: as clients of either dialect say it, and as apps do over
//! the hop.

use std::borrow::Cow;
use std::time::Duration;

use bytes::Bytes;

use super::seeds::Seed;
use super::tlv::{Tlv, dict, text};
use crate::process::hop::{Down, Up};
use crate::protocol::{StashRequest, StashValue};
use crate::stash::{Limit, StashAnswer, StashError, Text};

pub(super) fn json_message() -> Vec<Seed> {
    let message = |members: &str| format!(r#"{{"type":"stash","id":1,"table":"t",{members}}}"#);
    let seeds = [
        (
            "stash_put_for_a_time",
            r#""op":1,"key":5,"value":[{"$bytes":"/+8="},{"$blob":0}],"ttl":0.5"#,
        ),
        ("stash_put_nothing", r#""op":1,"key":"k""#),
        ("stash_increment", r#""op":11,"key":"k","delta":-9"#),
        (
            "stash_increment_too_much",
            r#""op":11,"key":"k","delta":9223372036854775808"#,
        ),
        (
            "stash_swap",
            r#""op":12,"key":"k","expected":{"$bytes":""},"value":1.50,"ttl":2"#,
        ),
        ("stash_swap_for_none", r#""op":12,"key":"k","value":[ 1 ]"#),
        (
            "stash_time_of_zero",
            r#""op":1,"key":"k","value":1,"ttl":0"#,
        ),
        (
            "stash_value_too_long",
            &format!(r#""op":1,"key":"k","value":"{}""#, "x".repeat(2000)),
        ),
        ("stash_no_operation", r#""op":13,"key":"k""#),
    ];
    let seeds = seeds.into_iter();
    seeds
        .map(|(name, members)| (name, message(members).into()))
        .collect()
}

pub(super) fn binary_message() -> Vec<Seed> {
    // The first byte says that it is a use of the stash.
    let message = |op: i64, more: &[(&str, Tlv)]| {
        let of_all = [
            ("op", Tlv::Int(op)),
            ("table", text("t")),
            ("key", text("k")),
        ];
        let members = of_all.iter().chain(more);
        let members = members.map(|(key, value)| ((*key).to_owned(), value.clone()));
        [&[5][..], &Tlv::Dict(members.collect()).encode()].concat()
    };
    let binary = || Tlv::Bytes(b"\0\xff".to_vec());
    vec![
        (
            "stash_put_for_a_time",
            message(
                1,
                &[
                    ("value", Tlv::List(vec![binary(), Tlv::Float(f64::NAN)])),
                    ("ttl", Tlv::Float(0.5)),
                ],
            ),
        ),
        ("stash_increment", message(11, &[("delta", Tlv::Int(-9))])),
        (
            "stash_increment_by_a_float",
            message(11, &[("delta", Tlv::Float(1.0))]),
        ),
        (
            "stash_swap",
            message(
                12,
                &[
                    ("expected", binary()),
                    ("value", dict([("$blob", Tlv::Int(0))])),
                    ("ttl", Tlv::Int(2)),
                ],
            ),
        ),
        ("stash_swap_for_none", message(12, &[("value", Tlv::None)])),
        (
            "stash_time_of_zero",
            message(1, &[("value", Tlv::None), ("ttl", Tlv::Int(0))]),
        ),
        (
            "stash_empty_binaries",
            message(1, &[("value", Tlv::List(vec![Tlv::Bytes(vec![]); 100]))]),
        ),
        ("stash_no_operation", message(13, &[])),
    ]
}

pub(super) fn hop() -> Vec<Seed> {
    let (table, key) = (|| "t".to_owned(), || "k".to_owned());
    let value = || StashValue {
        json: r#"["ä",{"$blob":1}]"#.into(),
        blobs: vec![Bytes::new(), Bytes::from_static(b"\0\xff")],
    };
    let ttl = Some(Duration::from_millis(1500));
    let uses = [
        StashRequest::Put {
            table: table(),
            key: key(),
            value: value(),
            ttl,
        },
        StashRequest::Keys {
            table: table(),
            pattern: Some("a*".into()),
        },
        StashRequest::Increment {
            table: table(),
            key: key(),
            delta: i64::MIN,
        },
        StashRequest::CompareAndSwap {
            table: table(),
            key: key(),
            expected: Some(value()),
            value: StashValue::from_json("1"),
            ttl: None,
        },
        StashRequest::Tables,
    ];
    let answers = [
        Ok(StashAnswer::Done),
        Ok(StashAnswer::Truth(true)),
        Ok(StashAnswer::Value(Cow::Owned(value()))),
        Ok(StashAnswer::Sum(-1)),
        Ok(StashAnswer::Names(vec![key(), "ß".into()])),
        Ok(StashAnswer::Info {
            table: table(),
            size: 7,
        }),
    ];
    let refusals = [
        StashError::KeyNotFound {
            table: table(),
            key: key(),
        },
        StashError::TooLong {
            what: Text::Key,
            len: 2000,
            max: 1024,
        },
        StashError::ValueTooLarge {
            max: 100,
            limit: Limit::Table,
        },
        StashError::Overflow {
            table: table(),
            key: key(),
            value: i64::MAX,
            delta: 1,
        },
    ];
    let up = |request: StashRequest| {
        let encoded = Up::Stash(request).encode();
        [encoded.head(), &encoded.body].concat()
    };
    let down = |answer| {
        let encoded = Down::Stash(answer).encode();
        [encoded.head(), &encoded.body].concat()
    };
    let value_cut = {
        let mut cut = down(Ok(StashAnswer::Value(Cow::Owned(value()))));
        // The number of binaries, which is no number of theirs any more.
        let at = cut.len() - 5;
        cut[at] = 0x7f;
        cut
    };
    vec![
        ("stash_uses", uses.map(up).concat()),
        ("stash_answers", answers.map(down).concat()),
        ("stash_refusals", refusals.map(Err).map(down).concat()),
        ("stash_binaries_that_are_missing", value_cut),
    ]
}
