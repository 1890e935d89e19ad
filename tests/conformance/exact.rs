//! JSON texts as values that are equal exactly where a client could not tell them apart: integers have
//! all of their digits, floats are doubles whose zero has a sign, and text may be half of a surrogate
//! pair. How a number or a text is spelled makes no difference.

use std::collections::BTreeMap;
use std::fmt;

use serde::de::{Deserialize, Deserializer, Visitor};
use serde_json::value::RawValue;

/// A JSON value.
#[derive(Debug, PartialEq)]
pub(crate) enum Exact {
    /// `null`, `true` or `false`.
    Word(String),
    /// Its digits.
    Integer(String),
    /// The bits of a double.
    Float(u64),
    Text(Text),
    List(Vec<Exact>),
    Object(BTreeMap<String, Exact>),
}

/// UTF-8, in which halves of surrogate pairs may stand as if they were characters.
#[derive(Debug, PartialEq)]
pub(crate) struct Text(Vec<u8>);

impl Exact {
    /// The value of a JSON text.
    #[track_caller]
    pub(crate) fn of(json: &RawValue) -> Self {
        let text = json.get();
        let wrong = |error: serde_json::Error| -> ! { panic!("{error}: {text}") };
        match text.as_bytes()[0] {
            b'{' => match serde_json::from_str::<BTreeMap<String, Box<RawValue>>>(text) {
                Ok(fields) => {
                    let fields = fields.into_iter();
                    Self::Object(fields.map(|(key, value)| (key, Self::of(&value))).collect())
                }
                Err(error) => wrong(error),
            },
            b'[' => match serde_json::from_str::<Vec<Box<RawValue>>>(text) {
                Ok(items) => Self::List(items.iter().map(|item| Self::of(item)).collect()),
                Err(error) => wrong(error),
            },
            b'"' => match serde_json::from_str(text) {
                Ok(text) => Self::Text(text),
                Err(error) => wrong(error),
            },
            b'n' | b't' | b'f' => Self::Word(text.to_owned()),
            _ if text.contains(['.', 'e', 'E']) => match text.parse::<f64>() {
                Ok(number) => Self::Float(number.to_bits()),
                Err(error) => panic!("{error}: {text}"),
            },
            _ => Self::Integer(text.to_owned()),
        }
    }
}

impl<'de> Deserialize<'de> for Text {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct TextVisitor;
        impl Visitor<'_> for TextVisitor {
            type Value = Text;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a text")
            }
            fn visit_bytes<E>(self, bytes: &[u8]) -> Result<Text, E> {
                Ok(Text(bytes.to_vec()))
            }
        }
        // As bytes it may have halves of surrogate pairs.
        deserializer.deserialize_bytes(TextVisitor)
    }
}

#[test]
fn values_are_equal_where_no_client_can_tell_them_apart() {
    let exact = |text: &str| Exact::of(&RawValue::from_string(text.to_owned()).unwrap());
    for (one, other) in [
        ("1e300", "1E+300"),
        (r#""\u00e9\ud800""#, "\"é\\ud800\""),
        (r#"{"a": [1], "b": null}"#, r#"{"b":null,"a":[1]}"#),
    ] {
        assert_eq!(exact(one), exact(other));
    }
    for (one, other) in [
        ("1", "1.0"),
        ("0.0", "-0.0"),
        ("9007199254740993", "9007199254740992"),
        (r#""\ud800""#, r#""\ud801""#),
        ("null", "false"),
        ("[]", "{}"),
    ] {
        assert_ne!(exact(one), exact(other));
    }
}
