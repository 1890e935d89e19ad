use proptest::prelude::*;

use super::*;

/// `$a` gets a dollar more, `$b` loses its own, and an object of `$c` is replaced.
fn turn_of(key: &str) -> Option<Turn> {
    match key {
        "$a" => Some(Turn::AddDollar),
        "$b" => Some(Turn::DropDollar),
        "$c" => Some(Turn::Replace),
        _ => None,
    }
}

fn changed(text: &str) -> String {
    let changes = Changes::find(text, turn_of).unwrap_or_else(|error| panic!("{error}: {text}"));
    let mut out = String::new();
    let shown = changes.try_for_each(|piece| {
        match piece {
            Piece::Text(text) => out.push_str(text),
            Piece::Object(object) => {
                out.push('<');
                out.push_str(changes.only_value(object));
                out.push('>');
            }
        }
        Ok::<_, ()>(())
    });
    assert_eq!(shown, Ok(()));
    assert_eq!(changes.is_empty(), out == text, "{text}");
    out
}

#[test]
fn only_keys_that_are_their_objects_only_one_count() {
    for (text, expected) in [
        (r#"{"$a":1}"#, r#"{"$$a":1}"#),
        (r#"{"$b":1}"#, r#"{"b":1}"#),
        (r#"{"$c":1}"#, "<1>"),
        (r#" { "$c" : "x" } "#, r#" <"x"> "#),
        (r#"[{"$c":1},{"$c":2},0]"#, "[<1>,<2>,0]"),
        (r#"{"$a":1,"x":2}"#, r#"{"$a":1,"x":2}"#),
        (r#"{"x":2,"$a":1}"#, r#"{"x":2,"$a":1}"#),
        (r#"{"$a":1,"$a":1}"#, r#"{"$a":1,"$a":1}"#),
        (r#"{"$a":{"$b":{"$a":{}}}}"#, r#"{"$$a":{"b":{"$$a":{}}}}"#),
        (
            r#"{"$a":{"$b":1},"x":{"$c":[]}}"#,
            r#"{"$a":{"b":1},"x":<[]>}"#,
        ),
        (r#"{"x":[{"$a":[{"$c":3}]}]}"#, r#"{"x":[{"$$a":[<3>]}]}"#),
        // In whatever way the key is spelled.
        (r#"{"\u0024a":1}"#, r#"{"$\u0024a":1}"#),
        (r#"{"\u0024b":1}"#, r#"{"b":1}"#),
        (r#"{"$\u0062":1}"#, r#"{"\u0062":1}"#),
        (r#"{"\u0024\u0063":1}"#, "<1>"),
        // What only looks like one.
        (
            r#"["$a",{"a":"$c"},"{\"$a\":1}"]"#,
            r#"["$a",{"a":"$c"},"{\"$a\":1}"]"#,
        ),
        (r#"{"\\u0024a":1}"#, r#"{"\\u0024a":1}"#),
        (r#"{"$\ud800":1}"#, r#"{"$\ud800":1}"#),
        (r#""$a""#, r#""$a""#),
        ("{}", "{}"),
    ] {
        assert_eq!(changed(text), expected);
    }
}

#[test]
fn what_lies_in_an_object_that_is_replaced_is_not_shown() {
    assert_eq!(
        changed(r#"[{"$c":{"$a":{"$c":1}}},{"$a":1}]"#),
        r#"[<{"$a":{"$c":1}}>,{"$$a":1}]"#
    );
}

#[test]
fn a_text_that_is_no_json_is_an_error() {
    for text in ["", r#"{"$a":1"#, r#"{"$a":1} x"#, &"[".repeat(129)] {
        assert!(Changes::find(text, turn_of).is_err(), "{text}");
    }
}

#[test]
fn most_texts_need_no_second_look() {
    for text in [
        "[]",
        r#"["costs 5$", "a\nb", "\\u0024", {"a$": 1}]"#,
        "$",
        r"\u0024",
    ] {
        assert!(!may_have_dollar_keys(text), "{text}");
    }
    for text in [r#"{"$":1}"#, r#"["\u0024"]"#, r#"{"a":1,"$a":1}"#] {
        assert!(may_have_dollar_keys(text), "{text}");
    }
}

/// Time in proportion to the text, however deep and numerous such objects are.
#[test]
fn many_changes() {
    let deep = r#"{"$a":"#.repeat(100) + "1" + &"}".repeat(100);
    let text = format!("[{}1]", format!("{deep},").repeat(2000));
    assert_eq!(changed(&text).len(), text.len() + 100 * 2000);
}

proptest! {
    #[test]
    fn any_text_is_changed_or_an_error(text in r#"[\[\]{}",:\\u0-9 $abc]{0,40}"#) {
        if let Ok(changes) = Changes::find(&text, turn_of) {
            changed(&text);
            prop_assert!(changes.is_empty() || may_have_dollar_keys(&text));
        }
    }
}
