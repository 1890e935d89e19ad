//! Sound and nearly sound values, generated: JSON of every shape there and back through TLV, and
//! requests of every order and spelling. What must hold is said in the functions that the fuzzers run.

use proptest::prelude::*;
use proptest::sample::select;

use super::{app_value, json_message};
use crate::protocol::DEPTH_MAX;

/// A string with quotes, each character as it is or in one of its escapes; also halves of pairs.
fn string() -> impl Strategy<Value = String> {
    let character = prop_oneof![
        any::<char>().prop_map(|character| serde_json::to_string(&character).unwrap()),
        any::<char>().prop_map(|character| {
            let mut units = [0; 2];
            let units = character.encode_utf16(&mut units).iter();
            format!(
                "\"{}\"",
                units
                    .map(|unit| format!("\\u{unit:04x}"))
                    .collect::<String>()
            )
        }),
        select(vec![
            "\"\\/\"",
            "\"\\b\"",
            "\"\\u0000\"",
            "\"\u{7f}\"",
            "\"\u{2028}\"",
            "\"\\ud83e\\udd80\""
        ])
        .prop_map(str::to_owned),
    ];
    let sound = prop::collection::vec(character, 0..12).prop_map(|characters| {
        let inner: String = characters
            .iter()
            .map(|quoted| &quoted[1..quoted.len() - 1])
            .collect();
        format!("\"{inner}\"")
    });
    let half = select(vec![
        "\"\\ud800\"",
        "\"\\udfff\"",
        "\"\\udc00\\ud800\"",
        "\"\\ud800x\"",
    ]);
    prop_oneof![
        30 => sound,
        1 => half.prop_map(str::to_owned),
    ]
}

fn number() -> impl Strategy<Value = String> {
    let edges = [
        "0",
        "-0",
        "-0.0",
        "9223372036854775807",
        "-9223372036854775808",
        "9007199254740993",
        "1e999",
        "-1e999",
        "1E-400",
        "5e-324",
        "1.7976931348623157e308",
        "0.1",
        "1e16",
    ];
    let too_long = [
        "9223372036854775808",
        "-9223372036854775809",
        "123456789012345678901234567890",
    ];
    prop_oneof![
        10 => any::<i64>().prop_map(|number| number.to_string()),
        10 => any::<f64>().prop_map(|number| serde_json::to_string(&number).unwrap()),
        10 => r"-?(0|[1-9][0-9]{0,17})(\.[0-9]{1,20})?([eE][+-]?[0-9]{1,3})?",
        10 => select(edges.to_vec()).prop_map(str::to_owned),
        1 => select(too_long.to_vec()).prop_map(str::to_owned),
    ]
}

fn key() -> impl Strategy<Value = String> {
    let special = [
        r#""$blob""#,
        r#""$float""#,
        r#""$$blob""#,
        r#""$$$float""#,
        r#""$""#,
        r#""\u0024blob""#,
        r#""$blobs""#,
        r#""""#,
        r#""timeout""#,
    ];
    prop_oneof![select(special.to_vec()).prop_map(str::to_owned), string()]
}

fn value() -> impl Strategy<Value = String> {
    let space = || select(vec!["", "", "", " ", "\n\t"]);
    let leaf = prop_oneof![
        8 => string(),
        8 => number(),
        3 => select(vec!["null", "true", "false", "[]", "{}"]).prop_map(str::to_owned),
        3 => select(vec![r#"{"$blob":1}"#, r#"{"$float":"nan"}"#, r#"{"$float":"-inf"}"#])
            .prop_map(str::to_owned),
        1 => select(vec![r#"{"$blob":9}"#, r#"{"$float":"x"}"#]).prop_map(str::to_owned),
    ];
    leaf.prop_recursive(6, 48, 6, move |inner| {
        let member = (key(), inner.clone(), space());
        let member = member.prop_map(|(key, value, space)| format!("{space}{key}{space}:{value}"));
        prop_oneof![
            (prop::collection::vec(inner, 0..6), space())
                .prop_map(|(items, space)| format!("[{space}{}]", items.join(","))),
            prop::collection::vec(member, 0..3)
                .prop_map(|members| format!("{{{}}}", members.join(","))),
        ]
    })
}

/// A request's members: mostly what clients send, in any order.
fn request() -> impl Strategy<Value = String> {
    let member = |name: &'static str, values: BoxedStrategy<String>| {
        let name = prop_oneof![
            20 => Just(format!("\"{name}\"")),
            1 => Just(format!("\"\\u{:04x}{}\"", name.as_bytes()[0], &name[1..])),
        ];
        prop::option::weighted(0.9, (name, values)).boxed()
    };
    let text = |text: &'static str| prop_oneof![9 => Just(text.to_owned()), 1 => value()].boxed();
    let members = [
        member("type", text("\"request\"")),
        member("id", prop_oneof![string(), number()].boxed()),
        member("app_path", string().boxed()),
        member("action", string().boxed()),
        member(
            "args",
            value().prop_map(|value| format!("[{value}]")).boxed(),
        ),
        member(
            "kwargs",
            value()
                .prop_map(|value| format!(r#"{{"timeout":{value}}}"#))
                .boxed(),
        ),
        member(
            "timeout",
            prop_oneof![9 => Just("2.5".to_owned()), 1 => value()].boxed(),
        ),
        member(
            "multiplex",
            select(vec!["true", "false", "1"])
                .prop_map(str::to_owned)
                .boxed(),
        ),
        member("args2", value().boxed()),
    ];
    let order = Just((0..members.len()).collect::<Vec<_>>()).prop_shuffle();
    (members.to_vec(), order).prop_map(|(members, order)| {
        let members = order.iter().filter_map(|&index| members[index].as_ref());
        let members: Vec<_> = members
            .map(|(name, value)| format!("{name}:{value}"))
            .collect();
        format!("{{{}}}", members.join(","))
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn every_value_of_an_app_is_sent_as_it_is_or_refused(json in value()) {
        app_value(json.as_bytes());
    }

    #[test]
    fn arbiter_and_worker_agree_on_every_request(json in request()) {
        json_message(json.as_bytes());
    }

    #[test]
    fn depth_is_limited_in_the_same_place_everywhere(
        depth in DEPTH_MAX - 4..DEPTH_MAX + 4,
        objects in any::<u64>(),
        inner in value(),
    ) {
        let is_object = |level: usize| objects >> (level % 64) & 1 == 1;
        let open = (0..depth).map(|level| if is_object(level) { r#"{"$$blob":"# } else { "[" });
        let close = (0..depth).rev().map(|level| if is_object(level) { "}" } else { "]" });
        let json: String = open.chain([inner.as_str()]).chain(close).collect();
        app_value(json.as_bytes());
        json_message(format!(r#"{{"type":"request","app_path":"a","action":"b","args":[{json}]}}"#).as_bytes());
    }
}
