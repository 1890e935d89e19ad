//! Takes JSON text apart that the host has checked: finds where the values of an array or an object
//! lie, and looks no closer. What it cannot take apart is for serde_json, which says what is wrong.

use std::iter;

use serde::de::value::{BorrowedStrDeserializer, MapDeserializer};
use serde::de::{Deserialize, Deserializer, Visitor};
use serde::forward_to_deserialize_any;
use serde_json::value::RawValue;

/// The elements of an array.
pub(crate) fn elements(array: &str) -> Option<Vec<&RawValue>> {
    let mut cutter = Cutter::enter(array, b'[')?;
    let mut elements = Vec::new();
    while cutter.has_more(b']', elements.is_empty())? {
        elements.push(cutter.value()?);
    }
    cutter.ends().then_some(elements)
}

/// The members of an object, in their order.
pub(crate) fn members(object: &str) -> Option<Vec<(String, &RawValue)>> {
    let mut cutter = Cutter::enter(object, b'{')?;
    let mut members = Vec::new();
    while cutter.has_more(b'}', members.is_empty())? {
        members.push((cutter.key()?, cutter.value()?));
    }
    cutter.ends().then_some(members)
}

/// A position in the text.
struct Cutter<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Cutter<'a> {
    /// Behind the bracket with which the text begins.
    fn enter(text: &'a str, bracket: u8) -> Option<Self> {
        let mut cutter = Self { text, at: 0 };
        cutter.skip_whitespace();
        cutter.eat(bracket).then_some(cutter)
    }

    /// Moves to the next value or key. False behind the bracket that ends the text.
    fn has_more(&mut self, bracket: u8, is_first: bool) -> Option<bool> {
        self.skip_whitespace();
        if self.eat(bracket) {
            return Some(false);
        }
        if !is_first {
            self.eat(b',').then_some(())?;
            self.skip_whitespace();
        }
        Some(true)
    }

    /// Moves over a value.
    fn value(&mut self) -> Option<&'a RawValue> {
        let start = self.at;
        let mut depth = 0_usize;
        loop {
            match self.peek()? {
                b'"' => self.at = end_of_string(self.text.as_bytes(), self.at)?,
                b'[' | b'{' => {
                    depth += 1;
                    self.at += 1;
                    continue;
                }
                b']' | b'}' if depth > 0 => {
                    depth -= 1;
                    self.at += 1;
                }
                b',' | b']' | b'}' | b' ' | b'\t' | b'\n' | b'\r' if depth == 0 => break,
                _ => {
                    self.at += 1;
                    continue;
                }
            }
            if depth == 0 {
                break;
            }
        }
        let value = self.text.get(start..self.at)?;
        (!value.is_empty()).then(|| raw(value))?
    }

    /// Moves over a key and its colon.
    fn key(&mut self) -> Option<String> {
        let start = self.at;
        (self.peek()? == b'"').then_some(())?;
        self.at = end_of_string(self.text.as_bytes(), start)?;
        let key = serde_json::from_str(self.text.get(start..self.at)?).ok()?;
        self.skip_whitespace();
        self.eat(b':').then_some(())?;
        self.skip_whitespace();
        Some(key)
    }

    fn ends(&mut self) -> bool {
        self.skip_whitespace();
        self.at == self.text.len()
    }

    fn skip_whitespace(&mut self) {
        while let Some(b' ' | b'\t' | b'\n' | b'\r') = self.peek() {
            self.at += 1;
        }
    }

    fn eat(&mut self, byte: u8) -> bool {
        let found = self.peek() == Some(byte);
        self.at += usize::from(found);
        found
    }

    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }
}

/// Offset of what follows the string that begins at `start`: its end is the next quote that does not
/// stand behind an odd number of backslashes.
fn end_of_string(text: &[u8], start: usize) -> Option<usize> {
    let mut from = start + 1;
    loop {
        let quote = next_quote(text, from)?;
        let before = text[from..quote].iter().rev();
        from = quote + 1;
        if before.take_while(|byte| **byte == b'\\').count() % 2 == 0 {
            return Some(from);
        }
    }
}

