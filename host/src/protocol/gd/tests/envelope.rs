use std::time::Duration;

use bytes::Bytes;
use proptest::prelude::*;

use super::super::header::Kind;
use super::super::{read_beginning, read_envelope, read_request, read_stash};
use super::model::{Tlv, dict, frame_of, request, text};
use crate::protocol::{
    AppPath, Command, Dialect, Envelope, Message, Operation, RawId, StashRequest, StashValue,
    TIMEOUT_MAX,
};

fn read(kind: Kind, payload: &Tlv) -> Result<Message, String> {
    let frame = frame_of(kind, 7, &payload.encode());
    read_envelope(&frame).map_err(|error| {
        assert_eq!(error.id.as_str(), "7");
        error.to_string()
    })
}

fn envelope(payload: &Tlv) -> Envelope {
    match read(Kind::Request, payload) {
        Ok(Message::Request(envelope)) => envelope,
        other => panic!("{payload:?}: {other:?}"),
    }
}

/// A request with these members more, as far as `at` in it.
fn with(at: usize, more: &[(&str, Tlv)]) -> Tlv {
    let Tlv::Dict(mut members) = request(vec![Tlv::Int(1)], vec![]) else {
        panic!("a request is a dict");
    };
    let more = more
        .iter()
        .map(|(key, value)| ((*key).to_owned(), value.clone()));
    members.splice(at..at, more);
    Tlv::Dict(members)
}

