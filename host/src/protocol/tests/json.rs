#![allow(clippy::unwrap_used)]

use proptest::prelude::*;
use serde::de::IgnoredAny;

use super::*;

fn nested(depth: usize, open: &str, close: &str) -> String {
    open.repeat(depth) + "1" + &close.repeat(depth)
}

#[test]
fn takes_every_json_value() {
    for text in [
        "0",
        "-0.5e+10",
        " [1 , 2]\r\n\t",
        "{}",
        "[]",
        r#"{"a": [{}, [], "", null, true, false]}"#,
        r#""\"\\\/\b\f\n\r\t\u00e9""#,
        // What others convert, and so refuse or change:
        "123456789012345678901234567890123456789012345678901234567890",
        "1e999",
        r#""\ud800""#,
        r#"{"$serde_json::private::RawValue": "{", "a": 1, "a": 2}"#,
        "\"\u{7f}ünï\u{10ffff}\"",
    ] {
        assert_eq!(check_value(text), Ok(()), "{text}");
    }
}

#[test]
fn says_where_and_why_a_text_is_no_json_value() {
    for (text, at, expected) in [
        ("", 0, "a value"),
        ("\u{feff}1", 0, "a value"),
        ("NaN", 0, "a value"),
        ("-Infinity", 1, "a digit"),
        ("nul", 0, "`true`, `false` or `null`"),
        ("01", 1, "the end of the text"),
        ("1.", 2, "a digit"),
        ("1e", 2, "a digit"),
        ("1 2", 2, "the end of the text"),
        ("[1,]", 3, "a value"),
        ("[1 2]", 3, "`,` or `]`"),
        ("[1}", 2, "`,` or `]`"),
        ("{1:2}", 1, "a key in double quotes"),
        (r#"{"a" 1}"#, 5, "`:` after a key"),
        (r#"{"a":1,}"#, 7, "a key in double quotes"),
        (r#"{"a":1]"#, 6, "`,` or `}`"),
        ("\"a", 2, "the string's closing quote"),
        ("\"a\nb\"", 2, "no bare control character in a string"),
        (r#""\x""#, 1, "an escape sequence that JSON knows"),
        (r#""\u12g4""#, 1, r"four hexadecimal digits after `\u`"),
        (r#""\u12"#, 1, r"four hexadecimal digits after `\u`"),
        (r#""\"#, 1, "an escape sequence that JSON knows"),
    ] {
        let malformed = ValueError::Malformed { at, expected };
        assert_eq!(check_value(text), Err(malformed), "{text}");
    }
}

#[test]
fn takes_the_depth_limit_and_no_level_more() {
    for (open, close) in [("[", "]"), (r#"{"a":"#, "}"), (r#"[0,{"a":"#, "}]")] {
        let levels = open.matches(['[', '{']).count();
        let deepest = nested(DEPTH_MAX / levels, open, close);
        assert_eq!(check_value(&deepest), Ok(()));
        let deeper = check_value(&format!("[{deepest}]"));
        assert!(matches!(deeper, Err(ValueError::TooDeep { .. })), "{open}");
    }
    let hostile = "[".repeat(1 << 20);
    assert_eq!(check_value(&hostile), Err(ValueError::TooDeep { at: 128 }));
}

#[test]
fn finds_the_end_of_plain_text_at_every_offset() {
    for end in [b'"', b'\\', b'\n', 0] {
        for len in (0..40)
            .chain(60..70)
            .chain(125..135)
            .chain(190..200)
            .chain(315..325)
        {
            for from in 0..=len {
                let mut bytes = vec![0xe9; len];
                bytes.push(end);
                bytes.extend([b'"'; 9]);
                assert_eq!(end_of_plain_text(&bytes, from), len, "{end} {from}");
            }
        }
    }
    assert_eq!(end_of_plain_text(&[b' '; 21], 3), 21);
}

#[test]
fn each_byte_is_special_or_not_wherever_it_is() {
    for byte in 0..=u8::MAX {
        let is_special = byte < 0x20 || byte == b'"' || byte == b'\\';
        for at in [0, 8, 63, 64, 70, 191, 192, 230] {
            let mut text = [b'x'; 231];
            text[at] = byte;
            let end = if is_special { at } else { text.len() };
            assert_eq!(end_of_plain_text(&text, 0), end, "{byte} at {at}");
        }
    }
}

#[test]
fn a_dollar_counts_where_a_key_begins() {
    for (text, expected) in [
        (r#""$a""#, false),
        (r#"{"a$":"$b"}"#, false),
        (r#"{"\\u0024a":1}"#, false),
        (r#"{"$":1}"#, true),
        (r#"[[{"a":{"b":1,"$c":2}}]]"#, true),
        (r#"{"\u0024a":1}"#, true),
    ] {
        assert_eq!(has_dollar_keys(text), Ok(expected), "{text}");
    }
}

proptest! {
    // The peer implementation never looks at depth, and no text here comes near the limit.
    #[test]
    fn agrees_with_serde_json(text in r#"[\[\]{}",:\\ub0-9eE.+\-truefalsn \x01é]{0,40}"#) {
        let theirs = serde_json::from_str::<IgnoredAny>(&text).is_ok();
        prop_assert_eq!(check_value(&text).is_ok(), theirs);
    }

    #[test]
    fn agrees_with_serde_json_on_damaged_values(
        value in "[a-z\"\\\\\u{1}é]{0,30}",
        at in 0usize..200,
        with in r#"[\[\]{}",:\\u0-9]{0,2}"#,
    ) {
        let text = serde_json::json!([{ "k": value, "n": [1.5, -2, null] }, value, {}]);
        let mut text = text.to_string();
        let from = text.floor_char_boundary(at);
        let to = text.ceil_char_boundary(from + 1).min(text.len());
        text.replace_range(from..to, &with);
        let theirs = serde_json::from_str::<IgnoredAny>(&text).is_ok();
        prop_assert_eq!(check_value(&text).is_ok(), theirs);
    }
}
