#![allow(clippy::unwrap_used)]

use proptest::prelude::*;

use bytes::Bytes;

use super::super::{Message, read_envelope};
use super::*;

fn read(text: &str) -> Result<Command, String> {
    match read_envelope(&Bytes::copy_from_slice(text.as_bytes())) {
        Ok(Message::Control { id, command }) => {
            assert_eq!(id.as_str(), "7");
            Ok(command)
        }
        Ok(other) => panic!("{text}: {other:?}"),
        Err(error) => Err(error.to_string()),
    }
}

fn app(name: &str) -> AppPath {
    AppPath::from(name.to_owned())
}

#[test]
fn commands_of_ours() {
    for (text, command) in [
        (
            r#"{"type":"control","id":7,"op":"reload"}"#,
            Command::Reload { app: None },
        ),
        (
            r#"{"app":"caf\u00e9","op":"\u0072eload","id":7,"type":"control"}"#,
            Command::Reload {
                app: Some(app("café")),
            },
        ),
        (
            r#"{"type":"control","id":7,"op":"restart","app":"a:B","extra":[{"op":1}]}"#,
            Command::Restart { app: app("a:B") },
        ),
        (
            r#" {"type":"control", "id" :7, "op":"scale", "\u0061pp":"a", "workers" : 3 } "#,
            Command::Scale {
                app: app("a"),
                workers: 3,
            },
        ),
        (
            r#"{"type":"control","id":7,"op":"scale","app":"a","workers":4294967295}"#,
            Command::Scale {
                app: app("a"),
                workers: u32::MAX,
            },
        ),
    ] {
        assert_eq!(read(text), Ok(command), "{text}");
    }
}

#[test]
fn commands_of_the_peers() {
    for (fields, operation, count, name) in [
        (r#""op":1"#, Operation::Add, 1, None),
        (r#""op":2,"count":3"#, Operation::Remove, 3, None),
        (r#""op":2,"count":0"#, Operation::Remove, 1, None),
        (
            r#""count":2,"op":1,"app":"a""#,
            Operation::Add,
            2,
            Some("a"),
        ),
    ] {
        let text = format!(r#"{{"type":"manage","id":7,{fields}}}"#);
        let command = Command::Manage {
            operation,
            count,
            app: name.map(app),
        };
        assert_eq!(read(&text), Ok(command), "{text}");
    }
}

#[test]
fn refusals_say_what_is_wrong() {
    let whole_number = "must be a whole number from 0 to 4294967295";
    for (fields, message) in [
        (r#""type":"control""#, "the message lacks `op`"),
        (r#""type":"manage""#, "the message lacks `op`"),
        (
            r#""type":"control","op":1"#,
            "`op` must be a string of Unicode text",
        ),
        (
            r#""type":"control","op":"stop""#,
            "Unknown operation: stop (known: reload, restart, scale)",
        ),
        (
            r#""type":"control","op":"restart""#,
            "the message lacks `app`",
        ),
        (
            r#""type":"control","op":"reload","app":null"#,
            "`app` must be a string of Unicode text",
        ),
        (
            r#""type":"control","op":"reload","app":"\ud800""#,
            "`app` must be a string of Unicode text",
        ),
        (
            r#""type":"control","op":"scale","workers":1"#,
            "the message lacks `app`",
        ),
        (
            r#""type":"control","op":"scale","app":"a""#,
            "the message lacks `workers`",
        ),
        (
            r#""type":"control","op":"scale","app":"a","workers":1,"workers":1"#,
            "the message has `workers` twice: send it once",
        ),
        (
            r#""type":"control","op":"reload","\u006fp":"reload""#,
            "the message has `op` twice: send it once",
        ),
        (
            r#""type":"manage","op":3"#,
            "`op` must be 1 (add workers) or 2 (remove workers)",
        ),
        (
            r#""type":"manage","op":"add""#,
            "`op` must be 1 (add workers) or 2 (remove workers)",
        ),
        (
            r#""type":"manage","op":1,"app":5"#,
            "`app` must be a string of Unicode text",
        ),
    ] {
        let text = format!(r#"{{"id":7,{fields}}}"#);
        assert_eq!(read(&text), Err(message.to_owned()), "{text}");
    }
    for number in [
        "-1",
        "-0",
        "1.5",
        "1.0",
        "1e3",
        "4294967296",
        "\"1\"",
        "null",
        "[1]",
    ] {
        let scale =
            format!(r#"{{"id":7,"type":"control","op":"scale","app":"a","workers":{number}}}"#);
        assert_eq!(read(&scale), Err(format!("`workers` {whole_number}")));
        let manage = format!(r#"{{"id":7,"type":"manage","op":1,"count":{number}}}"#);
        assert_eq!(read(&manage), Err(format!("`count` {whole_number}")));
    }
}

#[test]
fn a_request_may_have_fields_of_these_names() {
    let text = r#"{"op":1,"op":2,"app":null,"type":"request","id":7,"app_path":"a","args":[]}"#;
    let message = read_envelope(&Bytes::from_static(text.as_bytes())).unwrap();
    assert!(matches!(message, Message::Request(_)), "{message:?}");
}

proptest! {
    #[test]
    fn any_fields_never_panic(
        kind in "control|manage",
        members in prop::collection::vec(("op|app|workers|count|x", any::<String>(), any::<i64>()), 0..5),
    ) {
        let members: String = members
            .iter()
            .map(|(key, text, number)| match number % 2 {
                0 => format!(r#","{key}":{}"#, serde_json::to_string(text).unwrap()),
                _ => format!(r#","{key}":{number}"#),
            })
            .collect();
        let _ = read(&format!(r#"{{"type":"{kind}","id":7{members}}}"#));
    }
}
