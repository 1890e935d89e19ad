//! What a sound `stash` message of the binary dialect has, and what the host has to find in it.

use bytes::Bytes;

use super::binary_message::{as_tlv, text};
use super::tlv::Tlv;
use crate::protocol::{StashRequest, StashValue};

/// Whether the host should take a message with these members.
pub(super) fn is_sound<'a>(find: impl Fn(&'static str) -> Option<&'a Tlv>) -> bool {
    let Some(Tlv::Int(op)) = find("op") else {
        return false;
    };
    let is_text = |name| matches!(find(name), None | Some(Tlv::Text(_)));
    let is_key = matches!(find("key"), Some(Tlv::Text(_) | Tlv::Int(_)));
    let is_time = match find("ttl") {
        None => true,
        Some(Tlv::Int(seconds)) => *seconds > 0,
        Some(Tlv::Float(seconds)) => *seconds > 0.0,
        Some(_) => false,
    };
    let needed = match op {
        1 | 12 => is_key && is_time,
        2 | 3 => is_key,
        4 => is_text("pattern"),
        5..=9 => true,
        10 => is_key || find("key").is_none(),
        11 => is_key && matches!(find("delta"), None | Some(Tlv::Int(_))),
        _ => false,
    };
    needed && is_text("table")
}

/// Fails if the host has read something else.
pub(super) fn check<'a>(request: &StashRequest, find: impl Fn(&'static str) -> Option<&'a Tlv>) {
    let sent_key = || match find("key") {
        Some(Tlv::Int(key)) => Some(key.to_string()),
        key => text(key),
    };
    let is_of = |op: i64, table: &str| {
        assert_eq!(find("op"), Some(&Tlv::Int(op)));
        assert_eq!(table, text(find("table")).unwrap_or_default());
    };
    let is_at = |op: i64, table: &str, key: &str| {
        is_of(op, table);
        assert_eq!(Some(key), sent_key().as_deref());
    };
    let is_sent = |name, value: Option<&StashValue>| {
        let sent = find(name).map(|sent| sent.clone().with_one_nan().encode());
        assert_eq!(value.map(encoded), sent);
    };
    let is_put = |value: &StashValue| match find("value") {
        Some(_) => is_sent("value", Some(value)),
        None => assert_eq!(*value, StashValue::from_json("null")),
    };
    match request {
        StashRequest::Put {
            table,
            key,
            value,
            ttl,
        } => {
            is_at(1, table, key);
            is_put(value);
            assert_eq!(ttl.is_some(), find("ttl").is_some());
        }
        StashRequest::Get { table, key } => is_at(2, table, key),
        StashRequest::Delete { table, key } => is_at(3, table, key),
        StashRequest::Keys { table, pattern } => {
            is_of(4, table);
            assert_eq!(*pattern, text(find("pattern")));
        }
        StashRequest::Clear { table } => is_of(5, table),
        StashRequest::Info { table } => is_of(6, table),
        StashRequest::Ensure { table } => is_of(7, table),
        StashRequest::DeleteTable { table } => is_of(8, table),
        StashRequest::Tables => assert_eq!(find("op"), Some(&Tlv::Int(9))),
        StashRequest::Exists { table, key } => {
            is_of(10, table);
            assert_eq!(*key, sent_key());
        }
        StashRequest::Increment { table, key, delta } => {
            is_at(11, table, key);
            let sent = find("delta").cloned().unwrap_or(Tlv::Int(1));
            assert_eq!(sent, Tlv::Int(*delta));
        }
        StashRequest::CompareAndSwap {
            table,
            key,
            expected,
            value,
            ttl,
        } => {
            is_at(12, table, key);
            is_put(value);
            is_sent("expected", expected.as_ref());
            assert_eq!(ttl.is_some(), find("ttl").is_some());
        }
    }
}

fn encoded(value: &StashValue) -> Vec<u8> {
    let blobs: Vec<&[u8]> = value.blobs.iter().map(Bytes::as_ref).collect();
    as_tlv(&value.json, &blobs)
}
