#![allow(clippy::unwrap_used)]

use bytes::{Bytes, BytesMut};
use proptest::prelude::*;
use serde_json::value::to_raw_value;

use super::super::{
    AppPath, Command, Dialect, Message, StashRequest, StashValue, decode_frame, read_envelope,
    read_request,
};
use super::*;

fn payload(out: &[u8]) -> Bytes {
    let mut buf = BytesMut::from(out);
    let frame = decode_frame(&mut buf, 1 << 20).unwrap().unwrap();
    assert!(buf.is_empty());
    frame
}

fn raw(value: impl Serialize) -> Box<RawValue> {
    to_raw_value(&value).unwrap()
}

#[test]
fn small_messages_are_read_as_what_they_are() {
    let mut out = Vec::new();
    write_cancel(&mut out, 7);
    let message = read_envelope(&payload(&out)).unwrap();
    assert!(matches!(message, Message::Cancel { id } if id.as_str() == "7"));
    out.clear();
    write_status(&mut out, u64::MAX);
    let message = read_envelope(&payload(&out)).unwrap();
    assert!(matches!(message, Message::Status { id } if id.as_str() == u64::MAX.to_string()));
}

#[test]
fn a_request_above_the_limit_is_not_begun() {
    let mut out = b"before".to_vec();
    let request = RequestParts {
        app_path: "a",
        action: "b",
        args: &[raw("x".repeat(100))],
        kwargs: &[],
        timeout: None,
    };
    assert!(write_request(&mut out, 1, &request, 100).is_err());
    assert_eq!(out, b"before");
}

proptest! {
    #[test]
    fn a_command_arrives_as_it_was_sent(id: u64, name: String, workers: u32) {
        let app = || AppPath::from(name.clone());
        for (parts, sent) in [
            (ControlParts::Reload { app: None }, Command::Reload { app: None }),
            (ControlParts::Reload { app: Some(&name) }, Command::Reload { app: Some(app()) }),
            (ControlParts::Restart { app: &name }, Command::Restart { app: app() }),
            (ControlParts::Scale { app: &name, workers }, Command::Scale { app: app(), workers }),
        ] {
            let mut out = Vec::new();
            write_control(&mut out, id, &parts, 1 << 20).unwrap();
            let Message::Control { id: read_id, command } = read_envelope(&payload(&out)).unwrap()
            else {
                return Err(TestCaseError::fail("not a command"));
            };
            prop_assert_eq!(read_id.as_str(), id.to_string());
            prop_assert_eq!(command, sent);
        }
    }

    #[test]
    fn a_request_arrives_as_it_was_sent(
        id: u64,
        app_path: String,
        action: String,
        args in prop::collection::vec(any::<String>(), 0..4),
        kwargs in prop::collection::vec((any::<String>(), any::<i64>()), 0..4),
        timeout_ms in prop::option::of(1u64..1_000_000_000),
    ) {
        let timeout = timeout_ms.map(Duration::from_millis);
        let raw_args: Vec<_> = args.iter().map(raw).collect();
        let raw_kwargs: Vec<_> = kwargs.iter().map(|(k, v)| (k.clone(), raw(v))).collect();
        let parts = RequestParts {
            app_path: &app_path,
            action: &action,
            args: &raw_args,
            kwargs: &raw_kwargs,
            timeout,
        };
        let mut out = Vec::new();
        write_request(&mut out, id, &parts, 1 << 20).unwrap();
        let frame = payload(&out);

        let Message::Request(envelope) = read_envelope(&frame).unwrap() else {
            return Err(TestCaseError::fail("not a request"));
        };
        prop_assert_eq!(envelope.id.as_str(), id.to_string());
        prop_assert_eq!(envelope.app_path.as_str(), &app_path);
        prop_assert_eq!(envelope.timeout, timeout);
        prop_assert!(envelope.multiplex);

        let request = read_request(&frame).unwrap();
        prop_assert_eq!(request.action, action);
        let read: Vec<String> = serde_json::from_str(&request.args).unwrap();
        prop_assert_eq!(read, args);
        let pairs: Vec<_> = kwargs
            .iter()
            .map(|(k, v)| format!("{}:{v}", raw(k).get()))
            .collect();
        prop_assert_eq!(request.kwargs, format!("{{{}}}", pairs.join(",")));
    }
}

fn bare(operation: StashOperation) -> StashParts<'static> {
    StashParts {
        operation,
        table: "t\n",
        key: None,
        value: None,
        pattern: None,
        ttl: None,
        delta: None,
        expected: None,
    }
}

#[test]
fn uses_of_the_stash_are_read_as_they_were_meant() {
    let (old, new) = (raw(1.0), raw("v"));
    let table = "t\n".to_owned();
    let key = "gr\"öße".to_owned();
    let value = StashValue::from_json(new.get());
    let with_key = |operation| StashParts {
        key: Some("gr\"öße"),
        ..bare(operation)
    };
    let put = StashParts {
        value: Some(&new),
        ttl: Some(Duration::from_millis(1500)),
        ..with_key(StashOperation::Put)
    };
    let swap = StashParts {
        expected: Some(&old),
        ..put
    };
    let swap = StashParts {
        operation: StashOperation::CompareAndSwap,
        ttl: None,
        ..swap
    };
    let increment = StashParts {
        delta: Some(i64::MIN),
        ..with_key(StashOperation::Increment)
    };
    let keys = StashParts {
        pattern: Some("a*"),
        ..bare(StashOperation::Keys)
    };
    for (parts, expected) in [
        (
            put,
            StashRequest::Put {
                table: table.clone(),
                key: key.clone(),
                value: value.clone(),
                ttl: Some(Duration::from_millis(1500)),
            },
        ),
        (
            swap,
            StashRequest::CompareAndSwap {
                table: table.clone(),
                key: key.clone(),
                expected: Some(StashValue::from_json("1.0")),
                value,
                ttl: None,
            },
        ),
        (
            increment,
            StashRequest::Increment {
                table: table.clone(),
                key: key.clone(),
                delta: i64::MIN,
            },
        ),
        (
            keys,
            StashRequest::Keys {
                table: table.clone(),
                pattern: Some("a*".into()),
            },
        ),
        (
            with_key(StashOperation::Exists),
            StashRequest::Exists {
                table: table.clone(),
                key: Some(key),
            },
        ),
        (
            bare(StashOperation::Exists),
            StashRequest::Exists { table, key: None },
        ),
    ] {
        let mut out = Vec::new();
        write_stash(&mut out, 7, &parts, 1 << 10).unwrap();
        let frame = payload(&out);
        let Message::Stash { id } = read_envelope(&frame).unwrap() else {
            panic!("not a use of the stash");
        };
        let request = Dialect::Json.read_stash(&frame, usize::MAX).unwrap();
        assert_eq!((id.as_str(), request), ("7", expected));
    }
    let mut out = vec![1];
    assert!(write_stash(&mut out, 7, &bare(StashOperation::Tables), 10).is_err());
    assert_eq!(out, [1]);
}