/// Offset of the first quote at or after `from`. In a long text it looks at many bytes at a time.
fn next_quote(text: &[u8], from: usize) -> Option<usize> {
    const ONES: u64 = u64::from_ne_bytes([1; 8]);
    const HIGHS: u64 = ONES << 7;
    // Has a high bit set if and only if one of the eight bytes is a quote.
    let quotes = |word: &[u8; 8]| {
        let word = u64::from_ne_bytes(*word) ^ (ONES * u64::from(b'"'));
        word.wrapping_sub(ONES) & !word & HIGHS
    };
    let rest = text.get(from..)?;
    let (words, _) = rest.as_chunks::<8>();
    let (blocks, _) = words.as_chunks::<4>();
    // One by one: a guest may be compiled to be small, and has few vector instructions at best.
    let without = |[a, b, c, d]: &&[[u8; 8]; 4]| quotes(a) | quotes(b) | quotes(c) | quotes(d) == 0;
    let skipped = size_of::<[[u8; 8]; 4]>() * blocks.iter().take_while(without).count();
    let found = rest[skipped..].iter().position(|byte| *byte == b'"')?;
    Some(from + skipped + found)
}

/// A value as it was written. serde_json makes a `RawValue` of any deserializer that hands over the
/// text, as its own does; should that change, it reads the text once more.
fn raw(value: &str) -> Option<&RawValue> {
    let unread = <&RawValue>::deserialize(Unread(value)).ok();
    unread.or_else(|| serde_json::from_str(value).ok())
}

/// The text of a value that is to be a `RawValue`.
struct Unread<'de>(&'de str);

impl<'de> Deserializer<'de> for Unread<'de> {
    type Error = serde_json::Error;

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        visitor: V,
    ) -> serde_json::Result<V::Value> {
        let text = BorrowedStrDeserializer::new(self.0);
        visitor.visit_map(MapDeserializer::new(iter::once((name, text))))
    }

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> serde_json::Result<V::Value> {
        visitor.visit_borrowed_str(self.0)
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf unit
        unit_struct option seq tuple tuple_struct map struct enum identifier ignored_any
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    /// Values of every kind, with what could be taken for an end in them.
    const VALUES: [&str; 16] = [
        "1",
        "-0.5e+30",
        "true",
        "null",
        r#""""#,
        r#""plain""#,
        r#""],}{[: , ""#,
        r#""\"""#,
        r#""\\""#,
        r#""\\\" \\\\\"""#,
        "[]",
        "{}",
        r#"[ 1 , [ "]" ] , {"a":"}"} ]"#,
        r#"{"a" : {"b\"" : [1, 2]}, "c" : ","}"#,
        "12345678901234567890123456789",
        "\"äöü €\"",
    ];

    fn read<'a, T: Deserialize<'a>>(text: &'a str) -> T {
        serde_json::from_str(text).unwrap()
    }

    fn texts<'a>(values: impl IntoIterator<Item = &'a RawValue>) -> Vec<&'a str> {
        values.into_iter().map(RawValue::get).collect()
    }

    #[test]
    fn finds_what_serde_finds() {
        for between in [",", " , ", "\n\t,\r"] {
            let array = format!(" [ {} ] ", VALUES.join(between));
            let elements = elements(&array).unwrap();
            assert_eq!(texts(elements), texts(read::<Vec<&RawValue>>(&array)));
            let pairs = VALUES
                .iter()
                .map(|value| format!(r#""\u0061\"" : {value}"#));
            let object = format!("{{{}}}", pairs.collect::<Vec<_>>().join(between));
            let members = members(&object).unwrap();
            assert!(members.iter().all(|(name, _)| name == "a\""));
            assert_eq!(texts(members.into_iter().map(|(_, value)| value)), VALUES);
        }
        assert!(elements(" [ ] ").unwrap().is_empty());
        assert!(members("{}").unwrap().is_empty());
    }

    #[test]
    fn long_strings_end_where_they_end() {
        for len in (0..70).chain(120..140).chain([1000, 4099]) {
            for end in ["", r#"\""#, r"\\", r#"\\\""#] {
                let value = format!(r#""{}{end}{}""#, "x".repeat(len), "y".repeat(len % 7));
                let array = format!("[{value},{value}]");
                assert_eq!(texts(elements(&array).unwrap()), [&value, &value]);
            }
        }
    }

    #[test]
    fn what_is_no_array_or_object_is_left_to_serde() {
        for text in [
            "", "1", "[", "[1", "[1,", "[,]", "[1 2]", "[1] 2", r#"["a"#, "{}",
        ] {
            assert!(elements(text).is_none(), "{text}");
        }
        for text in [
            "",
            "[]",
            "{",
            r#"{"a"}"#,
            r#"{"a":}"#,
            r#"{"a":1"#,
            "{1:2}",
            "{} {}",
        ] {
            assert!(members(text).is_none(), "{text}");
        }
    }

    #[test]
    fn a_value_is_handed_over_unread() {
        // Were it read, it would be refused.
        assert_eq!(raw("no JSON").unwrap().get(), "no JSON");
    }
}