#[test]
fn reads_what_the_peers_client_sends() {
    // Taken off gunicorn 27.0.1: execute("a:B", "go", 1, k=b"x") under the id 258.
    let frame = b"GD\x01\x01\x00\x00\x00\x5f\x00\x00\x00\x00\x00\x00\x01\x02\
        !\x00\x00\x00\x04\
        \x11\x00\x00\x00\x08app_path\x11\x00\x00\x00\x03a:B\
        \x11\x00\x00\x00\x06action\x11\x00\x00\x00\x02go\
        \x11\x00\x00\x00\x04args \x00\x00\x00\x01\x05\x00\x00\x00\x00\x00\x00\x00\x01\
        \x11\x00\x00\x00\x06kwargs!\x00\x00\x00\x01\x11\x00\x00\x00\x01k\x10\x00\x00\x00\x01x";
    let frame = Bytes::from_static(frame);
    let Ok(Message::Request(envelope)) = Dialect::Gd.read_envelope(&frame) else {
        panic!("not a request");
    };
    assert_eq!((envelope.id.as_str(), &*envelope.app_path), ("258", "a:B"));
    assert_eq!((envelope.timeout, envelope.multiplex), (None, false));
    assert!(frame.as_ptr_range().contains(&envelope.app_path.as_ptr()));
    let request = Dialect::Gd.read_request(&frame).unwrap();
    assert_eq!((&*request.action, &*request.args), ("go", "[1]"));
    assert_eq!(request.kwargs, r#"{"k":{"$blob":0}}"#);
}

#[test]
fn fields_are_found_wherever_they_stand() {
    for at in 0..=4 {
        let more = [("timeout", Tlv::Int(2)), ("multiplex", Tlv::Bool(true))];
        let read = envelope(&with(at, &more));
        assert_eq!(read.timeout, Some(Duration::from_secs(2)));
        assert!(read.multiplex);
    }
    // Also behind more values than are skipped at once, and where arguments look like them.
    for like in ["timeout", "x"] {
        let args = vec![dict([(like, Tlv::Int(9))]); 5000];
        let Tlv::Dict(mut members) = request(args, vec![]) else {
            panic!("a request is a dict");
        };
        assert_eq!(envelope(&Tlv::Dict(members.clone())).timeout, None);
        members.push(("timeout".to_owned(), Tlv::Float(0.5)));
        let read = envelope(&Tlv::Dict(members));
        assert_eq!(read.timeout, Some(Duration::from_millis(500)));
    }
}

#[test]
fn a_large_message_is_not_read_to_its_end() {
    let mut payload = request(vec![Tlv::None; 5000], vec![]).encode();
    let end = payload.len();
    payload[end - 5] = 0x99;
    let frame = frame_of(Kind::Request, 7, &payload);
    assert!(read_envelope(&frame).is_ok());
    // The worker will say so.
    assert!(read_request(&frame).is_err());
}

#[test]
fn timeouts_are_bounded_on_both_sides() {
    for (seconds, timeout) in [
        (Tlv::Float(2.5), Some(Duration::from_millis(2500))),
        (Tlv::Float(1e-30), Some(Duration::from_nanos(1))),
        (Tlv::Float(f64::INFINITY), Some(TIMEOUT_MAX)),
        (Tlv::Int(i64::MAX), Some(TIMEOUT_MAX)),
        (Tlv::Int(0), None),
        (Tlv::Int(-1), None),
        (Tlv::Float(f64::NAN), None),
        (Tlv::None, None),
        (text("5"), None),
        (Tlv::List(vec![]), None),
    ] {
        let payload = with(2, &[("timeout", seconds.clone())]);
        let read = read(Kind::Request, &payload);
        match (read, timeout) {
            (Ok(Message::Request(read)), Some(_)) => assert_eq!(read.timeout, timeout),
            (Err(fault), None) => {
                assert_eq!(fault, "`timeout` must be a number of seconds above 0");
            }
            (read, _) => panic!("{seconds:?}: {read:?}"),
        }
        let frame = frame_of(Kind::Request, 7, &payload.encode());
        assert_eq!(read_request(&frame).is_ok(), timeout.is_some());
    }
}

#[test]
fn refusals_say_what_is_wrong() {
    for (payload, fault) in [
        (dict([]), "the message lacks `app_path`"),
        (
            dict([("app_path", Tlv::None)]),
            "`app_path` must be a string",
        ),
        (
            with(4, &[("app_path", text("x"))]),
            "the message has `app_path` twice: send it once",
        ),
        (
            with(4, &[("multiplex", Tlv::Int(1))]),
            "`multiplex` must be true or false",
        ),
        (Tlv::List(vec![]), "the message must be a dict"),
    ] {
        assert_eq!(
            read(Kind::Request, &payload),
            Err(fault.to_owned()),
            "{payload:?}"
        );
    }
    for (payload, fault) in [
        (
            dict([("app_path", text("a"))]),
            "the message lacks `action`",
        ),
        (
            dict([("app_path", text("a")), ("action", Tlv::Int(1))]),
            "`action` must be a string",
        ),
        (
            dict([("app_path", text("a")), ("args", dict([]))]),
            "`args` must be a list",
        ),
        (
            dict([("app_path", text("a")), ("kwargs", Tlv::None)]),
            "`kwargs` must be a dict",
        ),
        (
            with(4, &[("args", Tlv::List(vec![]))]),
            "the message has `args` twice: send it once",
        ),
    ] {
        let frame = frame_of(Kind::Request, 7, &payload.encode());
        assert_eq!(
            read_request(&frame).unwrap_err().to_string(),
            fault,
            "{payload:?}"
        );
    }
    for (kind, name) in [(Kind::Response, "response"), (Kind::End, "end")] {
        let fault = read(kind, &dict([])).unwrap_err();
        assert!(
            fault.starts_with(&format!("Unknown message type: {name} (")),
            "{fault}"
        );
    }
    let status = frame_of(Kind::Status, 7, b"");
    assert!(read_request(&status).is_err());
}

#[test]
fn what_is_not_sent_is_empty_and_what_nobody_knows_is_ignored() {
    let payload = dict([
        ("type", Tlv::Int(1)),
        ("id", Tlv::Int(9)),
        ("app_path", text("a")),
        ("other", Tlv::List(vec![dict([("timeout", Tlv::None)])])),
        ("action", text("b")),
    ]);
    assert_eq!(envelope(&payload).id.as_str(), "7");
    let frame = frame_of(Kind::Request, 7, &payload.encode());
    let request = read_request(&frame).unwrap();
    assert_eq!((&*request.args, &*request.kwargs), ("[]", "{}"));
    assert_eq!((&*request.id, request.blobs.len()), ("7", 0));
}

#[test]
fn status_and_manage_are_commands_to_the_host() {
    let id = RawId::from(7);
    let frame = frame_of(Kind::Status, 7, b"");
    assert_eq!(
        read_envelope(&frame),
        Ok(Message::Status { id: id.clone() })
    );
    let manage = |operation, count, app: Option<&str>| {
        Ok(Message::Control {
            id: id.clone(),
            command: Command::Manage {
                operation,
                count,
                app: app.map(|app| AppPath::from(app.to_owned())),
            },
        })
    };
    for (payload, expected) in [
        (
            dict([("op", Tlv::Int(1)), ("count", Tlv::Int(3))]),
            manage(Operation::Add, 3, None),
        ),
        (
            dict([("op", Tlv::Int(2)), ("app", text("a"))]),
            manage(Operation::Remove, 1, Some("a")),
        ),
        (
            dict([("op", Tlv::Int(3))]),
            Err("`op` must be 1 (add workers) or 2 (remove workers)".to_owned()),
        ),
        (dict([]), Err("the message lacks `op`".to_owned())),
        (
            dict([("op", Tlv::Int(1)), ("count", Tlv::Int(-1))]),
            Err("`count` must be a whole number from 0 to 4294967295".to_owned()),
        ),
    ] {
        assert_eq!(read(Kind::Manage, &payload), expected);
    }
}

#[test]
fn a_stash_message_brings_its_value_as_apps_see_it() {
    let payload = dict([
        ("op", Tlv::Int(1)),
        ("table", text("t")),
        ("key", text("k")),
        (
            "value",
            dict([
                ("a", Tlv::Bytes(b"x".to_vec())),
                ("b", Tlv::Float(f64::NAN)),
            ]),
        ),
    ]);
    let stash = |payload: &Tlv| {
        let frame = frame_of(Kind::Stash, 7, &payload.encode());
        read_stash(&frame, usize::MAX).map_err(|fault| fault.to_string())
    };
    let value = StashValue {
        json: r#"{"a":{"$blob":0},"b":{"$float":"nan"}}"#.into(),
        blobs: vec![Bytes::from_static(b"x")],
    };
    let expected = StashRequest::Put {
        table: "t".into(),
        key: "k".into(),
        value,
        ttl: None,
    };
    assert_eq!(stash(&payload), Ok(expected));

    let payload = dict([
        ("op", Tlv::Int(12)),
        ("table", text("t")),
        ("key", Tlv::Int(5)),
        ("expected", Tlv::Bytes(b"x".to_vec())),
        ("ttl", Tlv::Float(0.5)),
    ]);
    let expected = StashValue {
        json: r#"{"$blob":0}"#.into(),
        blobs: vec![Bytes::from_static(b"x")],
    };
    let swap = StashRequest::CompareAndSwap {
        table: "t".into(),
        key: "5".into(),
        expected: Some(expected),
        value: StashValue::from_json("null"),
        ttl: Some(Duration::from_millis(500)),
    };
    assert_eq!(stash(&payload), Ok(swap));
    let fault = stash(&dict([("op", Tlv::Int(2))])).unwrap_err();
    assert_eq!(fault, "the message lacks `key`");
}

#[test]
fn the_beginning_of_a_message_tells_what_stands_there_as_a_whole() {
    let more = [("multiplex", Tlv::Bool(true))];
    let frame = frame_of(Kind::Request, 712, &with(2, &more).encode());
    let find = |text: &[u8]| {
        let at = frame.windows(text.len()).position(|window| window == text);
        at.unwrap() + text.len()
    };
    for len in 0..=frame.len() {
        let told = read_beginning(&frame.slice(..len));
        let id = if len >= 16 { "712" } else { "null" };
        assert_eq!(told.id.as_str(), id, "{len}");
        let app = (len >= find(b"a:B")).then_some("a:B");
        assert_eq!(told.app_path.as_deref(), app, "{len}");
        let multiplex = (len >= find(b"multiplex\x01\x01")).then_some(true);
        assert_eq!(told.multiplex, multiplex, "{len}");
    }
}

proptest! {
    // What is skipped and what is searched for must come to the same.
    #[test]
    fn the_arbiter_finds_what_a_whole_reading_finds(
        sizes in prop::collection::vec(0usize..3000, 2),
        timeout in prop::option::of(1i64..1000),
        multiplex in prop::option::of(any::<bool>()),
        order in Just((0..6usize).collect::<Vec<_>>()).prop_shuffle(),
    ) {
        let list = |len: usize| Tlv::List(vec![text("timeout"); len]);
        let pairs = (0..sizes[1]).map(|_| ("multiplex".to_owned(), Tlv::None)).collect();
        let members = [
            Some(("app_path", text("a"))),
            Some(("action", text("b"))),
            Some(("args", list(sizes[0]))),
            Some(("kwargs", Tlv::Dict(pairs))),
            timeout.map(|timeout| ("timeout", Tlv::Int(timeout))),
            multiplex.map(|multiplex| ("multiplex", Tlv::Bool(multiplex))),
        ];
        let members = order.iter().filter_map(|&index| members[index].clone());
        let members = members.map(|(key, value)| (key.to_owned(), value)).collect();
        let read = envelope(&Tlv::Dict(members));
        prop_assert_eq!(&*read.app_path, "a");
        prop_assert_eq!(read.timeout.map(|t| t.as_secs()), timeout.map(|t| t as u64));
        prop_assert_eq!(read.multiplex, multiplex.unwrap_or(false));
    }
}
